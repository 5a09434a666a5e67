/**
 * How an operation says what kind of failure it met. Any other error that is thrown counts as recoverable.
 *
 * The classes are told apart by a marker, not by `instanceof`: a plugin may carry its own copy of this package.
 */
const KIND = Symbol.for('caisson.operation-error');

export type ErrorKind = 'recoverable' | 'non-recoverable' | 'retry';

/** What led to an error; shown under it. */
export interface ErrorCause {
  readonly type: string;
  readonly message: string;
  readonly traceback?: string;
}

interface ErrorOptions {
  readonly causes?: readonly ErrorCause[];
  readonly cause?: unknown;
}

/**
 * It may go well another time. Retried until the operation's retries are used up.
 *
 * @example throw new RecoverableError('the volume is still detaching', { retryAfter: 10 });
 */
export class RecoverableError extends Error {
  readonly [KIND]: ErrorKind = 'recoverable';
  /** Seconds until the next attempt, instead of the operation's interval. */
  readonly retryAfter: number | undefined;
  readonly causes: readonly ErrorCause[];

  constructor(message: string, options: ErrorOptions & { readonly retryAfter?: number } = {}) {
    const { retryAfter } = options;
    super(retryAfter === undefined ? message : `${message} [retry_after=${retryAfter}]`, { cause: options.cause });
    this.name = 'RecoverableError';
    this.retryAfter = retryAfter;
    this.causes = options.causes ?? [];
  }
}

/**
 * No attempt will ever go well: the operation fails now.
 *
 * @example throw new NonRecoverableError('the image ami-1 does not exist');
 */
export class NonRecoverableError extends Error {
  readonly [KIND]: ErrorKind = 'non-recoverable';
  readonly causes: readonly ErrorCause[];

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'NonRecoverableError';
    this.causes = options.causes ?? [];
  }
}

/** The operation asks to be run again: shown as rescheduled rather than failed, but counted like a failure. */
export class OperationRetry extends Error {
  readonly [KIND]: ErrorKind = 'retry';
  /** Seconds until the next attempt, instead of the operation's interval. */
  readonly retryAfter: number | undefined;

  constructor(message: string, retryAfter?: number) {
    super(retryAfter === undefined ? message : `${message} [retry_after=${retryAfter}]`);
    this.name = 'OperationRetry';
    this.retryAfter = retryAfter;
  }
}

/** A file that the blueprint should have brought along is not there. */
export class ResourceNotFound extends NonRecoverableError {
  constructor(path: string, tried: readonly string[]) {
    super(`resource ${path} was not found; tried ${tried.join(', ')}`);
    this.name = 'ResourceNotFound';
  }
}

/** A URL answered with something else than what was asked for. */
export class HttpException extends NonRecoverableError {
  constructor(
    readonly url: string,
    readonly code: number,
    message: string,
  ) {
    super(`${url} answered ${code}: ${message}`);
    this.name = 'HttpException';
  }
}

/** A process of the operation ended with another code than 0. */
export class ProcessException extends RecoverableError {
  constructor(
    readonly command: string,
    readonly exitCode: number,
    readonly stdout: string,
    readonly stderr: string,
  ) {
    super(`${command} exited with ${exitCode}${lastLine(stderr)}`);
    this.name = 'ProcessException';
  }
}

/** What a thrown value asks for; `undefined` for errors that are none of the above. */
export function errorKind(error: unknown): ErrorKind | undefined {
  return typeof error === 'object' && error !== null ? (error as { [KIND]?: ErrorKind })[KIND] : undefined;
}

function lastLine(text: string): string {
  const line = text.trimEnd().split('\n').at(-1)?.trim();
  return line ? `: ${line}` : '';
}
