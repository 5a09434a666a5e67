/**
 * What `-i` and `-p` take: `key=value`, a file or folder of YAML or JSON, or YAML text. Later ones win.
 *
 * A value of `key=value` is text until the definition of its input says what it is.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { diagnosticOf, type Place, type Problem } from '../blueprint/diagnostics.js';
import { parseInputText, type WrittenInputs } from '../blueprint/inputs.js';
import { DateScalar, isObject, type Json, type JsonObject, member, OddScalar } from '../blueprint/json.js';
import { locator, Positions } from '../blueprint/positions.js';
import { readSource } from '../blueprint/source.js';
import { CaissonError } from './errors.js';

/** Input definitions by name, as a plan has them. */
export type Definitions = JsonObject;

/** Values by name, and where they were written. */
export interface GivenInputs extends WrittenInputs {
  readonly values: JsonObject;
  /** Texts of the files, by path. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * @param given in the order of the command line
 * @example await readInputs(['port=8080', 'more.yaml'], { port: { type: 'integer' } }) // { port: 8080, … }
 * @throws CaissonError (validation) for what is none of these
 */
export async function readInputs(given: readonly string[], definitions: Definitions): Promise<JsonObject> {
  const { values } = await readGivenInputs(given, definitions);
  // `1.0` is a number like any other where no blueprint asks.
  return JSON.parse(JSON.stringify(values)) as JsonObject;
}

/** The same, with the places of what stands in files. */
export async function readGivenInputs(given: readonly string[], definitions: Definitions): Promise<GivenInputs> {
  const reading = new Reading();
  for (const text of given) await readOne(text, definitions, reading);
  return reading;
}

class Reading implements GivenInputs {
  readonly values: Record<string, Json> = {};
  readonly positions = new Positions();
  readonly sources = new Map<string, string>();
  readonly #places = new Map<string, Place | undefined>();

  placeOf(name: string): Place | undefined {
    return this.#places.get(name);
  }

  /** @param written the mapping whose places are those of the values, if any */
  add(values: JsonObject, written?: JsonObject): void {
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(this.values, name, { value, enumerable: true, writable: true, configurable: true });
      this.#places.set(name, written && this.positions.ofValue(written, name));
    }
  }
}

async function readOne(text: string, definitions: Definitions, reading: Reading): Promise<void> {
  const pair = /^\s*([A-Za-z_][\w.-]*)=([\s\S]*)$/.exec(text);
  if (pair && !(await isThere(text))) {
    const [, key = '', value = ''] = pair;
    reading.add({ [key]: parseInputText(value, member(definitions, key)) });
    return;
  }
  const found = await stat(text).catch(() => undefined);
  if (found?.isDirectory()) await readFolder(text, reading);
  else if (found) await readFileInto(text, reading);
  else reading.add(mappingOf(yamlOf('-i', text, new Positions()), JSON.stringify(text), undefined));
}

async function readFolder(folder: string, reading: Reading): Promise<void> {
  for (const name of (await readdir(folder)).sort())
    if (/\.(ya?ml|json)$/.test(name)) await readFileInto(path.join(folder, name), reading);
}

async function readFileInto(given: string, reading: Reading): Promise<void> {
  const file = path.resolve(given);
  const text = await readFile(file, 'utf8');
  reading.sources.set(file, text);
  if (file.endsWith('.json')) {
    const values = mappingOf(jsonOf(text, given), given, file);
    // Most of JSON is YAML, which tells places.
    const written = readSource(file, text, reading.positions, () => undefined)?.value;
    reading.add(values, isObject(written) ? written : undefined);
    return;
  }
  const values = mappingOf(yamlOf(file, text, reading.positions), given, file);
  reading.add(values, values);
}

function jsonOf(text: string, shown: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw refused(`${shown} is no readable JSON: ${(error as Error).message}`);
  }
}

/** Text as blueprints are read, but that characters of every kind may stand in values. */
function yamlOf(file: string, text: string, positions: Positions): Json {
  const problems: Problem[] = [];
  const source = readSource(file, text, positions, (code, message, place, hint) => {
    if (code !== 'C2002') problems.push({ code, message, place, hint });
  });
  if (source) refuseDates(source.value, problems, undefined, positions);
  if (source && problems.length === 0) return source.value;
  const sources = file === '-i' ? new Map<string, string>() : new Map([[file, text]]);
  const diagnostics = problems.map((problem) => diagnosticOf(problem, locator(sources)));
  const where = file === '-i' ? `${JSON.stringify(text)} is neither key=value nor readable: ` : '';
  throw refused(`${where}${diagnostics[0]?.message}`, { diagnostics: file === '-i' ? [] : diagnostics, sources });
}

function refuseDates(value: Json, problems: Problem[], place: Place | undefined, positions: Positions): void {
  if ((value as unknown) instanceof DateScalar)
    problems.push({ code: 'C2010', message: 'a date is no value of an input', place, hint: 'put it in quotes' });
  if (typeof value !== 'object' || value === null || (value as unknown) instanceof OddScalar) return;
  for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value))
    refuseDates(item as Json, problems, positions.ofValue(value, key), positions);
}

function mappingOf(value: Json, shown: string, file: string | undefined): JsonObject {
  if (value === null && file !== undefined) return {};
  if (isObject(value)) return value;
  throw refused(
    file === undefined ? `${shown} is no file, and no key=value` : `${shown} must hold a mapping of names to values`,
  );
}

function refused(message: string, fields: Partial<Pick<CaissonError, 'diagnostics' | 'sources'>> = {}): CaissonError {
  return new CaissonError('validation', 'C3010', message, {
    hint: 'give inputs as -i key=value, or as a YAML or JSON file: -i inputs.yaml',
    ...fields,
  });
}

const isThere = async (file: string): Promise<boolean> =>
  await stat(file).then(
    () => true,
    () => false,
  );
