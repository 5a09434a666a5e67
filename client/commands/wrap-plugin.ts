import { type CommandDefinition, optionalText } from './definition.js';

/** A Cloudify plugin in Python as a package that is uploaded like any other. */
export const wrapPlugin: CommandDefinition = {
  name: 'wrap',
  summary: 'Make a plugin package of a Cloudify plugin in Python',
  description:
    'Writes a folder with its description and its wagon, or its name for pip. Upload it then: blueprints import it as ' +
    'plugin:NAME, also in the place of a plugin that comes with Caisson.',
  arguments: [
    { name: '<plugin>', summary: 'its wagon (.wgn), or what pip installs: NAME==VERSION' },
    { name: '[folder]', summary: 'where to (default: a folder of its name here)' },
  ],
  options: [
    {
      flags: '-y, --yaml-path <file>',
      summary: 'its plugin.yaml; forms for other versions, such as plugin_1_4.yaml, are taken from beside it',
    },
  ],
  examples: [
    [
      'caisson plugins wrap cloudify-aws-plugin==3.1.7 -y plugin.yaml aws-plugin',
      'then: caisson plugins upload aws-plugin',
    ],
  ],
  async run(invocation) {
    const { args, io, global } = invocation;
    const { wrapPlugin: wrap, WrapRefused } = await import('../../plugins/python/wrap.js');
    const { loadPlugin } = await import('../../plugins/load.js');
    const { CaissonError, usageError } = await import('../errors.js');
    const { printSingle } = await import('../output/print.js');
    const [from = '', given] = args;
    const folder = given ?? from.replace(/^.*\//, '').replace(/[^\w-].*$/, '');
    const description = optionalText(invocation, 'yamlPath');
    if (description === undefined) throw usageError('no description is given', 'name its plugin.yaml: -y plugin.yaml');
    await wrap(from, description, folder).catch((error: Error) => {
      if (!(error instanceof WrapRefused)) throw error;
      throw new CaissonError('validation', 'C2204', error.message);
    });
    const { packageName: name, packageVersion: version, plugin } = await loadPlugin(folder);
    const operations = Object.keys(plugin.operations).length;
    const text = `${name} ${version}, ${operations} operations, is in ${folder}\ntake it in: caisson plugins upload ${folder}`;
    printSingle(io, global.format, { kind: 'plugin', item: { name, version, folder, operations }, name, text });
    return 0;
  },
};
