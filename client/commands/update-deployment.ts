import { type CommandDefinition, flag, type Invocation, texts } from './definition.js';
import { EXECUTION_FLAGS } from './execution-flags.js';

const SWITCHES = [
  { flags: '--skip-install', summary: 'leave new instances uninstalled' },
  { flags: '--skip-uninstall', summary: 'do not uninstall instances that go' },
  { flags: '--skip-reinstall', summary: 'leave changed instances that cannot be updated as they are' },
  { flags: '--skip-drift-check', summary: 'take changed instances for drifted without asking them' },
  { flags: '--skip-heal', summary: 'update instances that are not well nevertheless' },
  { flags: '--force-reinstall', summary: 'reinstall changed instances even when they could be updated' },
  { flags: '--ignore-failure', summary: 'pass over operations of uninstalls that fail' },
];

export const update: CommandDefinition = {
  name: 'update',
  summary: 'Make a deployment what another version of its blueprint says',
  description:
    'Nodes and relationships come and go, what changed is updated in place where it can be and reinstalled where it cannot. Without a blueprint: the same one with other inputs.',
  arguments: [
    { name: '<deployment>', summary: 'id of the deployment' },
    { name: '[blueprint]', summary: 'the new blueprint: a YAML file, or a folder with a blueprint.yaml' },
  ],
  options: [
    { flags: '-i, --inputs <inputs>', summary: 'inputs that change: key=value, or a YAML/JSON file', repeatable: true },
    { flags: '--plugins', summary: 'change nothing but plugins: to the newest versions that the blueprint allows' },
    { flags: '--preview', summary: 'only tell what would change' },
    { flags: '-r, --reinstall-list <instance>', summary: 'an instance to reinstall besides', repeatable: true },
    ...SWITCHES,
    { flags: '--queue', summary: 'wait for the execution that runs, instead of being refused' },
    ...EXECUTION_FLAGS,
  ],
  examples: [
    ['caisson deployments update shop shop-v2.yaml --preview', 'what would come, go and change'],
    ['caisson deployments update shop shop-v2.yaml', 'do it; resume goes on where it failed'],
    ['caisson deployments update shop -i size=5', 'the same blueprint with another input'],
    ['caisson deployments update shop --plugins', 'the same blueprint with plugins that were uploaded since'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const [deployment = '', file] = args;
  const { usageError } = await import('../errors.js');
  const { installedPlugins, withSession } = await import('../session.js');
  const { printCompleted, startWorkflow } = await import('./start-workflow.js');
  const { updateTarget } = await import('../update-target.js');
  const inputs = texts(invocation, 'inputs');
  if (file === undefined && inputs.length === 0 && !flag(invocation, 'plugins'))
    throw usageError('what is to change?', 'name another blueprint, inputs with -i, or newer plugins with --plugins');
  const catalog = await installedPlugins(global);
  const switches = ['--preview', ...SWITCHES.map(({ flags }) => flags)]
    .map((name) => name.slice(2))
    .filter((name) =>
      flag(
        invocation,
        name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      ),
    )
    .map((name) => `${name.replaceAll('-', '_')}=true`);
  const list = texts(invocation, 'reinstallList');
  const parameters = [
    ...texts(invocation, 'parameters'),
    ...switches,
    ...(list.length > 0 ? [`reinstall_list=${JSON.stringify(list)}`] : []),
  ];
  const asked = { ...invocation, options: { ...invocation.options, parameters } };
  return await withSession(global, io, async ({ connection }) => {
    const target = await updateTarget(connection, deployment, { file, inputs }, catalog);
    const record = await startWorkflow(asked, connection, deployment, 'update', { update: target });
    if (record) await printCompleted(invocation, connection, record);
    return 0;
  });
}
