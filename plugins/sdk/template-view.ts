/** The context in the names that templates of existing blueprints use: snake_case, plain data. */
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext, Subject } from './context.js';

export function templateView(ctx: OperationContext): JsonObject {
  const subjects: JsonObject =
    ctx.type === 'node-instance'
      ? subjectView(ctx)
      : ctx.type === 'relationship-instance'
        ? { source: subjectView(ctx.source), target: subjectView(ctx.target) }
        : {};
  return {
    type: ctx.type,
    ...subjects,
    blueprint: { id: ctx.blueprint.id },
    deployment: { id: ctx.deployment.id, inputs: ctx.deployment.inputs },
    execution_id: ctx.executionId,
    workflow_id: ctx.workflowId,
    operation: { name: ctx.operation.name, retry_number: ctx.operation.retryNumber },
    plugin: { name: ctx.plugin.name, properties: ctx.plugin.properties },
    tenant_name: ctx.tenant.name,
  };
}

function subjectView({ node, instance }: Subject): JsonObject {
  return {
    node: { id: node.id, name: node.name, type: node.type, properties: node.properties },
    instance: {
      id: instance.id,
      index: instance.index,
      runtime_properties: JSON.parse(JSON.stringify(instance.runtimeProperties)) as JsonObject,
      host_ip: hostIpOf(instance),
    },
  };
}

/** Most templates do not ask for it, and most instances have none. */
function hostIpOf(instance: Subject['instance']): string | null {
  try {
    return instance.hostIp;
  } catch {
    return null;
  }
}
