/** Merging an imported document into the blueprint: which sections unite, and what happens when a name is taken. */
import type { Report } from './diagnostics.js';
import { isObject, type Json, type JsonObject, member } from './json.js';
import type { Positions } from './positions.js';
import { kindOf } from './shape.js';
import { isBefore, type Version } from './version.js';

export interface Merging {
  readonly positions: Positions;
  readonly report: Report;
  /** The main file's. */
  readonly version: Version;
}

/** Each file has its own: nothing of an import's is taken over. */
const OWN = ['dsl_definitions', 'imports', 'tosca_definitions_version'];
const FIRST_WINS = ['description', 'metadata'];
const ALWAYS = [
  'plugins',
  'data_types',
  'node_types',
  'relationships',
  'policy_types',
  'policy_triggers',
  'groups',
  'workflows',
]; // prettier-ignore
const SINCE_1_3 = [
  'inputs',
  'node_templates',
  'outputs',
  'capabilities',
  'labels',
  'blueprint_labels',
  'resource_tags',
]; // prettier-ignore
/** Of one entry under the same key in two files, the first stays. */
const ENTRY_STAYS = ['labels', 'blueprint_labels', 'resource_tags'];

/** The built-in types' own file: what it defines may be defined again. */
export function isBasicTypes(document: JsonObject): boolean {
  return member(member(document, 'node_types'), 'cloudify.nodes.Root') !== undefined;
}

/** Entries of a document by section and key, e.g. those that come from the built-in types. */
export class Entries {
  readonly #entries = new Map<string, Set<string>>();

  static of(document: JsonObject): Entries {
    const entries = new Entries();
    for (const [section, value] of Object.entries(document))
      if (isObject(value)) for (const key of Object.keys(value)) entries.set(section, key, true);
    return entries;
  }

  has(section: string, key: string): boolean {
    return this.#entries.get(section)?.has(key) === true;
  }

  set(section: string, key: string, present: boolean): void {
    const keys = this.#entries.get(section) ?? new Set();
    this.#entries.set(section, keys);
    if (present) keys.add(key);
    else keys.delete(key);
  }
}

/**
 * The merged document with `imported` added.
 *
 * @param basic entries of the merged document that are the built-in types': kept up to date
 * @param added those of the imported document
 */
export function mergeImport(
  merged: JsonObject,
  imported: JsonObject,
  basic: Entries,
  added: Entries,
  merging: Merging,
): JsonObject {
  const result: Record<string, Json> = { ...merged };
  for (const [section, value] of Object.entries(imported)) {
    if (OWN.includes(section)) continue;
    const known = member(result, section);
    if (known === undefined) result[section] = value;
    else if (!FIRST_WINS.includes(section)) {
      const united = mergeSection(section, known, value, imported, added, merging);
      if (united !== undefined) result[section] = united;
    }
    for (const [key, entry] of Object.entries(isObject(value) ? value : {}))
      if (member(result[section], key) === entry) basic.set(section, key, added.has(section, key));
  }
  return merging.positions.unite(result, merged, imported);
}

function mergeSection(
  section: string,
  known: Json,
  added: Json,
  owner: JsonObject,
  basic: Entries,
  { positions, report, version }: Merging,
): Json | undefined {
  const mergeable = ALWAYS.includes(section) || (SINCE_1_3.includes(section) && !isBefore(version, [1, 3]));
  if (!mergeable) {
    report(
      'C2029',
      `${section} is in two files, and cannot be merged`,
      positions.ofKey(owner, section),
      SINCE_1_3.includes(section) ? 'it can from cloudify_dsl_1_3 on' : 'write it in one file',
    );
    return undefined;
  }
  if (!isObject(known) || !isObject(added)) {
    const odd = [known, added].find((one) => one !== null && !isObject(one));
    if (odd !== undefined)
      report('C2010', `${section} must be a mapping, not ${kindOf(odd)}`, positions.ofKey(owner, section));
    return known ?? added;
  }
  const result: Record<string, Json> = { ...known };
  for (const [key, entry] of Object.entries(added)) {
    const existing = member(known, key);
    if (existing === undefined || basic.has(section, key) || key.startsWith('cloudify.')) result[key] = entry;
    else if (ENTRY_STAYS.includes(section)) continue;
    else {
      const united = mergeEntry(section, existing, entry, positions);
      if (united !== undefined) result[key] = united;
      else
        report(
          section === 'workflows' && typeof existing === 'string' && typeof entry === 'string' ? 'C2032' : 'C2030',
          `${section}.${key} is defined twice`,
          positions.ofKey(added, key),
          elsewhere(positions, known, key),
        );
    }
  }
  return positions.unite(result, known, added);
}

function elsewhere(positions: Positions, container: JsonObject, key: string): string | undefined {
  const place = positions.ofKey(container, key);
  return place && `the other definition is in ${place.file}`;
}

/** What two entries of one name make together, undefined if they clash. */
function mergeEntry(section: string, existing: Json, added: Json, positions: Positions): Json | undefined {
  if (!isObject(existing) || !isObject(added)) return undefined;
  if (section === 'workflows') return positions.unite({ ...added, ...existing }, existing, added);
  if (section === 'node_templates' && (isOnlyRelationships(existing) || isOnlyRelationships(added))) {
    const lists = [existing.relationships, added.relationships].filter(Array.isArray) as Json[][];
    const relationships = positions.join(lists.flat(), lists);
    return positions.unite({ ...existing, ...added, relationships }, existing, added);
  }
  return undefined;
}

/** So an importing blueprint adds relationships to the templates it imports. */
function isOnlyRelationships(template: JsonObject): boolean {
  return Object.keys(template).length === 1 && Object.hasOwn(template, 'relationships');
}
