import type { Settings } from '../settings.js';
import type { StackStatus } from '../stack/up.js';
import type { CommandDefinition, Invocation } from './definition.js';

export const status: CommandDefinition = {
  name: 'status',
  summary: 'Tell which Temporal server is used, and whether server and worker run',
  description:
    'Changes and starts nothing. Exits with 6 when the server cannot be reached or, embedded, no worker runs.',
  examples: [
    ['caisson status', 'server, worker, UI, data'],
    ['caisson status --json', 'the same for a program'],
  ],
  async run(invocation) {
    const { loadSettings } = await import('../settings.js');
    const { settingFlags } = await import('../session.js');
    const { settings } = await loadSettings(settingFlags(invocation.global));
    return settings.connection.address === undefined
      ? await embedded(settings, invocation)
      : await configured(settings, settings.connection.address, invocation);
  },
};

async function embedded(settings: Settings, { io, global }: Invocation): Promise<number> {
  const { stackStatus } = await import('../stack/up.js');
  const { EXIT } = await import('../exit.js');
  const { printSingle } = await import('../output/print.js');
  const { server, worker, files } = await stackStatus(settings);
  const logs = { server: files.serverLog, worker: files.workerLog, keeper: files.keeperLog };
  printSingle(io, global.format, {
    kind: 'status',
    item: {
      embedded: true,
      address: server?.running ? server.address : null,
      namespace: settings.connection.namespace,
      ui_url: server?.running ? server.ui_url : null,
      home: settings.home,
      server,
      worker,
      logs,
    },
    name: server?.running ? server.address : 'stopped',
    text: [
      `server  ${serverText(server)}`,
      `worker  ${workerText(worker)}`,
      ...(server?.running ? [`UI      ${server.ui_url}`] : []),
      `data    ${settings.home}`,
      `logs    ${files.serverLog.replace(/server\.log$/, '')}{server,worker,keeper}.log`,
      ...(server?.serving && worker?.running ? [] : ['', 'start what does not run: caisson up']),
    ].join('\n'),
  });
  return server?.serving && worker?.running ? EXIT.done : EXIT.unreachable;
}

function serverText(server: StackStatus['server']): string {
  if (!server?.running) return 'stopped';
  return `${server.serving ? 'running' : 'does not answer'} at ${server.address} (Temporal CLI ${server.version}, process ${server.pid}, since ${server.started_at})`;
}

function workerText(worker: StackStatus['worker']): string {
  if (!worker?.running) return 'stopped';
  const state = worker.health?.state ?? 'starting';
  const build = worker.current ? '' : ', of another build or with other settings: the next command replaces it';
  return `${state} (process ${worker.pid}, since ${worker.started_at}${build})`;
}

async function configured(settings: Settings, address: string, { io, global }: Invocation): Promise<number> {
  const { reach } = await import('../stack/reach.js');
  const { EXIT } = await import('../exit.js');
  const { printSingle } = await import('../output/print.js');
  const steps = await reach({ ...settings.connection, address });
  const reached = steps.every(({ ok }) => ok);
  const { namespace } = settings.connection;
  const lines = steps.map(({ step, ok, detail }) => `  ${ok ? '✓' : '✗'} ${step}: ${detail}`);
  printSingle(io, global.format, {
    kind: 'status',
    item: { embedded: false, address, namespace, ui_url: settings.uiUrl ?? null, reached, steps },
    name: address,
    text: [`server  ${address}, namespace ${namespace}`, ...lines, '', 'workers: caisson workers list'].join('\n'),
  });
  return reached ? EXIT.done : EXIT.unreachable;
}
