import type { InstalledPlugin } from '../../plugins/catalog.js';
import type { Column } from '../output/table.js';
import { type CommandDefinition, flag, type GlobalOptions } from './definition.js';
import { wrapPlugin } from './wrap-plugin.js';

interface Row {
  readonly name: string;
  readonly version: string | null;
  readonly package_names: readonly string[];
  readonly operations: number;
  /** Null for those that come with Caisson. */
  readonly folder: string | null;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'VERSION', value: ({ version }) => version },
  { title: 'IMPORTED AS', value: ({ package_names }) => package_names.map((name) => `plugin:${name}`), shrinks: true },
  { title: 'OPERATIONS', value: ({ operations }) => operations },
  { title: 'FROM', value: ({ folder }) => folder ?? 'caisson', shrinks: true },
];

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the plugins that blueprints may use here',
  examples: [['caisson plugins list', 'the built-in ones, and those of the setting plugins']],
  async run({ io, global }) {
    const { installedPlugins } = await import('../session.js');
    const { printList } = await import('../output/print.js');
    const items = (await installedPlugins(global)).map(rowOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    printList(io, global.format, {
      kind: 'plugins',
      items,
      columns: COLUMNS,
      name: ({ name }) => name,
      empty: 'no plugins',
    });
    return 0;
  },
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Show one plugin and its operations',
  arguments: [{ name: '<plugin>', summary: 'name of the plugin, or the name that blueprints import it under' }],
  examples: [['caisson plugins get docker', 'its operations, and the names that blueprints know them by']],
  async run({ args, io, global }) {
    const { installedPlugins } = await import('../session.js');
    const { findPlugin } = await import('../../plugins/catalog.js');
    const { notFound } = await import('../errors.js');
    const { printSingle } = await import('../output/print.js');
    const catalog = await installedPlugins(global);
    const [name = ''] = args;
    const found = findPlugin(catalog, name);
    if (!found) throw notFound('plugin', name, `installed: ${catalog.map(({ plugin }) => plugin.name).join(', ')}`);
    const { operations, aliases = {} } = found.plugin;
    const item = {
      ...rowOf(found),
      operations: Object.keys(operations).map((operation) => ({
        name: `${found.plugin.name}.${operation}`,
        aliases: Object.keys(aliases).filter((alias) => aliases[alias] === operation),
      })),
    };
    const lines = item.operations.map(
      (one) => `  ${one.name}${one.aliases.length > 0 ? `  (${one.aliases.join(', ')})` : ''}`,
    );
    const text = [
      `${item.name} ${item.version ?? ''}  imported as ${item.package_names.join(', ') || '-'}`,
      ...lines,
    ].join('\n');
    printSingle(io, global.format, { kind: 'plugin', item, name: item.name, text });
    return 0;
  },
};

const validate: CommandDefinition = {
  name: 'validate',
  summary: "Check a plugin's description against its code",
  arguments: [{ name: '<folder>', summary: 'folder with the package.json of the plugin' }],
  examples: [['caisson plugins validate ./my-plugin', 'every mapping resolves, every operation is mapped']],
  async run({ args, io, global }) {
    const { loadPlugin } = await import('../../plugins/load.js');
    const { checkPlugin } = await import('../../plugins/check.js');
    const { printSingle } = await import('../output/print.js');
    const { usageError } = await import('../errors.js');
    const { EXIT } = await import('../exit.js');
    const [folder = ''] = args;
    const { resolve } = await import('node:path');
    const loaded = await loadPlugin(resolve(folder)).catch((error: Error) => {
      throw error.name === 'PluginRefused' ? usageError(error.message) : error;
    });
    const problems = await checkPlugin(loaded);
    const failed = problems.some(({ severity }) => severity === 'error');
    const lines = problems.map(({ severity, message, source, hint }) => {
      const where = source ? `${source.file}:${source.line}:${source.column}: ` : '';
      return `${severity}: ${where}${message}${hint === undefined ? '' : `\n  help: ${hint}`}`;
    });
    const text = problems.length === 0 ? 'Plugin validated successfully' : lines.join('\n');
    const item = { name: loaded.plugin.name, valid: !failed, problems: JSON.parse(JSON.stringify(problems)) };
    printSingle(io, global.format, { kind: 'plugin-check', item, name: loaded.plugin.name, text });
    return failed ? EXIT.invalid : EXIT.done;
  },
};

