/** The structured requests that the Python and JavaScript clients are built on. */

import { isPatch, type PropertyPath } from '../../graph/patch.js';
import type { Json, JsonObject, NodeInstanceView, OperationContext, Subject } from '../sdk/index.js';
import { NonRecoverableError } from '../sdk/index.js';
import type { Calls } from './ctx-server.js';
import { raisedError } from './raised-error.js';
import type { Verdict } from './verdict.js';

export function contextCalls(ctx: OperationContext, parameters: JsonObject, verdict: Verdict): Calls {
  const instance = ({ subject }: JsonObject): NodeInstanceView => subjectOf(ctx, text(subject)).instance;
  return {
    describe: () => describe(ctx, parameters),
    patch: (call) => patch(instance(call), call.patch),
    async update(call) {
      await instance(call).update();
      return describeInstance(instance(call));
    },
    async refresh(call) {
      await instance(call).refresh({ force: call.force === true });
      return describeInstance(instance(call));
    },
    look: async (call) => {
      // It is refreshed for what lies behind it.
      await instance(call).refresh({ force: true });
      return describeInstance(instance(call));
    },
    host_ip: (call) => instance(call).hostIp,
    log: ({ level, message }) => ctx.logger[levelOf(level)]('%s', text(message)),
    send_event: ({ message }) => ctx.sendEvent(text(message)),
    get_secret: async ({ key }) => await ctx.getSecret(text(key)),
    set_secret: async ({ key, value }) => await ctx.setSecret(text(key), value ?? null),
    delete_secret: async ({ key }) => await ctx.deleteSecret(text(key)),
    get_resource: async ({ path }) => (await ctx.getResource(text(path))).toString('base64'),
    get_resource_and_render: async ({ path, variables }) =>
      await ctx.getResourceAndRender(text(path), object(variables)),
    download_resource: async ({ path, target }) => await ctx.downloadResource(text(path), given(target)),
    download_resource_and_render: async ({ path, target, variables }) =>
      await ctx.downloadResourceAndRender(text(path), given(target), object(variables)),
    download_directory: async ({ path, target }) => await ctx.downloadDirectory(text(path), given(target)),
    workdir: async () => await ctx.plugin.workdir(),
    returns: ({ value }) => verdict.returns(value ?? null),
    abort: ({ message }) => verdict.abort(text(message)),
    retry: ({ message, retry_after }) => verdict.retry(text(message), number(retry_after)),
    operation_retry: ({ message, retry_after }) => ctx.operation.retry(given(message), number(retry_after)),
    raise: (error) => verdict.raise(raisedError(error)),
  };
}

function describe(ctx: OperationContext, parameters: JsonObject): JsonObject {
  const { deployment, operation, plugin } = ctx;
  return {
    type: ctx.type,
    blueprint: { id: ctx.blueprint.id },
    deployment: {
      id: deployment.id,
      name: deployment.id,
      display_name: deployment.displayName,
      tenant_name: deployment.tenantName,
      resource_tags: deployment.resourceTags,
      inputs: deployment.inputs,
    },
    tenant_name: ctx.tenant.name,
    execution_id: ctx.executionId,
    workflow_id: ctx.workflowId,
    workflow_parameters: ctx.workflowParameters,
    task_id: ctx.taskId,
    resume: ctx.resume,
    operation: {
      name: operation.name,
      retry_number: operation.retryNumber,
      max_retries: operation.maxRetries,
      relationship: operation.relationship ?? null,
    },
    plugin: {
      name: plugin.name,
      package_name: plugin.packageName ?? null,
      package_version: plugin.packageVersion ?? null,
      source: plugin.source ?? null,
      properties: plugin.properties,
    },
    parameters,
    subjects: Object.fromEntries(subjectNames(ctx).map((name) => [name, describeSubject(subjectOf(ctx, name))])),
  };
}

function describeSubject({ node, instance }: Subject, far = true): JsonObject {
  return {
    node: {
      id: node.id,
      name: node.name,
      type: node.type,
      type_hierarchy: node.typeHierarchy,
      properties: node.properties,
      number_of_instances: node.numberOfInstances,
    },
    instance: describeInstance(instance, far),
  };
}

/** @param far its relationships' targets as well; they may be out of sight else */
function describeInstance(instance: NodeInstanceView, far = true): JsonObject {
  return {
    id: instance.id,
    node_id: instance.nodeId,
    index: instance.index,
    state: instance.state,
    version: instance.version,
    drift: instance.drift ?? null,
    scaling_groups: instance.scalingGroups,
    runtime_properties: instance.runtimeProperties,
    relationships: instance.relationships.map((relationship) => ({
      type: relationship.type,
      type_hierarchy: relationship.typeHierarchy,
      properties: relationship.properties,
      target_id: relationship.targetId,
      target_name: relationship.targetName,
      target: far ? describeSubject(relationship.target, false) : null,
    })),
  };
}

function subjectNames({ type }: OperationContext): string[] {
  if (type === 'relationship-instance') return ['source', 'target'];
  return type === 'node-instance' ? ['instance'] : [];
}

/** @param name `instance`, `source`, `target`, or at the end of relationships of theirs: `instance.relationships.0` */
function subjectOf(ctx: OperationContext, name: string): Subject {
  const [side = '', ...way] = name.split('.');
  const sides = ctx as unknown as { readonly source: Subject; readonly target: Subject };
  let subject = side === 'source' ? sides.source : side === 'target' ? sides.target : (ctx as unknown as Subject);
  for (const at of way.filter((word) => word !== 'relationships')) {
    const relationship = subject.instance.relationships[Number(at)];
    if (!relationship) throw new NonRecoverableError(`there is no ${name}`);
    subject = relationship.target;
  }
  return subject;
}

function patch(instance: NodeInstanceView, operations: Json | undefined): void {
  if (!isPatch(operations)) throw new NonRecoverableError('that is no list of changes');
  for (const [op, path, value] of operations) {
    if (path.length === 0) instance.runtimeProperties = object(value);
    else if (op === 'set') holderOf(instance, path)[path.at(-1) as string] = value as Json;
    else delete holderOf(instance, path)[path.at(-1) as string];
  }
}

function holderOf(instance: NodeInstanceView, path: PropertyPath): Record<string, Json> {
  let holder = instance.runtimeProperties;
  for (const key of path.slice(0, -1)) {
    const next = holder[key];
    if (typeof next !== 'object' || next === null) holder[key] = {};
    holder = holder[key] as Record<string, Json>;
  }
  return holder;
}

function levelOf(level: Json | undefined): 'debug' | 'info' | 'warning' | 'error' {
  return level === 'debug' || level === 'warning' || level === 'error' ? level : 'info';
}

function text(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function given(value: Json | undefined): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : text(value);
}

function number(value: Json | undefined): number | undefined {
  return value === undefined || value === null || !Number.isFinite(Number(value)) ? undefined : Number(value);
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
