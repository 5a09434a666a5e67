/** The built-in types: what blueprints import as `cloudify/types/types.yaml` or from the addresses it once had. */
import { readFile } from 'node:fs/promises';
import type { Version } from '../blueprint/version.js';

export interface BuiltInSource {
  readonly location: string;
  readonly text: string;
}

const TYPES_ADDRESS = /^https?:\/\/[^?#]*\/types\.yaml$/;

/** The built-in types in the newest form that a blueprint of the version may import; undefined for any other import. */
export async function builtInSource(entry: string, version: Version): Promise<BuiltInSource | undefined> {
  if (entry !== 'cloudify/types/types.yaml' && !TYPES_ADDRESS.test(entry)) return undefined;
  return builtInTypes(version);
}

/** Read once in a process: every blueprint imports them. */
const sources = new Map<string, Promise<BuiltInSource>>();

export function builtInTypes(version: Version): Promise<BuiltInSource> {
  const name = fileFor(version);
  let source = sources.get(name);
  if (!source) {
    source = readFile(new URL(`./${name}`, import.meta.url), 'utf8').then((text) => ({
      location: `caisson:${name}`,
      text,
    }));
    sources.set(name, source);
  }
  return source;
}

/** Types are written in the language of their file: what is newer than it (data types, item types…) is not in it. */
function fileFor(version: Version): string {
  const minor = version[1];
  if (minor >= 5) return 'types.yaml';
  if (minor === 4) return 'types_1_4.yaml';
  return minor >= 2 ? 'types_1_2.yaml' : 'types_1_0.yaml';
}
