/** What there is to reach from `ctx` on the command line, in the names that existing scripts use. */
import type {
  Json,
  JsonObject,
  NodeInstanceView,
  NodeOperationContext,
  NodeView,
  OperationContext,
  Subject,
} from '../sdk/index.js';
import type { Callable, Member, Members } from './ctx-command.js';
import type { Verdict } from './verdict.js';

export function contextMembers(ctx: OperationContext, verdict: Verdict): Members {
  return {
    type: value(() => ctx.type),
    node: () => nodeMember(nodeContext(ctx).node),
    instance: () => instanceMember(nodeContext(ctx).instance),
    source: () => subjectMember(relationshipContext(ctx).source),
    target: () => subjectMember(relationshipContext(ctx).target),
    capabilities: () => capabilitiesMember(ctx as NodeOperationContext),
    blueprint: branch({ id: ctx.blueprint.id }),
    deployment: branch({
      id: ctx.deployment.id,
      display_name: ctx.deployment.displayName,
      tenant_name: ctx.deployment.tenantName,
      resource_tags: ctx.deployment.resourceTags,
      inputs: ctx.deployment.inputs,
    }),
    tenant: branch({ name: ctx.tenant.name }),
    tenant_name: value(() => ctx.tenant.name),
    execution_id: value(() => ctx.executionId),
    workflow_id: value(() => ctx.workflowId),
    workflow_parameters: value(() => ctx.workflowParameters),
    task_id: value(() => ctx.taskId),
    resume: value(() => ctx.resume),
    operation: () => operationMember(ctx),
    plugin: () => pluginMember(ctx),
    logger: () => loggerMember(ctx),
    send_event: call(['event'], 1, ([event]) => ctx.sendEvent(text(event))),
    get_secret: call(['key'], 1, async ([key]) => await ctx.getSecret(text(key))),
    ...resourceMembers(ctx),
    returns: call(['value'], 0, ([result]) => verdict.returns(result ?? null), { objects: true }),
    abort_operation: call(['message'], 0, ([message]) => {
      verdict.abort(text(message));
      throw new Stopped(text(message));
    }),
    retry_operation: call(['message', 'retry_after'], 0, ([message, after]) => {
      verdict.retry(text(message), number(after));
      throw new Stopped(text(message));
    }),
  };
}

/** The script has said that it is over; its command fails, so that a script under `set -e` ends there. */
export class Stopped extends Error {}

/** In an operation of the wrong kind, touching the member says so. */
function nodeContext(ctx: OperationContext): Subject {
  return ctx as unknown as Subject;
}

function relationshipContext(ctx: OperationContext): { readonly source: Subject; readonly target: Subject } {
  return ctx as unknown as { readonly source: Subject; readonly target: Subject };
}

function subjectMember({ node, instance }: Subject): Member {
  return {
    kind: 'branch',
    members: { node: () => nodeMember(node), instance: () => instanceMember(instance) },
    summary: () => ({ node: nodeSummary(node), instance: instanceSummary(instance) }),
  };
}

/** The reference's name for the runtime properties of related instances. */
function capabilitiesMember({ capabilities }: Pick<NodeOperationContext, 'capabilities'>): Member {
  const all = () => plain(capabilities.getAll());
  return { kind: 'branch', members: { get_all: call([], 0, all) }, summary: all };
}

function nodeMember(node: NodeView): Member {
  return {
    kind: 'branch',
    members: {
      id: value(() => node.id),
      name: value(() => node.name),
      type: value(() => node.type),
      type_hierarchy: value(() => node.typeHierarchy),
      number_of_instances: value(() => node.numberOfInstances),
      properties: readOnly(() => node.properties),
    },
    summary: () => nodeSummary(node),
  };
}

function nodeSummary(node: NodeView): JsonObject {
  return { id: node.id, type: node.type, properties: node.properties };
}

function instanceMember(instance: NodeInstanceView): Member {
  const properties = () => instance.runtimeProperties;
  return {
    kind: 'branch',
    members: {
      id: value(() => instance.id),
      node_id: value(() => instance.nodeId),
      index: value(() => instance.index),
      state: value(() => instance.state),
      version: value(() => instance.version),
      host_ip: value(() => instance.hostIp),
      relationships: value(() => relationshipSummaries(instance)),
      scaling_groups: value(() => instance.scalingGroups),
      runtime_properties: () => ({
        kind: 'mapping',
        view: properties,
        methods: { ...readers(properties), ...writers(instance) },
      }),
      update: call([], 0, async () => await instance.update()),
      refresh: call(['force'], 0, async ([force]) => await instance.refresh({ force: force === true })),
    },
    summary: () => instanceSummary(instance),
  };
}

function instanceSummary(instance: NodeInstanceView): JsonObject {
  return {
    id: instance.id,
    node_id: instance.nodeId,
    index: instance.index,
    state: instance.state,
    runtime_properties: plain(instance.runtimeProperties),
    relationships: relationshipSummaries(instance),
  };
}

function relationshipSummaries(instance: NodeInstanceView): Json[] {
  return instance.relationships.map(({ type, target }) => ({
    type,
    target_id: target.instance.id,
    target_name: target.node.name,
  }));
}

