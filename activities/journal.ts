/** What executions write to the artifact store: the events of a run, and a readable snapshot of the deployment. */

import type { NodeInstance } from '../graph/state.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import type { InstanceChange, JournalEvent } from '../workflows/messages.js';
import type { PolicyCause } from '../workflows/policies/messages.js';
import type { Observer } from './observe.js';

export interface SaveJournalRequest {
  /** Workflow id of the execution. */
  readonly workflow_id: string;
  /** Sequence of the first event. */
  readonly first: number;
  readonly events: readonly JournalEvent[];
  readonly changes?: { readonly first: number; readonly changes: readonly InstanceChange[] };
}

export interface SaveSnapshotRequest {
  readonly deployment_id: string;
  readonly execution_id: string;
  readonly outcome: string;
  readonly instances: readonly NodeInstance[];
  readonly workflow_id?: string;
  /** RFC 3339 */
  readonly started_at?: string | null;
  readonly ended_at?: string | null;
  readonly error?: string | null;
  /** The execution that it continued. */
  readonly resume_of?: string | null;
  /** The policy that asked for it. */
  readonly cause?: PolicyCause;
}

export interface JournalActivities {
  /** Stores a part of an execution's journal; a part is named by its first event, so doing it twice changes nothing. */
  saveJournal(request: SaveJournalRequest): Promise<void>;
  /** Stores the state of a deployment's instances after an execution, for people and for `deployments restore`. */
  saveSnapshot(request: SaveSnapshotRequest): Promise<void>;
}

/** Folder of an execution's journal (or logs) in the artifact store. */
export function executionFolder(kind: 'journal' | 'logs' | 'changes', workflowId: string): string {
  return `${kind}/${workflowId.replaceAll('/', '_')}`;
}

export function journalActivities(store: ArtifactStore, observers: readonly Observer[] = []): JournalActivities {
  return {
    saveJournal: async (request) => await writeJournal(store, request),
    async saveSnapshot(request) {
      const key = `snapshots/${request.deployment_id}/${request.execution_id}.json`;
      await store.put(key, Buffer.from(`${JSON.stringify(request, null, 2)}\n`));
      for (const observer of observers) observer.executionEnded?.(request);
    },
  };
}

const RECOVERED = '-recovered';

/** Whether a part was written for a run that was ended from outside: its last event is that end, which the run cannot tell. */
export const isRecovered = (key: string): boolean => key.endsWith(`${RECOVERED}.ndjson`);

export interface WrittenPart {
  /**
   * It is what a run that was ended from outside could not write itself. A part that such a run began to write may still
   * arrive after it: so it has a name of its own, by which it comes before that one.
   */
  readonly recovered?: boolean;
}

/** A part is named by its first event: written twice, it is there once. */
export async function writeJournal(
  store: ArtifactStore,
  { workflow_id, first, events, changes }: SaveJournalRequest,
  { recovered = false }: WrittenPart = {},
): Promise<void> {
  const key = (kind: 'journal' | 'changes', from: number): string =>
    `${executionFolder(kind, workflow_id)}/part-${String(from).padStart(8, '0')}${recovered ? RECOVERED : ''}.ndjson`;
  await store.put(key('journal', first), ndjson(events));
  if (changes && changes.changes.length > 0) await store.put(key('changes', changes.first), ndjson(changes.changes));
}

function ndjson(lines: readonly object[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
