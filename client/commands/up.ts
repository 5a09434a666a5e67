import type { CommandDefinition } from './definition.js';

export const up: CommandDefinition = {
  name: 'up',
  summary: 'Start the Temporal server and a worker on this machine',
  description:
    'Brings the embedded stack up: a Temporal dev server with a database file and its UI, a worker, and a keeper that starts either again when it dies. Starts only what does not run.',
  options: [{ flags: '--no-download', summary: 'never download the temporal program' }],
  examples: [['caisson up', 'start what does not run, print the link of the UI']],
  async run({ io, global, options }) {
    const { loadSettings } = await import('../settings.js');
    const { settingFlags } = await import('../session.js');
    const { tellSteps } = await import('../output/stack-steps.js');
    const { printSingle } = await import('../output/print.js');
    const stack = await import('../stack/up.js');
    const flags = { ...settingFlags(global), ...(options.download === false ? { download: false } : {}) };
    const { settings } = await loadSettings(flags);
    const { server, worker } = await stack.up(settings, { onStep: tellSteps(io, global.quiet) });
    printSingle(io, global.format, {
      kind: 'stack',
      item: { server, worker },
      name: server.address,
      text: `Temporal ${server.address}    UI ${server.ui_url}    data ${settings.home}`,
    });
    return 0;
  },
};

export const down: CommandDefinition = {
  name: 'down',
  summary: 'Stop the Temporal server and worker on this machine',
  description: 'Stops the embedded stack. Its data stays; what runs goes on when it is up again.',
  examples: [['caisson down', 'stop everything that `caisson up` started']],
  async run({ io, global }) {
    const { loadSettings } = await import('../settings.js');
    const { settingFlags } = await import('../session.js');
    const { printSingle } = await import('../output/print.js');
    const stack = await import('../stack/up.js');
    const { settings } = await loadSettings(settingFlags(global));
    const outcome = await stack.down(settings);
    printSingle(io, global.format, {
      kind: 'stack',
      item: outcome,
      name: 'down',
      text: `worker ${outcome.worker}, server ${outcome.server}`,
    });
    return 0;
  },
};
