/** How a script says what its run comes to: once, by returning, aborting, asking for a retry, or (Python) raising. */
import type { Json } from '../sdk/index.js';
import { NonRecoverableError, OperationRetry } from '../sdk/index.js';

export const ONLY_ONCE = 'ctx may only abort or return once';

type Decision = { readonly kind: 'returns'; readonly value: Json } | { readonly kind: 'fails'; readonly error: Error };

export class Verdict {
  #decision: Decision | undefined;
  #raised: Error | undefined;

  returns(value: Json): void {
    this.#decide({ kind: 'returns', value });
  }

  abort(message: string): void {
    this.#decide({ kind: 'fails', error: new NonRecoverableError(message) });
  }

  retry(message: string, retryAfter: number | undefined): void {
    this.#decide({ kind: 'fails', error: new OperationRetry(message, retryAfter) });
  }

  /** The script ended by an error of its own. */
  raise(error: Error): void {
    this.#raised ??= error;
  }

  /** The error that the script has decided on, whatever its exit code. */
  get error(): Error | undefined {
    return this.#decision?.kind === 'fails' ? this.#decision.error : this.#raised;
  }

  get value(): Json | undefined {
    return this.#decision?.kind === 'returns' ? this.#decision.value : undefined;
  }

  #decide(decision: Decision): void {
    if (this.#decision) {
      const error = new NonRecoverableError(ONLY_ONCE);
      this.#decision = { kind: 'fails', error };
      throw error;
    }
    this.#decision = decision;
  }
}
