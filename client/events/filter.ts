import type { ExecutionEvent } from './reader.js';

export interface EventFilter {
  /** Id of a node or of a node instance. */
  readonly node?: string | undefined;
  /** Full or short name. */
  readonly operation?: string | undefined;
  readonly logs: boolean;
  readonly events: boolean;
  /** Debug log lines too. */
  readonly debug: boolean;
  /** Log lines of this level and above only. */
  readonly level?: string | undefined;
  /** RFC 3339, UTC: what is earlier is left out. */
  readonly from?: string | undefined;
  /** RFC 3339, UTC: what is later is left out. */
  readonly to?: string | undefined;
}

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'];

const rank = (level: string | undefined): number => LEVELS.indexOf(level === 'warn' ? 'warning' : (level ?? 'info'));

/** Whether an event is one of those that were asked for. */
export function concernsOf(filter: EventFilter): (event: ExecutionEvent) => boolean {
  const { node, operation, logs, events, debug, level, from, to } = filter;
  return (event) => {
    if ((from !== undefined && event.timestamp < from) || (to !== undefined && event.timestamp > to)) return false;
    if (level !== undefined && event.type === 'cloudify_log' && rank(event.level) < rank(level)) return false;
    if (event.type === 'cloudify_log' ? !logs || (event.level === 'debug' && !debug) : !events) return false;
    if (operation !== undefined && event.operation !== operation && !event.operation?.endsWith(`.${operation}`))
      return false;
    return (
      node === undefined ||
      [event.node_instance_id, event.node_id, event.source_id, event.target_id].some(
        (id) => id === node || id?.startsWith(`${node}_`),
      )
    );
  };
}