const upload: CommandDefinition = {
  name: 'upload',
  summary: 'Take a plugin in, so that blueprints can import it',
  description:
    'Checks a plugin and copies it into the first folder of the setting `plugins`. Workers that run take it in when they are started anew.',
  arguments: [{ name: '<plugin>', summary: 'its folder, or the .tgz that npm pack makes of it' }],
  options: [{ flags: '-f, --force', summary: 'replace the one that is there' }],
  examples: [['caisson plugins upload acme-disks-1.0.0.tgz', 'then: caisson down && caisson up']],
  async run(invocation) {
    const { io, global, args } = invocation;
    const { takeIn } = await import('../installed-plugins.js');
    const { printSingle } = await import('../output/print.js');
    const [into = ''] = await folders(global);
    const { loaded, problems } = await takeIn(args[0] ?? '', into, { replace: flag(invocation, 'force') });
    for (const { message } of problems) io.err(`warning: ${message}`);
    const name = loaded.packageName;
    const text = `plugin ${name} ${loaded.packageVersion} is in ${loaded.folder}\nstart workers anew to take it in`;
    printSingle(io, global.format, { kind: 'plugin', item: rowOf(loaded), name, text });
    return 0;
  },
};

const remove: CommandDefinition = {
  name: 'delete',
  summary: 'Take a plugin out again',
  arguments: [{ name: '<plugin>', summary: 'name of the plugin, or of its package' }],
  examples: [['caisson plugins delete acme-disks', 'deployments that use it can no longer run its operations']],
  async run({ args, io, global }) {
    const { takeOut } = await import('../installed-plugins.js');
    const { printSingle } = await import('../output/print.js');
    const [name = ''] = args;
    const folder = await takeOut(name, await folders(global));
    printSingle(io, global.format, { kind: 'plugin', item: { name, folder }, name, text: `plugin ${name} deleted` });
    return 0;
  },
};

const create: CommandDefinition = {
  name: 'new',
  summary: 'Begin a plugin: files that work, to be changed',
  arguments: [
    { name: '<name>', summary: 'prefix of its operations' },
    { name: '[folder]', summary: 'where to (default: a folder of that name here)' },
  ],
  examples: [['caisson plugins new disks', 'then: caisson plugins validate disks']],
  async run({ args, io, global }) {
    const { writeScaffold } = await import('../plugin-scaffold.js');
    const { printSingle } = await import('../output/print.js');
    const [name = '', folder = name] = args;
    const files = await writeScaffold(name, folder);
    const text = `${files.map((file) => `${folder}/${file}`).join('\n')}\ntry it: CAISSON_PLUGINS=${folder} caisson install ${folder}/blueprint.yaml`;
    printSingle(io, global.format, { kind: 'plugin', item: { name, folder, files }, name, text });
    return 0;
  },
};

function rowOf({ plugin, folder }: InstalledPlugin & { readonly folder?: string }): Row {
  const { name, version, packageNames, operations } = plugin;
  return {
    name,
    version: version ?? null,
    package_names: packageNames ?? [],
    operations: Object.keys(operations).length,
    folder: folder ?? null,
  };
}

export const plugins: CommandDefinition = {
  name: 'plugins',
  summary: 'Plugins that blueprints may use here',
  commands: [list, get, validate, upload, remove, create, wrapPlugin],
};

async function folders(global: GlobalOptions): Promise<readonly string[]> {
  const { loadSettings } = await import('../settings.js');
  const { settingFlags } = await import('../session.js');
  const { settings } = await loadSettings(settingFlags(global));
  if (settings.pluginFolders.length > 0) return settings.pluginFolders;
  const { usageError } = await import('../errors.js');
  throw usageError('no folder for plugins is set', 'name one: caisson config set plugins FOLDER');
}
