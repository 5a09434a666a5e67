import { type CommandDefinition, texts } from './definition.js';

/** A Cloudify plugin in Python as a package that is uploaded like any other. */
export const wrapPlugin: CommandDefinition = {
  name: 'wrap',
  summary: 'Make a plugin package of a Cloudify plugin in Python',
  description:
    'Writes a folder with its description and its wagon, wheel or sources, or its name for pip: what caisson plugins ' +
    'upload makes of it, to look at or to change before.',
  arguments: [
    { name: '<plugin>', summary: 'its wagon (.wgn), wheel, folder or archive, or what pip installs: NAME==VERSION' },
    { name: '[folder]', summary: 'where to (default: a folder of its name here)' },
  ],
  options: [
    {
      flags: '-y, --yaml-path <file>',
      summary: 'its plugin.yaml; forms for other versions, such as plugin_1_4.yaml, are taken from beside it',
      repeatable: true,
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
    const { wrapped } = await import('../python-plugins.js');
    const { loadPlugin } = await import('../../plugins/load.js');
    const { printSingle } = await import('../output/print.js');
    const [from = '', given] = args;
    const folder = given ?? from.replace(/^.*\//, '').replace(/[^\w-].*$/, '');
    await wrapped(from, texts(invocation, 'yamlPath'), folder);
    const { packageName: name, packageVersion: version, plugin } = await loadPlugin(folder);
    const operations = Object.keys(plugin.operations).length;
    const text = `${name} ${version}, ${operations} operations, is in ${folder}\ntake it in: caisson plugins upload ${folder}`;
    printSingle(io, global.format, { kind: 'plugin', item: { name, version, folder, operations }, name, text });
    return 0;
  },
};
