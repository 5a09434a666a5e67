/** A plan as people read it: waves of node instances, their operations with values, outputs, the critical path. */
import { functionCall, holdsFunction } from '../../blueprint/intrinsics/call.js';
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import type { Colors } from '../output/io.js';
import type { InstancePreview, PlannedCall, PlanPreview } from './preview.js';

export interface PreviewTitle {
  readonly deployment: string;
  readonly blueprint: string;
}

export function previewText(preview: PlanPreview, { deployment, blueprint }: PreviewTitle, colors: Colors): string {
  const instances = preview.waves.reduce((sum, wave) => sum + wave.length, 0);
  const size = `${counted(instances, 'node instance')}, ${counted(preview.operations, 'operation')}, ${counted(preview.waves.length, 'wave')}`;
  const lines = [`${colors.bold(`Deployment ${deployment}`)} (new) from ${blueprint}: ${size}`];
  for (const [index, wave] of preview.waves.entries()) {
    lines.push('', colors.bold(`wave ${index + 1}`));
    for (const instance of wave) lines.push(...instanceLines(instance, colors));
  }
  const outputs = Object.entries(preview.outputs);
  if (outputs.length > 0) lines.push('', colors.bold('outputs'));
  for (const [name, value] of outputs) lines.push(`  ${name} = ${shown(value)}`);
  lines.push('', `Plan: ${instances} to create, 0 to change, 0 to remove.${criticalText(preview)}`);
  return lines.join('\n');
}

function criticalText({ critical }: PlanPreview): string {
  if (critical.operations === 0) return '';
  return ` Critical path: ${counted(critical.operations, 'operation')} one after the other, ${critical.instances.join(' → ')}.`;
}

function instanceLines({ name, type, host, steps, critical }: InstancePreview, colors: Colors): string[] {
  const where = host === undefined ? '' : ` on ${host}`;
  const nothing = steps.length === 0 ? colors.dim('  no operation') : '';
  const mark = critical ? `  ${colors.yellow('◀ critical')}` : '';
  const lines = [`  ${colors.green('+')} ${colors.bold(name)}  ${colors.dim(type)}${where}${nothing}${mark}`];
  for (const step of steps) for (const call of step) lines.push(...callLines(call, colors));
  return lines;
}

function callLines(
  { name, implementation, inputs, relationship, maxRetries, retryInterval }: PlannedCall,
  colors: Colors,
): string[] {
  const edge = relationship ? ` → ${relationship.target} (${relationship.side})` : '';
  const lines = [`      ${name}${edge}  ${implementation}${retriesText(maxRetries, retryInterval)}`];
  for (const [input, value] of Object.entries(inputs))
    lines.push(`        ${colors.dim(`${input} =`)} ${shown(value)}`);
  return lines;
}

function retriesText(times: number | undefined, interval: number | undefined): string {
  if (times === undefined && interval === undefined) return '';
  const count = times === undefined ? 'retries' : times < 0 ? 'retries without end' : `retries ${times}`;
  return `  (${count}${interval === undefined ? '' : ` × ${interval} s`})`;
}

const LONGEST_VALUE = 200;

/** A value on one line. What only a run can tell is said to be so. */
export function shown(value: Json): string {
  const call = functionCall(value);
  if (call)
    return call.name === 'get_secret'
      ? `(secret ${names(call.argument)})`
      : `(known at run time: ${callText(call.name, call.argument)})`;
  const text = holdsFunction(value) ? nestedText(value) : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function nestedText(value: Json): string {
  if (functionCall(value)) return shown(value);
  if (Array.isArray(value)) return `[${value.map(nestedText).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.entries(value as JsonObject)
    .map(([key, item]) => `${key}: ${nestedText(item)}`)
    .join(', ')}}`;
}

function callText(name: string, argument: Json): string {
  return holdsFunction(argument) ? `${name} of ${nestedText(argument)}` : `${name} ${names(argument)}`;
}

const names = (argument: Json): string =>
  Array.isArray(argument)
    ? argument.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join('.')
    : String(argument);

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
