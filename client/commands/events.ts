import { type CommandDefinition, flag, type Invocation, optionalText } from './definition.js';

const FILTERS = [
  { flags: '-d, --deployment-id <id>', summary: 'the deployment of the execution' },
  { flags: '--node <id>', summary: 'of this node, or node instance, only' },
  { flags: '--operation <name>', summary: 'of this operation only, full or short name' },
  { flags: '--from <time>', summary: 'not earlier than this, e.g. 2026-05-01T08:00:00Z, 08:00, 25m ago' },
  { flags: '--to <time>', summary: 'not later than this' },
  { flags: '--before <time>', summary: 'same as --to' },
  { flags: '--level <level>', summary: 'log lines of this level and above: debug, info, warning, error' },
  { flags: '-f, --follow', summary: 'go on until the execution ends' },
  { flags: '--tail', summary: 'same as --follow' },
];

const list: CommandDefinition = {
  name: 'list',
  summary: 'Show the events of an execution',
  description: 'With --json: one event a line (NDJSON), here as in every stream.',
  arguments: [{ name: '[execution]', summary: 'id of an execution, or of a deployment and so its latest execution' }],
  options: [
    ...FILTERS,
    { flags: '--no-logs', summary: 'events only, no log lines' },
    { flags: '-e, --execution-id <id>', summary: 'the execution, as older scripts name it' },
  ],
  examples: [
    ['caisson events list shop', 'the story of the latest execution of the deployment shop'],
    ['caisson events list install-k3x9q2ma --follow --json', 'as it happens, for a program'],
  ],
  run: async (invocation) => await show(invocation, invocation.options.logs !== false, true),
};

/** `caisson events` alone means `events list`. */
export const events: CommandDefinition = {
  ...list,
  name: 'events',
  summary: 'Events of an execution',
  commands: [list],
};

export const logs: CommandDefinition = {
  name: 'logs',
  summary: 'Log lines of an execution',
  arguments: [{ name: '<execution>', summary: 'id of an execution, or of a deployment and so its latest execution' }],
  options: FILTERS,
  examples: [['caisson logs shop -f --node db', 'what the operations of one node write']],
  run: async (invocation) => await show(invocation, true, false),
};

async function show(invocation: Invocation, withLogs: boolean, withEvents: boolean): Promise<number> {
  const { io, global } = invocation;
  const word =
    invocation.args[0] ?? optionalText(invocation, 'executionId') ?? optionalText(invocation, 'deploymentId');
  const { usageError } = await import('../errors.js');
  if (word === undefined)
    throw usageError('which execution?', 'caisson events list EXECUTION, or the id of a deployment');
  const { withSession } = await import('../session.js');
  const { findExecution } = await import('../executions.js');
  const { EventReader } = await import('../events/reader.js');
  const { watchExecution } = await import('../watch.js');
  const { eventLine } = await import('../events/line.js');
  const { concernsOf } = await import('../events/filter.js');
  const { parseMoment } = await import('../moments.js');
  const moment = (name: string): string | undefined => {
    const text = optionalText(invocation, name);
    return text === undefined ? undefined : parseMoment(text, `--${name}`);
  };
  const machine = global.format !== 'table' && global.format !== 'wide';
  const concerns = concernsOf({
    node: optionalText(invocation, 'node'),
    operation: optionalText(invocation, 'operation'),
    level: optionalText(invocation, 'level'),
    from: moment('from'),
    to: moment('to') ?? moment('before'),
    logs: withLogs,
    events: withEvents,
    debug: global.verbosity >= 2 || machine,
  });
  return await withSession(global, io, async ({ connection }) => {
    const deployment =
      word === optionalText(invocation, 'deploymentId') ? undefined : optionalText(invocation, 'deploymentId');
    const reference = await findExecution(connection, word, deployment);
    const tell = (found: readonly import('../events/reader.js').ExecutionEvent[]): void => {
      for (const event of found.filter(concerns)) io.out(machine ? JSON.stringify(event) : eventLine(event, io.colors));
    };
    if (!flag(invocation, 'follow') && !flag(invocation, 'tail')) {
      tell(await new EventReader(connection, reference).next());
      return 0;
    }
    for await (const update of watchExecution(connection, reference, { progress: false })) {
      if (update.kind === 'events') tell(update.events);
      if (update.kind === 'ended') {
        const { EXIT } = await import('../exit.js');
        const { status } = update.record;
        return status === 'terminated' ? EXIT.done : status === 'cancelled' ? EXIT.cancelled : EXIT.failed;
      }
    }
    return 0;
  });
}
