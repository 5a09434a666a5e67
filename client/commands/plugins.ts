import type { JsonObject } from '../../blueprint/json.js';
import type { InstalledPlugin } from '../../plugins/catalog.js';
import type { ArtifactStore } from '../../store/artifact-store.js';
import type { PluginPackage } from '../../store/plugin-packages.js';
import type { Column } from '../output/table.js';
import type { Settings } from '../settings.js';
import {
  type CommandDefinition,
  flag,
  type GlobalOptions,
  type Invocation,
  type OptionDefinition,
  optionalText,
  texts,
} from './definition.js';
import { newPlugin } from './new.js';
import { prunePlugins } from './prune-plugins.js';
import { wrapPlugin } from './wrap-plugin.js';

const REPLACE: OptionDefinition = {
  flags: '-f, --force',
  summary: 'replace another one of this version, for deployments to come',
};

interface Row {
  readonly name: string;
  readonly version: string | null;
  readonly package_names: readonly string[];
  readonly operations: number;
  /** `caisson`, `folder` or `store`. */
  readonly origin: string;
  readonly folder: string | null;
  /** Hash of the package's archive; null for what is no package of the store. */
  readonly archive: string | null;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'VERSION', value: ({ version }) => version },
  { title: 'IMPORTED AS', value: ({ package_names }) => package_names.map((name) => `plugin:${name}`), shrinks: true },
  { title: 'OPERATIONS', value: ({ operations }) => operations },
  { title: 'FROM', value: ({ folder, origin }) => folder ?? origin, shrinks: true },
];

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the plugins that blueprints may use here',
  examples: [['caisson plugins list', 'the built-in ones, and those of the setting plugins']],
  async run({ io, global }) {
    const { installedPlugins } = await import('../session.js');
    const { printList } = await import('../output/print.js');
    const { compareVersions } = await import('../../blueprint/python-version.js');
    const items = (await installedPlugins(global, io))
      .map(rowOf)
      .sort((a, b) =>
        a.name === b.name ? compareVersions(b.version ?? '', a.version ?? '') : a.name < b.name ? -1 : 1,
      );
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
  arguments: [
    {
      name: '<plugin>',
      summary: 'name of the plugin, or the name that blueprints import it under; with @VERSION for one of several',
    },
  ],
  examples: [['caisson plugins get docker', 'its operations, and the names that blueprints know them by']],
  async run({ args, io, global }) {
    const { installedPlugins } = await import('../session.js');
    const { findPlugins } = await import('../../plugins/catalog.js');
    const { notFound } = await import('../errors.js');
    const { printSingle } = await import('../output/print.js');
    const catalog = await installedPlugins(global, io);
    const [name = ''] = args;
    const at = name.lastIndexOf('@');
    const version = at > 0 ? name.slice(at + 1) : undefined;
    const versions = findPlugins(catalog, at > 0 ? name.slice(0, at) : name);
    const found = versions.find(({ plugin }) => version === undefined || plugin.version === version);
    if (!found) throw notFound('plugin', name, `installed: ${catalog.map(({ plugin }) => plugin.name).join(', ')}`);
    const { operations, aliases = {} } = found.plugin;
    const others = versions.filter((one) => one !== found).map(({ plugin }) => plugin.version ?? null);
    const item = {
      ...rowOf(found),
      other_versions: others,
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
      ...(others.length > 0 ? [`  other versions: ${others.join(', ')}`] : []),
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
  summary: 'Take a plugin into the artifact store, so that blueprints can import it',
  description:
    'Checks a plugin, packs it with what it depends on, and puts it into the artifact store. Every client and worker that shares the store has it from then on; workers that run need not be started anew. Versions lie side by side, and deployments keep the one they were made with.',
  arguments: [
    {
      name: '<plugin>',
      summary:
        'its folder, or the .tgz that npm pack makes of it; of a Cloudify plugin its wagon (.wgn), wheel, sources (folder, .zip, .tar.gz) or NAME==VERSION; the address of such a file',
    },
  ],
  options: [
    REPLACE,
    {
      flags: '-y, --yaml-path <file>',
      summary:
        'plugin.yaml of a Cloudify plugin, a path or an address; plugin_1_4.yaml and the like are taken from beside it',
      repeatable: true,
    },
  ],
  examples: [
    ['caisson plugins upload disks', 'what npm would publish of the folder'],
    ['caisson plugins upload acme-disks-1.0.0.tgz', 'blueprints import it as plugin:acme-disks'],
    ['caisson plugins upload cloudify-disks-plugin.wgn -y plugin.yaml', 'a Cloudify plugin, as it was released'],
  ],
  run: async (invocation) => await takePluginIn(invocation, false),
};

const install: CommandDefinition = {
  name: 'install',
  summary: 'Take a plugin from an npm registry into the artifact store',
  description: 'As upload does, for what npm install takes. No script of the package is run.',
  arguments: [{ name: '<package>', summary: 'name and version, or what upload takes' }],
  options: [REPLACE],
  examples: [['caisson plugins install acme-disks@^1.2', 'the newest of that range']],
  run: async (invocation) => await takePluginIn(invocation, true),
};

async function takePluginIn(invocation: Invocation, registry: boolean): Promise<number> {
  const { io, global, args } = invocation;
  const { takeIn } = await import('../plugin-store.js');
  const { printSingle } = await import('../output/print.js');
  const from = args[0] ?? '';
  const { settings, store } = await artifacts(global);
  const { taken, known, problems } = await takeIn(store, from, {
    registry,
    replace: flag(invocation, 'force'),
    descriptions: texts(invocation, 'yamlPath'),
  });
  for (const { message } of problems) io.err(`warning: ${message}`);
  if (taken.workflows !== undefined) {
    const { workersWithout } = await import('../served.js');
    const { connection, taskQueue } = settings;
    const queue = { namespace: connection.namespace, taskQueue };
    for (const worker of await workersWithout(store, queue, taken.archive))
      io.err(`warning: worker ${worker} has not taken in its workflows yet`);
  }
  const { package_name: name, package_version } = taken;
  const text = known
    ? `plugin ${name} ${package_version} is there already, the same files`
    : `plugin ${name} ${package_version} is there; import it as plugin:${name}`;
  printSingle(io, global.format, {
    kind: 'plugin',
    item: packageDocument(taken),
    name: `${name}@${package_version}`,
    text,
  });
  return 0;
}

const remove: CommandDefinition = {
  name: 'delete',
  summary: 'Take a plugin package out of the artifact store',
  description:
    'Refused while deployments use it. With --force it is withdrawn: no new deployment can use it, those that do keep it.',
  arguments: [{ name: '<plugin>', summary: 'name of the package, with @VERSION where there are several' }],
  options: [{ flags: '-f, --force', summary: 'withdraw it even if deployments use it' }],
  examples: [['caisson plugins delete acme-disks@1.0.0', 'the other versions stay']],
  async run(invocation) {
    const { args, io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { onePackage } = await import('../plugin-store.js');
    const { takeOut } = await import('../plugin-uses.js');
    const { printSingle } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const one = await onePackage(connection.store, args[0] ?? '');
      const { users } = await takeOut(connection, one, { force: flag(invocation, 'force') });
      const name = `${one.package_name}@${one.package_version}`;
      const text =
        users.length === 0 ? `plugin ${name} deleted` : `plugin ${name} withdrawn; these keep it: ${users.join(', ')}`;
      printSingle(io, global.format, {
        kind: 'plugin',
        item: { ...packageDocument(one), used_by: [...users] },
        name,
        text,
      });
      return 0;
    });
  },
};

const types: CommandDefinition = {
  name: 'types',
  summary: "Write the TypeScript types of a plugin's description",
  description:
    'Writes what plugin.yaml declares as types: properties and runtime properties of nodes, inputs of operations, settings of the plugin. Code that uses them and does not fit the description does not compile.',
  arguments: [{ name: '[folder]', summary: 'folder with the package.json of the plugin (default: here)' }],
  options: [
    { flags: '--file <file>', summary: 'where to, from the folder', default: 'src/plugin-types.ts' },
    { flags: '--check', summary: 'write nothing; fail when the file is not as it should be' },
  ],
  examples: [['caisson plugins types', 'before the compiler: "build": "caisson plugins types && tsc"']],
  async run(invocation) {
    const { args, io, global } = invocation;
    const { writeTypes } = await import('../plugin-types-file.js');
    const { printSingle } = await import('../output/print.js');
    const { EXIT } = await import('../exit.js');
    const check = flag(invocation, 'check');
    const file = optionalText(invocation, 'file') ?? 'src/plugin-types.ts';
    const { plugin, current, file: written } = await writeTypes(args[0] ?? '.', { file, check });
    const text = current
      ? `${written} is as plugin.yaml says`
      : check
        ? `${written} is not as plugin.yaml says; write it: caisson plugins types`
        : `${written} written`;
    printSingle(io, global.format, {
      kind: 'plugin-types',
      item: { plugin, file: written, current },
      name: plugin,
      text,
    });
    return check && !current ? EXIT.invalid : EXIT.done;
  },
};

function rowOf({ plugin, folder, archive }: InstalledPlugin): Row {
  const { name, version, packageNames, operations } = plugin;
  return {
    name,
    version: version ?? null,
    package_names: packageNames ?? [],
    operations: Object.keys(operations).length,
    origin: folder === undefined ? (archive === undefined ? 'caisson' : 'store') : 'folder',
    folder: folder ?? null,
    archive: archive ?? null,
  };
}

export const plugins: CommandDefinition = {
  name: 'plugins',
  summary: 'Plugins that blueprints may use here',
  commands: [
    list,
    get,
    install,
    upload,
    validate,
    remove,
    prunePlugins,
    types,
    { ...newPlugin, name: 'new' },
    wrapPlugin,
  ],
};

async function artifacts(
  global: GlobalOptions,
): Promise<{ readonly settings: Settings; readonly store: ArtifactStore }> {
  const { loadSettings } = await import('../settings.js');
  const { settingFlags } = await import('../session.js');
  const { artifactStoreOf } = await import('../artifacts.js');
  const { settings } = await loadSettings(settingFlags(global));
  return { settings, store: artifactStoreOf(settings) };
}

/** A package without the texts of its descriptions. */
function packageDocument({ descriptions, ...known }: PluginPackage): JsonObject {
  return { ...known, descriptions: Object.keys(descriptions) } as unknown as JsonObject;
}
