/** What a deployment is to become by an update: another version of its blueprint, other inputs, or both. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JsonObject } from '../blueprint/json.js';
import type { Catalog } from '../plugins/catalog.js';
import { extractBlueprint } from '../store/blueprint-archive.js';
import type { UpdateTarget } from '../workflows/messages.js';
import type { CaissonConnection } from './connection.js';
import { getDeployment, getPlan } from './deployments.js';
import { CaissonError } from './errors.js';
import { readGivenInputs } from './inputs.js';
import { type CompiledBlueprint, compileBlueprint, type PreparedDeployment, prepare } from './prepare.js';
import { refuseUnserved } from './served.js';
import { storeFiles } from './stored-files.js';

export interface UpdateOptions {
  /** The main file of the new blueprint, or a folder that holds a `blueprint.yaml`. @default the deployment's own */
  readonly file?: string | undefined;
  /** Inputs that change, as on the command line; the others keep their values. */
  readonly inputs: readonly string[];
}

/**
 * Compiles the new blueprint, binds its inputs and stores its files. Changes nothing of the deployment.
 *
 * @throws CaissonError (not-found) for the deployment, (validation) for the blueprint or its inputs
 */
export async function updateTarget(
  connection: CaissonConnection,
  deploymentId: string,
  { file, inputs }: UpdateOptions,
  catalog: Catalog,
): Promise<UpdateTarget> {
  const before = (await getPlan(connection, deploymentId)).inputs;
  return await withBlueprint(connection, deploymentId, file, catalog, async (compiled) => {
    const { compact } = await preparedUpdate(compiled, before, inputs, catalog);
    await refuseUnserved(connection, compact);
    const archive = await storeFiles(connection.store, { blueprint: compiled, plan: compact, deploymentId });
    return { blueprint: { id: compiled.id, main_file: compiled.mainFile, archive }, plan: compact };
  });
}

/**
 * The new version of a deployment, prepared: inputs that are not given anew keep their values, as far as there still are
 * such inputs.
 *
 * @param before the deployment's inputs
 * @throws CaissonError (validation)
 */
export async function preparedUpdate(
  compiled: CompiledBlueprint,
  before: JsonObject,
  inputs: readonly string[],
  catalog: Catalog,
): Promise<PreparedDeployment> {
  const given = await readGivenInputs(inputs, compiled.plan.inputs);
  const kept = Object.entries(before).filter(([name]) => Object.hasOwn(compiled.plan.inputs, name));
  return prepare(compiled, { ...Object.fromEntries(kept), ...given.values }, catalog, { given });
}

async function withBlueprint<Result>(
  connection: CaissonConnection,
  deploymentId: string,
  file: string | undefined,
  catalog: Catalog,
  use: (compiled: CompiledBlueprint) => Promise<Result>,
): Promise<Result> {
  if (file !== undefined) return await use(await compileBlueprint(file, catalog));
  const { blueprint } = await getDeployment(connection, deploymentId);
  if (blueprint.archive === undefined)
    throw new CaissonError('usage', 'C1010', `the files of deployment ${deploymentId} are not stored`, {
      hint: `name the blueprint: caisson deployments update ${deploymentId} BLUEPRINT`,
    });
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-update-'));
  try {
    const folder = await extractBlueprint(connection.store, blueprint.archive, scratch);
    const compiled = await compileBlueprint(path.join(folder, blueprint.main_file), catalog);
    return await use({ ...compiled, id: blueprint.id });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
