/** Imports: from the main file breadth first through everything it imports, merged into one document. */
import type { Place, Report } from './diagnostics.js';
import { isObject, type Json, type JsonObject, listMember, member, objectMember } from './json.js';
import { folderOf, hasScheme, joined, versioned } from './location.js';
import { Entries, isBasicTypes, mergeImport } from './merge.js';
import { nested, splitNamespace, underNamespace } from './namespaces.js';
import { setPluginProperties } from './plugin-properties.js';
import type { Positions } from './positions.js';
import { kindOf } from './shape.js';
import { readSource, type SourceLimits } from './source.js';
import { isBefore, readVersion, type Version, versionSuffix } from './version.js';

/** What the compiler asks of the world around it. */
export interface CompileHost {
  /**
   * The text at a location, undefined if nothing is there.
   *
   * @throws {@link SourceRefused} with what the author is told, when the location may not be read
   */
  read(location: string): Promise<string | undefined>;
  exists(location: string): Promise<boolean>;
  /** What an import that is no local file stands for: built-in types, `plugin:NAME`, a URL. */
  resolve?(entry: string, version: Version): Promise<{ readonly location: string; readonly text: string } | undefined>;
}

/** A source that the host will not read: outside of the blueprint's folder, a URL where none is allowed. */
export class SourceRefused extends Error {
  override readonly name = 'SourceRefused';

  /** @param hint what to do about it */
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export interface Loading {
  readonly host: CompileHost;
  readonly positions: Positions;
  readonly report: Report;
  /** Text of everything read, by location: for carets under the places of diagnostics. */
  readonly sources: Map<string, string>;
  /** Import as written → location. */
  readonly importMap: Readonly<Record<string, string>>;
  readonly resourcesBasePath?: string | undefined;
  readonly gates: boolean;
  readonly limits?: SourceLimits | undefined;
}

export interface LoadedDocument {
  readonly version: Version;
  /** All sections, imports merged in. */
  readonly document: JsonObject;
  /** Ids of the blueprints imported by `blueprint:`. */
  readonly importedBlueprints: readonly string[];
  /** Namespace → id of the blueprint imported under it. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** Namespace → location of the blueprint's main file. */
  readonly blueprintFiles: ReadonlyMap<string, string>;
  /** What of it the built-in types define: no namespace applies to that. */
  readonly basic: Entries;
}

/** One imported document, its names under their namespace. */
interface Imported {
  readonly document: JsonObject;
  readonly basic: Entries;
}

interface PendingImport {
  readonly entry: string;
  /** Values for the plugin's properties, given beside the import. */
  readonly properties: JsonObject | undefined;
  readonly place: Place | undefined;
  /** Location of the file that imports. */
  readonly from: string;
  /** Namespace of the file that imports. */
  readonly namespace: string;
}

/** More files than any blueprint has: an import that generates imports. */
const MOST_IMPORTS = 1_000;

export async function loadDocument(main: string, loading: Loading): Promise<LoadedDocument | undefined> {
  const text = await readText(main, undefined, loading);
  if (text === undefined) return undefined;
  return await new Loader(loading).load(main, text);
}

class Loader {
  readonly #seen = new Set<string>();
  readonly #queue: PendingImport[] = [];
  readonly #blueprints: string[] = [];
  readonly #namespaces: Record<string, string> = {};
  readonly #blueprintFiles = new Map<string, string>();

  constructor(readonly loading: Loading) {}

  async load(main: string, text: string): Promise<LoadedDocument | undefined> {
    const { positions, report } = this.loading;
    const document = this.#read(main, text);
    if (!document) return undefined;
    const place = positions.ofValue(document, 'tosca_definitions_version');
    const version = readVersion(
      member(document, 'tosca_definitions_version'),
      place ?? { file: main, offset: 0 },
      report,
    );
    if (!version) return undefined;
    this.#checkDefinitions(document, version);
    this.#seen.add(`${main}|`);
    let merged: JsonObject = document;
    const basic = isBasicTypes(document) ? Entries.of(document) : new Entries();
    this.#enqueue(document, main, '', version);
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (this.#seen.size > MOST_IMPORTS) {
        report('C2003', `more than ${MOST_IMPORTS} files are imported`, next.place);
        break;
      }
      const imported = await this.#import(next, version);
      if (imported)
        merged = mergeImport(merged, imported.document, basic, imported.basic, { positions, report, version });
    }
    return {
      version,
      document: merged,
      importedBlueprints: this.#blueprints,
      namespaces: this.#namespaces,
      blueprintFiles: this.#blueprintFiles,
      basic,
    };
  }

