import { ServiceError } from '@temporalio/client';
import { afterEach, expect, test, vi } from 'vitest';
import { ask } from '../../client/ask.js';
import type { CaissonConnection } from '../../client/connection.js';
import { deploymentQuery } from '../../workflows/messages.js';

afterEach(() => vi.useRealTimers());

/** A server that says nothing until so many milliseconds before the call's time is up, and then this. */
function server(early: number, code: number, details: string): CaissonConnection {
  const withDeadline = async (deadline: number): Promise<never> => {
    vi.useFakeTimers({ now: deadline - early, toFake: ['Date'] });
    throw new ServiceError('Failed to query Workflow', {
      cause: Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} }),
    });
  };
  return {
    client: { workflow: { getHandle: () => ({}) }, connection: { withDeadline } },
  } as unknown as CaissonConnection;
}

const view = async (connection: CaissonConnection) =>
  await ask(connection, 'deployment/shop', deploymentQuery, [], () => undefined);

test.for([
  ['its time is up', 4, 'Deadline exceeded after 15.000s', 0],
  ['its time is up, as the server saw it first', 1, 'Call cancelled', 20],
  ['nobody asks for its tasks', 9, 'no poller seen for task queue recently, worker may be down', 14_000],
] as const)('a call that ends because %s means that no worker answers', async ([, code, details, early]) => {
  await expect(view(server(early, code, details))).rejects.toMatchObject({ kind: 'unreachable', code: 'C5008' });
});

test('a call that somebody else cancelled is not taken for that', async () => {
  await expect(view(server(9_000, 1, 'Call cancelled'))).rejects.toMatchObject({ name: 'ServiceError' });
});
