import { ServiceError, type WorkflowClientInterceptor } from '@temporalio/client';
import { expect, test } from 'vitest';
import { repeatBrokenOff } from '../../client/broken-off.js';

type Update = NonNullable<WorkflowClientInterceptor['startUpdate']>;
type Query = NonNullable<WorkflowClientInterceptor['query']>;

const { startUpdate, query } = repeatBrokenOff as { startUpdate: Update; query: Query };

/** As the SDK raises what the server answers. */
const answered = (code: number, details: string): Error =>
  new ServiceError('Workflow Update failed', {
    cause: Object.assign(new Error(details), { code, details, metadata: {} }),
  });

const UPDATE_BROKEN_OFF = 'Unable to perform workflow execution update due to unexpected workflow task failure.';
const QUERY_BROKEN_OFF = 'Unable to query workflow due to Workflow Task in failed state.';
const NO_WORKER = 'no poller seen for task queue recently, worker may be down';

/** Fails with these, one after the other, and then answers. */
function failing(...errors: readonly Error[]) {
  const left = [...errors];
  const ids: (string | undefined)[] = [];
  const next = async (input: {
    readonly options?: { readonly updateId?: string };
    readonly args: unknown;
  }): Promise<never> => {
    ids.push(input.options?.updateId);
    const error = left.shift();
    if (error) throw error;
    return 'answer' as never;
  };
  return { ids, next };
}

const updateOf = (options: object) =>
  ({ updateName: 'execute', args: [], options }) as unknown as Parameters<Update>[0];
const queryOf = () => ({ queryType: 'state', args: [] }) as unknown as Parameters<Query>[0];

test('an update that was broken off is asked again, as the same update', async () => {
  const { ids, next } = failing(answered(9, UPDATE_BROKEN_OFF), answered(9, UPDATE_BROKEN_OFF));
  expect(await startUpdate(updateOf({}), next)).toBe('answer');
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
});

test('the id that the asker gave stays', async () => {
  const { ids, next } = failing(answered(9, UPDATE_BROKEN_OFF));
  await startUpdate(updateOf({ updateId: 'install-1' }), next);
  expect(ids).toEqual(['install-1', 'install-1']);
});

test('a query to a workflow that is about to think again is asked again', async () => {
  const { ids, next } = failing(answered(9, QUERY_BROKEN_OFF));
  expect(await query(queryOf(), next)).toBe('answer');
  expect(ids).toHaveLength(2);
});

test.for([
  ['that no worker is there', answered(9, NO_WORKER)],
  ['that the workflow is not there', answered(5, 'workflow not found')],
  ['a refusal', new Error('the execution is not paused')],
] as const)('%s is told at once', async ([, error]) => {
  const { ids, next } = failing(error);
  await expect(startUpdate(updateOf({}), next)).rejects.toBe(error);
  await expect(query(queryOf(), failing(error).next)).rejects.toBe(error);
  expect(ids).toHaveLength(1);
});

test('a workflow whose tasks go on failing is told of in the end', async () => {
  const error = answered(9, QUERY_BROKEN_OFF);
  const { ids, next } = failing(...Array<Error>(20).fill(error));
  await expect(query(queryOf(), next)).rejects.toBe(error);
  expect(ids).toHaveLength(8);
});
