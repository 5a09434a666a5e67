/** What pip and uv are told about the package index: which one, and whom to trust. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

export interface IndexSettings {
  readonly url: URL;
  /** What named it. */
  readonly origin: string;
  /** PEM files of certificate authorities. */
  readonly authorities: readonly string[];
}

const PUBLIC_INDEX = 'https://pypi.org/simple';

export async function indexSettings(environment: Environment, home: string): Promise<IndexSettings> {
  const file = await pipSettings(environment, home);
  const candidates: [string | undefined, string][] = [
    [environment.PIP_INDEX_URL, 'PIP_INDEX_URL'],
    [environment.UV_DEFAULT_INDEX, 'UV_DEFAULT_INDEX'],
    [environment.UV_INDEX_URL, 'UV_INDEX_URL'],
    [file.get('index-url'), 'pip.conf'],
    [PUBLIC_INDEX, 'default'],
  ];
  const [given, origin] = candidates.find(([url]) => url !== undefined && url !== '') as [string, string];
  const named = ['PIP_CERT', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'].map(
    (name) => environment[name],
  );
  const authorities: string[] = [];
  for (const one of [...named, file.get('cert')])
    if (one !== undefined && one !== '' && (await isFile(one))) authorities.push(one);
  return { url: new URL(given.endsWith('/') ? given : `${given}/`), origin, authorities };
}

/** pip's own files, the nearer ones winning: for all users, for this user, for this virtual environment. */
async function pipSettings(environment: Environment, home: string): Promise<ReadonlyMap<string, string>> {
  const configuration = environment.XDG_CONFIG_HOME ?? path.join(home, '.config');
  const files = [
    '/etc/xdg/pip/pip.conf',
    '/etc/pip.conf',
    path.join(home, '.pip/pip.conf'),
    path.join(home, 'Library/Application Support/pip/pip.conf'),
    path.join(configuration, 'pip/pip.conf'),
    ...(environment.VIRTUAL_ENV === undefined ? [] : [path.join(environment.VIRTUAL_ENV, 'pip.conf')]),
    ...(environment.PIP_CONFIG_FILE === undefined ? [] : [environment.PIP_CONFIG_FILE]),
  ];
  const settings = new Map<string, string>();
  for (const file of files)
    for (const [key, value] of globalSection(await readFile(file, 'utf8').catch(() => ''))) settings.set(key, value);
  return settings;
}

function globalSection(text: string): [string, string][] {
  let section = '';
  const found: [string, string][] = [];
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[(.+)\]\s*$/.exec(line);
    if (header) section = header[1] ?? '';
    const pair = /^([\w-]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (pair && section === 'global') found.push([(pair[1] ?? '').replaceAll('_', '-'), pair[2] ?? '']);
  }
  return found;
}

async function isFile(file: string): Promise<boolean> {
  return await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
