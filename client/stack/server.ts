/** The embedded Temporal server: `temporal server start-dev` on a database file of the home. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes.js';
import { CaissonError } from '../errors.js';
import { isServing } from './grpc.js';
import { freePort, isFree } from './ports.js';
import { identify, isRunning, stopProcess } from './process.js';
import type { ServerState, StackFiles, StackState } from './state.js';
import type { TemporalBinary } from './temporal/binary.js';

export interface ServerOptions {
  readonly binary: TemporalBinary;
  readonly files: StackFiles;
  readonly namespace: string;
  /** Ports that the user wants; an error when they are taken. */
  readonly port?: number | undefined;
  readonly uiPort?: number | undefined;
  /** Those of the last time. */
  readonly remembered: StackState['ports'];
}

/** A server on an old and big database may take its time. */
const PATIENCE_MS = 60_000;

/**
 * Starts the server and waits until it serves.
 *
 * @throws CaissonError with the end of its log when it ends instead
 */
export async function startServer(options: ServerOptions): Promise<ServerState> {
  const { binary, files, namespace } = options;
  await checkDatabase(files.database);
  await mkdir(path.dirname(files.database), { recursive: true, mode: 0o700 });
  await mkdir(path.dirname(files.serverLog), { recursive: true, mode: 0o700 });
  const port = await chosenPort('port', options.port, options.remembered?.grpc);
  const uiPort = await chosenPort('ui_port', options.uiPort, options.remembered?.ui);
  const log = await freshLog(files.serverLog);
  const child = spawn(binary.path, serverArguments({ port, uiPort, namespace, database: files.database }), {
    detached: true,
    stdio: ['ignore', log, log],
    // In its own folder, so that it holds on to none of the user's.
    cwd: path.dirname(files.database),
    env: serverEnvironment(),
  });
  closeSync(log);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) =>
      reject(new CaissonError('unreachable', 'C5004', `${binary.path} does not start: ${error.message}`)),
    );
  });
  failed.catch(() => undefined);
  child.unref();
  const identity = child.pid === undefined ? await failed : await identify(child.pid);
  const address = `127.0.0.1:${port}`;
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isServing({ address, namespace }, 1_000))) {
    if (!identity || child.exitCode !== null || child.signalCode !== null || !(await isRunning(identity)))
      throw await ended(files, child.exitCode);
    if (Date.now() > deadline) {
      await stopProcess(identity, 1_000);
      throw await ended(files, undefined);
    }
    await pause(50);
  }
  return {
    ...identity!,
    address,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    database: files.database,
    program: binary.path,
    version: binary.version,
    started_at: new Date().toISOString(),
  };
}

interface ServerArguments {
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  readonly database: string;
}

export function serverArguments({ port, uiPort, namespace, database }: ServerArguments): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', database, '--log-format', 'json', '--log-level', 'warn', '--ui-disable-news-fetch'],
    ...(namespace === 'default' ? [] : ['--namespace', namespace]),
    // Write-ahead: as fast as in memory, and what was acknowledged survives a kill.
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    // Without it every timer under a second takes one.
    ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

/** The server needs nothing of ours, and a TEMPORAL_ variable would change how it reads its arguments. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|CAISSON)_/.test(name)));
}

async function chosenPort(
  setting: string,
  wanted: number | undefined,
  remembered: number | undefined,
): Promise<number> {
  if (wanted === undefined) return await freePort(remembered);
  if (await isFree(wanted)) return wanted;
  throw new CaissonError('unreachable', 'C5005', `port ${wanted} (setting ${setting}) is taken by another program`, {
    hint: 'stop it, or choose another port',
  });
}

/** The server would overwrite or misread what is no database of its own. */
async function checkDatabase(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) return;
  const handle = await open(file, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    if (buffer.toString('latin1') !== 'SQLite format 3\0') throw brokenDatabase(file, 'it is no SQLite database');
  } finally {
    await handle.close();
  }
}

function brokenDatabase(file: string, why: string): CaissonError {
  return new CaissonError('unreachable', 'C5006', `the database ${file} cannot be used: ${why}`, {
    hint:
      'restore a copy of it; or, to begin anew, move it and the files beside it that begin with its name away: the ' +
      'snapshots of deployments are in the artifact store, and "caisson deployments restore" reads them',
  });
}

async function ended({ serverLog, database }: StackFiles, code: number | null | undefined): Promise<CaissonError> {
  const text = await readFile(serverLog, 'utf8').catch(() => '');
  if (/malformed|not a database|disk image|schema version|SQLITE_CORRUPT/i.test(text))
    return brokenDatabase(database, 'it is damaged, or another version of the server made it');
  const last = text
    .trimEnd()
    .split('\n')
    .slice(-5)
    .map((line) => `\n  | ${line.slice(0, 400)}`);
  const what = code === undefined ? 'does not serve' : `ended with code ${code}`;
  return new CaissonError(
    'unreachable',
    'C5004',
    `the embedded Temporal server ${what}; its log ends:${last.join('')}`,
    {
      hint: `see ${serverLog}`,
    },
  );
}

/** A new log for each start; the one before is kept. */
async function freshLog(file: string): Promise<number> {
  await rename(file, `${file}.1`).catch(() => undefined);
  return openSync(file, 'a', 0o600);
}
