/**
 * One process at a time, also when owners are killed: each turn is a file `LOCK.N` with its owner's identity. Who would
 * be next makes the file of the next number, which the file system lets only one do, once the owner of the highest
 * number has released it or is dead. No file of somebody else's is ever moved, so that a slow process cannot take a
 * living owner's turn away.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { identify, isRunning, type ProcessIdentity } from './process.js';

export interface LockOptions {
  /** Called once if somebody else holds the lock. */
  readonly onWait?: (owner: ProcessIdentity) => void;
}

interface Turn extends Partial<ProcessIdentity> {
  /** Its owner has gone on. */
  readonly released?: true;
}

/** Runs `work` while no other process runs any under the same lock. */
export async function withLock<T>(file: string, work: () => Promise<T>, { onWait }: LockOptions = {}): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const mine = JSON.stringify(await identify(process.pid));
  let waited = false;
  for (;;) {
    const last = await lastTurn(file);
    const owner = last === 0 ? undefined : await turnAt(file, last);
    if (owner === 'gone') continue;
    if (owner && owner.released !== true && (await isRunning(owner as ProcessIdentity))) {
      if (!waited) onWait?.(owner as ProcessIdentity);
      waited = true;
      await pause(100);
      continue;
    }
    const turn = last + 1;
    if (!(await place(file, turn, mine))) continue;
    // Somebody may have come and gone in between, and with them the file that would have been in our way.
    if ((await lastTurn(file)) !== turn) {
      await rm(`${file}.${turn}`, { force: true });
      continue;
    }
    return await inTurn(file, turn, work);
  }
}

async function inTurn<T>(file: string, turn: number, work: () => Promise<T>): Promise<T> {
  for (const before of await turns(file)) if (before < turn) await rm(`${file}.${before}`, { force: true });
  try {
    return await work();
  } finally {
    // Kept, or the next one would begin to count anew.
    await put(`${file}.${turn}`, JSON.stringify({ released: true }), rename);
  }
}

async function turns(file: string): Promise<number[]> {
  const prefix = `${path.basename(file)}.`;
  const names = await readdir(path.dirname(file));
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((rest) => /^\d+$/.test(rest))
    .map(Number);
}

const lastTurn = async (file: string): Promise<number> => Math.max(0, ...(await turns(file)));

/** What the file of a turn says; a file that is unreadable belongs to nobody. */
async function turnAt(file: string, turn: number): Promise<Turn | 'gone'> {
  try {
    return JSON.parse(await readFile(`${file}.${turn}`, 'utf8')) as Turn;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : { released: true };
  }
}

async function place(file: string, turn: number, content: string): Promise<boolean> {
  try {
    await put(`${file}.${turn}`, content, async (part, target) => {
      await link(part, target);
      await unlink(part);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Written aside first, so that nobody reads half of it. */
async function put(file: string, content: string, move: (from: string, to: string) => Promise<void>): Promise<void> {
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  await writeFile(part, content, { mode: 0o600 });
  await move(part, file).catch(async (error: unknown) => {
    await rm(part, { force: true });
    throw error;
  });
}
