import type { DataConverter } from '@temporalio/common';
import type { ArtifactStore } from './artifact-store.js';
import { payloadStorage } from './payload-storage.js';

/** The one data converter of clients, workers and replays: whoever reads a history needs the same. */
export function createDataConverter(store: ArtifactStore): DataConverter {
  return { externalStorage: payloadStorage(store) };
}
