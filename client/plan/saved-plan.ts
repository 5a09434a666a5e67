/** A plan in a file: exactly what `caisson apply` runs, or refuses to run when the world has changed since. */
import { readFile, writeFile } from 'node:fs/promises';
import { isObject, type Json } from '../../blueprint/json.js';
import type { DeploymentPlan } from '../../blueprint/plan.js';
import type { NodeInstance } from '../../graph/state.js';
import { packBlueprint } from '../../store/blueprint-archive.js';
import { CaissonError, conflict, usageError } from '../errors.js';
import type { CompiledBlueprint, PreparedDeployment } from '../prepare.js';
import { fingerprintOf } from './changes.js';
import type { ExistingDeployment } from './existing.js';

const SCHEMA = 'caisson/saved-plan@1';

export interface SavedPlan {
  readonly schema: typeof SCHEMA;
  readonly deployment: string;
  readonly made_at: string;
  readonly blueprint: Pick<CompiledBlueprint, 'id' | 'folder' | 'mainFile' | 'imported'>;
  /** Hash of the archive of the blueprint's files. */
  readonly archive: string;
  /** Compact, inputs bound. */
  readonly plan: DeploymentPlan;
  /** Instances that an install would make. */
  readonly instances: readonly NodeInstance[];
  /** What the deployment was; `null`: there was none. */
  readonly before: string | null;
}

/** @param existing the deployment that the plan would change; undefined: it would make one */
export async function savePlan(
  file: string,
  deployment: string,
  { blueprint, compact, instances }: PreparedDeployment,
  existing: ExistingDeployment | undefined,
): Promise<void> {
  const { id, folder, mainFile, imported } = blueprint;
  const saved: SavedPlan = {
    schema: SCHEMA,
    deployment,
    made_at: new Date().toISOString(),
    blueprint: { id, folder, mainFile, imported },
    archive: (await packBlueprint(folder, imported)).hash,
    plan: compact,
    instances,
    before: existing ? fingerprintOf(existing.plan, existing.instances) : null,
  };
  // Inputs may be nobody else's business.
  await writeFile(file, `${JSON.stringify(saved, null, 2)}\n`, { mode: 0o600 });
}

/** @throws CaissonError (usage) for what is no saved plan; (conflict) when the blueprint's files have changed since */
export async function readSavedPlan(file: string): Promise<SavedPlan> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CaissonError('not-found', 'C4003', `there is no plan ${file} (${error.code})`, { hint: SAVE });
  });
  const saved = parsed(text);
  if (!saved) throw usageError(`${file} is no plan`, SAVE);
  const { hash } = await packBlueprint(saved.blueprint.folder, saved.blueprint.imported).catch(() => ({ hash: '' }));
  if (hash !== saved.archive) throw stale(`files in ${saved.blueprint.folder} have changed since it was made`);
  return saved;
}

const SAVE = 'make one with: caisson plan BLUEPRINT -d DEPLOYMENT --out FILE';

function parsed(text: string): SavedPlan | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) && value.schema === SCHEMA ? (value as unknown as SavedPlan) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws CaissonError (conflict) when the deployment is not what it was when the plan was made */
export function checkUnchanged({ before, deployment }: SavedPlan, existing: ExistingDeployment | undefined): void {
  const now = existing ? fingerprintOf(existing.plan, existing.instances) : null;
  if (now === before) return;
  if (before === null) throw stale(`a deployment ${deployment} has been made since`);
  throw stale(`deployment ${deployment} ${now === null ? 'is gone' : 'has changed since it was made'}`);
}

const stale = (why: string): CaissonError =>
  conflict(`the plan is stale: ${why}`, 'make it anew: caisson plan BLUEPRINT -d DEPLOYMENT --out FILE');
