import type { CommandDefinition, Invocation } from './definition.js';
import { optionalText } from './definition.js';
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
  const { firstExecution, installPrepared } = await import('./install-prepared.js');
  const { prepareFromFlags } = await import('./prepare-deployment.js');
  const { prepared, id } = await prepareFromFlags(invocation);
  const workflow = optionalText(invocation, 'workflowId') ?? 'install';
  const first = await firstExecution(invocation, prepared, workflow);
  return await withSession(global, io, async ({ connection }) =>
    installPrepared(invocation, connection, prepared, { id, first }),
  );
}
