/**
 * The run of a custom workflow or a workflow script: each thing it asks for is done once, recorded, and done under the
 * same rules as in the built-in workflows (pause, cancel, limits, an operator's word).
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  TemporalFailure,
} from '@temporalio/workflow';
import type { Json, JsonObject } from '../blueprint/json.js';
import type { OperationCall } from '../graph/steps.js';
import { mappedOperation, nodeOf, relationshipAt } from '../graph/topology.js';
import type { ExecutionState } from './execution-state.js';
import { Gate } from './gate.js';
import type { FailedOperation } from './messages.js';
import { cancelOperations, perform, performWait } from './perform.js';
import { Recorder } from './recorder.js';

/** One call of an operation, as authors ask for it. */
export interface AskedCall {
  readonly instance_id: string;
  readonly operation: string;
  readonly relationship?: OperationCall['relationship'];
  readonly kwargs: JsonObject;
  /** `kwargs` may replace inputs that the operation has. */
  readonly override: boolean;
}

export class CustomRun {
  readonly recorder: Recorder;
  readonly gate: Gate;
  readonly #pending = new Set<Promise<unknown>>();
  #abandon: (error: CancelledFailure) => void = () => undefined;
  readonly #abandoned = new Promise<never>((_, reject) => {
    this.#abandon = reject;
  });

  constructor(readonly state: ExecutionState) {
    this.recorder = new Recorder(state);
    this.gate = new Gate(state);
    this.#abandoned.catch(() => undefined);
  }

  /** Runs the author's code to its end, and whatever it left running. */
  async execute(code: () => Promise<Json | undefined>): Promise<Json | undefined> {
    const { state } = this;
    const { control } = state;
    let over = false;
    CancellationScope.current().cancelRequested.catch(() => {
      if (over) return;
      this.#cancel();
      cancelOperations(state);
    });
    const forget = control.onChange(() => {
      if (control.draining) this.#cancel();
      else this.#abandonIfForced();
    });
    try {
      return await Promise.race([this.#toEnd(code), this.gate.full, this.#abandoned]);
    } finally {
      over = true;
      forget();
    }
  }

  #cancel(): void {
    this.state.status = 'cancelling';
    // Waits have no end of their own.
    for (const task of this.state.running.values()) if (task.view.waiting) task.cancel();
    this.#abandonIfForced();
  }

  #abandonIfForced(): void {
    if (this.state.status === 'cancelling' && this.state.control.cancelMode === 'force')
      this.#abandon(new CancelledFailure('cancelled'));
  }

  async #toEnd(code: () => Promise<Json | undefined>): Promise<Json | undefined> {
    let result: Json | undefined;
    try {
      result = await code();
      await Promise.all(this.#pending);
    } catch (error) {
      await Promise.allSettled(this.#pending);
      throw this.#endOf(error);
    }
    // Code that takes no notice of a cancel has been cancelled all the same.
    if (this.state.status === 'cancelling') throw new CancelledFailure('cancelled');
    return result;
  }

  #endOf(error: unknown): unknown {
    if (this.state.status === 'cancelling') return new CancelledFailure('cancelled');
    if (isCancellation(error) || error instanceof TemporalFailure) return error;
    const thrown = error instanceof Error ? error : new Error(String(error));
    return ApplicationFailure.create({ message: thrown.message, type: thrown.name, nonRetryable: true, cause: thrown });
  }

  /** Does a thing once: asked again in a later run or execution, it is answered from the record. */
  async once(question: string, act: () => Promise<Json>): Promise<Json> {
    const key = this.recorder.key(question);
    return await this.#tracked(this.#once(key, act));
  }

  /** Does a thing once that its key names among those of the execution. */
  async recorded(key: string, act: () => Promise<Json>): Promise<Json> {
    return await this.#once(key, act);
  }

  async #once(key: string, act: () => Promise<Json>): Promise<Json> {
    const known = this.recorder.find(key);
    if (known && 'done' in known) return known.done;
    if (known) throw operationFailure(known.failed as unknown as FailedOperation);
    await this.gate.enter();
    const result = await act();
    this.recorder.done(key, result);
    return result;
  }

  /**
   * Runs an operation. One that is not mapped does nothing, as everywhere.
   *
   * @throws ApplicationFailure `OperationFailed` whose first detail is the FailedOperation; CancelledFailure
   */
  async call(asked: AskedCall): Promise<Json> {
    const question = questionOf(asked);
    const key = this.recorder.key(question);
    return await this.#tracked(this.#call(key, asked));
  }

  async #call(key: string, asked: AskedCall): Promise<Json> {
    const outcome = await this.outcome(key, asked);
    if ('failed' in outcome) throw operationFailure(outcome.failed);
    return outcome.done;
  }

  /** What came of a call, whose key names it among those of the execution. @throws CancelledFailure */
  async outcome(
    key: string,
    asked: AskedCall,
  ): Promise<{ readonly done: Json } | { readonly failed: FailedOperation }> {
    const known = this.recorder.find(key);
    if (known) return known as { done: Json } | { failed: FailedOperation & Json };
    const call = this.#resolved(asked);
    if (!call) return { done: null };
    this.state.total += 1;
    await this.gate.enter();
    const performed = await perform(this.state, call);
    if (performed.kind === 'succeeded') {
      this.recorder.done(key, performed.result);
      return { done: performed.result };
    }
    if (performed.kind === 'cancelled') {
      if (this.state.status !== 'cancelling') await this.gate.close();
      throw new CancelledFailure('cancelled');
    }
    this.state.failures.push(performed.failure);
    this.recorder.failed(key, performed.failure);
    return { failed: performed.failure };
  }

  /** The call of a mapped operation; undefined for one that is not mapped. @throws ApplicationFailure for clashing kwargs */
  #resolved(asked: AskedCall): OperationCall | undefined {
    return resolveCall(this.state, asked);
  }

  /** Waits for a person, a signal or a time. */
  async wait(kind: 'approval' | 'signal' | 'timer' | 'until', inputs: JsonObject, title: string): Promise<Json> {
    const question = `wait ${kind} ${title}`;
    const key = this.recorder.key(question);
    return await this.#tracked(this.#wait(key, kind, inputs));
  }

  async #wait(key: string, kind: string, inputs: JsonObject): Promise<Json> {
    const known = this.recorder.find(key);
    if (known && 'done' in known) return known.done;
    if (known) throw operationFailure(known.failed as unknown as FailedOperation);
    await this.gate.enter();
    const performed = await performWait(this.state, key, kind, inputs);
    if (performed.kind === 'succeeded') {
      this.recorder.done(key, performed.result);
      return performed.result;
    }
    if (performed.kind === 'failed') {
      this.recorder.failed(key, performed.failure);
      throw operationFailure(performed.failure);
    }
    if (this.state.status !== 'cancelling') await this.gate.close();
    throw new CancelledFailure('cancelled');
  }

  async #tracked<Result>(work: Promise<Result>): Promise<Result> {
    this.#pending.add(work);
    work.then(
      () => void this.#pending.delete(work),
      () => undefined,
    );
    try {
      return await work;
    } catch (error) {
      // Whoever awaits it has heard of it: it is theirs now.
      this.#pending.delete(work);
      throw error;
    }
  }
}

