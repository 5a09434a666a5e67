/** An error that a script raised in its own language, as the error that it means here. */
import type { Json, JsonObject } from '../sdk/index.js';
import { type ErrorCause, HttpException, NonRecoverableError, OperationRetry, RecoverableError } from '../sdk/index.js';

/** @param raised class names (its own first, its ancestors after it), message and details */
export function raisedError({ types, message, retry_after, url, code, causes }: JsonObject): Error {
  const names = Array.isArray(types) ? types.map(String) : [];
  const text = typeof message === 'string' ? message : '';
  const retryAfter = typeof retry_after === 'number' ? retry_after : undefined;
  const options = { causes: (Array.isArray(causes) ? causes : []).map(causeOf) };
  if (names[0] === 'HttpException' && typeof url === 'string')
    return named(new HttpException(url, Number(code), text), names);
  if (names.includes('NonRecoverableError')) return named(new NonRecoverableError(text, options), names);
  if (names.includes('OperationRetry')) return new OperationRetry(text, retryAfter);
  if (names.includes('RecoverableError'))
    return named(
      new RecoverableError(text, { ...options, ...(retryAfter === undefined ? {} : { retryAfter }) }),
      names,
    );
  // Of an error of the language's own the class is half of what it says: KeyError: 'port'.
  const name = names[0] ?? 'Error';
  return named(new RecoverableError(text === '' ? name : `${name}: ${text}`, options), names);
}

function named<E extends Error>(error: E, [name]: readonly string[]): E {
  if (name) error.name = name;
  return error;
}

function causeOf(cause: Json): ErrorCause {
  const { type, message, traceback } = (cause ?? {}) as JsonObject;
  return {
    type: String(type ?? 'Error'),
    message: String(message ?? ''),
    ...(typeof traceback === 'string' ? { traceback } : {}),
  };
}
