/** The files of a blueprint on their way to the workers. */
import type { DeploymentPlan } from '../blueprint/plan.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { storeBlueprint } from '../store/blueprint-archive.js';
import { noteWorkflowFiles, workflowFilesOf } from '../store/blueprint-workflows.js';
import type { CompiledBlueprint } from './prepare.js';

/**
 * Stores the files of a blueprint's folder and of the blueprints that it imports, and notes which of them are workflows.
 *
 * @returns the archive's hash
 */
export async function storeFiles(
  store: ArtifactStore,
  { folder, imported }: Pick<CompiledBlueprint, 'folder' | 'imported'>,
  plan: DeploymentPlan,
): Promise<string> {
  const archive = await storeBlueprint(store, folder, imported);
  await noteWorkflowFiles(store, { archive, files: workflowFilesOf(plan) });
  return archive;
}
