/** Which payloads go to the artifact store, and that the short way past it leaves every other one as it is. */
import { ExternalStorageRunner } from '@temporalio/common/lib/internal-non-workflow/external-storage-runner.js';
import { expect, test } from 'vitest';
import { folderStore } from '../../store/folder-store.js';
import { payloadStorage } from '../../store/payload-storage.js';
import { scratchFolder } from './scratch.js';

const payload = (bytes: number) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: new Uint8Array(bytes).fill(49),
});

test('what is big goes to the store and comes back, what is small passes untouched', async () => {
  const runner = new ExternalStorageRunner(payloadStorage(folderStore(await scratchFolder())));
  const sent = [payload(10), payload(128 * 1024), payload(0)];
  const stored = await runner.store(sent);
  expect(stored.map((one, at) => one === sent[at])).toEqual([true, false, true]);
  expect(stored[1]?.data?.length).toBeLessThan(1_000);
  const back = await runner.retrieve(stored);
  expect(back[0]).toBe(sent[0]);
  expect(Buffer.from(back[1]?.data ?? []).equals(Buffer.from(sent[1]?.data ?? []))).toBe(true);
  const small = [payload(10)];
  expect(await runner.store(small)).toBe(small);
  expect(await runner.retrieve(small)).toBe(small);
});
