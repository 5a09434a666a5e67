/** Plans and refusals as programs read them that know Cloudify's parser. */
import type { Diagnostic } from '../../blueprint/diagnostics.js';
import { isObject, type Json, type JsonObject, mapEntries } from '../../blueprint/json.js';
import type { DeploymentPlan, ParsedPlan } from '../../blueprint/plan.js';

/** The plan as Cloudify's parser prints it, which drops the messages of constraints. */
export function printedPlan(plan: ParsedPlan | DeploymentPlan): ParsedPlan | DeploymentPlan {
  if ('node_instances' in plan) return plan;
  return { ...plan, inputs: mapEntries(plan.inputs, withoutMessages) };
}

function withoutMessages(definition: Json): Json {
  if (!isObject(definition) || !Array.isArray(definition.constraints)) return definition;
  const constraints = definition.constraints.map((constraint: Json) => {
    if (!isObject(constraint)) return constraint;
    const { error_message: _, ...rest } = constraint;
    return rest;
  });
  return { ...definition, constraints };
}

/** The error that Cloudify's parser would have raised, which raises one only; all diagnostics are beside it. */
export function refusalOf(diagnostics: readonly Diagnostic[]): JsonObject {
  const [first] = diagnostics;
  return {
    code: first?.reference?.code ?? null,
    ...(first?.reference ? { class: first.reference.class } : {}),
    message: first?.message ?? 'refused',
    diagnostics: diagnostics as unknown as Json,
  };
}
