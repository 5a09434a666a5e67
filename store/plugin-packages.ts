/**
 * Plugin packages in the artifact store, where every client and worker of a team finds them:
 *
 *     plugin-archives/<hash>.tar.gz      the files of a package, dependencies included
 *     plugins/<hash>.json                what is known of it; there once the archive is
 *     plugin-uses/<hash>/<deployment>    which deployments were made with it
 *
 * The hash of the archive is the package's identity: plans hold it, workers load by it. Several versions of a package lie
 * side by side. The record alone is enough to compile blueprints; no code is loaded for that.
 */
import type { Version } from '../blueprint/version.js';
import { versionSuffix } from '../blueprint/version.js';
import type { InstalledPlugin } from '../plugins/catalog.js';
import type { ArtifactStore } from './artifact-store.js';
import { type ArchiveLimits, type FolderArchive, unpackOnce } from './folder-archive.js';

/** More than this is no plugin: someone has packed a whole project with it. */
export const PACKAGE_LIMITS: ArchiveLimits = { bytes: 512 * 1024 * 1024, files: 50_000 };

/** What is known of a package without its files. JSON. */
export interface PluginPackage {
  /** Hash of its archive. */
  readonly archive: string;
  /** How a worker loads it: `npm` packages are imported, those of another kind by what serves that kind. */
  readonly kind: 'npm' | 'python';
  readonly package_name: string;
  readonly package_version: string;
  /** RFC 3339 */
  readonly uploaded_at: string;
  /** Of the archive. */
  readonly size_bytes: number;
  /** The prefixes of operations that it provides: one for npm packages. */
  readonly plugins: readonly PackagedPlugin[];
  /** Name of its description, and the texts of all its forms: `plugin.yaml`, `plugin_1_4.yaml`. */
  readonly yaml: string;
  readonly descriptions: Readonly<Record<string, string>>;
  /** Path in the archive of the module with its custom workflows; absent when it has none. */
  readonly workflows?: string;
  /** RFC 3339: since then no new deployment may use it. Those that do keep it. */
  readonly withdrawn_at?: string;
}

export interface PackagedPlugin {
  /** The prefix of its operations. */
  readonly name: string;
  /** Names under which blueprints import it, the package's among them. */
  readonly package_names: readonly string[];
  readonly operations: readonly string[];
  /** Other name of an operation → name. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** It has operations besides those named: whatever a blueprint maps is taken to be there. */
  readonly open?: boolean;
}

const recordKey = (archive: string): string => `plugins/${archive}.json`;
const archiveKey = (archive: string): string => `plugin-archives/${archive}.tar.gz`;
const usesOf = (archive: string): string => `plugin-uses/${archive}/`;

/**
 * Stores a package. The archive comes first: should this process die before the record is there, the next try finds the
 * archive, and nobody has seen half of a package.
 */
export async function storePluginPackage(
  store: ArtifactStore,
  { hash, bytes }: FolderArchive,
  known: Omit<PluginPackage, 'archive' | 'size_bytes'>,
): Promise<PluginPackage> {
  if (!(await store.has(archiveKey(hash)))) await store.put(archiveKey(hash), bytes);
  const stored: PluginPackage = { archive: hash, size_bytes: bytes.length, ...known };
  await writeRecord(store, stored);
  return stored;
}

/** Every package, those included that were withdrawn; the newest upload last. */
export async function listPluginPackages(store: ArtifactStore): Promise<PluginPackage[]> {
  const keys = await store.list('plugins/');
  const found = await Promise.all(keys.map(async (key) => await recordAt(store, key)));
  return found.filter((one) => one !== undefined).sort((one, other) => (one.uploaded_at < other.uploaded_at ? -1 : 1));
}

export async function findPluginPackage(store: ArtifactStore, archive: string): Promise<PluginPackage | undefined> {
  return await recordAt(store, recordKey(archive));
}

