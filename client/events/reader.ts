/**
 * The events and log lines of one execution, each once, as they come: the story from the run itself (or, once written,
 * from the artifact store), attempts that will be retried and log lines from the segments that workers write.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import { executionFolder, isRecovered } from '../../activities/journal.js';
import { eventsQuery, executionWorkflowId, type JournalEvent, type JournalPage } from '../../workflows/messages.js';
import { ask } from '../ask.js';
import type { CaissonConnection } from '../connection.js';
import type { ExecutionReference } from '../executions.js';
import { linesOf } from './lines-of.js';

/** One event or log line. Field names are the reference's. */
export interface ExecutionEvent {
  readonly type: 'cloudify_event' | 'cloudify_log';
  /** RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
  /** Of events of the execution itself: its place among them, as `node-instances list --at-event` takes it. */
  readonly sequence?: number;
  readonly deployment_id: string;
  readonly execution_id: string;
  /** Of events: `task_started`, `workflow_node_event`, … */
  readonly event_type?: string;
  /** Of log lines. */
  readonly level?: string;
  readonly message: string;
  readonly node_instance_id?: string;
  readonly node_id?: string;
  readonly operation?: string;
  readonly source_id?: string;
  readonly target_id?: string;
}

/** Reads the events and log lines of an execution, in order, from where it stood. */
export class EventReader {
  readonly #workflowId: string;
  #sequence = 0;
  /** Bytes read of each log segment. */
  readonly #read = new Map<string, number>();

  constructor(
    readonly connection: CaissonConnection,
    readonly reference: ExecutionReference,
  ) {
    this.#workflowId = executionWorkflowId(reference.deployment_id, reference.id);
  }

  /** What has come since the last call, in the order of time. */
  async next(): Promise<readonly ExecutionEvent[]> {
    const found = [...(await this.#journal()), ...(await this.#logs())];
    return found.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
  }

  async #journal(): Promise<ExecutionEvent[]> {
    const found: JournalEvent[] = [];
    for (;;) {
      const page = await this.#page();
      if (!page) {
        // The server keeps ended runs for a while; the store keeps what they wrote.
        found.push(...(await this.#stored(Number.POSITIVE_INFINITY)));
        this.#sequence = (found.at(-1)?.sequence ?? this.#sequence - 1) + 1;
        return found.map((event) => this.#told(event));
      }
      if (page.first > this.#sequence) {
        found.push(...(await this.#stored(page.first)));
        this.#sequence = page.first;
        continue;
      }
      found.push(...page.events);
      this.#sequence = Math.max(this.#sequence, page.first) + page.events.length;
      if (page.events.length === 1_000) continue;
      const added = await this.#stored(Number.POSITIVE_INFINITY, isRecovered);
      this.#sequence += added.length;
      return [...found, ...added].map((event) => this.#told(event));
    }
  }

  /** What the run tells; undefined when the server has forgotten it and the store has not. */
  async #page(): Promise<JournalPage | undefined> {
    try {
      return await ask(this.connection, this.#workflowId, eventsQuery, [{ from: this.#sequence }], () => undefined);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const parts = await this.connection.store.list(`${executionFolder('journal', this.#workflowId)}/part-`);
      if (parts.length === 0) throw error;
      return undefined;
    }
  }

  /** A log line of a custom workflow stands among the events, where it belongs. */
  #told({ event_type, ...event }: JournalEvent): ExecutionEvent {
    return event_type === 'workflow_log'
      ? this.#event({ type: 'cloudify_log', ...event })
      : this.#event({ type: 'cloudify_event', event_type, ...event });
  }

  /** Events of earlier runs of the execution, from where we are up to `end`. Parts may overlap where a run was killed. */
  async #stored(end: number, chosen: (key: string) => boolean = () => true): Promise<JournalEvent[]> {
    const { store } = this.connection;
    const events: JournalEvent[] = [];
    let next = this.#sequence;
    for (const key of await store.list(`${executionFolder('journal', this.#workflowId)}/part-`)) {
      const first = Number(/part-(\d+)/.exec(key)?.[1]);
      if (first >= end) break;
      if (!chosen(key)) continue;
      for (const event of linesOf(await store.get(key)) as JournalEvent[])
        if (event.sequence >= next && event.sequence < end) {
          events.push(event);
          next = event.sequence + 1;
        }
    }
    return events;
  }

  async #logs(): Promise<ExecutionEvent[]> {
    const { store } = this.connection;
    const found: ExecutionEvent[] = [];
    for (const key of await store.list(`${executionFolder('logs', this.#workflowId)}/`)) {
      const bytes = await store.get(key);
      const done = this.#read.get(key) ?? 0;
      if (!bytes || bytes.length <= done) continue;
      const end = Buffer.from(bytes).lastIndexOf(0x0a) + 1;
      if (end <= done) continue;
      this.#read.set(key, end);
      for (const line of linesOf(bytes.subarray(done, end)) as Partial<ExecutionEvent>[])
        found.push(this.#event({ type: line.event_type === undefined ? 'cloudify_log' : 'cloudify_event', ...line }));
    }
    return found;
  }

  #event(fields: Partial<ExecutionEvent> & Pick<ExecutionEvent, 'type'>): ExecutionEvent {
    const { deployment_id, id } = this.reference;
    return { timestamp: '', message: '', ...fields, deployment_id, execution_id: id };
  }
}
