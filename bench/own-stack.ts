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

/** Peak resident memory of a process since its start, MiB. Linux tells; other platforms do not. */
export async function peakMemory(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return kib === undefined ? null : Math.round(Number(kib) / 1_024);
}