async function recordAt(store: ArtifactStore, key: string): Promise<PluginPackage | undefined> {
  const bytes = await store.get(key);
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as PluginPackage);
}

async function writeRecord(store: ArtifactStore, record: PluginPackage): Promise<void> {
  await store.put(recordKey(record.archive), Buffer.from(JSON.stringify(record)));
}

/**
 * The folder with a package's files, unpacked on first use.
 *
 * @throws ArchiveRefused for an archive that is lost, damaged, or holds what no package may hold
 */
export async function extractPluginPackage(
  store: ArtifactStore,
  archive: string,
  cacheFolder: string,
): Promise<string> {
  return await unpackOnce(archive, cacheFolder, {
    what: 'the plugin package',
    read: async () => await store.get(archiveKey(archive)),
    limits: PACKAGE_LIMITS,
  });
}

/** No new deployment may use it from now on; its files stay. */
export async function withdrawPluginPackage(store: ArtifactStore, one: PluginPackage, at: string): Promise<void> {
  await writeRecord(store, { ...one, withdrawn_at: at });
}

/** Takes a withdrawal back. */
export async function offerPluginPackage(store: ArtifactStore, one: PluginPackage): Promise<void> {
  const { withdrawn_at: _, ...offered } = one;
  await writeRecord(store, offered);
}

/** Removes a package for good. Whoever still uses it can run its operations no longer. */
export async function removePluginPackage(store: ArtifactStore, archive: string): Promise<void> {
  await store.delete(recordKey(archive));
  await store.delete(archiveKey(archive));
  for (const key of await store.list(usesOf(archive))) await store.delete(key);
}

/** Notes that a deployment is about to use packages. Written before it does, so that nobody deletes them meanwhile. */
export async function notePluginUse(
  store: ArtifactStore,
  deploymentId: string,
  archives: readonly string[],
): Promise<void> {
  const note = Buffer.from(new Date().toISOString());
  for (const archive of archives) await store.put(`${usesOf(archive)}${deploymentId}`, note);
}

export interface PluginUse {
  readonly deployment: string;
  readonly notedAt: Date;
}

/** Deployments that were made with a package; some of them may be gone, or have another version by now. */
export async function notedPluginUses(store: ArtifactStore, archive: string): Promise<PluginUse[]> {
  const prefix = usesOf(archive);
  const uses: PluginUse[] = [];
  for (const key of await store.list(prefix)) {
    const note = await store.get(key);
    if (note) uses.push({ deployment: key.slice(prefix.length), notedAt: new Date(Buffer.from(note).toString()) });
  }
  return uses;
}

/** The packages of the store as blueprints may import them. */
export async function storedPlugins(store: ArtifactStore): Promise<InstalledPlugin[]> {
  const packages = await listPluginPackages(store);
  return packages.filter(({ withdrawn_at }) => withdrawn_at === undefined).flatMap(asInstalled);
}

function asInstalled(one: PluginPackage): InstalledPlugin[] {
  const { package_version, archive } = one;
  return one.plugins.map(({ name, package_names, operations, aliases, open }) => ({
    plugin: {
      name,
      packageNames: package_names,
      version: package_version,
      operations: Object.fromEntries(operations.map((operation) => [operation, {}])),
      ...(aliases ? { aliases } : {}),
    },
    archive,
    ...(open ? { open } : {}),
    ...(one.kind === 'python' ? { python: true as const } : {}),
    hasWorkflows: one.workflows !== undefined,
    describe: async (version) => descriptionOf(one, version),
  }));
}

function descriptionOf({ yaml, descriptions, ...one }: PluginPackage, version: Version) {
  const own = [yaml.replace(/(\.ya?ml)$/, `_${versionSuffix(version)}$1`), yaml];
  const name = own.find((file) => Object.hasOwn(descriptions, file));
  if (name === undefined) return undefined;
  // Named after the package, for messages; nothing is read from there.
  return {
    location: `plugin:${one.package_name}@${one.package_version}/${name}`,
    text: descriptions[name] as string,
  };
}
