/** The request of an operation: everything that the activity needs. */
import type { OperationRequest } from '../activities/request.js';
import type { JsonObject, Operation } from '../blueprint/plan.js';
import type { OperationCall } from '../graph/steps.js';
import { mappedOperation, nodeOf, relationshipAt } from '../graph/topology.js';
import { evaluateFor } from './evaluation.js';
import type { RequestSource } from './request-source.js';
import { snapshotFor } from './snapshot.js';

/** The mapped operation that a call stands for. */
export function operationOf(source: RequestSource, call: OperationCall): Operation {
  const { relationship } = call;
  const owner = nodeOf(source.topology, source.instance(relationship?.source_id ?? call.instance_id));
  const operations =
    relationship === undefined
      ? owner.operations
      : relationship.side === 'source'
        ? relationshipAt(owner, relationship.index).source_operations
        : relationshipAt(owner, relationship.index).target_operations;
  const mapped = mappedOperation(operations, call.operation);
  if (!mapped) throw new Error(`${call.instance_id} does not map ${call.operation}`);
  return mapped.operation;
}

export function implementationOf({ plugin, operation }: Operation): string {
  return `${plugin}.${operation}`;
}

export interface RequestOptions {
  /** With all that the operation may see, however much. @default false */
  readonly whole?: boolean;
  /** The operation's inputs, where they are known otherwise than by evaluating. */
  readonly inputs?: JsonObject;
  /** Properties of nodes, by node id, that are known otherwise than by evaluating. */
  readonly properties?: Readonly<Record<string, JsonObject>>;
}

/** Everything the activity needs; made anew it holds the properties of now. */
export function requestFor(
  source: RequestSource,
  call: OperationCall,
  taskId: string,
  { whole = false, inputs = inputsFor(source, call), properties }: RequestOptions = {},
): OperationRequest {
  const operation = operationOf(source, call);
  const { input, options } = source;
  const { relationship } = call;
  const plugin = nodeOf(source.topology, source.instance(call.instance_id)).plugins.find(
    ({ name }) => name === operation.plugin,
  );
  const archive = source.plan.plugin_archives?.[operation.plugin];
  return {
    task_id: taskId,
    deployment: { id: input.deployment_id, inputs: source.plan.inputs, resource_tags: source.plan.resource_tags },
    blueprint: {
      id: source.blueprint.id,
      ...(source.blueprint.archive === undefined ? {} : { archive: source.blueprint.archive }),
    },
    execution: { id: source.id, workflow_id: input.request.workflow_id, parameters: input.request.parameters },
    operation: {
      name: call.operation,
      ...(relationship === undefined ? {} : { relationship: relationship.side }),
      max_retries: operation.max_retries ?? call.max_retries ?? options.max_retries,
      ...(options.legacy && call.ignore_failure ? { no_retries: true } : {}),
      ...(operation.timeout === null ? {} : { timeout: operation.timeout }),
      timeout_recoverable: operation.timeout_recoverable ?? false,
      ...(call.poll ? { poll: true } : {}),
      ...(operation.activity === undefined ? {} : { implementation: implementationOf(operation) }),
    },
    plugin: {
      name: operation.plugin,
      ...(plugin?.package_name ? { package_name: plugin.package_name } : {}),
      ...(plugin?.package_version ? { package_version: plugin.package_version } : {}),
      ...(archive === undefined ? {} : { archive }),
      ...(plugin?.source ? { source: plugin.source } : {}),
      ...(plugin?.install_arguments ? { install_arguments: plugin.install_arguments } : {}),
      ...(plugin && Object.keys(plugin.properties).length > 0
        ? { properties: evaluateFor(source, call, valuesOf(plugin.properties)) as JsonObject }
        : {}),
    },
    inputs,
    instance_id: call.instance_id,
    ...(relationship === undefined ? {} : { source_id: relationship.source_id, target_id: relationship.target_id }),
    snapshot: snapshotFor(source, call, whole, properties),
  };
}

/** The mapping's inputs, the caller's over them. */
export function inputsFor(source: RequestSource, call: OperationCall): JsonObject {
  const { inputs } = operationOf(source, call);
  return evaluateFor(source, call, call.kwargs === undefined ? inputs : { ...inputs, ...call.kwargs }) as JsonObject;
}

/** Plugin properties as the plan has them are `{ key: { value, … } }`; operations see `{ key: value }`. */
function valuesOf(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([key, property]) => [key, (property as JsonObject)?.value ?? null]),
  );
}
