/** Errors as people and programs read them: text with the place and the way out, or one JSON line on stderr. */
import path from 'node:path';
import { type DiagnosticStyle, renderDiagnostic } from '../blueprint/diagnostics.js';
import { CaissonError } from './errors.js';
import { EXIT, exitCodeOf } from './exit.js';
import type { Colors } from './output/io.js';

export interface ErrorStyle {
  readonly json: boolean;
  /** Tracebacks too. */
  readonly verbose: boolean;
  readonly colors: Colors;
}

export interface ReportedError {
  readonly text: string;
  readonly exitCode: number;
}

export function reportError(thrown: unknown, style: ErrorStyle): ReportedError {
  const error = thrown instanceof CaissonError ? thrown : (ofStore(thrown) ?? ofServer(thrown));
  if (error === undefined) return reportBug(thrown, style);
  const exitCode = exitCodeOf(error.kind);
  return { text: style.json ? jsonOf(error, exitCode) : textOf(error, style), exitCode };
}

function ofStore(thrown: unknown): CaissonError | undefined {
  if (!(thrown instanceof Error) || thrown.name !== 'StoreUnavailable') return undefined;
  return new CaissonError('unreachable', 'C5011', thrown.message, {
    hint: 'see whether it runs, and the settings artifacts and s3.*: caisson config list --origin; caisson doctor asks it',
    cause: thrown,
  });
}

const UNAVAILABLE = 14;
const DENIED = [7, 16];

/**
 * What the server says of a call in the middle of a command: it went away, or its caller may do other things, but not this.
 * Known by its form: Temporal's client is not loaded for commands that need none.
 */
function ofServer(thrown: unknown): CaissonError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code, details } = error as { readonly code?: unknown; readonly details?: unknown };
    if (typeof code !== 'number' || typeof details !== 'string') continue;
    if (DENIED.includes(code))
      return new CaissonError('permission', 'C5009', `the Temporal server does not permit this: ${details}`, {
        cause: thrown,
        hint: 'the API key or certificate allows less: ask who gives them out for one that may write in this namespace',
      });
    if (code === UNAVAILABLE)
      return new CaissonError('unreachable', 'C5001', `the Temporal server has gone away: ${details}`, {
        cause: thrown,
        hint: 'what was started goes on by itself; look with: caisson doctor',
      });
  }
  return undefined;
}

function textOf(error: CaissonError, { colors, verbose }: ErrorStyle): string {
  const lines = error.diagnostics.map((diagnostic) =>
    renderDiagnostic(diagnostic, error.sources.get(diagnostic.source?.file ?? ''), diagnosticStyle(colors)),
  );
  if (lines.length === 0) {
    lines.push(`${colors.red(`error[${error.code}]:`)} ${error.message}`);
    if (error.hint !== undefined) lines.push(`  ${colors.cyan('help:')} ${error.hint}`);
  } else if (lines.length > 1) lines.push(`${error.diagnostics.length} errors`);
  for (const [name, link] of Object.entries(error.links)) lines.push(`  ${name.replaceAll('_', ' ')}: ${link}`);
  if (verbose && error.cause instanceof Error) lines.push(colors.dim(error.cause.stack ?? error.cause.message));
  return lines.join('\n');
}

/** Files as seen from here, errors in red. */
export function diagnosticStyle(colors: Colors): DiagnosticStyle {
  return { fileName: fileFromHere, error: colors.red, help: colors.cyan, faint: colors.dim };
}

function fileFromHere(file: string): string {
  if (!path.isAbsolute(file)) return file;
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}

function jsonOf(error: CaissonError, exitCode: number): string {
  const [first] = error.diagnostics;
  return JSON.stringify({
    error: {
      code: error.code,
      kind: error.kind,
      ...(first?.reference?.class === undefined ? {} : { class: first.reference.class }),
      message: error.message,
      hint: error.hint ?? null,
      source: first?.source ?? null,
      exit_code: exitCode,
      cause: error.cause instanceof Error ? error.cause.message : null,
      links: error.links,
      ...(error.diagnostics.length > 0 ? { diagnostics: error.diagnostics } : {}),
      ...(Object.keys(error.details).length > 0 ? { details: error.details } : {}),
    },
  });
}

/** Its stack, and what it goes back to: of a call to a server that is what the server said. */
function wholeStory(thrown: Error): string {
  let story = thrown.stack ?? thrown.message;
  for (let { cause } = thrown; cause instanceof Error; cause = cause.cause) story += `\ncaused by: ${cause.message}`;
  return story;
}

/** Nobody's mistake but ours: told whole, since the next reader is who mends it. */
function reportBug(error: unknown, { json, colors }: ErrorStyle): ReportedError {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const hint = 'this is a bug of Caisson; please report it with the text above and the output of: caisson doctor';
  const text = json
    ? JSON.stringify({
        error: {
          code: 'C9001',
          kind: 'internal',
          message: thrown.message,
          hint,
          source: null,
          exit_code: EXIT.failed,
          cause: wholeStory(thrown),
          links: {},
        },
      })
    : `${colors.red('error[C9001]:')} ${wholeStory(thrown)}\n  ${colors.cyan('help:')} ${hint}`;
  return { text, exitCode: EXIT.failed };
}
