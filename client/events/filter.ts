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
}

/** Whether an event is one of those that were asked for. */
export function concernsOf({ node, operation, logs, events, debug }: EventFilter): (event: ExecutionEvent) => boolean {
  return (event) => {
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
