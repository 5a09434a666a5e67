/** Custom workflows that a worker takes in: those of plugins, and of packages and blueprints in the artifact store. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from '../plugins/sdk/define.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { archivedFile, extractBlueprint } from '../store/blueprint-archive.js';
import { listWorkflowFiles } from '../store/blueprint-workflows.js';
import { listPluginPackages } from '../store/plugin-packages.js';
import { fileKey, packageKey } from '../workflows/registry.js';
import { packageFolder } from './plugin-packages.js';

/** A module with custom workflows. */
export interface WorkflowModule {
  /** `plugin`: exports are workflows of the plugin, or the plugin package, named by the key. `file`: its default export is the workflow. */
  readonly kind: 'plugin' | 'file';
  readonly key: string;
  /** Absolute path. */
  readonly file: string;
}

export function pluginWorkflows(plugins: readonly Plugin[]): WorkflowModule[] {
  return plugins.flatMap(({ name, workflows }) => {
    if (workflows === undefined) return [];
    const file = workflows instanceof URL || workflows.startsWith('file:') ? fileURLToPath(workflows) : workflows;
    return [{ kind: 'plugin', key: name, file } as const];
  });
}

/**
 * Workflows of the plugin packages in the store, unpacked. Withdrawn packages are among them: deployments may use them.
 *
 * @param onMissing told of those that cannot be had; their executions fail, and the others work
 */
export async function packageWorkflows(
  store: ArtifactStore,
  cacheFolder: string,
  onMissing: (name: string, reason: string) => void,
): Promise<WorkflowModule[]> {
  const found: WorkflowModule[] = [];
  for (const { archive, workflows, package_name, package_version } of await listPluginPackages(store)) {
    if (workflows === undefined) continue;
    try {
      const folder = await packageFolder(store, archive, cacheFolder);
      const file = path.resolve(folder, workflows);
      if (!file.startsWith(folder + path.sep)) throw new Error(`${workflows} lies outside of the package`);
      found.push({ kind: 'plugin', key: packageKey(archive), file });
    } catch (error) {
      onMissing(`${package_name} ${package_version}`, (error as Error).message);
    }
  }
  return found;
}

/** Names everything in the store that may hold workflows: it changes when there is something new. */
export async function storedWorkflowKeys(store: ArtifactStore): Promise<string[]> {
  const [packages, blueprints] = await Promise.all([store.list('plugins/'), store.list('blueprint-workflows/')]);
  return [...packages, ...blueprints];
}

/** Workflow files of the blueprints in the store, unpacked. Those whose archive is gone are left out. */
export async function blueprintWorkflows(store: ArtifactStore, cacheFolder: string): Promise<WorkflowModule[]> {
  const found: WorkflowModule[] = [];
  for (const { archive, files } of await listWorkflowFiles(store)) {
    const folder = await extractBlueprint(store, archive, path.join(cacheFolder, 'blueprints')).catch(() => undefined);
    if (folder === undefined) continue;
    for (const file of files) {
      const resolved = await archivedFile(folder, file);
      if (resolved !== undefined) found.push({ kind: 'file', key: fileKey(archive, file), file: resolved });
    }
  }
  return found;
}

/** A name for what is bundled: changes when any file near a module does. */
export async function fingerprint(modules: readonly WorkflowModule[], engine: string): Promise<string> {
  const named = modules.map(({ kind, key, file }) => `${kind} ${key} ${file}`).join('\n');
  const near = await hashOfFolders([...new Set(modules.map(({ file }) => path.dirname(file)))]);
  return createHash('sha256').update(`${engine}\n${named}\n${near}`).digest('hex');
}

export async function hashOfFolders(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of folders)
    for (const source of await sourcesNear(folder)) hash.update(`\0${source}\0`).update(await readFile(source));
  return hash.digest('hex');
}

async function sourcesNear(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    const own = path.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await sourcesNear(own)));
    else if (/\.(ts|mts|js|mjs|json)$/.test(entry.name) && (await stat(own)).isFile()) found.push(own);
  }
  return found.sort();
}
