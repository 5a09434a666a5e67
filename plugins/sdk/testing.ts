/**
 * Test kit for plugins: a context whose effects stay in memory, and a way to run one operation on it.
 *
 * The context is the engine's own, over a host that keeps what it is told; so what passes here passes there.
 *
 * @example
 * const run = await runOperation(plugin, 'tasks.create', { inputs: { size: 2 }, properties: { image: 'ami-1' } });
 * expect(run.status).toBe('succeeded');
 * expect(run.runtimeProperties).toEqual({ id: 'i-1' });
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { InstanceView, NodeView, OperationRequest, Patches, Snapshot } from '../../activities/request.js';
import { resolveSecrets, secretLookup } from '../../activities/secrets.js';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { applyPatch, type Patch } from '../../graph/patch.js';
import type { OperationContext } from './context.js';
import { type ContextHandle, createOperationContext } from './create-context.js';
import type { Plugin } from './define.js';
import { errorKind } from './errors.js';
import type { LogLevel, OperationHost } from './host.js';

/** A node and one instance of it. */
export interface FakeSubject {
  /** Name of the node. @default 'node', 'source' or 'target' */
  readonly name?: string;
  /** @default 'cloudify.nodes.Root' */
  readonly type?: string;
  /** Root type first. @default the type alone, under `cloudify.nodes.Root` */
  readonly typeHierarchy?: readonly string[];
  readonly properties?: JsonObject;
  readonly numberOfInstances?: number;
  /** @default name + '_1' */
  readonly instanceId?: string;
  /** @default 1 */
  readonly index?: number;
  readonly state?: string;
  readonly runtimeProperties?: JsonObject;
  /** Instance that hosts it: its own id, or that of a relationship's target. */
  readonly hostId?: string;
  readonly relationships?: readonly FakeRelationship[];
}

/** A relationship of the instance, and its target. */
export interface FakeRelationship {
  /** @default 'cloudify.relationships.connected_to' */
  readonly type?: string;
  readonly properties?: JsonObject;
  readonly target: FakeSubject;
}

/**
 * Sets the stage for one operation. All of it is optional: without a word it is `create` of an instance of a plain
 * node.
 */
export interface FakeContextOptions extends FakeSubject {
  /** With `target`: a relationship operation, in which there is no node of its own. */
  readonly source?: FakeSubject;
  readonly target?: FakeSubject;
  /** An operation that a workflow runs for no node. @default false */
  readonly ofDeployment?: boolean;
  /** Full name. @default 'cloudify.interfaces.lifecycle.create' */
  readonly operation?: string;
  /** Evaluated inputs; `{ get_secret: key }` is resolved as on a worker. */
  readonly inputs?: JsonObject;
  /** Retries before this attempt. @default 0 */
  readonly retryNumber?: number;
  /** @default 5 */
  readonly maxRetries?: number;
  /** The attempt follows one that lost its worker. @default false */
  readonly resume?: boolean;
  /** What the earlier attempt left with its last heartbeat. */
  readonly checkpoint?: Json;
  /** The same for each attempt of one call. @default 'task-1' */
  readonly taskId?: string;
  /** Files of the blueprint: path → content. */
  readonly resources?: Readonly<Record<string, string | Buffer>>;
  /** A folder with the blueprint's files, instead of `resources`. */
  readonly blueprintFolder?: string;
  readonly secrets?: JsonObject;
  readonly deployment?: { readonly id?: string; readonly inputs?: JsonObject };
  readonly plugin?: {
    readonly name?: string;
    readonly properties?: JsonObject;
    readonly package_name?: string;
    readonly package_version?: string;
    readonly source?: string;
    readonly install_arguments?: string;
  };
  /** What the blueprint maps the operation to, with the plugin's prefix. */
  readonly implementation?: string;
  readonly workflowId?: string;
  readonly signal?: AbortSignal;
  /** Folder for `ctx.plugin.workdir()`. @default a temporary one */
  readonly workdir?: string;
  /** Folder for `ctx.plugin.cacheFolder()`. @default a temporary one */
  readonly cacheFolder?: string;
  /** Properties that others store in the meantime, by instance id: what `refresh()` finds besides one's own. */
  readonly storedByOthers?: Readonly<Record<string, JsonObject>>;
  /** Called on each flush, before it counts as stored: throw to let it fail. */
  readonly onFlush?: (patches: Patches) => void | Promise<void>;
}

