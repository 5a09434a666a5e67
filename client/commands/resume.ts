import { type CommandDefinition, flag, type Invocation, optionalText } from './definition.js';
import { EXECUTION_FLAGS } from './execution-flags.js';

export const resume: CommandDefinition = {
  name: 'resume',
  summary: 'Go on with a failed or cancelled execution',
  description:
    'Starts the workflow again with the same parameters from the operation where it stood: operations that had completed are not run again.',
  arguments: [{ name: '<execution>', summary: 'id of an execution, or of a deployment and so its latest execution' }],
  options: [
    { flags: '-d, --deployment-id <id>', summary: 'the deployment of the execution' },
    {
      flags: '--reset-operations',
      summary: 'run all operations of the instances that were left half-way, also those that had completed',
    },
    {
      flags: '-b, --blueprint <path>',
      summary: 'go on with this mended blueprint, and the plugins that it gets now; it must have the same nodes',
    },
    ...EXECUTION_FLAGS.filter(({ flags }) => !flags.includes('parameters')),
  ],
  examples: [['caisson resume shop', 'go on with the latest execution of the deployment shop']],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const [word = ''] = args;
  const { installedPlugins, withSession } = await import('../session.js');
  const { findExecution, getExecution, resumption, startExecution } = await import('../executions.js');
  const { followStarted, optionsOf } = await import('./execution-flags.js');
  const { printCompleted } = await import('./start-workflow.js');
  const { concludeExecution } = await import('../follow.js');
  const options = await optionsOf(invocation);
  return await withSession(global, io, async ({ connection }) => {
    const reference = await findExecution(connection, word, optionalText(invocation, 'deploymentId'));
    const mend = optionalText(invocation, 'blueprint');
    const { mendedBlueprint } = await import('../mended-blueprint.js');
    const request = {
      ...resumption(await getExecution(connection, reference), options),
      ...(flag(invocation, 'resetOperations') ? { reset_operations: true } : {}),
      ...(mend === undefined
        ? {}
        : await mendedBlueprint(connection, reference.deployment_id, mend, await installedPlugins(global))),
    };
    const { deployment_id } = reference;
    await startExecution(connection, deployment_id, request);
    const finished = await followStarted(invocation, connection, { deployment_id, id: request.id });
    if (!finished) return 0;
    await concludeExecution(connection, finished.record);
    await printCompleted(invocation, connection, finished.record);
    return 0;
  });
}
