/** One event as one line, in the grammar that people know how to grep. */
import type { Colors } from '../output/io.js';
import type { ExecutionEvent } from './reader.js';

/** @example 2026-11-23 11:13:27.478  CFY <shop> [web_x1y2z3.create] Task started 'script.run' */
export function eventLine(event: ExecutionEvent, colors: Colors): string {
  const time = event.timestamp.replace('T', ' ').replace('Z', '');
  const kind = event.type === 'cloudify_log' ? 'LOG' : 'CFY';
  const where = placeOf(event);
  const level = event.type === 'cloudify_log' ? `${(event.level ?? 'info').toUpperCase()}: ` : '';
  const place = where === '' ? '' : ` [${colors.blue(where)}]`;
  return `${colors.dim(time)}  ${kind} <${colors.cyan(event.deployment_id)}>${place} ${level}${painted(event, colors)}`;
}

function placeOf({ node_instance_id, operation, source_id, target_id }: ExecutionEvent): string {
  const short = operation?.slice(operation.lastIndexOf('.') + 1);
  if (source_id !== undefined && target_id !== undefined)
    return `${source_id}->${target_id}${short ? `|${short}` : ''}`;
  if (node_instance_id === undefined) return '';
  return short === undefined ? node_instance_id : `${node_instance_id}.${short}`;
}

function painted({ event_type, message }: ExecutionEvent, colors: Colors): string {
  if (event_type === undefined) return message;
  if (event_type.endsWith('_failed')) return colors.red(message);
  if (event_type.endsWith('_rescheduled') || event_type.endsWith('_cancelled')) return colors.yellow(message);
  return event_type.endsWith('_succeeded') ? colors.green(message) : message;
}
