/** A deployment prepared from a command's arguments: nothing has started yet, and everything that can be refused has been. */
import type { PreparedDeployment } from '../prepare.js';
import { type Invocation, optionalText, texts } from './definition.js';

export interface PreparedFromFlags {
  readonly prepared: PreparedDeployment;
  readonly id: string;
}

/** @throws CaissonError for a blueprint, inputs, secrets or an id that cannot be */
export async function prepareFromFlags(invocation: Invocation): Promise<PreparedFromFlags> {
  const { args, global, io } = invocation;
  const { compileBlueprint, prepare } = await import('../prepare.js');
  const { readGivenInputs } = await import('../inputs.js');
  const { installedPlugins, knownSecrets } = await import('../session.js');
  const { checkId } = await import('../deployment-id.js');
  const { unevaluatedPolicies } = await import('../unevaluated-policies.js');
  const catalog = await installedPlugins(global);
  const blueprint = await compileBlueprint(args[0] ?? '', catalog);
  for (const text of unevaluatedPolicies(blueprint.plan)) io.err(`warning: ${text}`);
  const id = optionalText(invocation, 'deploymentId') ?? blueprint.id;
  checkId(id);
  const given = await readGivenInputs(texts(invocation, 'inputs'), blueprint.plan.inputs);
  const secretExists = await knownSecrets(global, blueprint.plan.requirements.secrets);
  const options = { given, ...(secretExists ? { secretExists } : {}) };
  return { prepared: prepare(blueprint, given.values, catalog, options), id };
}
