import { WorkflowNotFoundError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { writeJournal } from '../../activities/journal.js';
import type { CaissonConnection } from '../../client/connection.js';
import { EventReader } from '../../client/events/reader.js';
import { instancesAt } from '../../client/time-travel.js';
import type { NodeInstance } from '../../graph/state.js';
import { folderStore } from '../../store/folder-store.js';
import type { InstanceChange } from '../../workflows/messages.js';
import { scratchFolder } from '../store/scratch.js';

const timestamp = '2026-01-01T00:00:00.000Z';
const execution = { deployment_id: 'd', id: 'e' };

/** A change of the only instance by each event: it tells which was the last. */
function change(sequence: number): InstanceChange {
  const instance = { id: 'a_1', state: `after ${sequence}` } as NodeInstance;
  return sequence === 0
    ? { sequence, timestamp, instances: [instance] }
    : { sequence, timestamp, id: 'a_1', fields: { state: instance.state } };
}

function part(from: number, to: number) {
  const numbers = Array.from({ length: to - from }, (_, at) => from + at);
  return {
    workflow_id: 'execution/d/e',
    first: from,
    events: numbers.map((sequence) => ({ sequence, timestamp, event_type: 'workflow_node_event', message: 'told' })),
    changes: { first: from, changes: numbers.map(change) },
  };
}

test('parts that a killed run was writing cut nothing of what was recovered of it', async () => {
  const store = folderStore(await scratchFolder());
  await writeJournal(store, part(0, 3));
  await writeJournal(store, part(3, 9), { recovered: true });
  await writeJournal(store, part(3, 5)); // These arrive late.
  await writeJournal(store, part(5, 7));
  const gone = async () => {
    throw new WorkflowNotFoundError('gone', 'execution/d/e', undefined);
  };
  const client = {
    connection: { withDeadline: async (_: number, run: () => Promise<unknown>) => await run() },
    workflow: { getHandle: () => ({ query: gone }) },
  };
  const connection = { store, client } as unknown as CaissonConnection;
  const told = await new EventReader(connection, execution).next();
  expect(told.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await instancesAt(connection, { event: 8, execution })).toMatchObject([{ state: 'after 8' }]);
});
