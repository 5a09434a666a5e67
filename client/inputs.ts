/**
 * What `-i` and `-p` take: `key=value`, a file or folder of YAML or JSON, or YAML text. Later ones win.
 *
 * A value of `key=value` is text until the definition of its input says what it is.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { parseInputText } from '../blueprint/inputs.js';
import { isObject, type Json, type JsonObject, member } from '../blueprint/json.js';
import { CaissonError } from './errors.js';

/** Input definitions by name, as a plan has them. */
export type Definitions = JsonObject;

/**
 * @param given in the order of the command line
 * @example await readInputs(['port=8080', 'more.yaml'], { port: { type: 'integer' } }) // { port: 8080, … }
 * @throws CaissonError (validation) for what is none of these
 */
export async function readInputs(given: readonly string[], definitions: Definitions): Promise<JsonObject> {
  let inputs: JsonObject = {};
  for (const text of given) inputs = { ...inputs, ...(await readOne(text, definitions)) };
  return inputs;
}

async function readOne(text: string, definitions: Definitions): Promise<JsonObject> {
  const pair = /^\s*([A-Za-z_][\w.-]*)=([\s\S]*)$/.exec(text);
  if (pair && !(await isThere(text))) {
    const [, key = '', value = ''] = pair;
    return { [key]: parseInputText(value, member(definitions, key)) };
  }
  const found = await stat(text).catch(() => undefined);
  if (found?.isDirectory()) return await readFolder(text);
  if (found) return objectIn(await readFile(text, 'utf8'), text);
  return objectIn(text, undefined);
}

async function readFolder(folder: string): Promise<JsonObject> {
  let inputs: JsonObject = {};
  for (const name of (await readdir(folder)).sort()) {
    if (!/\.(ya?ml|json)$/.test(name)) continue;
    const file = path.join(folder, name);
    inputs = { ...inputs, ...objectIn(await readFile(file, 'utf8'), file) };
  }
  return inputs;
}

function objectIn(text: string, file: string | undefined): JsonObject {
  const where = file ?? JSON.stringify(text);
  let value: Json;
  try {
    value = (file?.endsWith('.json') ? JSON.parse(text) : parse(text, { version: '1.1', maxAliasCount: 100 })) as Json;
  } catch (error) {
    throw refused(`${where} is neither key=value nor readable YAML: ${(error as Error).message.split('\n', 1)[0]}`);
  }
  if (value === null && file !== undefined) return {};
  if (isObject(value)) return value;
  throw refused(
    file === undefined ? `${where} is no file, and no key=value` : `${file} must hold a mapping of names to values`,
  );
}

const refused = (message: string): CaissonError =>
  new CaissonError('validation', 'C3010', message, {
    hint: 'give inputs as -i key=value, or as a YAML or JSON file: -i inputs.yaml',
  });

const isThere = async (file: string): Promise<boolean> =>
  await stat(file).then(
    () => true,
    () => false,
  );
