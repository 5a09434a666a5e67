/** The scope of one operation: what a cancel of it, and of nothing else, reaches. */
import { CancellationScope } from '@temporalio/workflow';

export class OperationScope extends CancellationScope {
  /** Begins something within the scope, without waiting for it. */
  within(begin: () => void): void {
    void this.run(() => {
      begin();
      return BEGUN;
    });
  }

  /** Temporal's own waits for what was begun, with promises of its own for that. */
  protected override runInContext<T>(begin: () => Promise<T>): Promise<T> {
    return begin();
  }
}

const BEGUN = Promise.resolve();
