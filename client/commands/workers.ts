import type { Poller } from '../stack/pollers.js';
import { type CommandDefinition, optionalText, texts } from './definition.js';

const run: CommandDefinition = {
  name: 'run',
  summary: 'Serve workflows and operations until told to stop',
  description:
    'A worker for a Temporal server of your own, in the foreground: logs are JSON lines on stderr. SIGTERM and Ctrl-C let running operations end for ten seconds. It waits for a server that is away, at the start and later.',
  options: [
    { flags: '--queue <name>', summary: 'task queue to serve (default: caisson)' },
    { flags: '--plugins <folder>', summary: 'folder of plugins besides the built-in ones', repeatable: true },
    { flags: '--operations <number>', summary: 'operations at once (default: 200)' },
    { flags: '--metrics <host:port>', summary: 'serve Prometheus metrics there (a port alone: on 127.0.0.1)' },
    { flags: '--health <host:port>', summary: 'answer GET /healthz and /readyz there' },
    { flags: '--log-level <level>', summary: 'least level to log', choices: ['debug', 'info', 'warn', 'error'] },
  ],
  examples: [
    ['caisson worker run --address temporal:7233', 'for a server of your own'],
    ['caisson worker run --profile prod --metrics 0.0.0.0:9464 --health 0.0.0.0:8080', 'in a container'],
  ],
  async run(invocation) {
    const { loadSettings } = await import('../settings.js');
    const { settingFlags } = await import('../session.js');
    const plugins = texts(invocation, 'plugins');
    const { delimiter } = await import('node:path');
    const { settings } = await loadSettings({
      ...settingFlags(invocation.global),
      task_queue: optionalText(invocation, 'queue'),
      plugins: plugins.length === 0 ? undefined : plugins.join(delimiter),
      'worker.operations': optionalText(invocation, 'operations'),
      'worker.metrics': optionalText(invocation, 'metrics'),
      'worker.health': optionalText(invocation, 'health'),
      'worker.log_level': optionalText(invocation, 'logLevel'),
    });
    const { runInForeground } = await import('../../worker/foreground.js');
    await runInForeground(settings);
    return 0;
  },
};

interface Row extends Poller {
  /** Those that it has besides the packages of the artifact store; null when it has not told. */
  readonly plugins: readonly string[] | null;
  /** Packages and blueprints whose workflows it has taken in. */
  readonly workflow_archives: readonly string[] | null;
}

/** `disks.disk.create` → `disks` */
function pluginsOf(operations: readonly string[]): string[] {
  return [...new Set(operations.map((operation) => operation.slice(0, operation.indexOf('.'))))].sort();
}

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the workers that Temporal has seen lately',
  options: [{ flags: '--queue <name>', summary: 'task queue they serve (default: caisson)' }],
  examples: [['caisson workers list', 'workers of the default task queue']],
  async run(invocation) {
    const { io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { pollersOf } = await import('../stack/pollers.js');
    const { printList } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const { announcedWorkers } = await import('../../store/worker-announcements.js');
      const taskQueue = optionalText(invocation, 'queue') ?? connection.taskQueue;
      const told = await announcedWorkers(connection.store, { namespace: connection.namespace, taskQueue });
      const items = (await pollersOf(connection, taskQueue)).map((poller): Row => {
        const own = told.find(({ identity }) => identity === poller.identity);
        return {
          ...poller,
          plugins: own ? pluginsOf(own.operations) : null,
          workflow_archives: own?.workflows ?? null,
        };
      });
      printList<Row>(io, global.format, {
        kind: 'workers',
        items,
        columns: [
          { title: 'WORKER', value: ({ identity }) => identity },
          { title: 'SERVES', value: ({ serves }) => [...serves] },
          { title: 'PLUGINS OF ITS OWN', value: ({ plugins }) => plugins ?? '?', shrinks: true },
          { title: 'LAST SEEN', value: ({ last_seen_at }) => last_seen_at.slice(0, 19).replace('T', ' ') },
        ],
        name: ({ identity }) => identity,
        empty: 'no workers; start one: caisson worker run',
      });
      return 0;
    });
  },
};

export const workers: CommandDefinition = {
  name: 'workers',
  aliases: ['worker'],
  summary: 'Run a worker, or list those that run',
  commands: [run, list],
};
