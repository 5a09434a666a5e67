import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { ArtifactStore } from './artifact-store.js';
import { type EncryptionKeys, encryptionCodec } from './encryption.js';
import { payloadStorage } from './payload-storage.js';

/** What a workflow bundle must be built with when payloads are encrypted. */
export const HIDING_FAILURE_CONVERTER = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url));

/**
 * The one data converter of clients, workers and replays: whoever reads a history needs the same.
 *
 * @param encryption without it, payloads are readable by whoever reads Temporal's database
 */
export function createDataConverter(store: ArtifactStore, encryption?: EncryptionKeys): DataConverter {
  const externalStorage = payloadStorage(store);
  if (!encryption) return { externalStorage };
  return {
    externalStorage,
    payloadCodecs: [encryptionCodec(encryption)],
    failureConverterPath: HIDING_FAILURE_CONVERTER,
  };
}