  #read(location: string, text: string): JsonObject | undefined {
    const { positions, report, sources, limits } = this.loading;
    sources.set(location, text);
    const source = readSource(location, text, positions, report, limits);
    if (source && !isObject(source.value))
      report('C2010', 'a blueprint is a mapping of sections', { file: location, offset: 0 });
    return source && isObject(source.value) ? source.value : undefined;
  }

  #checkDefinitions(document: JsonObject, version: Version): void {
    const { positions, report, gates } = this.loading;
    if (gates && isBefore(version, [1, 2]) && (document.dsl_definitions ?? null) !== null)
      report('C2013', 'dsl_definitions needs cloudify_dsl_1_2', positions.ofKey(document, 'dsl_definitions'));
  }

  #enqueue(document: JsonObject, from: string, namespace: string, version: Version): void {
    const { positions, report, gates } = this.loading;
    if (!Object.hasOwn(document, 'imports')) return;
    const place = positions.ofValue(document, 'imports');
    if (!Array.isArray(document.imports)) {
      if (document.imports === null) report('C2014', 'imports is empty', place, 'leave it out');
      else report('C2010', 'imports must be a list', place);
      return;
    }
    const entries = new Set<string>();
    for (const [index, item] of listMember(document, 'imports').entries()) {
      const at = positions.ofValue(document.imports, index);
      const pending = readEntry(item, at, report);
      if (!pending) continue;
      if (entries.has(pending.entry)) {
        report('C2024', `${pending.entry} is imported twice in this file`, at);
        continue;
      }
      if (pending.properties && gates && isBefore(version, [1, 5]))
        report('C2013', 'plugin properties in an import need cloudify_dsl_1_5', at);
      entries.add(pending.entry);
      this.#queue.push({ ...pending, place: at, from, namespace });
    }
  }

  async #import(pending: PendingImport, version: Version): Promise<Imported | undefined> {
    const { report, positions } = this.loading;
    const { namespace: own, rest } = splitNamespace(pending.entry);
    if (own.includes('--')) {
      report('C2026', `${own} is no namespace: -- ends it`, pending.place);
      return undefined;
    }
    if (rest.startsWith('blueprint:')) return await this.#importBlueprint(rest, own, pending);
    const found = await this.#find(rest, pending, version);
    if (!found) return undefined;
    const key = `${found.location}|${nested(pending.namespace, own)}`;
    if (this.#seen.has(key)) return undefined;
    this.#seen.add(key);
    let document = this.#read(found.location, found.text);
    if (!document) return undefined;
    if (!this.#mayImport(document, version, pending)) return undefined;
    let namespace = nested(pending.namespace, own);
    const basic = isBasicTypes(document);
    if (basic) {
      if (own !== '') {
        report('C2028', 'the built-in types cannot be imported under a namespace', pending.place);
        return undefined;
      }
      namespace = '';
    }
    // A plugin brings types and operations; labels and tags are the blueprint's.
    if (found.isPlugin) document = withoutTags(document, positions);
    if (pending.properties) document = setPluginProperties(document, pending.properties, pending.place, this.loading);
    this.#enqueue(document, found.location, namespace, version);
    return {
      document: underNamespace(document, namespace, this.loading.positions),
      basic: basic ? Entries.of(document) : new Entries(),
    };
  }

  /** A blueprint is loaded on its own, and all of it comes under the namespace. */
  async #importBlueprint(entry: string, own: string, pending: PendingImport): Promise<Imported | undefined> {
    const { report, positions } = this.loading;
    const id = entry.slice('blueprint:'.length);
    if (own === '') {
      report('C2027', `blueprint ${id} must be imported under a namespace`, pending.place, `write: name--${entry}`);
      return undefined;
    }
    const namespace = nested(pending.namespace, own);
    if (Object.hasOwn(this.#namespaces, namespace)) {
      const taken = `namespace ${namespace} stands for blueprint ${this.#namespaces[namespace]} already`;
      report('C2028', taken, pending.place);
      return undefined;
    }
    const found = await this.#find(entry, pending, [1, 0]);
    if (!found) return undefined;
    const loaded = await new Loader(this.loading).load(found.location, found.text);
    if (!loaded) return undefined;
    this.#namespaces[namespace] = id;
    if (!this.#blueprints.includes(id)) this.#blueprints.push(id);
    for (const inner of loaded.importedBlueprints) if (!this.#blueprints.includes(inner)) this.#blueprints.push(inner);
    for (const [inner, of] of Object.entries(loaded.namespaces)) this.#namespaces[nested(namespace, inner)] = of;
    this.#blueprintFiles.set(namespace, found.location);
    for (const [inner, file] of loaded.blueprintFiles) this.#blueprintFiles.set(nested(namespace, inner), file);
    return { document: underNamespace(loaded.document, namespace, positions, loaded.basic), basic: loaded.basic };
  }

  #mayImport(document: JsonObject, version: Version, pending: PendingImport): boolean {
    const { report, positions } = this.loading;
    const stated = member(document, 'tosca_definitions_version');
    if (stated === undefined || stated === null) return true;
    const place = positions.ofValue(document, 'tosca_definitions_version');
    const own = readVersion(stated, place, report);
    if (!own) return false;
    this.#checkDefinitions(document, own);
    if (!this.loading.gates || !isBefore(version, own)) return true;
    report(
      'C2022',
      `${pending.entry} is written in cloudify_dsl_${versionSuffix(own)}, newer than this blueprint's cloudify_dsl_${versionSuffix(version)}`,
      pending.place,
    );
    return false;
  }

  async #find(entry: string, pending: PendingImport, version: Version) {
    const { importMap, host, report } = this.loading;
    const mapped = Object.hasOwn(importMap, entry) ? importMap[entry] : undefined;
    const places = mapped === undefined ? this.#places(entry, pending, version) : [mapped];
    try {
      for (const location of places) {
        if (this.loading.sources.has(location) || (await host.exists(location))) {
          const text = this.loading.sources.get(location) ?? (await readText(location, pending.place, this.loading));
          return text === undefined ? undefined : { location, text, isPlugin: false };
        }
      }
      const resolved = mapped === undefined ? await host.resolve?.(entry, version) : undefined;
      if (resolved) return { ...resolved, isPlugin: entry.startsWith('plugin:') };
    } catch (error) {
      if (!(error instanceof SourceRefused)) throw error;
      report('C2023', `cannot import ${entry}: ${error.message}`, pending.place, error.hint);
      return undefined;
    }
    const tried = places.length > 0 ? `looked for at ${places.join(', ')}` : undefined;
    report('C2023', `cannot import ${entry}: nothing is found there`, pending.place, tried);
    return undefined;
  }

  /** Local files that the entry may mean, the likeliest first. */
  #places(entry: string, { from }: PendingImport, version: Version): string[] {
    if (hasScheme(entry)) return [];
    const { resourcesBasePath } = this.loading;
    const beside = joined(folderOf(from), entry);
    const base = resourcesBasePath === undefined ? undefined : joined(resourcesBasePath, entry);
    return [beside, ...(base === undefined ? [] : [versioned(base, versionSuffix(version)), base])];
  }
}

