/** What an answer of the engine means: worth another try, or not, and in which words. */
import { errorKind, NonRecoverableError, RecoverableError } from '../../sdk/errors.js';

export interface EngineAnswer extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly json?: unknown;
}

/** Bad login, wrong paths, certificates that do not fit: a later attempt meets the same. */
const HOPELESS = ['ENOENT', 'EACCES', 'ENOTDIR', 'EPROTO'];

export function statusOf(error: unknown): number | undefined {
  return (error as EngineAnswer | undefined)?.statusCode;
}

/** The engine's own words: its status texts mislead (a missing image reads as a missing container). */
export function messageOf(error: unknown): string {
  const { json, message } = error as EngineAnswer;
  const own = typeof json === 'object' && json !== null ? (json as { message?: unknown }).message : undefined;
  return typeof own === 'string' && own !== '' ? own : message.replace(/^\(HTTP code \d+\) [\w ]+ - /, '').trim();
}

/**
 * The error as an operation throws it.
 *
 * @param what the resource and what was done with it, e.g. `container web_1 cannot be started`
 * @param where the engine's address
 */
export function engineFailure(what: string, where: string, error: unknown): Error {
  if (errorKind(error) !== undefined) return error as Error;
  const answer = error as EngineAnswer;
  const status = answer.statusCode;
  if (status === undefined) return connectionFailure(what, where, answer);
  const message = `${what} (engine at ${where}): ${messageOf(answer)}`;
  return isPassing(status, messageOf(answer))
    ? new RecoverableError(message, { cause: error })
    : new NonRecoverableError(message, { cause: error });
}

/** 500 is also what the engine answers when the registry says no. */
function isPassing(status: number, message: string): boolean {
  if (/unauthorized|authentication required|access denied|denied:|no basic auth/i.test(message)) return false;
  if (status >= 500) return true;
  return status === 403 && /active endpoints/.test(message);
}

function connectionFailure(what: string, where: string, error: EngineAnswer): Error {
  const { code = '' } = error;
  const hopeless = HOPELESS.includes(code) || /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|UNABLE_TO|SELF_SIGNED)/.test(code);
  const remedy =
    code === 'ENOENT' || code === 'ECONNREFUSED'
      ? 'is it running, and is that its address?'
      : code === 'EACCES'
        ? 'the worker may not use that socket: run it as root or in the group docker'
        : hopeless
          ? 'check the certificates in client_config.tls'
          : 'it may come back';
  const message = `${what}: the engine at ${where} cannot be reached (${code || error.message}); ${remedy}`;
  return hopeless
    ? new NonRecoverableError(message, { cause: error })
    : new RecoverableError(message, { cause: error });
}
