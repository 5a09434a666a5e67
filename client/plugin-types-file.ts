/** The generated types of a plugin, in a file beside its code. Its code need not be built, or even compile, for that. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { objectMember } from '../blueprint/json.js';
import { Positions } from '../blueprint/positions.js';
import { readSource } from '../blueprint/source.js';
import { readManifest } from '../plugins/load.js';
import { typesModule } from '../plugins/plugin-types.js';
import { CaissonError } from './errors.js';

export interface TypesWritten {
  /** The plugin's name. */
  readonly plugin: string;
  readonly file: string;
  /** It was right already. */
  readonly current: boolean;
}

/**
 * @param folder holds the plugin's package.json
 * @throws CaissonError (validation) for a folder without a plugin, or a description that cannot be read
 */
export async function writeTypes(
  folder: string,
  { file, check }: { readonly file: string; readonly check: boolean },
): Promise<TypesWritten> {
  const manifest = await readManifest(folder).catch((error: Error) => {
    throw new CaissonError('validation', 'C2200', error.message, { cause: error });
  });
  if (!manifest)
    throw new CaissonError('validation', 'C2200', `there is no plugin in ${folder}`, {
      hint: 'begin one: caisson new plugin NAME',
    });
  const description = path.join(folder, manifest.yaml);
  const text = await readFile(description, 'utf8').catch((error: Error) => {
    throw new CaissonError('validation', 'C2200', error.message, { cause: error });
  });
  const source = readSource(description, text, new Positions(), () => undefined);
  const [plugin] = Object.keys(objectMember(source?.value, 'plugins'));
  if (plugin === undefined)
    throw new CaissonError('validation', 'C2201', `${description} declares no plugin`, {
      hint: `see: caisson plugins validate ${folder}`,
    });
  const target = path.join(folder, file);
  const wanted = await typesModule(text, plugin);
  const current = (await readFile(target, 'utf8').catch(() => undefined)) === wanted;
  if (!current && !check) {
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, wanted);
  }
  return { plugin, file: target, current };
}
