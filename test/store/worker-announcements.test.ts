import { expect, test } from 'vitest';
import { folderStore } from '../../store/folder-store.js';
import { announcedWorkers, announceWorker, retractDeadWorkers } from '../../store/worker-announcements.js';
import { scratchFolder } from './scratch.js';

const queue = { namespace: 'default', taskQueue: 'caisson' };

const told = (identity: string) => ({
  identity,
  namespace: queue.namespace,
  task_queue: queue.taskQueue,
  beat_at: new Date().toISOString(),
  operations: [],
  workflows: [],
});

test('what a worker told that has died is removed by the next one on its machine, which alone can know', async () => {
  const store = folderStore(await scratchFolder());
  for (const identity of ['caisson@here:11', 'caisson@here:12', 'caisson@here-too:11', 'caisson@here:3fa2c1'])
    await announceWorker(store, told(identity));
  await retractDeadWorkers(store, 'here', async (pid) => pid === 12);
  expect((await announcedWorkers(store, queue)).map(({ identity }) => identity)).toEqual([
    'caisson@here-too:11',
    'caisson@here:12',
    'caisson@here:3fa2c1',
  ]);
});
