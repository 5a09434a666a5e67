/**
 * The files of a plugin package, as they go to the artifact store: what npm would publish of a folder, or what an archive
 * holds, with the packages that it depends on; of a Cloudify plugin in Python what it is installed from. No script of any
 * package is run.
 */
import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ArchiveRefused, unpack } from '../store/folder-archive.js';
import { PACKAGE_LIMITS } from '../store/plugin-packages.js';
import { CaissonError, usageError } from './errors.js';
import { fetchedInto, isPython, wrapped } from './python-plugins.js';

/** Bytes that the archive of a package may have. */
const LARGEST_ARCHIVE = 256 * 1024 * 1024;

export interface PluginFiles {
  readonly folder: string;
  /** Paths in the folder, sorted. */
  readonly files: readonly string[];
}

export interface PluginFilesOptions {
  /** `from` may be what `npm install` takes: `acme-disks@^1.2`. @default false */
  readonly registry?: boolean;
  /** Descriptions of a plugin in Python, as paths or addresses. @default those that it brings */
  readonly descriptions?: readonly string[];
}

/**
 * Brings a plugin's files together in a folder, which is there as long as `use` runs.
 *
 * @param from its folder; the `.tgz` that `npm pack` makes; the wagon, wheel, sources or name of a plugin in Python; the
 * address of any such file
 * @throws CaissonError (usage) when there is nothing, (validation) for an archive that is none or may not be unpacked
 */
export async function withPluginFiles<Result>(
  from: string,
  { registry = false, descriptions = [] }: PluginFilesOptions,
  use: (files: PluginFiles) => Promise<Result>,
): Promise<Result> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-plugin-'));
  try {
    const folder = path.join(scratch, 'package');
    await mkdir(folder);
    const here = await fetchedInto(path.join(scratch, 'fetched'), from);
    if (descriptions.length > 0 || (await isPython(here))) {
      const yamls = await Promise.all(
        descriptions.map(async (one, at) => await fetchedInto(path.join(scratch, `yaml-${at}`), one)),
      );
      await wrapped(here, yamls, folder);
    } else {
      await unpacked(await archiveOf(here, registry, scratch), folder);
      await withDependencies(folder);
    }
    return await use({ folder, files: await filesOf(folder) });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** @returns the path of a package's archive */
async function archiveOf(from: string, registry: boolean, scratch: string): Promise<string> {
  const found = await stat(from).catch(() => undefined);
  if (found?.isFile()) return from;
  if (found?.isDirectory()) {
    if (!(await isFile(path.join(from, 'package.json'))))
      throw new CaissonError('validation', 'C2200', `plugin in ${from}: there is no package.json`, {
        hint: 'begin a plugin: caisson new plugin NAME',
      });
    return await packed(path.resolve(from), scratch);
  }
  if (!registry || !/^@?\w/.test(from))
    throw usageError(
      `there is no plugin at ${from}`,
      'give its folder, the .tgz of npm pack, or the wagon of one in Python; from a registry: caisson plugins install NAME',
    );
  return await packed(from, scratch);
}

/** Lets npm make the archive: it knows what belongs to a package, and how to get one from a registry. */
async function packed(what: string, into: string): Promise<string> {
  await npm(['pack', what, '--ignore-scripts', '--silent', '--pack-destination', into], into);
  const archive = (await readdir(into)).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm pack made no archive of ${what}`);
  return path.join(into, archive);
}

async function unpacked(archive: string, folder: string): Promise<void> {
  try {
    if ((await stat(archive)).size > LARGEST_ARCHIVE)
      throw new ArchiveRefused(`it is larger than ${LARGEST_ARCHIVE / 1024 / 1024} MiB`);
    await unpack(await readFile(archive), folder, { strip: 1, limits: PACKAGE_LIMITS });
  } catch (error) {
    const { name, message } = error as Error;
    const what = name === 'ArchiveRefused' ? 'may not be unpacked' : 'is no archive of npm pack';
    throw new CaissonError('validation', 'C2202', `${archive} ${what}: ${message}`, { cause: error });
  }
}

/** Installs what the package depends on beside it, unless it has brought that along. */
async function withDependencies(folder: string): Promise<void> {
  const manifest = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => '{}');
  const needed = Object.keys((safeJson(manifest) as { dependencies?: object }).dependencies ?? {});
  const there = await Promise.all(
    needed.map(async (name) => await isFile(path.join(folder, 'node_modules', name, 'package.json'))),
  );
  if (there.every(Boolean)) return;
  const flags = ['--omit=dev', '--omit=peer', '--legacy-peer-deps', '--install-links', '--no-bin-links'];
  const quiet = ['--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  await npm(['install', '--ignore-scripts', ...flags, ...quiet], folder);
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  const windows = process.platform === 'win32';
  try {
    await promisify(execFile)(windows ? 'npm.cmd' : 'npm', [...args], { cwd, maxBuffer: 1024 * 1024, shell: windows });
  } catch (error) {
    const { code, stderr = '', message } = error as NodeJS.ErrnoException & { readonly stderr?: string };
    if (code === 'ENOENT')
      throw new CaissonError('usage', 'C1012', 'plugins are packed by npm, which is not on the PATH', { cause: error });
    const told = stderr.trim() === '' ? message : stderr.trim();
    throw new CaissonError('validation', 'C2203', `npm ${args[0]} failed: ${told}`, { cause: error });
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const found = await lstat(path.join(folder, name));
    const own = name.replaceAll(path.sep, '/');
    if (found.isFile()) files.push(own);
    else if (!found.isDirectory())
      throw new CaissonError('validation', 'C2202', `${own} of the package is neither a file nor a folder`);
  }
  return files.sort();
}

function safeJson(text: string): object {
  try {
    return (JSON.parse(text) as object) ?? {};
  } catch {
    return {};
  }
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() ?? false;
}
