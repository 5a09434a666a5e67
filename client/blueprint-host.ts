/** Sources for the compiler: files of a blueprint's folder, the built-in types, plugins' descriptions, addresses. */
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type CompileHost, SourceRefused } from '../blueprint/imports.js';
import { hasScheme } from '../blueprint/location.js';
import { SOURCE_LIMITS } from '../blueprint/source.js';
import type { Catalog } from '../plugins/catalog.js';
import { type BuiltInSource, builtInSource } from '../types/builtin.js';
import { pluginImport } from './plugin-imports.js';

export interface BlueprintHostOptions {
  /** Folder that files may be read from; links that lead out of it are refused. */
  readonly folder: string;
  /** Further locations that may be read, e.g. those of an import map. */
  readonly allowed?: readonly string[];
  /** Plugins that may be imported. @default none */
  readonly catalog?: Catalog;
  /** Folders of blueprints that may be imported by `blueprint:ID`: `ID/blueprint.yaml` or `ID.yaml`. @default none */
  readonly blueprintFolders?: readonly string[];
  /** Reads `http:` and `https:` addresses. @default none: they are refused */
  readonly download?: (address: string) => Promise<string>;
}

const BLUEPRINT_ID = /^[\w][\w.-]*$/;

export function blueprintHost(options: BlueprintHostOptions): CompileHost {
  const { allowed = [], catalog = [], blueprintFolders = [], download } = options;
  const folders = [options.folder, ...blueprintFolders].map((folder) =>
    realpath(folder).catch(() => path.resolve(folder)),
  );

  /** The file that a location stands for, undefined when there is none. */
  async function fileAt(location: string): Promise<string | undefined> {
    const file = path.resolve(location);
    const real = await realpath(file).catch(() => undefined);
    if (real === undefined) return undefined;
    const found = await stat(real).catch(() => undefined);
    if (!found?.isFile()) return undefined;
    if (allowed.includes(location) || allowed.includes(file)) return real;
    for (const folder of await Promise.all(folders)) if (isWithin(real, folder)) return real;
    throw new SourceRefused(
      `${location} is outside of the blueprint's folder ${await folders[0]}`,
      'copy it into the folder: only what is there goes to the workers',
    );
  }

  async function knownBlueprint(id: string): Promise<BuiltInSource | undefined> {
    if (!BLUEPRINT_ID.test(id)) throw new SourceRefused(`${id} is no id of a blueprint`);
    for (const folder of await Promise.all(folders.slice(1)))
      for (const name of [`${id}/blueprint.yaml`, `${id}.yaml`]) {
        const location = path.join(folder, name);
        const file = await fileAt(location);
        if (file !== undefined) return { location, text: await readFile(file, 'utf8') };
      }
    const where = blueprintFolders.join(', ') || 'no folder of blueprints is set';
    throw new SourceRefused(`no blueprint ${id} is known`, `looked for ${id}/blueprint.yaml in: ${where}`);
  }

  async function downloaded(address: string): Promise<BuiltInSource> {
    if (!download)
      throw new SourceRefused('imports from the network are not read here', 'keep a copy beside the blueprint');
    return { location: address, text: await download(address) };
  }

  return {
    async read(location) {
      if (isAddress(location)) return (await downloaded(location)).text;
      const file = await fileAt(location);
      if (file === undefined) return undefined;
      // Never read what is refused for its size anyway: a device, or a file without end.
      if ((await stat(file)).size > SOURCE_LIMITS.characters * 4)
        throw new SourceRefused(
          `${location} is larger than any blueprint: more than ${SOURCE_LIMITS.characters} characters`,
        );
      return await readFile(file, 'utf8');
    },
    async exists(location) {
      if (isAddress(location)) return download !== undefined;
      return (await fileAt(location)) !== undefined;
    },
    async resolve(entry, version) {
      const found = (await builtInSource(entry, version)) ?? (await pluginImport(entry, version, catalog));
      if (found) return found;
      if (entry.startsWith('blueprint:')) return await knownBlueprint(entry.slice('blueprint:'.length));
      if (isAddress(entry)) return await downloaded(entry);
      if (hasScheme(entry))
        throw new SourceRefused('imports are files, plugin:NAME, blueprint:ID or http(s) addresses');
      return undefined;
    },
  };
}

const isAddress = (location: string): boolean => /^https?:\/\//.test(location);

function isWithin(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