/** The call of a mapped operation; undefined for one that is not mapped. @throws ApplicationFailure for clashing kwargs */
export function resolveCall(state: ExecutionState, asked: AskedCall): OperationCall | undefined {
  const { instance_id, operation, relationship, kwargs, override } = asked;
  const owner = nodeOf(state.topology, state.instance(relationship?.source_id ?? instance_id));
  const operations =
    relationship === undefined
      ? owner.operations
      : relationshipAt(owner, relationship.index)[
          relationship.side === 'source' ? 'source_operations' : 'target_operations'
        ];
  const mapped = mappedOperation(operations, operation);
  if (!mapped) return undefined;
  const clashes = Object.keys(kwargs).filter((name) => Object.hasOwn(mapped.operation.inputs, name));
  if (!override && clashes.length > 0)
    throw ApplicationFailure.nonRetryable(
      `Duplicate definition of ${clashes.join(', ')} in operation properties and in kwargs of ${operation} on ${instance_id}. ` +
        'To allow redefinition, set allow_kwargs_override.',
      'DuplicateInput',
    );
  return {
    key: mapped.name,
    instance_id,
    operation: mapped.name,
    ...(relationship === undefined ? {} : { relationship }),
    ...(Object.keys(kwargs).length > 0 ? { kwargs } : {}),
  };
}

export function questionOf({ instance_id, operation, relationship, kwargs }: AskedCall): string {
  const subject = relationship
    ? `${relationship.source_id}>${relationship.target_id} ${relationship.index} ${relationship.side}`
    : instance_id;
  const given = Object.keys(kwargs).length > 0 ? ` ${JSON.stringify(kwargs)}` : '';
  return `call ${subject} ${operation}${given}`;
}

function operationFailure(failure: FailedOperation): ApplicationFailure {
  const { implementation, node_instance_id, operation, message } = failure;
  const subject = node_instance_id === '' ? operation : `${node_instance_id}:${operation}`;
  return ApplicationFailure.create({
    message: `Task failed: ${implementation} (${subject}): ${message}`,
    type: 'OperationFailed',
    nonRetryable: true,
    details: [failure],
  });
}
