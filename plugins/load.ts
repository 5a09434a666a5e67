/**
 * Loads plugins that do not come with Caisson: npm packages in folders.
 *
 * A plugin's `package.json` says that it is one and where its description is: `"caissonPlugin": { "yaml": "plugin.yaml",
 * "apiVersion": 1 }`. Its entry (`exports` or `main`) has the plugin as its default export.
 */
import { readdir, readFile } from 'node:fs/promises';
import { register } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { versionSuffix } from '../blueprint/version.js';
import type { PluginDescription, PresentPlugin } from './catalog.js';
import { functionOf, type PackagedContent, packagedPlugin, packageIn } from './python/packaged.js';
import type { OperationDefinition, Plugin } from './sdk/define.js';

/** The plugin contract that this Caisson speaks. */
export const API_VERSION = 1;

/** A folder that was to hold a plugin and cannot be used as one: what is wrong with it, and where. */
export class PluginRefused extends Error {
  override readonly name = 'PluginRefused';

  constructor(
    readonly folder: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`plugin in ${folder}: ${reason}`, options);
  }
}

export interface LoadedPlugin extends PresentPlugin {
  readonly folder: string;
  readonly packageName: string;
  readonly packageVersion: string;
  /** Name of its description in the folder. */
  readonly yaml: string;
  /** Of one in Python: any function of it, which blueprints may map besides those that its types do. */
  functionNamed?(name: string): OperationDefinition | undefined;
}

/**
 * @param folder holds the plugin's package.json
 * @throws PluginRefused
 */
export async function loadPlugin(folder: string): Promise<LoadedPlugin> {
  const manifest = await readManifest(folder);
  if (!manifest)
    throw new PluginRefused(
      folder,
      'its package.json has no entry "caissonPlugin": { "yaml": "plugin.yaml", "apiVersion": 1 }; see: caisson new plugin',
    );
  const { yaml, packageName, packageVersion } = manifest;
  const python = manifest.python && { packageName, packageVersion, yaml, content: manifest.python };
  const plugin = python ? await packagedPlugin(folder, python) : await importPlugin(folder, manifest.entry);
  return {
    folder,
    packageName,
    packageVersion,
    yaml,
    ...(python
      ? {
          python: true,
          functionNamed: (name) => (/^\w+(\.\w+)+$/.test(name) ? functionOf(name, folder, python) : undefined),
          pythonPackage: async ({ plugin }) => await packageIn(folder, python, plugin.installArguments),
        }
      : {}),
    plugin: {
      ...plugin,
      packageNames: [...new Set([...(plugin.packageNames ?? []), packageName])],
      version: plugin.version ?? packageVersion,
    },
    describe: async (version) =>
      (await descriptionIn(folder, yaml.replace(/(\.ya?ml)$/, `_${versionSuffix(version)}$1`))) ??
      (await descriptionIn(folder, yaml)),
  };
}

/**
 * @param folders each a plugin's folder, or a folder of plugins' folders; other folders in it are passed over
 * @param taken names of plugins → where they are from
 * @throws PluginRefused
 */
export async function loadPlugins(
  folders: readonly string[],
  taken: ReadonlyMap<string, string> = new Map(),
): Promise<LoadedPlugin[]> {
  const names = new Map(taken);
  const loaded: LoadedPlugin[] = [];
  for (const folder of folders) {
    for (const one of await pluginFoldersIn(path.resolve(folder))) {
      const plugin = await loadPlugin(one);
      const { name } = plugin.plugin;
      const other = names.get(name);
      if (other !== undefined && !(plugin.python && taken.has(name)))
        throw new PluginRefused(one, `its name ${name} is that of a plugin of ${other}`);
      names.set(name, one);
      loaded.push(plugin);
    }
  }
  return loaded;
}

async function pluginFoldersIn(folder: string): Promise<string[]> {
  if (await readManifest(folder)) return [folder];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new PluginRefused(folder, `the folder cannot be read: ${error.message}`);
  });
  const found: string[] = [];
  for (const { name } of entries.sort((one, other) => one.name.localeCompare(other.name))) {
    const own = path.join(folder, name);
    if (!name.startsWith('.') && name !== 'node_modules' && (await readManifest(own))) found.push(own);
  }
  return found;
}

