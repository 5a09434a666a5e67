import { type CommandDefinition, flag, type Invocation, optionalText } from './definition.js';
import { EXECUTION_FLAGS } from './execution-flags.js';

export const uninstall: CommandDefinition = {
  name: 'uninstall',
  summary: 'Take a deployment down, and end it',
  description:
    'Runs the uninstall workflow of a deployment; when it completes the deployment itself is ended, and its id is free again. Its record stays readable.',
  arguments: [{ name: '<deployment>', summary: 'id of the deployment' }],
  options: [
    { flags: '-w, --workflow-id <name>', summary: 'workflow to run', default: 'uninstall' },
    { flags: '--keep', summary: 'keep the deployment, so that it can be installed again' },
    {
      flags: '--ignore-failure',
      summary: 'pass over operations that fail; what could not be removed is told at the end',
    },
    { flags: '--queue', summary: 'wait for the execution that runs, instead of being refused' },
    { flags: '-y, --yes', summary: 'do not ask' },
    ...EXECUTION_FLAGS,
  ],
  examples: [
    ['caisson uninstall shop', 'stop and delete everything, the last installed first'],
    ['caisson uninstall env -p recursive=true', 'and before it the deployments that it is the environment of'],
    ['caisson uninstall shop --keep', 'the same; `caisson execute install shop` brings it back'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const [deployment = ''] = args;
  const { withSession } = await import('../session.js');
  const { printCompleted, startWorkflow } = await import('./start-workflow.js');
  const ignoring = flag(invocation, 'ignoreFailure')
    ? { parameters: [...parametersOf(invocation), 'ignore_failure=true'] }
    : {};
  const asked = { ...invocation, options: { ...invocation.options, ...ignoring } };
  return await withSession(global, io, async ({ connection }) => {
    const { getDeployment } = await import('../deployments.js');
    const view = await getDeployment(connection, deployment);
    const { confirm } = await import('../output/confirm.js');
    if (!flag(invocation, 'yes'))
      await confirm(io, `Take down deployment ${deployment} of blueprint ${view.blueprint.id}?`, deployment);
    const record = await startWorkflow(
      asked,
      connection,
      deployment,
      optionalText(invocation, 'workflowId') ?? 'uninstall',
    );
    if (!record) return 0;
    if (!flag(invocation, 'keep') && !flag(invocation, 'dryRun')) {
      const { deleteDeployment } = await import('../deployments.js');
      // Whoever depends on it was asked about before it was taken down.
      await deleteDeployment(connection, deployment, { passOverDependents: true });
    }
    await printCompleted(invocation, connection, record);
    return 0;
  });
}

function parametersOf({ options }: Invocation): readonly string[] {
  return Array.isArray(options.parameters) ? (options.parameters as readonly string[]) : [];
}
