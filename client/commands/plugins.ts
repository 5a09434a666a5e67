import type { InstalledPlugin } from '../../plugins/catalog.js';
import type { PluginProblem } from '../../plugins/check.js';
import type { Io } from '../output/io.js';
import type { Column } from '../output/table.js';
import { type CommandDefinition, flag, type GlobalOptions, type Invocation } from './definition.js';

interface Row {
  readonly name: string;
  readonly version: string | null;
  readonly package_names: readonly string[];
  readonly operations: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  /** Null for those that come with Caisson. */
  readonly folder: string | null;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'VERSION', value: ({ version }) => version },
  { title: 'IMPORTED AS', value: ({ package_names }) => package_names.map((name) => `plugin:${name}`), shrinks: true },
  { title: 'OPERATIONS', value: ({ operations }) => operations.length },
  { title: 'FROM', value: ({ folder }) => folder ?? 'caisson', shrinks: true },
];

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the plugins that are installed here',
  examples: [['caisson plugins list', 'with the names that blueprints import them by']],
  async run({ io, global }) {
    const { printList } = await import('../output/print.js');
    const items = (await rows(global)).sort((one, other) => one.name.localeCompare(other.name));
    printList(io, global.format, { kind: 'plugins', items, columns: COLUMNS, name: ({ name }) => name, empty: '' });
    return 0;
  },
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Show a plugin: its operations, and the names that stand for them',
  arguments: [{ name: '<plugin>', summary: 'its name, or one that blueprints import it by' }],
  examples: [['caisson plugins get script', 'operations and aliases']],
  async run({ args, io, global }) {
    const { notFound } = await import('../errors.js');
    const { printSingle } = await import('../output/print.js');
    const [name = ''] = args;
    const all = await rows(global);
    const found = all.find((one) => one.name === name) ?? all.find((one) => one.package_names.includes(name));
    if (!found) throw notFound('plugin', name, `plugins: ${all.map((one) => one.name).join(', ')}`);
    printSingle(io, global.format, { kind: 'plugin', item: found, name: found.name });
    return 0;
  },
};

const validate: CommandDefinition = {
  name: 'validate',
  summary: 'Check that a plugin’s description and its code fit together',
  arguments: [{ name: '<folders...>', summary: 'folders of plugins' }],
  examples: [['caisson plugins validate ./my-plugin', 'every type, every mapped operation']],
  run: validateAll,
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
    tell(io, problems);
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

export const plugins: CommandDefinition = {
  name: 'plugins',
  aliases: ['plugin'],
  summary: 'What does the work of operations',
  commands: [list, get, validate, upload, remove, create],
};

async function validateAll({ args, io, global }: Invocation): Promise<number> {
  const { checkFolder } = await import('../installed-plugins.js');
  const { CaissonError } = await import('../errors.js');
  const { EXIT } = await import('../exit.js');
  const items: { readonly path: string; readonly valid: boolean; readonly problems: readonly PluginProblem[] }[] = [];
  for (const path of args) {
    const problems = await checkFolder(path).then(
      (checked) => checked.problems,
      (error): PluginProblem[] => {
        if (!(error instanceof CaissonError)) throw error;
        return [{ severity: 'error', message: error.message }];
      },
    );
    const valid = problems.every(({ severity }) => severity !== 'error');
    items.push({ path, valid, problems });
    if (global.format === 'json') continue;
    io.out(`${valid ? io.colors.green('✓') : io.colors.red('✗')} ${path}`);
    tell(io, problems);
  }
  if (global.format === 'json')
    io.out(JSON.stringify({ schema: 'caisson/plugin-validations.list@1', items, next: null }, null, 2));
  return items.every(({ valid }) => valid) ? EXIT.done : EXIT.invalid;
}

function tell(io: Io, problems: readonly PluginProblem[]): void {
  for (const { severity, message, source, hint } of problems) {
    const { colors } = io;
    io.err(`${severity === 'error' ? colors.red('error:') : colors.yellow('warning:')} ${message}`);
    if (source) io.err(`  in ${source.file}:${source.line}:${source.column}`);
    if (hint !== undefined) io.err(`  ${colors.cyan('help:')} ${hint}`);
  }
}

async function rows(global: GlobalOptions): Promise<Row[]> {
  const { installedPlugins } = await import('../session.js');
  return (await installedPlugins(global)).map(rowOf);
}

function rowOf(installed: InstalledPlugin & { readonly folder?: string }): Row {
  const { plugin, folder } = installed;
  return {
    name: plugin.name,
    version: plugin.version ?? null,
    package_names: plugin.packageNames ?? [],
    operations: Object.keys(plugin.operations),
    aliases: plugin.aliases ?? {},
    folder: folder ?? null,
  };
}

async function folders(global: GlobalOptions): Promise<readonly string[]> {
  const { loadSettings } = await import('../settings.js');
  const { settingFlags } = await import('../session.js');
  const { settings } = await loadSettings(settingFlags(global));
  if (settings.pluginFolders.length > 0) return settings.pluginFolders;
  const { usageError } = await import('../errors.js');
  throw usageError('no folder for plugins is set', 'name one: caisson config set plugins FOLDER');
}
