/** A new plugin that builds, passes its tests and runs, for its author to change. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { typesModule } from '../plugins/plugin-types.js';
import { conflict, usageError } from './errors.js';
import { renamedHistory } from './scaffold/history.js';

const TEMPLATES = fileURLToPath(new URL('./scaffold/plugin/', import.meta.url));
const SUFFIX = '.tmpl';
/** The name of the plugin whose run the template's history is of. */
const RECORDED = { name: 'qq-plugin', types: 'qq_plugin' };

export interface ScaffoldOptions {
  /**
   * What npm installs `caisson` from: a version, or `file:` and a path.
   * @default this version; where Caisson runs from its sources, these
   */
  readonly caisson?: string | undefined;
}

/**
 * Writes a plugin package: description, typed operations, a workflow, tests, a blueprint.
 *
 * @param name prefix of its operations
 * @returns the names of the files written
 * @throws CaissonError (usage) for a name that cannot be one; (conflict) for a folder that is not empty
 */
export async function writeScaffold(
  name: string,
  folder: string,
  options: ScaffoldOptions = {},
): Promise<readonly string[]> {
  if (!/^[a-z][a-z0-9_-]*$/.test(name))
    throw usageError(`${name} is no name for a plugin`, 'small letters, digits, - and _: my-plugin');
  const there = await readdir(folder).catch(() => []);
  if (there.length > 0) throw conflict(`${folder} is not empty`);
  const files = await scaffold(name, options);
  for (const [file, text] of files) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  return [...files.keys()];
}

async function scaffold(name: string, { caisson }: ScaffoldOptions): Promise<ReadonlyMap<string, string>> {
  const own = await ownPackage();
  const types = name.replaceAll('-', '_');
  const words: Readonly<Record<string, string>> = {
    NAME: name,
    TYPES: types,
    VERSION: own.version,
    CAISSON: caisson ?? own.dependency,
    TYPESCRIPT: own.typescript,
    TYPES_NODE: own.typesNode,
  };
  const files = new Map<string, string>();
  for (const template of (await readdir(TEMPLATES, { recursive: true })).sort()) {
    if (!template.endsWith(SUFFIX)) continue;
    const file = template.slice(0, -SUFFIX.length).replaceAll(path.sep, '/');
    const text = await readFile(path.join(TEMPLATES, template), 'utf8');
    if (file.startsWith('test/histories/'))
      files.set(file, renamedHistory(text, { [RECORDED.types]: types, [RECORDED.name]: name }));
    else files.set(file.replace('gitignore', '.gitignore'), filled(text, words));
  }
  files.set('src/plugin-types.ts', await typesModule(files.get('plugin.yaml') ?? '', name));
  return files;
}

function filled(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/%([A-Z_]+)%/g, (whole, word: string) => words[word] ?? whole);
}

interface OwnPackage {
  readonly version: string;
  readonly dependency: string;
  readonly typescript: string;
  readonly typesNode: string;
}

/** What a plugin is built with is what Caisson itself was. */
async function ownPackage(): Promise<OwnPackage> {
  const root = await packageFolder();
  const { version, devDependencies } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const installed = root.split(path.sep).includes('node_modules');
  return {
    version,
    dependency: installed ? `^${version}` : `file:${root}`,
    typescript: devDependencies.typescript ?? '*',
    typesNode: devDependencies['@types/node'] ?? '*',
  };
}

async function packageFolder(): Promise<string> {
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    const manifest = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined);
    if (manifest !== undefined && (JSON.parse(manifest) as { readonly name?: string }).name === 'caisson')
      return folder;
    if (folder === path.dirname(folder)) throw new Error('the package of Caisson is not found');
  }
}
