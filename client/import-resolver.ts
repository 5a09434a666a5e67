/**
 * Imports from the network. Only the person's own client reads them, never a worker; prefix rules turn addresses into
 * those of a mirror. What comes is text of strangers: its size, its redirects and its time are bounded.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SourceRefused } from '../blueprint/imports.js';

export interface ImportResolverOptions {
  /** Tried in order: addresses that begin with `prefix` begin with `replacement` instead. @default none */
  readonly rules?: readonly ImportRule[];
  /** The address itself is tried after those that the rules make of it. @default true */
  readonly fallback?: boolean;
  /** Bytes that one file may have. @default 5 MiB */
  readonly largest?: number;
  /** Milliseconds that one attempt may take. @default 15,000 */
  readonly timeout?: number;
  /** Attempts while the server cannot be reached or has an error of its own. @default 3 */
  readonly attempts?: number;
  /** Milliseconds between two attempts. @default 500 */
  readonly pause?: number;
}

export interface ImportRule {
  readonly prefix: string;
  /** An address, or a folder as `file:` URL or path. */
  readonly replacement: string;
}

const MOST_REDIRECTS = 5;

/** Reads addresses, each once. @throws SourceRefused */
export function importResolver(options: ImportResolverOptions = {}): (address: string) => Promise<string> {
  const { rules = [], fallback = true } = options;
  const read = new Map<string, Promise<string>>();

  async function readFirst(address: string): Promise<string> {
    const ruled = rules.filter(({ prefix }) => address.startsWith(prefix));
    const places = ruled.map(({ prefix, replacement }) => replacement + address.slice(prefix.length));
    if (fallback) places.push(address);
    if (places.length === 0) throw new SourceRefused('no rule says where it is read from', RULES_HINT);
    const failures: string[] = [];
    for (const place of places) {
      try {
        return await readPlace(place, options);
      } catch (error) {
        if (!(error instanceof SourceRefused)) throw error;
        failures.push(place === address ? error.message : `${place}: ${error.message}`);
      }
    }
    throw new SourceRefused(failures.join('; '), RULES_HINT);
  }

  return (address) => {
    const known = read.get(address) ?? readFirst(address);
    read.set(address, known);
    return known;
  };
}

const RULES_HINT = 'keep a copy beside the blueprint, or give a mirror: import_resolver.rules';

/**
 * @param text `PREFIX=REPLACEMENT`, several joined by commas
 * @example parseImportRules('http://www.getcloudify.org/spec/=file:///opt/spec/')
 */
export function parseImportRules(text: string): ImportRule[] {
  return text
    .split(',')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map((rule) => {
      const at = rule.indexOf('=');
      if (at <= 0) throw new SourceRefused(`import_resolver.rules holds ${rule}, which is no PREFIX=REPLACEMENT`);
      return { prefix: rule.slice(0, at).trim(), replacement: rule.slice(at + 1).trim() };
    });
}

async function readPlace(place: string, options: ImportResolverOptions): Promise<string> {
  if (/^https?:\/\//.test(place)) return await download(place, options);
  const file = place.startsWith('file:') ? fileURLToPath(place) : place;
  if (/^[a-z][a-z0-9+.-]+:/i.test(file)) throw new SourceRefused('only http, https and file addresses are read');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new SourceRefused(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function download(address: string, options: ImportResolverOptions): Promise<string> {
  const { attempts = 3, pause = 500 } = options;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await tryDownload(address, options);
    if ('text' in outcome) return outcome.text;
    if (!outcome.again || attempt >= attempts) throw new SourceRefused(outcome.why);
    await sleep(pause);
  }
}

type DownloadOutcome = { readonly text: string } | { readonly why: string; readonly again: boolean };

async function tryDownload(
  address: string,
  { timeout = 15_000, largest = 5 * 1024 * 1024 }: ImportResolverOptions,
): Promise<DownloadOutcome> {
  const signal = AbortSignal.timeout(timeout);
  let url = new URL(address);
  try {
    for (let redirects = 0; ; redirects += 1) {
      const response = await fetch(url, { redirect: 'manual', signal });
      const next = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (next === null) return await textOf(response, largest);
      await response.body?.cancel();
      if (redirects >= MOST_REDIRECTS) return { why: `more than ${MOST_REDIRECTS} redirects`, again: false };
      const target = new URL(next, url);
      const secure = target.protocol === 'https:' || (target.protocol === 'http:' && url.protocol === 'http:');
      if (!secure) return { why: `it redirects from ${url.protocol} to ${target.protocol}`, again: false };
      url = target;
    }
  } catch (error) {
    if (signal.aborted) return { why: `no answer within ${timeout / 1000} s`, again: true };
    const { cause, message } = error as Error;
    return { why: cause instanceof Error && cause.message !== '' ? cause.message : message, again: true };
  }
}

async function textOf(response: Response, largest: number): Promise<DownloadOutcome> {
  if (!response.ok) {
    await response.body?.cancel();
    return {
      why: `the server answers ${response.status} ${response.statusText}`.trim(),
      again: response.status >= 500,
    };
  }
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).byteLength;
    if (size > largest) return { why: `it is larger than ${largest} bytes`, again: false };
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return { text: text + decoder.decode() };
}
