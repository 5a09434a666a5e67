import { sleep } from '@temporalio/workflow';

/** Waits; `__stack_trace` says where, if stacks are noted. */
export async function waiting(): Promise<void> {
  await sleep('1 hour');
}

/** Leaves a promise that is rejected with nobody there to hear it. */
export async function forgetful(): Promise<void> {
  void Promise.reject(new Error('nobody heard of this'));
  await sleep('1 hour');
}

/** Values are resolved, combined and thrown as anywhere else. */
export async function combining(): Promise<string> {
  const [first, settled, raced] = await Promise.all([
    Promise.resolve('all'),
    Promise.allSettled([Promise.reject(new Error('expected'))]),
    Promise.race([Promise.resolve('race'), sleep('1 hour')]),
  ]);
  class Own extends Promise<string> {}
  const own = await Own.resolve('own').then((text) => text);
  return [first, settled[0]?.status, raced, own, await Promise.any([Promise.resolve('any')])].join(' ');
}