export interface Manifest {
  readonly packageName: string;
  readonly packageVersion: string;
  readonly yaml: string;
  /** Relative to the folder. */
  readonly entry: string;
  /** Of a plugin that is written in Python: what is installed of it. */
  readonly python: PackagedContent | undefined;
}

/** What a folder's package.json says of its plugin; undefined where there is none. @throws PluginRefused */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new PluginRefused(folder, `package.json is not JSON: ${(error as Error).message}`);
  }
  const own = json?.caissonPlugin as
    | { readonly yaml?: unknown; readonly apiVersion?: unknown; readonly python?: unknown }
    | undefined;
  if (typeof own !== 'object' || own === null) return undefined;
  if (own.apiVersion !== API_VERSION)
    throw new PluginRefused(
      folder,
      `its apiVersion is ${JSON.stringify(own.apiVersion ?? null)}, and this Caisson speaks ${API_VERSION}`,
    );
  const yaml = own.yaml ?? 'plugin.yaml';
  if (typeof yaml !== 'string' || !isInside(folder, yaml))
    throw new PluginRefused(folder, `caissonPlugin.yaml must name a file in the folder, not ${JSON.stringify(yaml)}`);
  const entry = entryOf(json.exports) ?? (typeof json.main === 'string' ? json.main : 'index.js');
  if (!isInside(folder, entry)) throw new PluginRefused(folder, `its entry ${entry} lies outside of the folder`);
  return {
    packageName: typeof json.name === 'string' ? json.name : path.basename(folder),
    packageVersion: typeof json.version === 'string' ? json.version : '0.0.0',
    yaml,
    entry,
    python: pythonContent(folder, own.python),
  };
}

/** `{ "wagon": FILE }`, `{ "wheel": FILE }` or `{ "folder": FOLDER }` in the package, or `{ "requirement": … }` as pip takes it. */
function pythonContent(folder: string, given: unknown): PackagedContent | undefined {
  if (given === undefined) return undefined;
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  const [kind, value] = entries[0] ?? [];
  const known = kind !== undefined && ['requirement', 'wagon', 'wheel', 'folder'].includes(kind);
  if (entries.length !== 1 || !known || typeof value !== 'string')
    throw new PluginRefused(folder, 'caissonPlugin.python gives one of wagon, wheel, folder and requirement');
  if (kind !== 'requirement' && !isInside(folder, value))
    throw new PluginRefused(folder, `caissonPlugin.python.${kind} must name what lies in the folder, not ${value}`);
  return { [kind]: value } as unknown as PackagedContent;
}

/** The file that `exports` gives for the package itself to an import. */
function entryOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const conditions = exports as Readonly<Record<string, unknown>>;
  for (const key of ['.', 'import', 'node', 'default']) {
    const found = Object.hasOwn(conditions, key) ? entryOf(conditions[key]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, path.resolve(folder, file));
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

async function importPlugin(folder: string, entry: string): Promise<Plugin> {
  provideSdk();
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path.join(folder, entry)).href)) as typeof module;
  } catch (error) {
    throw new PluginRefused(folder, `${entry} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  const plugin = module.default as Partial<Plugin> | undefined;
  const operations = Object.values(plugin?.operations ?? {}) as { readonly run?: unknown }[];
  if (typeof plugin?.name !== 'string' || !operations.every((one) => typeof one?.run === 'function'))
    throw new PluginRefused(folder, `the default export of ${entry} is not what definePlugin() gives`);
  return plugin as Plugin;
}

let provided = false;

/** Plugins import `caisson/plugin-sdk`; one that lies in a folder of its own, without any `node_modules`, gets this one's. */
function provideSdk(): void {
  if (provided) return;
  provided = true;
  const own = Object.fromEntries(
    Object.entries({ 'caisson/plugin-sdk': './sdk/index.js', 'caisson/plugin-sdk/testing': './sdk/testing.js' }).map(
      ([name, file]) => [name, new URL(file, import.meta.url).href],
    ),
  );
  const hook = `const own = ${JSON.stringify(own)};
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!Object.hasOwn(own, specifier)) throw error;
    return { url: own[specifier], shortCircuit: true };
  }
}`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

async function descriptionIn(folder: string, name: string): Promise<PluginDescription | undefined> {
  const location = path.join(folder, name);
  const text = await readFile(location, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : { location, text };
}
