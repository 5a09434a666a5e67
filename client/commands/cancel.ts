import { type CommandDefinition, flag, type Invocation, optionalText } from './definition.js';
import { FOLLOW_FLAGS } from './execution-flags.js';

export const cancel: CommandDefinition = {
  name: 'cancel',
  summary: 'Cancel an execution',
  description:
    'Cancels an execution: nothing new starts, running operations are told to stop and waited for, and the true state is recorded. It can be resumed.',
  arguments: [{ name: '<execution>', summary: 'id of an execution, or of a deployment and so its latest execution' }],
  options: [
    { flags: '-d, --deployment-id <id>', summary: 'the deployment of the execution' },
    { flags: '-f, --force', summary: 'do not wait for running operations' },
    { flags: '--drain', summary: 'let running operations run to their end, start nothing new, then cancel' },
    { flags: '-k, --kill', summary: 'end the run from outside, at once' },
    ...FOLLOW_FLAGS,
  ],
  examples: [
    ['caisson cancel shop', 'cancel what runs on the deployment shop'],
    ['caisson cancel install-k3x9q2ma --force', 'without waiting for its operations'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const [word = ''] = args;
  const { withSession } = await import('../session.js');
  const { cancelExecution, findExecution, getExecution } = await import('../executions.js');
  return await withSession(global, io, async ({ connection }) => {
    const reference = await findExecution(connection, word, optionalText(invocation, 'deploymentId'));
    const { cancelQueuedExecution, drainExecution } = await import('../control.js');
    if ((await getExecution(connection, reference)).status === 'queued')
      await cancelQueuedExecution(connection, reference);
    else if (flag(invocation, 'drain')) await drainExecution(connection, reference);
    else
      await cancelExecution(connection, reference, {
        force: flag(invocation, 'force'),
        kill: flag(invocation, 'kill'),
      });
    const { followStarted } = await import('./execution-flags.js');
    const finished = await followStarted(invocation, connection, reference);
    if (!finished) return 0;
    const { printSingle } = await import('../output/print.js');
    const { displayed } = await import('../executions.js');
    printSingle(io, global.format, {
      kind: 'execution',
      item: finished.document,
      name: reference.id,
      text: `${reference.id} of ${reference.deployment_id}: ${displayed(finished.record.status)}`,
    });
    return 0;
  });
}
