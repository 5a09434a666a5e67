/** Files that a blueprint names by their URL. */
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';

/** More than this is not what a blueprint's file is for, and would fill the worker's memory. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** @throws NonRecoverableError when the server does not have it; RecoverableError when it does not answer */
export async function download(url: string, signal: AbortSignal): Promise<Buffer> {
  const shown = withoutLogin(url);
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const { cause } = error as Error;
    throw new RecoverableError(`${shown} cannot be fetched: ${(cause as Error | undefined)?.message ?? error}`);
  }
  if (response.status >= 500) throw new RecoverableError(`${shown} answered ${response.status}`);
  if (!response.ok) throw new NonRecoverableError(`${shown} answered ${response.status}: check the address`);
  if (Number(response.headers.get('content-length') ?? 0) > MOST_BYTES)
    throw new NonRecoverableError(`${shown} is larger than ${MOST_BYTES} bytes`);
  return Buffer.from(await response.arrayBuffer());
}

function withoutLogin(url: string): string {
  return url.replace(/\/\/[^/@]+@/, '//').replace(/\?.*$/, '');
}
