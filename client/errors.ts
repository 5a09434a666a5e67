/**
 * What goes wrong for a user of the library or the command line, each with a stable code, a kind that decides the exit
 * code, and what to do next. Bugs of ours are no CaissonError: they are thrown as they are.
 */
import type { Diagnostic } from '../blueprint/diagnostics.js';
import type { JsonObject } from '../blueprint/json.js';

/** What kind of error it is: it decides the exit code of the command line. */
export type ErrorKind =
  /** Wrong flags or arguments, or a prompt where nobody can answer. */
  | 'usage'
  /** The blueprint, its inputs or the parameters are refused. */
  | 'validation'
  | 'not-found'
  /** It exists, is in use, or something else runs. */
  | 'conflict'
  /** Temporal or a worker cannot be reached. */
  | 'unreachable'
  | 'permission'
  /** The workflow ran and failed. */
  | 'failed'
  /** The workflow was cancelled or terminated. */
  | 'cancelled'
  /** The client stopped waiting; the run goes on. */
  | 'timeout';

export interface ErrorFields {
  /** What to do about it, as a sentence or a command. */
  readonly hint?: string | undefined;
  readonly diagnostics?: readonly Diagnostic[] | undefined;
  /** Texts of the sources that diagnostics point into, by file. */
  readonly sources?: ReadonlyMap<string, string> | undefined;
  readonly links?: Readonly<Record<string, string>> | undefined;
  /** Facts for programs, e.g. the failed operations. */
  readonly details?: JsonObject | undefined;
  readonly cause?: unknown;
}

/** What goes wrong for a user, with a code that stays the same, a kind, and what to do. */
export class CaissonError extends Error {
  override readonly name = 'CaissonError';
  readonly hint: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
  readonly links: Readonly<Record<string, string>>;
  readonly details: JsonObject;

  /**
   * @param code `C1xxx` usage and settings, `C2xxx` blueprint, `C3xxx` inputs and parameters, `C4xxx` state (not found,
   * conflict), `C5xxx` Temporal and workers, `C6xxx` operations
   */
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    fields: ErrorFields = {},
  ) {
    super(message, { cause: fields.cause });
    this.hint = fields.hint;
    this.diagnostics = fields.diagnostics ?? [];
    this.sources = fields.sources ?? new Map();
    this.links = fields.links ?? {};
    this.details = fields.details ?? {};
  }
}

export const usageError = (message: string, hint?: string): CaissonError =>
  new CaissonError('usage', 'C1001', message, { hint });

export const notFound = (what: string, id: string, hint?: string): CaissonError =>
  new CaissonError('not-found', 'C4001', `there is no ${what} ${id}`, { hint });

export const conflict = (message: string, hint?: string): CaissonError =>
  new CaissonError('conflict', 'C4002', message, { hint });

/** A refusal by diagnostics: the first is the message, all of them are told. */
export function refusal(diagnostics: readonly Diagnostic[], sources?: ReadonlyMap<string, string>): CaissonError {
  const [first] = diagnostics;
  const more = diagnostics.length - 1;
  const message = `${first?.message ?? 'refused'}${more > 0 ? ` (and ${more} more)` : ''}`;
  return new CaissonError('validation', first?.code ?? 'C2000', message, { diagnostics, sources, hint: first?.hint });
}
