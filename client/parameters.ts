/** Workflow parameters as a user gives them, checked against the workflow's definitions before anything starts. */
import type { JsonObject } from '../blueprint/json.js';
import type { ParsedPlan } from '../blueprint/plan.js';
import { suggestion } from '../blueprint/suggestion.js';
import { CaissonError, notFound } from './errors.js';
import { readInputs } from './inputs.js';

export interface ParameterOptions {
  readonly allowCustom: boolean;
}

/**
 * @param given as on the command line: `key=value`, files, YAML text
 * @returns the parameters, completed with their defaults
 * @throws CaissonError (not-found) for an unknown workflow, (validation) for unknown or missing parameters
 */
export async function checkedParameters(
  plan: Pick<ParsedPlan, 'workflows'>,
  workflow: string,
  given: readonly string[],
  { allowCustom }: ParameterOptions,
): Promise<JsonObject> {
  const definition = Object.hasOwn(plan.workflows, workflow) ? plan.workflows[workflow] : undefined;
  if (!definition) {
    const known = Object.keys(plan.workflows);
    throw notFound('workflow', workflow, suggestion(workflow, known) ?? `workflows here: ${known.join(', ')}`);
  }
  const values = await readInputs(given, definition.parameters);
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(definition.parameters, name));
  if (unknown.length > 0 && !allowCustom)
    throw new CaissonError(
      'validation',
      'C3020',
      `Workflow "${workflow}" does not have the following parameters declared: ${unknown.join(',')}. Remove these parameters or use the flag for allowing custom parameters`,
      { hint: 'pass --allow-custom-parameters to give them nevertheless' },
    );
  const parameters: JsonObject = {};
  const missing: string[] = [];
  for (const [name, raw] of Object.entries(definition.parameters)) {
    const { default: fallback, required } = raw as { default?: JsonObject[string]; required?: boolean };
    if (Object.hasOwn(values, name)) continue;
    if (fallback !== undefined) Object.assign(parameters, { [name]: fallback });
    else if (required !== false) missing.push(name);
  }
  if (missing.length > 0)
    throw new CaissonError(
      'validation',
      'C3021',
      `Workflow "${workflow}" must be provided with the following parameters to execute: ${missing.join(',')}`,
      { hint: `give them with: ${missing.map((name) => `-p ${name}=…`).join(' ')}` },
    );
  return { ...parameters, ...values };
}
