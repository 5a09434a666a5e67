import { type CommandDefinition, type Invocation, optionalText } from './definition.js';

const CAISSON = {
  flags: '--caisson <spec>',
  summary: 'what npm installs caisson from, e.g. file:../caisson-0.1.0.tgz (default: this version)',
};

/** `caisson new plugin`, and the same as `caisson plugins new`. */
export const newPlugin: CommandDefinition = {
  name: 'plugin',
  summary: 'Begin a plugin: a package that builds, passes its tests and runs, to be changed',
  arguments: [
    { name: '<name>', summary: 'prefix of its operations' },
    { name: '[folder]', summary: 'where to (default: a folder of that name here)' },
  ],
  options: [CAISSON],
  examples: [['caisson new plugin disks', 'then: cd disks, npm install, npm test']],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const { writeScaffold } = await import('../plugin-scaffold.js');
  const { printSingle } = await import('../output/print.js');
  const [name = '', folder = name] = args;
  const files = await writeScaffold(name, folder, { caisson: optionalText(invocation, 'caisson') });
  const text = [
    ...files.map((file) => `${folder}/${file}`),
    '',
    `next: cd ${folder} && npm install && npm test`,
    'try it: export CAISSON_PLUGINS=$PWD; npx caisson install examples/blueprint.yaml -d try',
    'give it to all workers: npx caisson plugins upload .',
  ].join('\n');
  printSingle(io, global.format, { kind: 'plugin', item: { name, folder, files: [...files] }, name, text });
  return 0;
}

export const create: CommandDefinition = {
  name: 'new',
  summary: 'Begin a plugin that works, to be changed',
  commands: [newPlugin],
};
