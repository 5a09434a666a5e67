/** The embedded Temporal server: `temporal server start-dev` on a database file of the home. */
import { execFile } from 'node:child_process';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes.js';
import { CaissonError } from '../errors.js';
import { isServing } from './grpc.js';
import { becomesReady, launchOther } from './launch.js';
import { isFree, stablePort } from './ports.js';
import { reach } from './reach.js';
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
 * @param note keeps who it is, before it does anything
 * @throws CaissonError with the end of its log when it ends instead
 */
export async function startServer(
  options: ServerOptions,
  note: (server: ServerState) => Promise<void>,
): Promise<ServerState> {
  const { binary, files, namespace } = options;
  await checkDatabase(files.database);
  const folder = path.dirname(files.database);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const port = await chosenPort('port', files.database, options.port, options.remembered?.grpc);
  const uiPort = await chosenPort('ui_port', files.database, options.uiPort, options.remembered?.ui);
  await rename(files.serverLog, `${files.serverLog}.1`).catch(() => undefined);
  const launched = await launchOther(
    binary.path,
    serverArguments({ port, uiPort, namespace, database: files.database }),
    { log: files.serverLog, cwd: folder, environment: serverEnvironment() },
  );
  const server = {
    ...launched.identity,
    address: `127.0.0.1:${port}`,
    ui_url: `http://127.0.0.1:${uiPort}`,
    database: files.database,
    program: binary.path,
    version: binary.version,
    started_at: new Date().toISOString(),
  };
  await note(server);
  launched.go();
  await becomesReady(launched, {
    ready: async () => await isServing({ address: server.address, namespace }, 1_000),
    patienceMs: PATIENCE_MS,
    failure: async (what) => await ended(files, what),
  });
  return server;
}

/**
 * Makes a namespace that a running server does not know: it was started for another one.
 *
 * @throws CaissonError when it cannot be made
 */
export async function makeNamespace({ address, program }: ServerState, namespace: string): Promise<void> {
  const steps = await reach({ address, namespace });
  if (!steps.some(({ step, ok }) => step === 'namespace' && !ok)) return;
  const words = ['operator', 'namespace', 'create', '--address', address, '--namespace', namespace];
  await promisify(execFile)(program, words, { env: serverEnvironment() }).catch((error: Error) => {
    throw new CaissonError('unreachable', 'C5001', `the namespace ${namespace} cannot be made: ${error.message}`, {
      cause: error,
    });
  });
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
    // The worker whose workflow asks for an operation is given it at once, without its having to be matched to a poll.
    ...['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
    // What ends while the workflow is busy waits in a buffer. At more than its limit, which is 50 operations otherwise, the
    // server breaks the workflow task off, and the worker reads the whole history again.
    ...['--dynamic-config-value', 'history.maximumBufferedEventsBatch=4000'],
    ...['--dynamic-config-value', `history.maximumBufferedEventsSizeInBytes=${32 * 1_024 * 1_024}`],
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

/** The server needs nothing of ours, and a TEMPORAL_ variable would change how it reads its arguments. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|CAISSON)_/.test(name)));
}

/** A socket of the server before may linger for a moment. */
const LINGER_MS = 2_000;

async function chosenPort(
  setting: 'port' | 'ui_port',
  database: string,
  wanted: number | undefined,
  remembered: number | undefined,
): Promise<number> {
  const same = wanted ?? remembered;
  for (const end = Date.now() + LINGER_MS; same !== undefined; await pause(50)) {
    if (await isFree(same)) return same;
    if (Date.now() > end) break;
  }
  if (wanted === undefined) return await stablePort(`${setting} of ${database}`);
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

async function ended({ serverLog, database }: StackFiles, what: string): Promise<CaissonError> {
  const text = await readFile(serverLog, 'utf8').catch(() => '');
  if (/malformed|not a database|disk image|schema version|SQLITE_CORRUPT/i.test(text))
    return brokenDatabase(database, 'it is damaged, or another version of the server made it');
  const last = text
    .trimEnd()
    .split('\n')
    .slice(-5)
    .map((line) => `\n  | ${line.slice(0, 400)}`);
  return new CaissonError(
    'unreachable',
    'C5004',
    `the embedded Temporal server ${what}; its log ends:${last.join('')}`,
    {
      hint: `see ${serverLog}`,
    },
  );
}
