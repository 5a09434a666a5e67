/** What has to be installed for a plugin: found where the blueprint says, and marked by its content. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArchiveEntry } from '../files/archive.js';
import { download } from '../files/download.js';
import { entriesOf } from '../files/folder.js';
import { noteUse } from '../files/last-use.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { splitWords } from '../words.js';
import type { AllowedPackages } from './allowed.js';

/** What of an operation's context finding and installing a package needs. */
export interface PythonPlace {
  readonly logger: Pick<OperationContext['logger'], 'debug' | 'info'>;
  readonly signal: AbortSignal;
  blueprintFolder(): Promise<string>;
  readonly plugin: Pick<
    OperationContext['plugin'],
    'name' | 'packageName' | 'packageVersion' | 'source' | 'installArguments' | 'cacheFolder'
  >;
}

export interface PythonPackage {
  /** For people. */
  readonly name: string;
  /** Tells one content from another: equal marks mean equal packages. */
  readonly mark: string;
  readonly content: PackageContent;
  readonly installArguments: readonly string[];
}

export type PackageContent =
  /** What pip is told to install. */
  | { readonly requirement: string }
  /** Built in a copy: a build writes into the folder, and the blueprint's is shared. */
  | { readonly folder: string }
  /** Cloudify's own archive: wheels of the plugin and of all that it requires. */
  | { readonly wagon: string };

/** @throws NonRecoverableError for a source that is not there, and for a package that may not be installed by its name */
export async function packageOf(ctx: PythonPlace, allowed: AllowedPackages): Promise<PythonPackage> {
  const { plugin } = ctx;
  const name = plugin.packageName ?? plugin.name;
  const installArguments = splitWords(plugin.installArguments ?? '');
  const requirement = allowed.requirement(name, plugin.packageVersion);
  if (requirement !== undefined && (!plugin.source || allowed.pinned(name)))
    return {
      name,
      installArguments,
      ...ofRequirement(requirement, installArguments),
    };
  if (!plugin.source)
    throw new NonRecoverableError(
      `the package ${name} is not among those that this worker installs by their name: add it to the setting python_plugins ` +
        `(${name}${plugin.packageVersion === undefined ? '' : `==${plugin.packageVersion}`}), or give the plugin a source`,
    );
  return { name, installArguments, ...(await sourceOf(ctx, plugin.source, installArguments)) };
}

type Source = Pick<PythonPackage, 'mark' | 'content'>;

async function sourceOf(ctx: PythonPlace, source: string, more: readonly string[]): Promise<Source> {
  if (/^https?:\/\//.test(source)) return await ofFile(await fetched(ctx, source), more);
  // git+https: and the like are pip's own affair; they say themselves which content they mean.
  if (/^[\w+.-]+:\/\//.test(source))
    return { mark: digest('address', source, ...more), content: { requirement: source } };
  const root = await ctx.blueprintFolder();
  const file = await inside(root, source);
  return (await stat(file)).isDirectory() ? await ofFolder(file, more) : await ofFile(file, more);
}

export function ofRequirement(requirement: string, more: readonly string[] = []): Source {
  return { mark: digest('name', requirement, ...more), content: { requirement } };
}

/** The folder or archive in the blueprint's `plugins`. */
async function inside(root: string, source: string): Promise<string> {
  const home = await realpath(root);
  const found = await realpath(path.join(home, 'plugins', source)).catch(() => {
    throw new NonRecoverableError(`the blueprint has no plugins/${source}, which the plugin names as its source`);
  });
  if (!found.startsWith(`${home}${path.sep}`))
    throw new NonRecoverableError(`the source ${source} leads out of the blueprint's folder`);
  return found;
}

export async function ofFolder(folder: string, more: readonly string[] = []): Promise<Source> {
  const entries = (await entriesOf(folder)).filter(({ path: name }) => !/(^|\/)__pycache__(\/|$)/.test(name));
  return { mark: digest('folder', ...more, ...entries.flatMap(wordsOf)), content: { folder } };
}

function wordsOf({ path: name, content, link, directory }: ArchiveEntry): string[] {
  return [name, directory ? 'folder' : link === undefined ? digest(content ?? '') : `-> ${link}`];
}

export async function ofFile(file: string, more: readonly string[] = []): Promise<Source> {
  const mark = digest('file', path.basename(file), await readFile(file), ...more);
  return { mark, content: /\.wgn$/i.test(file) ? { wagon: file } : { requirement: file } };
}

/** Fetched once: what an address stood for at first, it stands for as long as the cache lives. */
async function fetched(ctx: PythonPlace, address: string): Promise<string> {
  const name = path.posix.basename(new URL(address).pathname) || 'plugin.zip';
  const folder = path.join(await ctx.plugin.cacheFolder(), 'python', 'sources', digest(address).slice(0, 24));
  const file = path.join(folder, name);
  await mkdir(path.dirname(folder), { recursive: true });
  await noteUse(folder);
  if (await stat(file).catch(() => undefined)) return file;
  await mkdir(folder, { recursive: true });
  const part = path.join(folder, `.${name}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  await writeFile(part, await download(address, ctx.signal));
  await rename(part, file);
  return file;
}

function digest(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}\0`).update(part);
  return hash.digest('hex');
}
