/** Brings the script to a folder of its own on this machine, from wherever `script_path` says it is. */
import { copyFile, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HttpException, NonRecoverableError, type OperationContext, RecoverableError } from '../sdk/index.js';

const LARGEST = 64 * 1024 * 1024;
const MOST_REDIRECTS = 5;

/** @returns path of the copy, which keeps its name */
export async function placeScript(
  ctx: OperationContext,
  location: string,
  folder: string,
  certificate: string | undefined,
): Promise<string> {
  const target = path.join(folder, nameOf(location));
  if (/^https?:\/\//i.test(location)) {
    await writeFile(target, await download(new URL(location), certificate, ctx.signal));
    return target;
  }
  const local = localPath(location);
  if (local === undefined) return await ctx.downloadResource(location, target);
  const found = await stat(local).catch(() => undefined);
  if (!found?.isFile())
    throw new NonRecoverableError(
      `script ${location} is no file on this worker; was it meant to come with the blueprint?`,
    );
  await copyFile(local, target);
  return target;
}

/** Inline scripts stand indented in their blueprint. */
export function dedent(source: string): string {
  const lines = source.replace(/^\s*\n/, '').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const indent = indents.length === 0 ? 0 : Math.min(...indents);
  return lines.map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length))).join('\n');
}

function nameOf(location: string): string {
  const name = path.posix.basename(/^https?:/i.test(location) ? new URL(location).pathname : location);
  return name === '' || name === '.' || name === '..' ? 'script' : name.slice(-100);
}

function localPath(location: string): string | undefined {
  if (/^file:\/\//i.test(location)) {
    try {
      return fileURLToPath(location);
    } catch (error) {
      throw new NonRecoverableError(`script ${location}: ${(error as Error).message}`);
    }
  }
  if (path.isAbsolute(location)) return location;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(location)?.[1];
  if (scheme) throw new NonRecoverableError(`script ${location}: ${scheme} is not among file, http and https`);
  return undefined;
}

async function download(url: URL, certificate: string | undefined, signal: AbortSignal, hops = 0): Promise<Buffer> {
  const answer = await get(url, certificate, signal);
  const { status, location, body } = answer;
  if (location !== undefined && [301, 302, 303, 307, 308].includes(status)) {
    if (hops >= MOST_REDIRECTS) throw new HttpException(url.href, status, `more than ${MOST_REDIRECTS} redirects`);
    const next = new URL(location, url);
    if (!/^https?:$/.test(next.protocol)) throw new HttpException(url.href, status, `redirects to ${next.protocol}`);
    return await download(next, certificate, signal, hops + 1);
  }
  if (status !== 200) throw new HttpException(url.href, status, 'the script could not be fetched');
  return body;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: Buffer;
}

async function get(url: URL, certificate: string | undefined, signal: AbortSignal): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(
        signal.aborted ? signal.reason : new RecoverableError(`${url.href} could not be fetched: ${error.message}`),
      );
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = send(url, { signal, timeout: 60_000, ...(certificate ? { ca: certificate } : {}) }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > LARGEST) sent.destroy(new Error(`larger than ${LARGEST} bytes`));
        else parts.push(part);
      });
      response.on('error', failed);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          body: Buffer.concat(parts),
        }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in 60 s')));
    sent.on('error', failed);
    sent.end();
  });
}
