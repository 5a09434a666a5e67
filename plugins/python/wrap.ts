/** Makes a plugin package of a Cloudify plugin: what it is installed from, and its descriptions. */
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { objectMember, textMember } from '../../blueprint/json.js';
import { Positions } from '../../blueprint/positions.js';
import { readSource } from '../../blueprint/source.js';
import type { ArchiveEntry } from '../files/archive.js';
import { entriesOf, writeEntries } from '../files/folder.js';
import { unpackedEntries } from '../files/source.js';
import { API_VERSION } from '../load.js';
import type { PackagedContent } from './packaged.js';

/** Why something cannot be made a package. */
export class WrapRefused extends Error {
  override readonly name = 'WrapRefused';
}

/** Texts of descriptions, by the name that they have in the package: `plugin.yaml`, `plugin_1_4.yaml`. */
type Descriptions = ReadonlyMap<string, string>;

/** What there is of a plugin: what pip installs of it, how it comes into the package, and the descriptions it brings. */
interface Found {
  readonly content: PackagedContent;
  readonly own: Descriptions;
  write(folder: string): Promise<void>;
}

/**
 * Writes the package into a folder, from where it is installed like any other.
 *
 * @param from a wagon (`.wgn`), alone or with its description in a `.zip`; a wheel; the plugin's sources, as a folder or an
 * archive; or a requirement as pip takes it: `cloudify-aws-plugin==3.1.7`
 * @param descriptions the plugin's `plugin.yaml`, and its forms for other versions of the language, which are found beside
 * it too. None: those that `from` brings
 * @throws WrapRefused when there is no such thing, or no description that names the package and its version
 */
export async function wrapPlugin(from: string, descriptions: readonly string[], folder: string): Promise<void> {
  const found = await lookAt(from);
  const texts = descriptions.length > 0 ? await readDescriptions(descriptions) : found.own;
  const main = texts.get('plugin.yaml');
  if (main === undefined)
    throw new WrapRefused(`${from} brings no plugin.yaml, which describes a plugin; name it: -y plugin.yaml`);
  const { name, version } = namesIn(main, descriptions[0] ?? 'its plugin.yaml');
  await mkdir(folder, { recursive: true });
  await found.write(folder);
  for (const [file, text] of texts) await writeFile(path.join(folder, file), text);
  const manifest = {
    name,
    version,
    private: true,
    caissonPlugin: { apiVersion: API_VERSION, yaml: 'plugin.yaml', python: found.content },
  };
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function namesIn(text: string, shown: string): { readonly name: string; readonly version: string } {
  const document = readSource(shown, text, new Positions(), () => undefined)?.value ?? {};
  const [first] = Object.values(objectMember(document, 'plugins'));
  const name = textMember(first, 'package_name');
  const version = textMember(first, 'package_version');
  if (name === undefined || version === undefined)
    throw new WrapRefused(`${shown} must say package_name and package_version of its plugin`);
  return { name, version };
}

const ARCHIVE = /\.(zip|tar|tar\.gz|tgz)$/i;
const NONE: Descriptions = new Map();

async function lookAt(from: string): Promise<Found> {
  const stats = await stat(from).catch(() => undefined);
  if (stats?.isDirectory()) return ofSources(from, await entriesOf(path.resolve(from), '', isLeftOut));
  if (!stats) {
    if (/\.(wgn|zip|whl|gz|tgz|tar)$/i.test(from) || from.includes('/'))
      throw new WrapRefused(`there is no file ${from}`);
    return { content: { requirement: from }, own: NONE, write: async () => undefined };
  }
  const name = path.basename(from);
  if (/\.wgn$/i.test(name)) return ofFile(from, 'wagon', name);
  if (/\.whl$/i.test(name)) return ofFile(from, 'wheel', name);
  if (!ARCHIVE.test(name)) throw new WrapRefused(`${from} is no wagon, no wheel and no archive`);
  const entries = await unpackedEntries(name, await readFile(from)).catch((error: Error) => {
    throw new WrapRefused(error.message);
  });
  if (isWagon(entries)) return ofFile(from, 'wagon', `${name}.wgn`);
  const [wagon, ...more] = entries.filter((entry) => /\.wgn$/i.test(entry.path));
  if (!wagon) return ofSources(from, entries);
  if (more.length > 0) throw new WrapRefused(`${from} holds several wagons: upload each by itself`);
  const packed = path.posix.basename(wagon.path);
  return {
    content: { wagon: packed },
    own: descriptionsAmong(entries),
    write: async (folder) => await writeEntries(folder, [{ path: packed, content: wagon.content ?? Buffer.alloc(0) }]),
  };
}

function ofFile(from: string, kind: 'wagon' | 'wheel', name: string): Found {
  return {
    content: kind === 'wagon' ? { wagon: name } : { wheel: name },
    own: NONE,
    write: async (folder) => await copyFile(from, path.join(folder, name)),
  };
}

const SOURCES = 'source';

function ofSources(from: string, entries: readonly ArchiveEntry[]): Found {
  if (!entries.some(({ path: name }) => /^(setup\.py|setup\.cfg|pyproject\.toml)$/.test(name)))
    throw new WrapRefused(
      `${from} holds neither a wagon nor the sources of a Python package (setup.py, pyproject.toml)`,
    );
  return {
    content: { folder: SOURCES },
    own: descriptionsAmong(entries),
    write: async (folder) => await writeEntries(path.join(folder, SOURCES), entries),
  };
}

function isWagon(entries: readonly ArchiveEntry[]): boolean {
  const has = (pattern: RegExp): boolean => entries.some(({ path: name }) => pattern.test(name));
  return has(/^package\.json$/) && has(/^wheels\/[^/]+\.whl$/);
}

/** What lies beside sources and is none of them. */
function isLeftOut(name: string): boolean {
  return /(^|\/)(\.git|__pycache__|node_modules|\.tox|\.venv|[^/]+\.egg-info)(\/|$)/.test(name);
}

const FORM = /^plugin(_\d+_\d+)?\.yaml$/;

function descriptionsAmong(entries: readonly ArchiveEntry[]): Descriptions {
  return new Map(
    entries.flatMap(({ path: name, content }) =>
      content !== undefined && FORM.test(name) ? [[name, content.toString('utf8')] as const] : [],
    ),
  );
}

/** The files that are named, and beside each `plugin.yaml` its `plugin_1_4.yaml` and the like. */
async function readDescriptions(files: readonly string[]): Promise<Descriptions> {
  const texts = new Map<string, string>();
  for (const file of files) {
    const { dir, name, ext } = path.parse(path.resolve(file));
    const [, suffix = ''] = /(_\d+_\d+)$/.exec(name) ?? [];
    const form = new RegExp(`^${name.replaceAll(/[^\w]/g, '\\$&')}(_\\d+_\\d+)\\${ext || '.yaml'}$`);
    for (const beside of suffix === '' ? await readdir(dir).catch(() => []) : []) {
      const [, version] = form.exec(beside) ?? [];
      if (version !== undefined) texts.set(`plugin${version}.yaml`, await readFile(path.join(dir, beside), 'utf8'));
    }
    const text = await readFile(file, 'utf8').catch(() => {
      throw new WrapRefused(`there is no description ${file}`);
    });
    // Of several without a version in their names the last one counts; one that is alone is the description.
    texts.set(files.length === 1 ? 'plugin.yaml' : `plugin${suffix}.yaml`, text);
  }
  if (!texts.has('plugin.yaml')) {
    const newest = [...texts.keys()].sort().at(-1);
    if (newest !== undefined) texts.set('plugin.yaml', texts.get(newest) as string);
  }
  return texts;
}
