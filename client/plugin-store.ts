/** Plugin packages of the artifact store: taken in, listed, taken out. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareVersions } from '../blueprint/python-version.js';
import { builtInPlugins } from '../plugins/builtin.js';
import { checkPlugin, descriptionFiles, type PluginProblem } from '../plugins/check.js';
import { type LoadedPlugin, loadPlugin, PluginRefused } from '../plugins/load.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { archiveFolder } from '../store/folder-archive.js';
import {
  listPluginPackages,
  offerPluginPackage,
  type PluginPackage,
  storePluginPackage,
  withdrawPluginPackage,
} from '../store/plugin-packages.js';
import { CaissonError, conflict, notFound, usageError } from './errors.js';
import { type PluginFilesOptions, withPluginFiles } from './plugin-files.js';

export interface CheckedPlugin {
  readonly loaded: LoadedPlugin;
  readonly problems: readonly PluginProblem[];
}

/** @throws CaissonError (validation) for a folder that holds no plugin that can be loaded */
export async function checkFolder(folder: string): Promise<CheckedPlugin> {
  try {
    const loaded = await loadPlugin(path.resolve(folder));
    return { loaded, problems: await checkPlugin(loaded) };
  } catch (error) {
    if (!(error instanceof PluginRefused)) throw error;
    throw new CaissonError('validation', 'C2200', error.message, { cause: error });
  }
}

export interface TakeInOptions extends PluginFilesOptions {
  /** Withdraw the one of the same name and version that is there. @default false */
  readonly replace?: boolean;
}

export interface TakenIn {
  readonly taken: PluginPackage;
  /** It was there already, the same files. */
  readonly known: boolean;
  readonly problems: readonly PluginProblem[];
}

/**
 * Takes a plugin package into the artifact store. Every client and worker that shares the store has it from then on;
 * workers that run load it when an operation needs it.
 *
 * Cut off half-way it has changed nothing that anybody sees, and may be done again.
 *
 * @param from its folder, or the archive that `npm pack` makes of it; of a plugin in Python its wagon, wheel, sources or name
 * @throws CaissonError (validation) when description and code do not fit together; (conflict) when there is another one of
 * its name and version
 * @example await takeIn(store, './disks-1.0.0.tgz')
 */
export async function takeIn(store: ArtifactStore, from: string, options: TakeInOptions = {}): Promise<TakenIn> {
  const { replace = false, ...files } = options;
  return await withPluginFiles(from, files, async ({ folder, files: own }) => {
    const { loaded, problems } = await checkFolder(folder).catch((error: Error) => {
      throw error instanceof CaissonError ? told(error, folder, from) : error;
    });
    const wrong = problems.find(({ severity }) => severity === 'error');
    if (wrong)
      throw new CaissonError('validation', 'C2201', `${loaded.packageName}: ${wrong.message}`, {
        hint: `all of it: caisson plugins validate ${from}`,
      });
    if (!loaded.python) await refuseBuiltIn(loaded);
    const archive = await archiveFolder(folder, own);
    const known = await knownAs(store, loaded, archive.hash, replace);
    if (known) return { taken: known, known: true, problems };
    const taken = await storePluginPackage(store, archive, await described(loaded));
    if (!replace) await refuseTwin(store, taken);
    return { taken, known: false, problems };
  });
}

/** The package's files lie in a folder for a moment only: messages name what the author has given. */
function told(error: CaissonError, folder: string, from: string): CaissonError {
  const hint = /cannot be loaded: Cannot find/.test(error.message)
    ? 'build it first, and see that package.json lists the built files under files: npm run build'
    : error.hint;
  return new CaissonError(error.kind, error.code, error.message.replaceAll(folder, from), { hint, cause: error });
}

async function refuseBuiltIn({ plugin, packageName }: LoadedPlugin): Promise<void> {
  for (const { plugin: builtIn } of await builtInPlugins())
    if (builtIn.name === plugin.name || builtIn.packageNames?.includes(packageName))
      throw conflict(`${packageName}: the plugin ${builtIn.name} comes with Caisson`, 'give the plugin another name');
}

/** The package that is there with the very same files. @throws CaissonError (conflict) for other files of that version */
async function knownAs(
  store: ArtifactStore,
  { packageName, packageVersion }: LoadedPlugin,
  archive: string,
  replace: boolean,
): Promise<PluginPackage | undefined> {
  for (const one of await listPluginPackages(store)) {
    if (one.archive === archive) {
      if (one.withdrawn_at !== undefined) await offerPluginPackage(store, one);
      return one;
    }
    if (one.package_name !== packageName || one.package_version !== packageVersion || one.withdrawn_at) continue;
    if (!replace) throw anotherThere(one);
    await withdrawPluginPackage(store, one, new Date().toISOString());
  }
  return undefined;
}

