/** Sources for the compiler: files of a blueprint's folder, the built-in types, plugins' descriptions. */
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type CompileHost, SourceRefused } from '../blueprint/imports.js';
import { hasScheme } from '../blueprint/location.js';
import type { Version } from '../blueprint/version.js';
import { type BuiltInSource, builtInSource } from '../types/builtin.js';

export interface BlueprintHostOptions {
  /** Folder that files may be read from; links that lead out of it are refused. */
  readonly folder: string;
  /** Further locations that may be read, e.g. those of an import map. */
  readonly allowed?: readonly string[];
  /** The description of a plugin by the name that it is imported under. */
  readonly plugin?: (name: string, version: Version) => Promise<BuiltInSource | undefined>;
}

export function blueprintHost({ folder, allowed = [], plugin }: BlueprintHostOptions): CompileHost {
  const root = realpath(folder).catch(() => path.resolve(folder));

  /** The file that a location stands for, undefined when there is none. */
  async function fileAt(location: string): Promise<string | undefined> {
    const file = path.resolve(location);
    const real = await realpath(file).catch(() => undefined);
    if (real === undefined || !(await stat(real)).isFile()) return undefined;
    if (allowed.includes(location) || allowed.includes(file)) return real;
    const base = await root;
    if (real === base || real.startsWith(base + path.sep)) return real;
    throw new SourceRefused(`${location} is outside of the blueprint's folder ${base}`);
  }

  return {
    async read(location) {
      const file = await fileAt(location);
      return file === undefined ? undefined : await readFile(file, 'utf8');
    },
    async exists(location) {
      return (await fileAt(location)) !== undefined;
    },
    async resolve(entry, version) {
      const builtIn = await builtInSource(entry, version);
      if (builtIn) return builtIn;
      if (entry.startsWith('plugin:')) {
        const [name = ''] = entry.slice('plugin:'.length).split('?');
        const found = await plugin?.(name, version);
        if (found) return found;
        throw new SourceRefused(`no plugin ${name} is installed; see: caisson plugins list`);
      }
      if (hasScheme(entry))
        throw new SourceRefused('imports from the network are not read; keep a copy beside the blueprint');
      return undefined;
    },
  };
}
