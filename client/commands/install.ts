import type { CommandDefinition, Invocation } from './definition.js';
import { flag, optionalText, texts } from './definition.js';
import { EXECUTION_FLAGS } from './execution-flags.js';

export const install: CommandDefinition = {
  name: 'install',
  summary: 'Install a blueprint as a new deployment',
  description:
    'Compiles a blueprint, makes a deployment of it and runs its install workflow. Nothing is started when the blueprint or an input is refused.',
  arguments: [{ name: '<blueprint>', summary: 'a YAML file, or a folder with a blueprint.yaml' }],
  options: [
    { flags: '-d, --deployment-id <id>', summary: "the deployment's id (default: the blueprint's name)" },
    { flags: '-i, --inputs <inputs>', summary: 'inputs: key=value, or a YAML/JSON file', repeatable: true },
    { flags: '-w, --workflow-id <name>', summary: 'workflow to run', default: 'install' },
    { flags: '--labels <labels>', summary: 'labels of the deployment: key:value,key:value' },
    ...EXECUTION_FLAGS,
  ],
  examples: [
    ['caisson install examples/hello/blueprint.yaml', 'install it, and follow it to the end'],
    ['caisson install shop.yaml -d shop -i size=3 -i more.yaml', 'with inputs'],
    ['caisson install shop.yaml --on-failure rollback --json', 'undo everything if it fails; print a JSON document'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { io, global } = invocation;
  const { withSession } = await import('../session.js');
  const { checkedParameters } = await import('../parameters.js');
  const { followStarted, optionsOf } = await import('./execution-flags.js');
  const { prepareFromFlags } = await import('./prepare-deployment.js');
  const options = await optionsOf(invocation);
  const workflow = optionalText(invocation, 'workflowId') ?? 'install';
  const { prepared, id } = await prepareFromFlags(invocation);
  const parameters = await checkedParameters(prepared.plan, workflow, texts(invocation, 'parameters'), {
    allowCustom: flag(invocation, 'allowCustomParameters'),
  });
  return await withSession(global, io, async ({ connection }) => {
    const { createDeployment } = await import('../deployments.js');
    const { newExecutionId } = await import('../executions.js');
    const first = {
      id: newExecutionId(workflow),
      workflow_id: workflow,
      parameters,
      options,
      ...(flag(invocation, 'allowCustomParameters') ? { allow_custom_parameters: true } : {}),
      ...(flag(invocation, 'force') ? { force: true } : {}),
    };
    await createDeployment(connection, prepared, { id, first });
    const finished = await followStarted(invocation, connection, { deployment_id: id, id: first.id });
    if (!finished) return 0;
    const { concludeExecution } = await import('../follow.js');
    await concludeExecution(connection, finished.record);
    const { outputsOf } = await import('../outputs.js');
    const results = await outputsOf(connection, id);
    const { printSingle } = await import('../output/print.js');
    const { installed } = await import('../output/summary.js');
    printSingle(io, global.format, {
      kind: 'execution',
      item: { ...finished.document, ...results },
      name: first.id,
      text: installed(finished.record, results, io),
    });
    return 0;
  });
}
