/** One process at a time: a file that holds its owner's identity, so that a dead owner's lock is taken over. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { identify, isRunning, type ProcessIdentity } from './process.js';

export interface LockOptions {
  /** Called once if somebody else holds the lock. */
  readonly onWait?: (owner: ProcessIdentity) => void;
}

/** Runs `work` while no other process runs any under the same lock file. */
export async function withLock<T>(file: string, work: () => Promise<T>, { onWait }: LockOptions = {}): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const token = randomBytes(6).toString('hex');
  const mine = JSON.stringify({ ...(await identify(process.pid)), token });
  for (let waits = 0; !(await take(file, mine)); ) {
    const held = await readFile(file, 'utf8').catch(() => undefined);
    if (held === undefined) continue;
    const owner = ownerIn(held);
    if (!(await isRunning(owner))) await breakLock(file, held);
    else {
      if (waits === 0 && owner) onWait?.(owner);
      waits += 1;
      await pause(100);
    }
  }
  try {
    return await work();
  } finally {
    if ((await readFile(file, 'utf8').catch(() => '')) === mine) await rm(file, { force: true });
  }
}

/** Written aside and linked into place, so that nobody reads half an owner. */
async function take(file: string, content: string): Promise<boolean> {
  const part = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(part, content, { mode: 0o600 });
  try {
    await link(part, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await unlink(part);
  }
}

/** Moves a dead owner's lock away. Whoever moved a living one's by a hair's breadth puts it back. */
async function breakLock(file: string, held: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== held) await link(aside, file).catch(() => undefined);
  await unlink(aside);
}

function ownerIn(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
