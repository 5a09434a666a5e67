/** A real Prometheus of the tests' own, in a folder of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../client/stack/ports.js';
import { daemon, install } from '../machine.js';

export interface PrometheusServer {
  readonly folder: string;
  readonly url: string;
  readonly targetsFolder: string;
  readonly rulesFolder: string;
  /** `node_instance health`, in order, as it sees its targets now. */
  targets(): Promise<readonly string[]>;
  /** Names of the rules that are in force. */
  rules(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

interface Target {
  readonly health: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface RuleGroup {
  readonly rules: readonly { readonly name: string }[];
}

export async function startPrometheus(
  flags: readonly string[] = ['--web.enable-lifecycle'],
): Promise<PrometheusServer> {
  await install({ prometheus: 'prometheus', 'prometheus-node-exporter': 'prometheus-node-exporter' });
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-prometheus-'));
  const at = (name: string): string => path.join(folder, name);
  await mkdir(at('targets'));
  const port = await freePort();
  const configuration = {
    global: { scrape_interval: '250ms', scrape_timeout: '250ms' },
    rule_files: [at('rules/*.rules.yml')],
    scrape_configs: [{ job_name: 'caisson', file_sd_configs: [{ files: [at('targets/*.json')] }] }],
  };
  await writeFile(at('prometheus.yml'), JSON.stringify(configuration));
  const url = `http://127.0.0.1:${port}`;
  const arguments_ = [
    `--config.file=${at('prometheus.yml')}`,
    `--storage.tsdb.path=${at('data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...flags,
  ];
  const server = await daemon(['prometheus', ...arguments_], at('log'), async () => {
    // One that asks for a login answers so.
    if (![200, 401].includes((await fetch(`${url}/-/ready`)).status)) throw new Error('not ready');
  });
  const asked = async <T>(what: string): Promise<T> =>
    ((await (await fetch(`${url}/api/v1/${what}`)).json()) as { data: T }).data;
  return {
    folder,
    url,
    targetsFolder: at('targets'),
    rulesFolder: at('rules'),
    async targets() {
      const { activeTargets } = await asked<{ activeTargets: readonly Target[] }>('targets?state=active');
      return activeTargets.map(({ labels, health }) => `${labels.node_instance} ${health}`).sort();
    },
    async rules() {
      const { groups } = await asked<{ groups: readonly RuleGroup[] }>('rules');
      return groups.flatMap((group) => group.rules.map(({ name }) => name)).sort();
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where the set-up of a node exporter notes what is its own. */
export const notesOf = (port: number): string => path.join(homedir(), `.caisson/node-exporter-${port}`);

/** Waits until what is asked for is so, for half a minute at most. */
export async function becomes<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<void> {
  let value = await ask();
  for (const end = Date.now() + 30_000; !holds(value); value = await ask()) {
    if (Date.now() > end) throw new Error(`half a minute has passed, and it still is ${JSON.stringify(value)}`);
    await pause(100);
  }
}
