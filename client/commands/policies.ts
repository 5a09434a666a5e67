import type { Standing } from '../../graph/policies/standing.js';
import type { PoliciesView, PolicyHappening } from '../../workflows/policies/messages.js';
import type { CaissonConnection } from '../connection.js';
import type { Column } from '../output/table.js';
import { type CommandDefinition, type Invocation, optionalText } from './definition.js';

const IN_DEPLOYMENT = { flags: '-d, --deployment-id <id>', summary: 'the deployment' };
const DEPLOYMENT = { name: '[deployment]', summary: 'id of the deployment' };
const WHO = { flags: '--as <name>', summary: 'who asks (default: your user name)' };

interface Row {
  readonly policy: string;
  readonly type: string;
  readonly subject: string | null;
  readonly phase: string;
  readonly fired: number;
  readonly value: number | null;
  readonly workflows: readonly string[];
  readonly since: string | null;
  readonly text: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'POLICY', value: ({ policy }) => policy },
  { title: 'SUBJECT', value: ({ subject }) => subject },
  { title: 'PHASE', value: ({ phase }) => phase },
  { title: 'FIRED', value: ({ fired }) => fired },
  { title: 'STARTS', value: ({ workflows }) => [...workflows] },
  { title: 'SINCE', value: ({ since }) => since?.slice(0, 19).replace('T', ' ') },
  { title: 'LAST LOOK', value: ({ text }) => text, shrinks: true },
  { title: 'TYPE', value: ({ type }) => type, wide: true },
];

const HAPPENING_COLUMNS: readonly Column<PolicyHappening>[] = [
  { title: 'TIME', value: ({ at }) => at.slice(0, 19).replace('T', ' ') },
  { title: 'POLICY', value: ({ policy }) => policy },
  { title: 'SUBJECT', value: ({ subject }) => subject },
  { title: 'WHAT', value: ({ message }) => message, shrinks: true },
  { title: 'EXECUTION', value: ({ execution_id }) => execution_id, wide: true },
];

export const policies: CommandDefinition = {
  name: 'policies',
  summary: 'Policies of groups: what they watch, and what they started',
  commands: [
    {
      name: 'list',
      summary: 'List the policies of a deployment, and how each of their subjects stands',
      description:
        'Phases: well; suspect (bad, but not often or long enough); acting (what it started runs); cooling (bad again shortly after it fired); exhausted (given up; see reset); unknown (nothing tells); idle (nothing to watch); unsupported (a type in another language).',
      arguments: [DEPLOYMENT],
      options: [IN_DEPLOYMENT],
      examples: [['caisson policies list -d shop', 'policies, subjects, phases']],
      run: async (invocation) =>
        await onDeployment(invocation, async ({ getPolicies }, connection, id) => {
          const { printList } = await import('../output/print.js');
          const view = await getPolicies(connection, id);
          if (view.paused) invocation.io.err(`paused by ${view.paused.by} since ${view.paused.at}`);
          printList(invocation.io, invocation.global.format, {
            kind: 'policies',
            items: rowsOf(view),
            columns: COLUMNS,
            name: ({ policy }) => policy,
            empty: 'no policies',
          });
        }),
    },
    {
      name: 'events',
      summary: 'What policies noticed and started, oldest first',
      arguments: [DEPLOYMENT],
      options: [IN_DEPLOYMENT],
      examples: [['caisson policies events -d shop', 'the latest hundred']],
      run: async (invocation) =>
        await onDeployment(invocation, async ({ getPolicies }, connection, id) => {
          const { printList } = await import('../output/print.js');
          const { happenings } = await getPolicies(connection, id);
          printList(invocation.io, invocation.global.format, {
            kind: 'policy-events',
            items: happenings,
            columns: HAPPENING_COLUMNS,
            name: ({ policy }) => policy,
            empty: 'nothing has happened',
          });
        }),
    },
    {
      name: 'pause',
      summary: 'Look at nothing and start nothing until resume',
      arguments: [DEPLOYMENT],
      options: [IN_DEPLOYMENT, WHO, { flags: '-m, --message <text>', summary: 'why' }],
      examples: [['caisson policies pause -d shop -m "database upgrade"', 'during work by hand']],
      run: async (invocation) =>
        await onDeployment(invocation, async ({ pausePolicies }, connection, id) => {
          await pausePolicies(connection, id, askerOf(invocation));
          invocation.io.err(`policies of ${id} are paused`);
        }),
    },
    {
      name: 'resume',
      summary: 'Go on after pause',
      arguments: [DEPLOYMENT],
      options: [IN_DEPLOYMENT, WHO, { flags: '-m, --message <text>', summary: 'why' }],
      examples: [['caisson policies resume -d shop', 'looks begin anew']],
      run: async (invocation) =>
        await onDeployment(invocation, async ({ resumePolicies }, connection, id) => {
          await resumePolicies(connection, id, askerOf(invocation));
          invocation.io.err(`policies of ${id} go on`);
        }),
    },
    {
      name: 'reset',
      summary: 'Forget what fired, so that what was given up is watched again',
      arguments: [DEPLOYMENT],
      options: [IN_DEPLOYMENT, WHO, { flags: '-p, --policy <group/policy>', summary: 'only this one' }],
      examples: [['caisson policies reset -d shop -p web/auto_heal', 'after the cause was removed']],
      run: async (invocation) =>
        await onDeployment(invocation, async ({ resetPolicies }, connection, id) => {
          const reset = await resetPolicies(connection, id, optionalText(invocation, 'policy'), askerOf(invocation));
          invocation.io.err(`${reset} reset`);
        }),
    },
  ],
};

function rowsOf({ policies: all }: PoliciesView): Row[] {
  return all.flatMap(({ group, policy, type, watches, workflows, standings }): Row[] => {
    const own = { policy: `${group}/${policy}`, type, workflows };
    const subjects = Object.entries(standings);
    if (subjects.length > 0) return subjects.map(([subject, standing]) => ({ ...own, subject, ...rowOf(standing) }));
    const phase = watches === 'unsupported' ? 'unsupported' : 'idle';
    const text =
      watches === 'unsupported'
        ? 'its rules are in another language: what is evaluated are caisson.policies.Health and caisson.policies.Metric'
        : '';
    return [{ ...own, subject: null, phase, fired: 0, value: null, since: null, text }];
  });
}

function rowOf({
  phase,
  fired,
  since,
  text,
  value,
}: Standing): Pick<Row, 'phase' | 'fired' | 'value' | 'since' | 'text'> {
  return { phase, fired: fired.length, value: value ?? null, since: new Date(since).toISOString(), text };
}

function askerOf(invocation: Invocation) {
  return { by: optionalText(invocation, 'as'), comment: optionalText(invocation, 'message') };
}

async function onDeployment(
  invocation: Invocation,
  act: (library: typeof import('../policies.js'), connection: CaissonConnection, deployment: string) => Promise<void>,
): Promise<number> {
  const { usageError } = await import('../errors.js');
  const { withSession } = await import('../session.js');
  const library = await import('../policies.js');
  const deployment = optionalText(invocation, 'deploymentId') ?? invocation.args[0];
  if (deployment === undefined) throw usageError('which deployment?', 'name it with -d DEPLOYMENT');
  return await withSession(invocation.global, invocation.io, async ({ connection }) => {
    await act(library, connection, deployment);
    return 0;
  });
}
