/** What executions write to the artifact store: the events of a run, and a readable snapshot of the deployment. */

import type { NodeInstance } from '../graph/state.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import type { JournalEvent } from '../workflows/messages.js';

export interface SaveJournalRequest {
  /** Workflow id of the execution. */
  readonly workflow_id: string;
  /** Sequence of the first event. */
  readonly first: number;
  readonly events: readonly JournalEvent[];
}

export interface SaveSnapshotRequest {
  readonly deployment_id: string;
  readonly execution_id: string;
  readonly outcome: string;
  readonly instances: readonly NodeInstance[];
}

export interface JournalActivities {
  /** Stores a part of an execution's journal; a part is named by its first event, so doing it twice changes nothing. */
  saveJournal(request: SaveJournalRequest): Promise<void>;
  /** Stores the state of a deployment's instances after an execution, for people and for `deployments restore`. */
  saveSnapshot(request: SaveSnapshotRequest): Promise<void>;
}

/** Folder of an execution's journal (or logs) in the artifact store. */
export function executionFolder(kind: 'journal' | 'logs', workflowId: string): string {
  return `${kind}/${workflowId.replaceAll('/', '_')}`;
}

export function journalActivities(store: ArtifactStore): JournalActivities {
  return {
    async saveJournal({ workflow_id, first, events }) {
      const part = `part-${String(first).padStart(8, '0')}.ndjson`;
      const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
      await store.put(`${executionFolder('journal', workflow_id)}/${part}`, Buffer.from(lines));
    },
    async saveSnapshot(request) {
      const key = `snapshots/${request.deployment_id}/${request.execution_id}.json`;
      await store.put(key, Buffer.from(`${JSON.stringify(request, null, 2)}\n`));
    },
  };
}
