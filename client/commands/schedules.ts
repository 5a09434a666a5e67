import type { Column } from '../output/table.js';
import type { ScheduleView } from '../schedules.js';
import { type CommandDefinition, flag, type Invocation, optionalText, texts } from './definition.js';
import { EXECUTION_FLAGS, FOLLOW_FLAGS, optionsOf } from './execution-flags.js';

const COLUMNS: readonly Column<ScheduleView>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'DEPLOYMENT', value: ({ deployment_id }) => deployment_id },
  { title: 'WORKFLOW', value: ({ workflow_id }) => workflow_id },
  { title: 'ENABLED', value: ({ enabled }) => enabled },
  { title: 'NEXT', value: ({ next }) => next[0] },
  { title: 'LAST', value: ({ recent }) => recent.at(-1) },
  { title: 'NOTE', value: ({ note }) => note, shrinks: true },
];

const DEPLOYMENT = { flags: '-d, --deployment-id <id>', summary: 'the deployment' };
const SCHEDULE = { name: '<schedule>', summary: 'id of the schedule' };

const create: CommandDefinition = {
  name: 'create',
  summary: 'Run a workflow at set times',
  description:
    'Without a rule it runs once, at --since. A run is queued behind what runs on the deployment, and skipped while the last one of this schedule has not ended.',
  arguments: [
    { name: '<deployment>', summary: 'id of the deployment' },
    { name: '<workflow>', summary: 'name of the workflow' },
  ],
  options: [
    { flags: '-n, --schedule-name <id>', summary: "id of the schedule (default: the workflow's name)" },
    { flags: '-s, --since <time>', summary: 'when it begins (default: now)' },
    { flags: '-u, --until <time>', summary: 'when it ends' },
    { flags: '-r, --recurrence <interval>', summary: 'e.g. "2 weeks", "1 day", 90m, "1 month"' },
    { flags: '--weekdays <days>', summary: 'on these days only, e.g. mo,we,fr' },
    { flags: '--rrule <rule>', summary: 'an iCalendar rule, e.g. FREQ=WEEKLY;BYDAY=MO;BYHOUR=6' },
    { flags: '--cron <expression>', summary: 'e.g. "0 6 * * 1-5"' },
    { flags: '-c, --count <n>', summary: 'how often at most' },
    { flags: '--tz <name>', summary: 'time zone of the rule, e.g. Europe/Berlin (default UTC)' },
    {
      flags: '--slip <minutes>',
      summary: 'how late a run may be before it is skipped (default 0, and a minute of grace)',
    },
    { flags: '--stop-on-fail', summary: 'pause the schedule when a run fails' },
    ...EXECUTION_FLAGS.filter((one) => !FOLLOW_FLAGS.includes(one)),
  ],
  examples: [
    ['caisson schedules create shop check_status -r 1h', 'every hour from now on'],
    ['caisson schedules create shop backup --cron "0 3 * * *" --stop-on-fail', 'every night, until one fails'],
  ],
  run: createOne,
};

async function createOne(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const [deployment = '', workflow = ''] = args;
  const { withSession } = await import('../session.js');
  const { createSchedule } = await import('../schedules.js');
  const { getPlan } = await import('../deployments.js');
  const { checkedParameters } = await import('../parameters.js');
  const { usageError } = await import('../errors.js');
  const options = await optionsOf(invocation);
  const number = (name: string): number | undefined => {
    const text = optionalText(invocation, name);
    if (text !== undefined && !/^\d+$/.test(text)) throw usageError(`--${name} must be a number, not ${text}`);
    return text === undefined ? undefined : Number(text);
  };
  return await withSession(global, io, async ({ connection, settings }) => {
    const parameters = await checkedParameters(
      await getPlan(connection, deployment),
      workflow,
      texts(invocation, 'parameters'),
      { allowCustom: flag(invocation, 'allowCustomParameters') },
    );
    const view = await createSchedule(connection, {
      id: optionalText(invocation, 'scheduleName') ?? workflow,
      deployment_id: deployment,
      workflow_id: workflow,
      parameters,
      allow_custom_parameters: flag(invocation, 'allowCustomParameters'),
      force: flag(invocation, 'force'),
      options,
      slip: number('slip'),
      stop_on_fail: flag(invocation, 'stopOnFail'),
      task_queue: settings.taskQueue,
      rule: {
        since: (await momentOf(invocation, 'since')) ?? new Date().toISOString(),
        until: await momentOf(invocation, 'until'),
        recurrence: optionalText(invocation, 'recurrence'),
        weekdays: optionalText(invocation, 'weekdays')?.split(','),
        rrule: optionalText(invocation, 'rrule'),
        cron: optionalText(invocation, 'cron'),
        count: number('count'),
        timezone: optionalText(invocation, 'tz'),
      },
    });
    await print(invocation, view, `schedule ${view.id} of ${deployment}: next run ${view.next[0] ?? 'never'}`);
    return 0;
  });
}

