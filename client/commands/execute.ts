import type { CommandDefinition, Invocation } from './definition.js';
import { EXECUTION_FLAGS } from './execution-flags.js';

const shared = {
  options: [
    { flags: '-d, --deployment-id <id>', summary: 'the deployment, where it is not the second argument' },
    { flags: '--queue', summary: 'wait for the execution that runs, instead of being refused' },
    ...EXECUTION_FLAGS,
  ],
  run,
};

export const execute: CommandDefinition = {
  ...shared,
  name: 'execute',
  summary: 'Run a workflow on a deployment',
  arguments: [
    { name: '<workflow>', summary: 'name of the workflow, e.g. heal' },
    { name: '[deployment]', summary: 'id of the deployment' },
  ],
  examples: [
    ['caisson execute restart shop', 'stop and start all of it'],
    [
      'caisson execute execute_operation shop -p operation=cloudify.interfaces.lifecycle.start -p node_ids=[web]',
      'run one operation on the instances of one node',
    ],
  ],
};

/** `executions start`, as Cloudify spells it. */
export const start: CommandDefinition = {
  ...shared,
  name: 'start',
  summary: execute.summary,
  arguments: execute.arguments ?? [],
};

async function run(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const [workflow = '', positional] = args;
  const { usageError } = await import('../errors.js');
  const { withSession } = await import('../session.js');
  const { printCompleted, startWorkflow } = await import('./start-workflow.js');
  const deployment = positional ?? (invocation.options.deploymentId as string | undefined);
  if (deployment === undefined) throw usageError('which deployment?', `caisson execute ${workflow} DEPLOYMENT`);
  return await withSession(global, io, async ({ connection }) => {
    const record = await startWorkflow(invocation, connection, deployment, workflow);
    if (record) await printCompleted(invocation, connection, record);
    return 0;
  });
}
