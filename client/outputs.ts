/** Outputs and capabilities of a deployment, evaluated with its state of now. */
import { deploymentScope } from '../blueprint/intrinsics/deployment-scope.js';
import { evaluate } from '../blueprint/intrinsics/evaluate.js';
import { type EvaluationScope, FunctionEvaluationError } from '../blueprint/intrinsics/scope.js';
import type { Json, JsonObject } from '../blueprint/json.js';
import type { DeploymentPlan, PlanOutput } from '../blueprint/plan.js';
import type { NodeInstance } from '../graph/state.js';
import type { CaissonConnection } from './connection.js';
import { getDeployment, getInstances, getPlan } from './deployments.js';

/** Outputs and capabilities of a deployment, evaluated. */
export interface Outputs {
  readonly outputs: JsonObject;
  readonly capabilities: JsonObject;
}

/** @throws CaissonError (not-found) */
export async function outputsOf(connection: CaissonConnection, deploymentId: string): Promise<Outputs> {
  const [plan, instances, { blueprint }] = await Promise.all([
    getPlan(connection, deploymentId),
    getInstances(connection, deploymentId),
    getDeployment(connection, deploymentId),
  ]);
  const scope = scopeOf(plan, instances, deploymentId, blueprint.id);
  return { outputs: evaluated(plan.outputs, scope), capabilities: evaluated(plan.capabilities, scope) };
}

/** A value that cannot be had says so in its place; the others are not held up. Secrets are never shown. */
function evaluated(outputs: Readonly<Record<string, PlanOutput>>, scope: EvaluationScope): JsonObject {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { value }]): [string, Json] => {
      try {
        return [name, evaluate(value, scope)];
      } catch (error) {
        if (!(error instanceof FunctionEvaluationError)) throw error;
        return [name, `<ERROR: ${error.message}>`];
      }
    }),
  );
}

function scopeOf(
  plan: DeploymentPlan,
  instances: readonly NodeInstance[],
  deploymentId: string,
  blueprintId: string,
): EvaluationScope {
  const byId = new Map(instances.map((instance) => [instance.id, instance]));
  const properties = new Map(plan.nodes.map((node) => [node.name, node.properties]));
  return {
    ...deploymentScope(plan, { deployment: deploymentId, blueprint: blueprintId }),
    properties: (node) => properties.get(node),
    instance: (id) => byId.get(id),
    instancesOf: (node) => instances.filter(({ node_id }) => node_id === node),
    secret: () => '***',
  };
}
