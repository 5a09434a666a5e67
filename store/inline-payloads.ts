/**
 * Temporal's runtime prepares for every payload that passes what only those need that go to external storage, or come
 * from it: abort signals, a measuring by encoding. Hardly any does, and four payloads pass for each operation: that was a
 * tenth of all that a worker does. Here those that are neither big nor a reference are told apart before.
 */
import type { Payload } from '@temporalio/common';
import { ExternalStorageRunner } from '@temporalio/common/lib/internal-non-workflow/external-storage-runner.js';

/** More than the frame of a payload and of each entry of its metadata takes. */
const FRAME_BYTES = 64;

let installed = false;

/**
 * Once for the process, however often it is called.
 *
 * @param threshold payloads of fewer bytes go to no storage
 */
export function passInlinePayloadsBy(threshold: number): void {
  if (installed) return;
  installed = true;
  const { store, retrieve } = ExternalStorageRunner.prototype;
  ExternalStorageRunner.prototype.store = async function (payloads, options) {
    if (payloads.every((payload) => mostBytes(payload) < threshold)) return payloads;
    return await store.call(this, payloads, options);
  };
  ExternalStorageRunner.prototype.retrieve = async function (payloads, options) {
    if (!payloads.some(mayBeReference)) return payloads;
    return await retrieve.call(this, payloads, options);
  };
}

/** At least as many as the payload has when it is encoded. */
function mostBytes({ data, metadata }: Payload): number {
  let bytes = (data?.length ?? 0) + FRAME_BYTES;
  for (const [key, value] of Object.entries(metadata ?? {})) bytes += 3 * key.length + value.length + FRAME_BYTES;
  return bytes;
}

/** References are messages of a type of their own, and say which. */
function mayBeReference({ metadata }: Payload): boolean {
  return metadata?.messageType !== undefined && metadata.messageType !== null;
}
