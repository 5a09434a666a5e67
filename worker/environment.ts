/** What operations find on a worker: the blueprint's files, a work folder, a log, secrets. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { OperationEnvironment } from '../activities/environment.js';
import { operationLog } from '../activities/operation-log.js';
import { type SecretProvider, secretLookup } from '../activities/secrets.js';
import type { AgentKit } from '../plugins/agent/kit.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { extractBlueprint } from '../store/blueprint-archive.js';

export interface EnvironmentSettings {
  readonly store: ArtifactStore;
  readonly secrets: SecretProvider;
  /** Folder for what can be fetched or made anew. */
  readonly cacheFolder: string;
  /** Folder of the deployments' work folders, which outlive a restart. */
  readonly workFolder: string;
  readonly agents?: AgentKit;
  /** Names this worker's log files; may be told from every other worker's. */
  readonly worker: string;
  /** Aborted when the process is about to end. */
  readonly releasing?: AbortSignal;
}

export function operationEnvironment(settings: EnvironmentSettings): OperationEnvironment {
  const { store, secrets, cacheFolder, workFolder, worker, agents, releasing } = settings;
  return {
    releasing,
    async blueprintFolder(archive) {
      const blueprints = path.join(cacheFolder, 'blueprints');
      if (archive !== undefined) return await extractBlueprint(store, archive, blueprints);
      return await made(path.join(blueprints, 'none'));
    },
    workdir: async (deploymentId, plugin) => await made(path.join(workFolder, safe(deploymentId), safe(plugin))),
    cacheFolder: async () => await made(path.join(cacheFolder, 'plugins')),
    logFor: (request) => operationLog(store, worker, request),
    secrets: () => secretLookup(secrets),
    agents,
  };
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return folder;
}

const safe = (name: string): string => (/^\.*$/.test(name) ? `_${name}` : name.replaceAll(/[^\w.-]/g, '_'));
