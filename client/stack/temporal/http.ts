/**
 * GET as company networks need it: through the proxy that the environment names, with further certificate authorities.
 * Node's own `fetch` does neither before version 24.
 */
import { readFile } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type Socket } from 'node:net';
import tls from 'node:tls';
import { basicAuthorization } from '../../../plugins/basic-authorization.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface GetOptions {
  readonly environment: Environment;
  /** PEM files of certificate authorities to trust besides Node's own. */
  readonly authorities?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Silence longer than this is an error. */
  readonly idleMs?: number;
}

const MOST_REDIRECTS = 5;

/**
 * Asks for a URL; a user and password in it become basic authentication, for its own host alone.
 *
 * @returns the answer, whatever its status, with its body still to be read, and the URL that gave it
 */
export async function get(url: URL, options: GetOptions): Promise<{ response: IncomingMessage; url: URL }> {
  const ca = await trusted(options);
  let at = url;
  for (let redirects = 0; ; redirects += 1) {
    const response = await ask(at, options, ca);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
      return { response, url: at };
    response.resume();
    if (redirects === MOST_REDIRECTS) throw new Error(`${shown(url)} redirects more than ${MOST_REDIRECTS} times`);
    const next = new URL(location, at);
    if (at.protocol === 'https:' && next.protocol !== 'https:')
      throw new Error(`${shown(at)} redirects to ${shown(next)}, which is not encrypted`);
    at = withCredentialsOf(at, next);
  }
}

/** A link found on a page, with the page's credentials if it leads to the same host. */
export function withCredentialsOf(page: URL, link: URL): URL {
  if (link.username === '' && link.host === page.host) {
    link.username = page.username;
    link.password = page.password;
  }
  return link;
}

/** Without user and password. */
export function shown(url: URL): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare.href;
}

/** The proxy for a URL, as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in either case. */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const value = (name: string): string => environment[name.toLowerCase()] || environment[name] || '';
  const given = value(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') || value('ALL_PROXY');
  if (given === '' || isExcluded(url, value('NO_PROXY'))) return undefined;
  return new URL(given.includes('://') ? given : `http://${given}`);
}

function isExcluded(url: URL, list: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (only !== undefined && only !== port) return false;
      const suffix = name.replace(/^\*?\.?/, '');
      return name === '*' || host === suffix || host.endsWith(`.${suffix}`);
    });
}

async function ask(url: URL, options: GetOptions, ca: string[]): Promise<IncomingMessage> {
  const proxy = proxyFor(url, options.environment);
  const secure = url.protocol === 'https:';
  const headers: Record<string, string> = { 'user-agent': 'caisson', ...options.headers };
  if (url.username !== '') headers.authorization = basicAuthorization(url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const target: https.RequestOptions = {
    host,
    port: url.port || (secure ? 443 : 80),
    path: url.pathname + url.search,
    headers: { host: url.host, ...headers },
    timeout: options.idleMs ?? 30_000,
    agent: false,
    ...(secure ? { ca } : {}),
  };
  if (proxy && secure) {
    const socket = await tunnel(proxy, url, target.timeout as number, ca);
    target.createConnection = () =>
      tls.connect({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}), ca });
  } else if (proxy) {
    Object.assign(target, { host: proxy.hostname, port: proxy.port || 80, path: shown(url) });
    if (proxy.username !== '') headers['proxy-authorization'] = basicAuthorization(proxy);
    target.headers = { host: url.host, ...headers };
  }
  return await answerTo((secure ? https : http).get(target), url);
}

/** A connection to the URL's host through a proxy. */
async function tunnel(proxy: URL, url: URL, timeout: number, ca: string[]): Promise<Socket> {
  const authority = `${url.hostname}:${url.port || 443}`;
  const request = (proxy.protocol === 'https:' ? https : http).request({
    host: proxy.hostname,
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(proxy.username === '' ? {} : { 'proxy-authorization': basicAuthorization(proxy) }),
    },
    timeout,
    agent: false,
    ...(proxy.protocol === 'https:' ? { ca } : {}),
  });
  return await new Promise((resolve, reject) => {
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new Error(`the proxy ${shown(proxy)} answered ${response.statusCode} ${response.statusMessage}`));
      }
    });
    request.once('timeout', () => request.destroy(new Error(`the proxy ${shown(proxy)} does not answer`)));
    request.once('error', (error) =>
      reject(new Error(`the proxy ${shown(proxy)}: ${error.message}`, { cause: error })),
    );
    request.end();
  });
}

async function answerTo(request: http.ClientRequest, url: URL): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', (error) => reject(new Error(`${shown(url)}: ${error.message}`, { cause: error })));
    request.on('timeout', () => request.destroy(new Error('no answer')));
  });
}

/** A file that is named but cannot be read is an error: without it the connection would fail for a less clear reason. */
async function trusted({ authorities = [] }: GetOptions): Promise<string[]> {
  const own = await Promise.all([...new Set(authorities)].map(async (file) => await readFile(file, 'utf8')));
  return [...tls.rootCertificates, ...own];
}