const TAGS = ['labels', 'blueprint_labels', 'resource_tags'];

function withoutTags(document: JsonObject, positions: Positions): JsonObject {
  const kept = Object.entries(document).filter(([section]) => !TAGS.includes(section));
  return positions.carry(document, Object.fromEntries(kept));
}

function readEntry(
  item: Json,
  place: Place | undefined,
  report: Report,
): Pick<PendingImport, 'entry' | 'properties'> | undefined {
  if (typeof item === 'string') return { entry: item, properties: undefined };
  if (!isObject(item)) {
    report('C2010', `an import must be a text, not ${kindOf(item)}`, place);
    return undefined;
  }
  const [only, ...more] = Object.keys(item);
  if (only === undefined || more.length > 0) {
    report('C2025', 'an import is a text, or one key with the values of plugin properties', place);
    return undefined;
  }
  const properties = objectMember(item, only);
  return { entry: only, properties: Object.keys(properties).length > 0 ? properties : undefined };
}

async function readText(
  location: string,
  place: Place | undefined,
  { host, report }: Loading,
): Promise<string | undefined> {
  try {
    const text = await host.read(location);
    if (text === undefined) report('C2023', `there is no file ${location}`, place);
    return text;
  } catch (error) {
    if (!(error instanceof SourceRefused)) throw error;
    report('C2023', error.message, place, error.hint);
    return undefined;
  }
}
