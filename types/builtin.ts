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
  const name = version[1] >= 4 ? 'types.yaml' : version[1] === 3 ? 'types_1_3.yaml' : 'types_1_0.yaml';
  const text = await readFile(new URL(`./${name}`, import.meta.url), 'utf8');
  return { location: `caisson:${name}`, text };
}
