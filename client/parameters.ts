/** Workflow parameters as a user gives them, checked against the workflow's definitions before anything starts. */
import type { JsonObject } from '../blueprint/json.js';
import { bindParameters, workflowOf } from '../blueprint/parameters.js';
import type { ParsedPlan } from '../blueprint/plan.js';
import { suggestion } from '../blueprint/suggestion.js';
import { CaissonError, notFound } from './errors.js';
import { readInputs } from './inputs.js';

export interface ParameterOptions {
  readonly allowCustom: boolean;
  /** Names that exist, by type: what filters name must be among them. @default whoever starts it asks */
  readonly objectNames?: (type: string) => readonly string[] | undefined;
}

/**
 * @param given as on the command line: `key=value`, files, YAML text
 * @returns the parameters, completed with their defaults
 * @throws CaissonError (not-found) for an unknown workflow, (validation) for parameters that are unknown, missing or do not fit
 */
export async function checkedParameters(
  plan: Pick<ParsedPlan, 'workflows'>,
  workflow: string,
  given: readonly string[],
  options: ParameterOptions,
): Promise<JsonObject> {
  const definition = workflowOf(plan, workflow);
  if (!definition) {
    const known = Object.keys(plan.workflows);
    throw notFound('workflow', workflow, suggestion(workflow, known) ?? `workflows here: ${known.join(', ')}`);
  }
  const values = await readInputs(given, definition.parameters);
  const { values: parameters, unknown, ...bound } = bindParameters(workflow, definition, values, options);
  const problems = [...bound.problems, ...unknown];
  if (problems.length === 0) return parameters;
  throw new CaissonError('validation', 'C3020', problems.join('\n'), {
    hint: `its parameters are told by: caisson workflows get ${workflow} -d <deployment>`,
  });
}
