/** Builds the context of one attempt of an operation, and tells afterwards what the operation did through it. */
import type { InstanceView, OperationRequest, Patches, Snapshot } from '../../activities/request.js';
import { type Json, type JsonObject, objectMember } from '../../blueprint/json.js';
import { capabilitiesOf } from './capabilities.js';
import type {
  AgentView,
  NodeInstanceView,
  NodeView,
  OperationContext,
  OperationView,
  RelationshipView,
  Subject,
} from './context.js';
import { NonRecoverableError, OperationRetry } from './errors.js';
import type { OperationHost } from './host.js';
import { loggerOn } from './logger.js';
import { deletePath, readPath, writePath } from './property-path.js';
import { resourcesOf } from './resources.js';
import { templateView } from './template-view.js';
import { type Tracked, track } from './tracked.js';

export interface Attempt {
  readonly retryNumber: number;
  readonly resume: boolean;
  readonly traceparent?: string | undefined;
}

export interface ContextHandle {
  readonly ctx: OperationContext;
  /** Changes of runtime properties that are not stored yet, by instance; empty when there are none. */
  takePatches(): Patches;
  /** What `ctx.operation.retry()` asked for. */
  retryRequested(): OperationRetry | undefined;
}

const READ_ONLY_TARGET = 'Cannot modify runtime properties of relationship node instances';

export function createOperationContext(
  request: OperationRequest,
  host: OperationHost,
  attempt: Attempt,
): ContextHandle {
  const { source_id, target_id, instance_id } = request;
  const relationship = source_id !== undefined && target_id !== undefined;
  const type = relationship ? 'relationship-instance' : instance_id === undefined ? 'deployment' : 'node-instance';
  const writable = new Set(relationship ? [source_id, target_id] : [instance_id]);
  const properties = new Map<string, Tracked>();
  let snapshot = request.snapshot;
  let retry: OperationRetry | undefined;

  function trackedOf(id: string): Tracked {
    let tracked = properties.get(id);
    if (!tracked) {
      tracked = track(instanceIn(snapshot, id).runtime_properties, writable.has(id) ? undefined : READ_ONLY_TARGET);
      properties.set(id, tracked);
    }
    return tracked;
  }

  function takePatches(): Patches {
    const patches: Record<string, Patches[string]> = {};
    for (const [id, tracked] of properties) {
      const patch = tracked.takePatch();
      if (patch.length > 0) patches[id] = patch;
    }
    return patches;
  }

  async function update(id: string): Promise<void> {
    const patch = trackedOf(id).takePatch();
    if (patch.length > 0) await host.flush({ [id]: patch });
  }

  async function refresh(id: string, force: boolean): Promise<void> {
    if (trackedOf(id).dirty && !force)
      throw new NonRecoverableError(`${id} is dirty: refreshing now would destroy local changes`);
    snapshot = await host.refresh();
    properties.delete(id);
  }

  function subject(id: string): Subject {
    return { node: nodeView(snapshot, id), instance: instanceView(id) };
  }

  function instanceView(id: string): NodeInstanceView {
    const view = () => instanceIn(snapshot, id);
    return {
      id,
      get nodeId() {
        return view().node_id;
      },
      get index() {
        return view().index;
      },
      get state() {
        return view().state;
      },
      get version() {
        return view().version;
      },
      get runtimeProperties() {
        return trackedOf(id).view;
      },
      set runtimeProperties(next) {
        trackedOf(id).replace(next);
      },
      get relationships() {
        const { relationships, relationship_count } = view();
        if (relationship_count !== undefined && relationship_count > relationships.length)
          throw new NonRecoverableError(
            `${id} has ${relationship_count} relationships, too many to be sent with each operation of one of them: ` +
              'call refresh() before you look at them',
          );
        return relationships.map(
          (edge): RelationshipView => ({
            type: edge.type,
            typeHierarchy: edge.type_hierarchy,
            properties: edge.properties,
            targetId: edge.target_id,
            targetName: edge.target_name,
            isA: (other) => edge.type_hierarchy.includes(other),
            get target() {
              return subject(edge.target_id);
            },
          }),
        );
      },
      get scalingGroups() {
        return Object.fromEntries(view().scaling_groups.map((group) => [group.id, group.name]));
      },
      get hostIp() {
        return hostIp(id);
      },
      get: <T extends Json>(path: string) => readPath(trackedOf(id).view, path) as T | undefined,
      set: (path, value) => writePath(trackedOf(id).view, path, value),
      delete: (path) => deletePath(trackedOf(id).view, path),
      get drift() {
        return view().drift;
      },
      update: async () => await update(id),
      refresh: async (options) => await refresh(id, options?.force === true),
    };
  }

  function hostIp(id: string): string {
    const hostId = instanceIn(snapshot, id).host_id;
    if (hostId === undefined) throw new NonRecoverableError(`could not find ip for ${id}: nothing hosts it`);
    const ip = trackedOf(hostId).view.ip || nodeView(snapshot, hostId).properties.ip;
    if (typeof ip === 'string' && ip !== '') return ip;
    throw new NonRecoverableError(`could not find ip for host node instance: ${hostId}`);
  }

  const { name } = request.operation;
  const operation: OperationView = {
    name,
    interface: name.slice(0, Math.max(0, name.lastIndexOf('.'))),
    shortName: name.slice(name.lastIndexOf('.') + 1),
    retryNumber: attempt.retryNumber,
    implementation: request.operation.implementation?.slice(request.plugin.name.length + 1),
    maxRetries: request.operation.max_retries,
    relationship: request.operation.relationship,
    retry(message, retryAfterSeconds) {
      retry = new OperationRetry(message ?? 'retry requested', retryAfterSeconds);
      return undefined;
    },
  };
  const logger = loggerOn((level, message) => host.log(level, message));
  const resources = resourcesOf(
    () => host.blueprintFolder(),
    () => templateView(ctx),
    (message) => logger.debug(message),
  );
  const base = {
    type,
    blueprint: { id: request.blueprint.id },
    deployment: {
      id: request.deployment.id,
      displayName: request.deployment.display_name ?? request.deployment.id,
      tenantName: 'default_tenant',
      resourceTags: request.deployment.resource_tags ?? {},
      inputs: request.deployment.inputs ?? {},
    },
    tenant: { name: 'default_tenant' },
    executionId: request.execution.id,
    workflowId: request.execution.workflow_id,
    workflowParameters: request.execution.parameters ?? {},
    taskId: request.task_id,
    resume: attempt.resume,
    traceparent: attempt.traceparent,
    operation,
    plugin: {
      name: request.plugin.name,
      packageName: request.plugin.package_name,
      packageVersion: request.plugin.package_version,
      source: request.plugin.source,
      installArguments: request.plugin.install_arguments,
      properties: request.plugin.properties ?? {},
      workdir: async () => await host.workdir(),
      cacheFolder: async () => await host.cacheFolder(),
    },
    logger,
    get signal() {
      return host.signal;
    },
    checkpoint: host.checkpoint,
    heartbeat: (detail?: Json) => host.heartbeat(detail),
    sendEvent: (message: string) => host.sendEvent(message),
    getSecret: async (key: string) => await host.getSecret(key),
    async setSecret(key: string, value: Json) {
      if (!host.setSecret)
        throw new NonRecoverableError(`the secret ${key} cannot be made here: secrets are read-only`);
      await host.setSecret(key, value);
    },
    async deleteSecret(key: string) {
      if (!host.deleteSecret) throw new NonRecoverableError(`the secret ${key} cannot be deleted here`);
      await host.deleteSecret(key);
    },
    blueprintFolder: async () => await host.blueprintFolder(),
    getResource: async (path: string) => await resources.get(path),
    getResourceAndRender: async (path: string, variables: JsonObject = {}) => await resources.render(path, variables),
    downloadResource: async (path: string, target?: string) => await resources.download(path, target),
    downloadResourceAndRender: async (path: string, target?: string, variables: JsonObject = {}) =>
      await resources.downloadRendered(path, target, variables),
    downloadDirectory: async (path: string, target?: string) => await resources.downloadDirectory(path, target),
    abortOperation(message?: string): never {
      throw new NonRecoverableError(message ?? 'operation aborted');
    },
    retryOperation(message?: string, retryAfterSeconds?: number): never {
      throw new OperationRetry(message ?? 'retry requested', retryAfterSeconds);
    },
  };
  const ctx = withMembers(base, members());

  function members(): Readonly<Record<string, () => unknown>> {
    const ofNode = refuse('ctx.node/ctx.instance', 'node-instance', type);
    const ofRelationship = refuse('ctx.source/ctx.target', 'relationship-instance', type);
    const none = { node: ofNode, instance: ofNode, agent: ofNode, source: ofRelationship, target: ofRelationship };
    if (relationship)
      return {
        ...none,
        source: () => subject(source_id),
        target: () => subject(target_id),
        capabilities: () => capabilitiesOf(subject(source_id).instance),
      };
    if (instance_id === undefined) return none;
    return {
      ...none,
      node: () => nodeView(snapshot, instance_id),
      instance: () => instanceView(instance_id),
      agent: () => agentOf(nodeView(snapshot, instance_id), () => host.agentScript?.(instance_id)),
      capabilities: () => capabilitiesOf(instanceView(instance_id)),
    };
  }

  return { ctx, takePatches, retryRequested: () => retry };
}

