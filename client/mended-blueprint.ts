/** A blueprint that was mended after an execution failed, for the execution that goes on. */
import type { Catalog } from '../plugins/catalog.js';
import type { ExecutionRequest } from '../workflows/messages.js';
import type { CaissonConnection } from './connection.js';
import { getPlan } from './deployments.js';
import { compileBlueprint, prepare } from './prepare.js';
import { refuseUnserved } from './served.js';
import { storeFiles } from './stored-files.js';

/**
 * Compiles a mended blueprint with the deployment's inputs and stores its files.
 *
 * @param file the main file, or a folder that holds a `blueprint.yaml`
 * @returns what a request to resume takes besides
 * @throws CaissonError (validation); a blueprint with other nodes is refused by the deployment
 */
export async function mendedBlueprint(
  connection: CaissonConnection,
  deploymentId: string,
  file: string,
  catalog: Catalog,
): Promise<Required<Pick<ExecutionRequest, 'blueprint' | 'plan'>>> {
  const { inputs } = await getPlan(connection, deploymentId);
  const compiled = await compileBlueprint(file, catalog);
  const { compact } = prepare(compiled, inputs, catalog);
  await refuseUnserved(connection, compact);
  const archive = await storeFiles(connection.store, { blueprint: compiled, plan: compact, deploymentId });
  return { blueprint: { id: compiled.id, main_file: compiled.mainFile, archive }, plan: compact };
}