const list: CommandDefinition = {
  name: 'list',
  summary: 'List schedules',
  options: [DEPLOYMENT],
  examples: [['caisson schedules list -d shop', 'those of one deployment']],
  async run(invocation) {
    const { io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { listSchedules } = await import('../schedules.js');
    const { warningOf } = await import('../each-deployment.js');
    const { printList } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      printList(io, global.format, {
        kind: 'schedules',
        items: await listSchedules(connection, optionalText(invocation, 'deploymentId'), (silence) =>
          io.err(warningOf(silence)),
        ),
        columns: COLUMNS,
        name: ({ id }) => id,
        empty: 'no schedules',
      });
      return 0;
    });
  },
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Show one schedule and its next runs',
  arguments: [SCHEDULE],
  options: [DEPLOYMENT, { flags: '--next <n>', summary: 'how many of the next runs, at most 10', default: '5' }],
  examples: [['caisson schedules get backup -d shop --next 3', 'its rule and its next three runs']],
  run: async (invocation) =>
    await onSchedule(invocation, async ({ getSchedule }, connection, deployment, id) => {
      const view = await getSchedule(connection, deployment, id);
      const next = view.next.slice(0, Number(optionalText(invocation, 'next') ?? 5));
      await print(invocation, { ...view, next });
    }),
};

type Library = typeof import('../schedules.js');
type Act = (
  library: Library,
  connection: import('../connection.js').CaissonConnection,
  deployment: string,
  id: string,
) => Promise<void>;

/** A verb that does one thing to a schedule and says so. */
function verb(name: string, summary: string, told: string, act: Act): CommandDefinition {
  return {
    name,
    summary,
    arguments: [SCHEDULE],
    options: [DEPLOYMENT, { flags: '-m, --message <text>', summary: 'why' }],
    examples: [[`caisson schedules ${name} backup -d shop`, summary.toLowerCase()]],
    run: async (invocation) =>
      await onSchedule(invocation, async (library, connection, deployment, id) => {
        await act(library, connection, deployment, id);
        invocation.io.err(`schedule ${id} of ${deployment} ${told}`);
      }),
  };
}

async function onSchedule(invocation: Invocation, act: Act): Promise<number> {
  const { args, io, global } = invocation;
  const { withSession } = await import('../session.js');
  const library = await import('../schedules.js');
  const { notFound } = await import('../errors.js');
  const [id = ''] = args;
  return await withSession(global, io, async ({ connection }) => {
    const asked = optionalText(invocation, 'deploymentId');
    const found = asked ?? (await library.listSchedules(connection)).find((one) => one.id === id)?.deployment_id;
    if (found === undefined) throw notFound('schedule', id, 'see: caisson schedules list');
    await act(library, connection, found, id);
    return 0;
  });
}

async function print({ io, global }: Invocation, view: ScheduleView, text?: string): Promise<void> {
  const { printSingle } = await import('../output/print.js');
  const item = JSON.parse(JSON.stringify(view));
  printSingle(io, global.format, { kind: 'schedule', item, name: view.id, ...(text === undefined ? {} : { text }) });
}

async function momentOf(invocation: Invocation, name: string): Promise<string | undefined> {
  const { parseMoment } = await import('../moments.js');
  const text = optionalText(invocation, name);
  return text === undefined ? undefined : parseMoment(text, `--${name}`);
}

export const schedules: CommandDefinition = {
  name: 'schedules',
  summary: 'Workflows that run at set times',
  commands: [
    create,
    list,
    get,
    verb(
      'pause',
      'Begin no run until resume',
      'is paused',
      async ({ pauseSchedule }, ...rest) => await pauseSchedule(...rest),
    ),
    verb(
      'resume',
      'Begin runs again',
      'is enabled',
      async ({ resumeSchedule }, ...rest) => await resumeSchedule(...rest),
    ),
    verb('trigger', 'Run it now', 'runs now', async ({ triggerSchedule }, ...rest) => await triggerSchedule(...rest)),
    verb(
      'delete',
      'Delete it; what runs goes on',
      'is deleted',
      async ({ deleteSchedule }, ...rest) => await deleteSchedule(...rest),
    ),
  ],
};
