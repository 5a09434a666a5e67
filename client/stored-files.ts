/** What a deployment needs of the artifact store: its blueprint's files, and the plugin packages that it is bound to. */
import type { DeploymentPlan } from '../blueprint/plan.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { storeBlueprint } from '../store/blueprint-archive.js';
import { noteWorkflowFiles, workflowFilesOf } from '../store/blueprint-workflows.js';
import { ArchiveRefused } from '../store/folder-archive.js';
import { findPluginPackage, notePluginUse } from '../store/plugin-packages.js';
import { archivesOf } from './bound-plan.js';
import { CaissonError, conflict } from './errors.js';
import type { CompiledBlueprint } from './prepare.js';

export interface FilesOf {
  readonly blueprint: Pick<CompiledBlueprint, 'folder' | 'imported'>;
  /** Bound to plugins. */
  readonly plan: DeploymentPlan;
  readonly deploymentId: string;
}

/**
 * Stores the files of a blueprint's folder and of the blueprints that it imports, notes which of them are workflows, and which plugin packages are used.
 *
 * @returns the archive's hash
 * @throws CaissonError (validation) for files that cannot go along; (conflict) when a package has been deleted since the plan was made
 */
export async function storeFiles(store: ArtifactStore, { blueprint, plan, deploymentId }: FilesOf): Promise<string> {
  const archive = await storeBlueprint(store, blueprint.folder, blueprint.imported).catch((error: unknown) => {
    if (!(error instanceof ArchiveRefused)) throw error;
    throw new CaissonError('validation', 'C1013', error.message, {
      hint: 'all files beside the blueprint belong to it: give it a folder of its own, or take out what cannot go along',
    });
  });
  await noteWorkflowFiles(store, { archive, files: workflowFilesOf(plan) });
  await noteUses(store, deploymentId, archivesOf(plan));
  return archive;
}

/** Noted first and looked at then, while who deletes withdraws first and looks then: one of the two sees the other. */
async function noteUses(store: ArtifactStore, deploymentId: string, archives: readonly string[]): Promise<void> {
  await notePluginUse(store, deploymentId, archives);
  for (const archive of archives) {
    const known = await findPluginPackage(store, archive);
    if (known && known.withdrawn_at === undefined) continue;
    const name = known ? `${known.package_name} ${known.package_version}` : archive;
    throw conflict(`the plugin package ${name} has been deleted meanwhile`, 'see: caisson plugins list');
  }
}
