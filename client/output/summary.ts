/** The last words of an execution that completed. */
import type { Json } from '../../blueprint/json.js';
import type { ExecutionRecord } from '../../workflows/messages.js';
import { clock } from '../duration.js';
import type { Outputs } from '../outputs.js';
import type { Io } from './io.js';
import { textOf } from './table.js';

export function completed(
  { workflow_id, deployment_id, created_at, ended_at, finished_operations }: ExecutionRecord,
  { colors }: Io,
): string {
  const took = ended_at === null ? '' : ` in ${clock(Date.parse(ended_at) - Date.parse(created_at))}`;
  return `${colors.green('✓')} ${workflow_id} of ${deployment_id} completed${took}: ${finished_operations} operations`;
}

export function installed(record: ExecutionRecord, { outputs, capabilities }: Outputs, io: Io): string {
  return [completed(record, io), ...values('outputs', outputs), ...values('capabilities', capabilities)].join('\n');
}

function values(title: string, all: Readonly<Record<string, Json>>): string[] {
  const entries = Object.entries(all);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.length === 0
    ? []
    : [`${title}:`, ...entries.map(([name, value]) => `  ${name.padEnd(width)}  ${textOf(value)}`)];
}