/** A line that the operation logged, secrets blanked. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
}

/** A context whose effects stay in memory, and what the operation did through it. */
export interface FakeContext {
  readonly ctx: OperationContext;
  readonly inputs: JsonObject;
  readonly logs: readonly LogLine[];
  readonly events: readonly string[];
  /** Heartbeat details, in order; undefined for a mere beat. */
  readonly heartbeats: readonly (Json | undefined)[];
  /** What `update()` stored, in order. What is stored at the operation's end is not among them. */
  readonly flushes: readonly Patches[];
  /** Every secret, with what the operation made of them. */
  secrets(): JsonObject;
  /** Text with every secret that was handed out blanked. */
  mask(text: string): string;
  /** Changes not stored yet; afterwards they are. */
  end(): Patches;
  /** What `ctx.operation.retry()` has asked for. */
  readonly retryRequested: ContextHandle['retryRequested'];
  /** Properties as they are stored now. @param id @default the operation's own instance (or source) */
  stored(id?: string): JsonObject;
  /** Removes the temporary folders. */
  cleanUp(): Promise<void>;
}

/** How an operation went, and everything it did. */
export interface OperationRun
  extends Pick<FakeContext, 'logs' | 'events' | 'heartbeats' | 'flushes' | 'stored' | 'secrets'> {
  readonly status: 'succeeded' | 'recoverable' | 'non-recoverable' | 'retry';
  readonly result: Json | undefined;
  readonly error: Error | undefined;
  /** Of the operation's own instance (or source), after it. */
  readonly runtimeProperties: JsonObject;
  /** Stored at the end of the operation, well or not. */
  readonly patches: Patches;
}

/**
 * Runs an operation of a plugin once. Never throws for what the operation throws: see `status` and `error`.
 *
 * @param name of the operation, or an alias
 */
export async function runOperation(
  plugin: Plugin,
  name: string,
  options: FakeContextOptions = {},
): Promise<OperationRun> {
  const operation = plugin.operations[plugin.aliases?.[name] ?? name];
  if (!operation) {
    const known = Object.keys(plugin.operations).join(', ');
    throw new Error(`plugin ${plugin.name} has no operation ${name}; it has ${known}`);
  }
  const fake = await fakeContext({ ...options, plugin: { name: plugin.name, ...options.plugin } });
  let result: Json | undefined;
  let error: unknown;
  try {
    result = ((await operation.run(fake.ctx, fake.inputs)) ?? undefined) as Json | undefined;
    error = fake.retryRequested();
  } catch (thrown) {
    error = thrown;
  } finally {
    await fake.cleanUp();
  }
  const patches = fake.end();
  return {
    status: error === undefined ? 'succeeded' : (errorKind(error) ?? 'recoverable'),
    result: error === undefined ? result : undefined,
    error: error === undefined || error instanceof Error ? error : new Error(String(error)),
    patches,
    runtimeProperties: options.ofDeployment ? {} : fake.stored(),
    logs: fake.logs,
    events: fake.events,
    heartbeats: fake.heartbeats,
    flushes: fake.flushes,
    stored: fake.stored,
    secrets: fake.secrets,
  };
}

/** A context to call an operation's parts with. Call `cleanUp` when done. */
export async function fakeContext(options: FakeContextOptions = {}): Promise<FakeContext> {
  const folders: string[] = [];
  const vault = new Map<string, Json>(Object.entries(options.secrets ?? {}));
  const secrets = secretLookup({
    get: async (key) => vault.get(key),
    set: async (key, value) => void vault.set(key, value),
    delete: async (key) => vault.delete(key),
  });
  const request = await resolveSecrets(requestOf(options), secrets);
  const stored = new Map(Object.entries(request.snapshot.instances));
  const logs: LogLine[] = [];
  const events: string[] = [];
  const heartbeats: (Json | undefined)[] = [];
  const flushes: Patches[] = [];

  const temporary = async (): Promise<string> => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'caisson-test-'));
    folders.push(folder);
    return folder;
  };
  const blueprintFolder = once(async () => options.blueprintFolder ?? (await written(options.resources, temporary)));
  const workdir = once(async () => options.workdir ?? (await temporary()));

  function store(patches: Patches): void {
    for (const [id, patch] of Object.entries(patches)) {
      const instance = stored.get(id);
      if (instance) stored.set(id, patched(instance, patch));
    }
  }

  const host: OperationHost = {
    signal: options.signal ?? new AbortController().signal,
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
    log: (level, message) => void logs.push({ level, message: secrets.mask(message) }),
    sendEvent: (message) => void events.push(secrets.mask(message)),
    heartbeat: (detail) => void heartbeats.push(detail),
    async flush(patches) {
      await options.onFlush?.(patches);
      flushes.push(patches);
      store(patches);
    },
    async refresh() {
      for (const [id, properties] of Object.entries(options.storedByOthers ?? {})) {
        store({ [id]: Object.entries(properties).map(([key, value]) => ['set', [key], value] as const) });
      }
      return { ...request.snapshot, instances: Object.fromEntries(stored) };
    },
    getSecret: async (key) => await secrets.get(key),
    setSecret: async (key, value) => await secrets.set(key, value),
    deleteSecret: async (key) => await secrets.delete(key),
    blueprintFolder,
    workdir,
    cacheFolder: once(async () => options.cacheFolder ?? (await temporary())),
  };
  const attempt = { retryNumber: options.retryNumber ?? 0, resume: options.resume ?? false };
  const handle = createOperationContext(request, host, attempt);
  return {
    ctx: handle.ctx,
    inputs: request.inputs,
    logs,
    events,
    heartbeats,
    flushes,
    secrets: () => Object.fromEntries(vault),
    mask: (text) => secrets.mask(text),
    end() {
      const patches = handle.takePatches();
      store(patches);
      return patches;
    },
    retryRequested: handle.retryRequested,
    stored(id = request.source_id ?? request.instance_id ?? '') {
      const instance = stored.get(id);
      if (!instance) throw new Error(`there is no instance ${id}; there are ${[...stored.keys()].join(', ')}`);
      return instance.runtime_properties;
    },
    async cleanUp() {
      for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
    },
  };
}

