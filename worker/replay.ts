/** Replays histories against workflow code. Needs no server. */
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { ArtifactStore } from '../store/artifact-store.js';
import { createDataConverter } from '../store/data-converter.js';

/** What came of one history. */
export interface Replayed {
  readonly name: string;
  /** What differs; absent when nothing does. */
  readonly error?: Error;
}

export async function replayed(
  workflowBundle: WorkflowBundleOption,
  histories: Readonly<Record<string, unknown>>,
  store: ArtifactStore | undefined,
): Promise<readonly Replayed[]> {
  const named = Object.entries(histories).map(([name, history]) => ({
    workflowId: name,
    history: historyFromJSON(history),
  }));
  const results: Replayed[] = [];
  const converter = store === undefined ? {} : { dataConverter: createDataConverter(store) };
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle, ...converter }, named))
    results.push({ name: workflowId, ...(error ? { error } : {}) });
  return results;
}