/** Two clients may upload one version at one time: the later one gives way. */
async function refuseTwin(store: ArtifactStore, taken: PluginPackage): Promise<void> {
  const twin = (await listPluginPackages(store)).find(
    (one) => sameVersion(one, taken) && one.archive !== taken.archive && one.withdrawn_at === undefined,
  );
  if (!twin) return;
  const first = [twin, taken].sort((a, b) =>
    `${a.uploaded_at}${a.archive}` < `${b.uploaded_at}${b.archive}` ? -1 : 1,
  );
  if (first[0] === taken) return;
  await withdrawPluginPackage(store, taken, new Date().toISOString());
  throw anotherThere(twin);
}

const sameVersion = (one: PluginPackage, other: PluginPackage): boolean =>
  one.package_name === other.package_name && one.package_version === other.package_version;

function anotherThere({ package_name, package_version, uploaded_at }: PluginPackage): CaissonError {
  return conflict(
    `another ${package_name} ${package_version} is there already, uploaded at ${uploaded_at}`,
    'give the changed package a version of its own (npm version patch), or replace it for deployments to come: --force',
  );
}

async function described(loaded: LoadedPlugin): Promise<Omit<PluginPackage, 'archive' | 'size_bytes'>> {
  const { folder, yaml, plugin, packageName, packageVersion } = loaded;
  const descriptions: Record<string, string> = {};
  for (const file of await descriptionFiles(folder, yaml))
    descriptions[path.relative(folder, file).replaceAll(path.sep, '/')] = await readFile(file, 'utf8');
  const workflows = workflowsIn(folder, plugin.workflows);
  return {
    kind: loaded.python ? 'python' : 'npm',
    package_name: packageName,
    package_version: packageVersion,
    uploaded_at: new Date().toISOString(),
    plugins: [
      {
        name: plugin.name,
        package_names: plugin.packageNames ?? [packageName],
        operations: Object.keys(plugin.operations),
        ...(plugin.aliases ? { aliases: plugin.aliases } : {}),
        // Blueprints may map its functions too.
        ...(loaded.python ? { open: true } : {}),
      },
    ],
    yaml,
    descriptions,
    ...(workflows === undefined ? {} : { workflows }),
  };
}

/** The module with the plugin's workflows, as a path in its folder. */
function workflowsIn(folder: string, workflows: string | URL | undefined): string | undefined {
  if (workflows === undefined) return undefined;
  const isUrl = workflows instanceof URL || workflows.startsWith('file:');
  const relative = path.relative(
    folder,
    path.resolve(folder, isUrl ? fileURLToPath(workflows) : (workflows as string)),
  );
  if (relative.startsWith('..') || path.isAbsolute(relative))
    throw new CaissonError('validation', 'C2201', `its workflows lie outside of the package, in ${workflows}`, {
      hint: "write: workflows: new URL('./workflows.js', import.meta.url)",
    });
  return relative.replaceAll(path.sep, '/');
}

/** The packages that blueprints may import, by name, the newest version of each first. */
export async function listPackages(store: ArtifactStore): Promise<readonly PluginPackage[]> {
  return (await listPluginPackages(store))
    .filter(({ withdrawn_at }) => withdrawn_at === undefined)
    .sort((a, b) =>
      a.package_name === b.package_name
        ? compareVersions(b.package_version, a.package_version)
        : a.package_name < b.package_name
          ? -1
          : 1,
    );
}

/**
 * The package that `NAME`, `NAME@VERSION` or (the beginning of) an archive's hash means.
 *
 * @throws CaissonError (not-found); (usage) when it means several
 */
export async function onePackage(store: ArtifactStore, wanted: string): Promise<PluginPackage> {
  const packages = await listPackages(store);
  const at = wanted.lastIndexOf('@');
  const [name, version] = at > 0 ? [wanted.slice(0, at), wanted.slice(at + 1)] : [wanted, undefined];
  const named = packages.filter(
    (one) =>
      (one.package_name === name || one.plugins.some((plugin) => plugin.name === name)) &&
      (version === undefined || one.package_version === version),
  );
  const found =
    named.length > 0
      ? named
      : packages.filter(({ archive }) => /^[0-9a-f]{8,}$/.test(wanted) && archive.startsWith(wanted));
  const [only, ...more] = found;
  if (!only) throw notFound('plugin package', wanted, 'see: caisson plugins list');
  if (more.length > 0)
    throw usageError(
      `there are several versions of ${name}: ${found.map(({ package_version }) => package_version).join(', ')}`,
      `name one: ${only.package_name}@${only.package_version}`,
    );
  return only;
}
