/** Node, the folders, the disk, the keys. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { artifactStoreOf } from '../../artifacts.js';
import { secretsHere } from '../../secrets.js';
import type { Settings } from '../../settings.js';
import { type Check, fail, ok, warn } from './check.js';

const OLDEST_NODE = [20, 9] as const;
const GIB = 1024 ** 3;

export async function machineChecks(settings: Settings): Promise<readonly Check[]> {
  return [
    node(),
    await home(settings),
    await disk(settings),
    await cache(settings),
    await artifacts(settings),
    ...(await secrets(settings)),
  ];
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const text = `${process.versions.node} on ${process.platform} ${process.arch}`;
  return good ? ok('Node.js', text) : fail('Node.js', text, `install Node.js ${OLDEST_NODE.join('.')} or newer`);
}

async function home({ home: folder }: Settings): Promise<Check> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return ok('Home', folder);
  } catch (error) {
    return fail('Home', `${folder}: ${(error as Error).message}`, 'make it writable, or set CAISSON_HOME');
  }
}

async function disk({ home: folder }: Settings): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const text = `${(free / GIB).toFixed(1)} GiB free in ${folder}`;
    if (free < GIB / 4) return fail('Disk', text, 'make room, or set CAISSON_HOME to a bigger disk');
    return free < 2 * GIB ? warn('Disk', text, 'make room: database, artifacts and logs grow') : ok('Disk', text);
  } catch (error) {
    return warn('Disk', `cannot be told: ${(error as Error).message}`, 'look at it yourself');
  }
}

const MUCH_CACHED = 5 * GIB;
const LONG_MS = 30 * 24 * 60 * 60_000;

/** What is kept of plugins, and can be made again. */
async function cache({ cacheFolder }: Settings): Promise<Check> {
  const { unpackedPlugins } = await import('../../unpacked-plugins.js');
  const found = await unpackedPlugins(cacheFolder);
  const sum = (of: typeof found): number => of.reduce((bytes, one) => bytes + one.bytes, 0);
  const old = sum(found.filter(({ usedAt }) => usedAt.getTime() < Date.now() - LONG_MS));
  const text = `${(sum(found) / GIB).toFixed(1)} GiB of plugins in ${cacheFolder}`;
  if (old === 0 || sum(found) < MUCH_CACHED) return ok('Cache', text);
  return warn('Cache', `${text}, ${(old / GIB).toFixed(1)} GiB not used for a month`, 'caisson plugins prune');
}

/** Writes, reads and deletes one small object. */
async function artifacts(settings: Settings): Promise<Check> {
  const key = `doctor/${randomBytes(8).toString('hex')}`;
  try {
    const store = artifactStoreOf(settings);
    await store.put(key, Buffer.from(key));
    const read = await store.get(key);
    await store.delete(key);
    if (read === undefined || Buffer.from(read).toString() !== key)
      throw new Error('what was written is not what is read');
    return ok('Artifact store', settings.artifacts);
  } catch (error) {
    return fail(
      'Artifact store',
      `${settings.artifacts}: ${(error as Error).message}`,
      'see: caisson config list --origin',
    );
  }
}

async function secrets({ secrets: given, encryption }: Settings): Promise<readonly Check[]> {
  const checks: Check[] = [await provider(given)];
  const file = given.keyFile ?? path.join(given.location, 'secrets.key');
  const found = await stat(file).catch(() => undefined);
  if (found && (found.mode & 0o077) !== 0)
    checks.push(fail('Secrets', `others may read the key ${file}`, `chmod 600 ${file}, and: caisson secrets rotate`));
  if (encryption?.keyFile !== undefined)
    checks.push(
      await readFile(encryption.keyFile).then(
        () => ok('Encryption', `keys in ${encryption.keyFile}`),
        (error: Error) => fail('Encryption', error.message, 'see: caisson config list --origin'),
      ),
    );
  return checks;
}

async function provider({ location, ...settings }: Settings['secrets']): Promise<Check> {
  try {
    const secrets = await secretsHere({ secrets: { location, ...settings } });
    // Who may read secrets of a vault need not be allowed to list them.
    if (secrets.provider === 'vault') await secrets.get('caisson-doctor');
    else await secrets.list();
    return ok('Secrets', location);
  } catch (error) {
    return fail('Secrets', (error as Error).message, 'see: caisson config list --origin');
  }
}
