/**
 * Big payloads in the artifact store instead of the history: plans and states of any size travel as references.
 *
 * Content-addressed, so that storing one value twice (a retry, a replay, the same plan in a child's arguments) is one
 * object, and a reference never changes its meaning.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { ExternalStorage, type Payload, type StorageDriver, StorageDriverClaim } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { ArtifactStore } from './artifact-store.js';
import { passInlinePayloadsBy } from './inline-payloads.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** Payloads larger than this leave the history. */
const THRESHOLD_BYTES = 128 * 1024;

export function payloadStorage(store: ArtifactStore): ExternalStorage {
  passInlinePayloadsBy(THRESHOLD_BYTES);
  return new ExternalStorage({ drivers: [driverOn(store)], payloadSizeThreshold: THRESHOLD_BYTES });
}

function driverOn(store: ArtifactStore): StorageDriver {
  return {
    name: 'caisson-artifacts',
    type: 'artifact-store',
    async store(_context, payloads) {
      return await Promise.all(
        payloads.map(async (payload) => {
          const bytes = PayloadMessage.encode(payload).finish();
          const key = `payloads/${createHash('sha256').update(bytes).digest('hex')}`;
          if (!(await store.has(key))) await store.put(key, await promisify(gzip)(bytes, { level: 1 }));
          return new StorageDriverClaim({ key });
        }),
      );
    },
    async retrieve(_context, claims) {
      return await Promise.all(
        claims.map(async ({ claimData }): Promise<Payload> => {
          const stored = await store.get(String(claimData.key));
          if (!stored) throw new Error(`the artifact store has lost the payload ${claimData.key}`);
          return PayloadMessage.decode(await promisify(gunzip)(stored));
        }),
      );
    },
  };
}
