/** A stack of the bench's own, with the plugin whose operations do nothing: taken down and removed whatever happens. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CaissonConnection, connect } from '../client/connection.js';
import { loadSettings, type Settings } from '../client/settings.js';
import { down, type Stack, up } from '../client/stack/up.js';

export interface OwnStack {
  readonly home: string;
  readonly settings: Settings;
  readonly stack: Stack;
  readonly connection: CaissonConnection;
}

/** The server is our own, whatever is configured: everything in one run is measured on it. */
export async function withOwnStack<Result>(name: string, use: (own: OwnStack) => Promise<Result>): Promise<Result> {
  const home = await mkdtemp(path.join(tmpdir(), `caisson-${name}-`));
  const plugins = fileURLToPath(new URL('./plugin', import.meta.url));
  const environment = Object.entries(process.env).filter(
    ([variable]) => !variable.startsWith('TEMPORAL_') || variable === 'TEMPORAL_CLI_PATH',
  );
  const { settings } = await loadSettings({ home, plugins, embedded: true }, Object.fromEntries(environment));
  const stack = await up(settings);
  const connection = await connect(settings);
  try {
    return await use({ home, settings, stack, connection });
  } finally {
    await connection.close();
    await down(settings);
    await rm(home, { recursive: true, force: true });
  }
}

/** Ticks of the clock by which Linux counts processor time: the same on every machine. */
const TICK_MS = 10;

/** Milliseconds of processor time that processes have used since their start. Linux tells; other platforms do not. */
export async function processorTime(pids: readonly number[]): Promise<number | null> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) return null;
    // The name before it may hold anything but a closing bracket after the last one.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    ticks += Number(user) + Number(system);
  }
  return ticks * TICK_MS;
}

/** Peak resident memory of a process since its start, MiB. Linux tells; other platforms do not. */
export async function peakMemory(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return kib === undefined ? null : Math.round(Number(kib) / 1_024);
}
