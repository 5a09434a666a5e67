import type { InstalledPlugin } from '../../plugins/catalog.js';
import type { Column } from '../output/table.js';
import type { CommandDefinition } from './definition.js';

interface Row {
  readonly name: string;
  readonly version: string | null;
  readonly package_names: readonly string[];
  readonly operations: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'VERSION', value: ({ version }) => version },
  { title: 'IMPORTED AS', value: ({ package_names }) => package_names.map((name) => `plugin:${name}`), shrinks: true },
  { title: 'OPERATIONS', value: ({ operations }) => operations },
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

function rowOf({ plugin }: InstalledPlugin): Row {
  const { name, version, packageNames, operations } = plugin;
  return {
    name,
    version: version ?? null,
    package_names: packageNames ?? [],
    operations: Object.keys(operations).length,
  };
}

export const plugins: CommandDefinition = {
  name: 'plugins',
  summary: 'Plugins that blueprints may use here',
  commands: [list, get, validate],
};