const HOST_TYPE = 'cloudify.nodes.Compute';

/** Methods by which a machine starts its agent itself, at its first boot. */
const BY_SCRIPT = ['init_script', 'plugin'];

function agentOf(node: NodeView, script: () => string | undefined): AgentView {
  if (!node.isA(HOST_TYPE))
    throw new NonRecoverableError(`ctx.agent can only be used for nodes of type ${HOST_TYPE}, and ${node.id} is none`);
  const { install_method: method } = objectMember(node.properties, 'agent_config');
  return { initScript: () => (BY_SCRIPT.includes(String(method)) ? script() : undefined) };
}

function withMembers(base: object, members: Readonly<Record<string, () => unknown>>): OperationContext {
  for (const [name, get] of Object.entries(members)) Object.defineProperty(base, name, { get, enumerable: false });
  return base as OperationContext;
}

function refuse(members: string, needed: string, used: string): () => never {
  return () => {
    throw new NonRecoverableError(`${members} can only be used in a ${needed} context but used in a ${used} context`);
  };
}

function instanceIn(snapshot: Snapshot, id: string): InstanceView {
  const instance = snapshot.instances[id];
  if (!instance) throw new NonRecoverableError(`node instance ${id} cannot be seen from this operation`);
  return instance;
}

function nodeView(snapshot: Snapshot, instanceId: string): NodeView {
  const node = snapshot.nodes[instanceIn(snapshot, instanceId).node_id];
  if (!node) throw new NonRecoverableError(`the node of ${instanceId} cannot be seen from this operation`);
  return {
    id: node.id,
    name: node.id,
    type: node.type,
    typeHierarchy: node.type_hierarchy,
    properties: deepFreeze(node.properties),
    numberOfInstances: node.number_of_instances,
    isA: (type) => node.type_hierarchy.includes(type),
  };
}

function deepFreeze<T extends Json>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item as Json);
  }
  return value;
}
