/** Which code does the work of an operation: that of the worker's own plugins, or of a package of the artifact store. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { PythonPackage, PythonPlace } from '../plugins/python/package.js';
import type { OperationDefinition, Plugin } from '../plugins/sdk/define.js';
import { errorKind, NonRecoverableError, RecoverableError } from '../plugins/sdk/errors.js';
import { type AttemptMark, attemptHistory } from './attempts.js';
import type { OperationRequest } from './request.js';

/** A plugin package of the artifact store whose code is at hand. */
export interface OpenedPackage {
  /** For messages: name and version. */
  readonly name: string;
  /** @param activityType prefix and name: `disks.disk.create` */
  operation(activityType: string): OperationDefinition | undefined;
  /** Of a plugin in Python: what has to be installed for it. */
  pythonPackage?(place: PythonPlace): Promise<PythonPackage>;
}

/**
 * Opens packages by the hash of their archive, each once in a process.
 *
 * @throws NonRecoverableError for a package that is not there or cannot be loaded; anything else may pass
 */
export type OpenPackage = (archive: string) => Promise<OpenedPackage>;

/** Beats while a package is fetched: a big one takes longer than a lost worker is waited for. */
const BEAT_MS = 2_000;

export interface DefinitionSources {
  readonly plugins: readonly Plugin[];
  /** Opens plugin packages of the artifact store. @default there are none */
  readonly openPackage?: OpenPackage | undefined;
  /** Whether another worker of the task queue serves an operation. @default none does */
  readonly servedElsewhere?: ((activityType: string) => Promise<boolean>) | undefined;
}

export class Definitions {
  readonly #own = new Map<string, OperationDefinition>();
  readonly #sources: DefinitionSources;

  /** @throws Error when two plugins define one operation */
  constructor(sources: DefinitionSources) {
    this.#sources = sources;
    const { plugins } = sources;
    for (const { name, operations } of plugins)
      for (const [operation, definition] of Object.entries(operations)) {
        const type = `${name}.${operation}`;
        if (this.#own.has(type)) throw new Error(`two plugins define the operation ${type}`);
        this.#own.set(type, definition);
      }
  }

  /** Names of the operations that need no package. */
  get types(): readonly string[] {
    return [...this.#own.keys()];
  }

  /**
   * The code of an operation. A package that cannot be opened now fails the operation like anything else that it needs:
   * retried within its budget.
   *
   * @throws ApplicationFailure, not to be retried, when nothing provides the operation; to be retried, when another worker
   * of the task queue does
   */
  async find(type: string, request: OperationRequest): Promise<OperationDefinition> {
    const archive = request?.plugin?.archive;
    if (archive === undefined) return this.#own.get(type) ?? (await this.#notHere(type));
    let opened: OpenedPackage;
    try {
      opened = await beating(this.#opened(archive));
    } catch (error) {
      return failing(error, request);
    }
    return opened.operation(type) ?? unknown(`the plugin package ${opened.name} has no operation ${type}`);
  }

  async #notHere(type: string): Promise<never> {
    const elsewhere = (await this.#sources.servedElsewhere?.(type).catch(() => false)) ?? false;
    if (!elsewhere)
      unknown(
        `no worker of this task queue provides ${type}; one that lies in a folder is named to each command (CAISSON_PLUGINS)`,
      );
    release();
    throw ApplicationFailure.create({
      message: `another worker of this task queue provides ${type}`,
      type: 'ServedElsewhere',
      nextRetryDelay: PASS_ON_MS,
    });
  }

  async #opened(archive: string): Promise<OpenedPackage> {
    const { openPackage } = this.#sources;
    if (openPackage === undefined) throw new NonRecoverableError('this worker serves no plugin packages');
    return await openPackage(archive);
  }
}

/** Until an operation that came to the wrong worker is given out again. */
const PASS_ON_MS = 500;

/** Marks the attempt as one that is charged to nobody: it has not begun. */
function release(): void {
  const { info, heartbeat } = Context.current();
  const { retryNumber, lostWorkers, checkpoint } = attemptHistory(info.attempt, info.heartbeatDetails as AttemptMark);
  const mark: AttemptMark = {
    attempt: info.attempt,
    ended: false,
    released: true,
    retries: retryNumber,
    lost: lostWorkers,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
  heartbeat(mark);
}

function unknown(message: string): never {
  throw ApplicationFailure.nonRetryable(`${message}; see: caisson plugins list`, 'UnknownOperation');
}

function failing(error: unknown, { plugin }: OperationRequest): OperationDefinition {
  const { message } = error as Error;
  const text = `the package of plugin ${plugin.name} cannot be used: ${message}`;
  const thrown = errorKind(error) === 'non-recoverable' ? new NonRecoverableError(text) : new RecoverableError(text);
  return {
    resumable: true,
    run: () => {
      throw thrown;
    },
  };
}

async function beating<Result>(work: Promise<Result>): Promise<Result> {
  const { info, heartbeat } = Context.current();
  // What an earlier attempt has left for this one stays as it is.
  const beat = setInterval(() => heartbeat(info.heartbeatDetails), BEAT_MS);
  try {
    return await work;
  } finally {
    clearInterval(beat);
  }
}