/** Methods of a mapping. Given a value, a name stands for a key instead, except where the method takes one. */
function readers(view: () => JsonObject): Members {
  return {
    keys: call([], 0, () => Object.keys(view())),
    values: call([], 0, () => Object.values(plain(view()))),
    items: call([], 0, () => Object.entries(plain(view()))),
    copy: call([], 0, () => plain(view())),
    get: call(['key', 'default'], 1, ([key, fallback]) => own(plain(view()), text(key)) ?? fallback ?? null),
  };
}

function writers(instance: NodeInstanceView): Members {
  const properties = () => instance.runtimeProperties;
  return {
    pop: call(['key', 'default'], 1, ([key, fallback]) => {
      const name = text(key);
      const value = own(plain(properties()), name);
      if (value === undefined && fallback === undefined) throw new RangeError(`there is no runtime property ${name}`);
      delete properties()[name];
      return value ?? fallback;
    }),
    clear: call([], 0, () => {
      instance.runtimeProperties = {};
    }),
    update: call(
      ['values'],
      1,
      ([values]) => {
        if (typeof values !== 'object' || values === null || Array.isArray(values))
          throw new TypeError('update takes an object: @{"key": "value"}');
        for (const [key, item] of Object.entries(values as JsonObject)) properties()[key] = item;
      },
      { objects: true },
    ),
  };
}

function operationMember(ctx: OperationContext): Member {
  const { operation } = ctx;
  return {
    kind: 'branch',
    members: {
      name: value(() => operation.name),
      retry_number: value(() => operation.retryNumber),
      max_retries: value(() => operation.maxRetries),
      relationship: value(() => operation.relationship ?? null),
      retry: call(['message', 'retry_after'], 0, ([message, after]) =>
        operation.retry(message === undefined || message === null ? undefined : text(message), number(after)),
      ),
    },
    summary: () => ({
      name: operation.name,
      retry_number: operation.retryNumber,
      max_retries: operation.maxRetries,
    }),
  };
}

function pluginMember(ctx: OperationContext): Member {
  const { plugin } = ctx;
  return {
    kind: 'branch',
    members: {
      name: value(() => plugin.name),
      package_name: value(() => plugin.packageName ?? null),
      package_version: value(() => plugin.packageVersion ?? null),
      properties: readOnly(() => plugin.properties),
      workdir: value(async () => await plugin.workdir()),
    },
    summary: () => plugin.name,
  };
}

function loggerMember({ logger }: OperationContext): Member {
  const at = (level: 'debug' | 'info' | 'warning' | 'error') =>
    call(['message', '*'], 1, ([message, ...values]) => logger[level](text(message), ...values), { objects: true });
  return {
    kind: 'branch',
    members: {
      debug: at('debug'),
      info: at('info'),
      warn: at('warning'),
      warning: at('warning'),
      error: at('error'),
      critical: at('error'),
      exception: at('error'),
    },
    summary: () => 'logger',
  };
}

function resourceMembers(ctx: OperationContext): Members {
  const rendered = ['resource_path', 'target_path', 'template_variables'] as const;
  return {
    get_resource: call(['resource_path'], 1, async ([file]) => (await ctx.getResource(text(file))).toString('utf8')),
    get_resource_and_render: call(
      ['resource_path', 'template_variables'],
      1,
      async ([file, variables]) => await ctx.getResourceAndRender(text(file), object(variables)),
    ),
    download_resource: call(
      ['resource_path', 'target_path'],
      1,
      async ([file, target]) => await ctx.downloadResource(text(file), optionalText(target)),
    ),
    download_resource_and_render: call(
      rendered,
      1,
      async ([file, target, variables]) =>
        await ctx.downloadResourceAndRender(text(file), optionalText(target), object(variables)),
    ),
    download_directory: call(
      ['resource_path', 'target_path'],
      1,
      async ([file, target]) => await ctx.downloadDirectory(text(file), optionalText(target)),
    ),
  };
}

function value(read: () => unknown): () => Member {
  return () => ({ kind: 'value', read: read as () => Json });
}

/** Properties of nodes and plugins: only runtime properties are written. */
function readOnly(view: () => JsonObject): () => Member {
  return () => ({
    kind: 'mapping',
    view,
    methods: readers(view),
    readOnly: 'Cannot override read only properties',
  });
}

function branch(values: JsonObject): () => Member {
  const members = Object.fromEntries(Object.entries(values).map(([key, item]) => [key, value(() => item)]));
  return () => ({ kind: 'branch', members, summary: () => values });
}

function call(
  parameters: readonly string[],
  required: number,
  run: (args: readonly Json[]) => unknown,
  options: Pick<Callable, 'objects'> = {},
): () => Member {
  return () => ({ kind: 'call', parameters, required, call: run as Callable['call'], ...options });
}

function text(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function optionalText(value: Json | undefined): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : text(value);
}

/** Seconds come as JSON (`@7`) or as the text that a shell makes of everything. */
function number(value: Json | undefined): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const result = Number(value);
  if (!Number.isFinite(result)) throw new TypeError(`retry_after is a number of seconds, not ${text(value)}`);
  return result;
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function own(properties: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