function requestOf(options: FakeContextOptions): OperationRequest {
  const snapshot = { nodes: {} as Record<string, NodeView>, instances: {} as Record<string, InstanceView> };
  const sides =
    options.source || options.target
      ? {
          source_id: add(options.source ?? {}, 'source', snapshot),
          target_id: add(options.target ?? {}, 'target', snapshot),
        }
      : undefined;
  return {
    task_id: options.taskId ?? 'task-1',
    deployment: { id: options.deployment?.id ?? 'deployment', inputs: options.deployment?.inputs ?? {} },
    blueprint: { id: 'blueprint' },
    execution: { id: 'execution', workflow_id: options.workflowId ?? 'install', parameters: {} },
    operation: {
      name:
        options.operation ?? `cloudify.interfaces.${sides ? 'relationship_lifecycle.establish' : 'lifecycle.create'}`,
      ...(sides ? { relationship: 'source' } : {}),
      max_retries: options.maxRetries ?? 5,
      timeout_recoverable: false,
      ...(options.implementation === undefined ? {} : { implementation: options.implementation }),
    },
    plugin: { name: 'plugin', properties: {}, ...options.plugin },
    inputs: options.inputs ?? {},
    ...(options.ofDeployment ? {} : { instance_id: sides?.source_id ?? add(options, 'node', snapshot) }),
    ...sides,
    snapshot,
  };
}

function add(subject: FakeSubject, fallback: string, snapshot: Snapshot): string {
  const name = subject.name ?? fallback;
  const id = subject.instanceId ?? `${name}_1`;
  const type = subject.type ?? 'cloudify.nodes.Root';
  const relationships = (subject.relationships ?? []).map((relationship, at) => ({
    type: relationship.type ?? 'cloudify.relationships.connected_to',
    type_hierarchy: ['cloudify.relationships.depends_on', relationship.type ?? 'cloudify.relationships.connected_to'],
    target_id: add(relationship.target, `target${at + 1}`, snapshot),
    target_name: relationship.target.name ?? `target${at + 1}`,
    properties: relationship.properties ?? {},
  }));
  const { nodes, instances } = snapshot as { nodes: Record<string, NodeView>; instances: Record<string, InstanceView> };
  nodes[name] = {
    id: name,
    type,
    type_hierarchy: subject.typeHierarchy ?? [...new Set(['cloudify.nodes.Root', type])],
    properties: subject.properties ?? {},
    number_of_instances: subject.numberOfInstances ?? 1,
  };
  instances[id] = {
    id,
    node_id: name,
    index: subject.index ?? 1,
    state: subject.state ?? 'creating',
    ...(subject.hostId === undefined ? {} : { host_id: subject.hostId }),
    version: 1,
    runtime_properties: subject.runtimeProperties ?? {},
    relationships,
    scaling_groups: [],
  };
  return id;
}

function patched(instance: InstanceView, patch: Patch): InstanceView {
  return {
    ...instance,
    version: instance.version + 1,
    runtime_properties: applyPatch(instance.runtime_properties, patch),
  };
}

async function written(resources: FakeContextOptions['resources'], temporary: () => Promise<string>): Promise<string> {
  const folder = await temporary();
  for (const [name, content] of Object.entries(resources ?? {})) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return folder;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
