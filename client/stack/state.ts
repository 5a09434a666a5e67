/** What the embedded stack of a home runs, as the last `up` left it: kept in one file that appears whole or not at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../settings.js';
import type { ProcessIdentity } from './process.js';

export interface StackState {
  readonly server?: ServerState;
  readonly worker?: WorkerState;
  /** Starts the two again when they die. */
  readonly keeper?: KeeperState;
  /** Taken again whenever they are free, so that links stay good. */
  readonly ports?: { readonly grpc: number; readonly ui: number };
}

export interface ServerState extends ProcessIdentity {
  readonly address: string;
  readonly ui_url: string;
  readonly database: string;
  readonly program: string;
  readonly version: string;
  /** RFC 3339 */
  readonly started_at: string;
}

export interface WorkerState extends ProcessIdentity {
  /** Which build of Caisson, with which settings: another one is replaced. */
  readonly build: string;
  readonly started_at: string;
}

/** As of a worker: of another build, it is replaced. */
export interface KeeperState extends ProcessIdentity {
  readonly build: string;
}

export interface StackFiles {
  readonly state: string;
  readonly lock: string;
  readonly serverLog: string;
  readonly workerLog: string;
  readonly keeperLog: string;
  /** The worker tells here how it is. */
  readonly workerHealth: string;
  readonly database: string;
}

export function stackFiles({ stateFolder, home }: Pick<Settings, 'stateFolder' | 'home'>): StackFiles {
  const at = (name: string): string => path.join(stateFolder, name);
  return {
    state: at('stack.json'),
    lock: at('stack.lock'),
    serverLog: at('server.log'),
    workerLog: at('worker.log'),
    keeperLog: at('keeper.log'),
    workerHealth: at('worker.json'),
    database: path.join(home, 'temporal.db'),
  };
}

/** What the file says; nothing when there is none or it is unreadable. */
export async function readState(file: string): Promise<StackState> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as StackState;
  } catch {
    return {};
  }
}

export async function writeState(file: string, state: object): Promise<void> {
  await writeWhole(file, `${JSON.stringify(state, null, 2)}\n`);
}

/** Writes a file for its owner alone, such that a reader sees the old text or the new one, whole. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const part = `${file}.${randomBytes(4).toString('hex')}.part`;
  await writeFile(part, text, { mode: 0o600 });
  await rename(part, file);
}
