/** Makes the `ctx` of a custom workflow from the state of its execution. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { NodeInstance } from '../../graph/state.js';
import { mappedOperation, nodeOf } from '../../graph/topology.js';
import type { CustomRun } from '../custom-run.js';
import { resolveCall } from '../custom-run.js';
import { HistoryFull } from '../history-full.js';
import { installChosen } from '../install.js';
import type { ApprovalRecord, Delivery } from '../messages.js';
import { runWalk } from '../run-walk.js';
import { scale } from '../scale.js';
import { uninstallChosen } from '../uninstall.js';
import type {
  OperationOptions,
  ScaleOptions,
  WorkflowContext,
  WorkflowInstance,
  WorkflowLogger,
  WorkflowNode,
  WorkflowRelationship,
} from './context.js';
import { taskGraph } from './graph.js';

export function createWorkflowContext(run: CustomRun): WorkflowContext {
  const { state } = run;
  const { input, plan } = state;
  const nodes = new Map<string, WorkflowNode>();
  const instances = new Map<string, WorkflowInstance>();
  const counts = { graph: 0, install: 0, uninstall: 0, scale: 0 };
  let scaling: Promise<void> = Promise.resolve();

  function instanceOf(id: string): WorkflowInstance {
    const known = instances.get(id);
    if (known) return known;
    if (!state.topology.instances.has(id))
      throw new Error(`deployment ${input.deployment_id} has no node instance ${id}`);
    const made = workflowInstance(run, id, nodeById, instanceOf);
    instances.set(id, made);
    return made;
  }

  function nodeById(id: string): WorkflowNode {
    const known = nodes.get(id);
    if (known) return known;
    const made = workflowNode(run, id, instanceOf);
    nodes.set(id, made);
    return made;
  }

  const all = (): readonly WorkflowInstance[] => state.instances.map(({ id }) => instanceOf(id));
  const idsOf = (chosen: readonly WorkflowInstance[] | undefined): ReadonlySet<string> =>
    new Set((chosen ?? all()).map(({ id }) => id));

  /** A walk that has drained for the next run must not look like a failure to the author's code. */
  async function walked(work: () => Promise<void>): Promise<void> {
    await run.gate.enter();
    try {
      await work();
    } catch (error) {
      if (error instanceof HistoryFull) await run.gate.close();
      throw error;
    }
  }

  return {
    deployment: {
      id: input.deployment_id,
      inputs: plan.inputs,
      scalingGroups: Object.fromEntries(
        Object.entries(plan.scaling_groups ?? {}).map(([name, { members }]) => [name, members]),
      ),
    },
    blueprint: { id: input.blueprint.id },
    executionId: state.id,
    workflowId: state.workflowId,
    parameters: input.request.parameters,
    dryRun: state.options.dry_run,
    resumed: input.request.resume_of !== undefined,
    get nodes() {
      return plan.nodes.map(({ id }) => nodeById(id));
    },
    get nodeInstances() {
      return all();
    },
    getNode: nodeById,
    getNodeInstance: instanceOf,
    async sendEvent(message, eventType = 'workflow_stage') {
      await run.once(`event ${eventType} ${message}`, async () => {
        state.note(eventType, message);
        return null;
      });
    },
    logger: workflowLogger(run),
    graph(name) {
      counts.graph += 1;
      return taskGraph(`graph ${name ?? `graph_${counts.graph}`}`, {
        callOf: (instance_id, operation, kwargs, options, relationship) =>
          resolveCall(state, asked(run, instance_id, operation, kwargs, options, relationship)),
        run: async (walk, sequences) =>
          await walked(async () => {
            await runWalk(state, { name: walk, sequences: () => sequences });
          }),
      });
    },
    async sleep(duration) {
      await run.wait('timer', { duration }, String(duration));
    },
    async waitForApproval({ message, approvers, timeout }) {
      const inputs = { message, approvers: approvers ?? null, timeout: timeout ?? null } as JsonObject;
      return (await run.wait('approval', inputs, message)) as unknown as ApprovalRecord;
    },
    async waitForSignal(signal, { timeout } = {}) {
      return (await run.wait('signal', { signal, timeout: timeout ?? null }, signal)) as unknown as Delivery;
    },
    async install(chosen) {
      counts.install += 1;
      const name = `install ${counts.install}`;
      await walked(async () => await installChosen(state, idsOf(chosen), name));
    },
    async uninstall(chosen, { ignoreFailure = false } = {}) {
      counts.uninstall += 1;
      const name = `uninstall ${counts.uninstall}`;
      await walked(async () => await uninstallChosen(state, idsOf(chosen), { ignoreFailure, name }));
    },
    async scale(entity, delta, options = {}) {
      counts.scale += 1;
      const name = `scaled ${counts.scale}`;
      // One change of the model at a time.
      const after = scaling.then(
        async () => await walked(async () => await scaleOnce(run, name, entity, delta, options)),
      );
      scaling = after.catch(() => undefined);
      await after;
    },
  };
}

async function scaleOnce(
  { state }: CustomRun,
  name: string,
  entity: string,
  delta: number,
  { include = [], exclude = [], rollbackIfFailed = true, ignoreFailure = false }: ScaleOptions,
): Promise<void> {
  if (state.decision(name)) return;
  const parameters = {
    scalable_entity_name: entity,
    delta,
    include_instances: [...include],
    exclude_instances: [...exclude],
    rollback_if_failed: rollbackIfFailed,
    ignore_failure: ignoreFailure,
  };
  await state.withParameters(parameters, async () => await scale.program(state));
  // The next change of the same entity is another one.
  state.forget('scale', 'modification', `${entity}_install`, `${entity}_uninstall`, `${entity}_rollback`);
  state.decide(name, () => true);
}

function workflowLogger(run: CustomRun): WorkflowLogger {
  // A line of a part that runs again is the same line: it is there already.
  const write = (level: string) => (message: string) => {
    const key = run.recorder.key(`log ${level} ${message}`);
    if (run.recorder.find(key)) return;
    run.recorder.done(key, null);
    run.state.note('workflow_log', message, undefined, undefined, level);
  };
  return { debug: write('debug'), info: write('info'), warning: write('warning'), error: write('error') };
}

function workflowNode({ state }: CustomRun, id: string, instanceOf: (id: string) => WorkflowInstance): WorkflowNode {
  const node = state.topology.nodes.get(id);
  if (!node) throw new Error(`deployment ${state.input.deployment_id} has no node ${id}`);
  return {
    id,
    type: node.type,
    typeHierarchy: node.type_hierarchy,
    properties: node.properties,
    get numberOfInstances() {
      return state.instancesOf(id).length;
    },
    get instances() {
      return state.instancesOf(id).map((instance) => instanceOf(instance.id));
    },
    relationships: node.relationships.map(({ type, target_id, properties }) => ({
      type,
      targetId: target_id,
      properties,
    })),
    isA: (type) => node.type_hierarchy.includes(type),
    hasOperation: (name) => mappedOperation(node.operations, name) !== undefined,
  };
}

function workflowInstance(
  run: CustomRun,
  id: string,
  nodeById: (id: string) => WorkflowNode,
  instanceOf: (id: string) => WorkflowInstance,
): WorkflowInstance {
  const { state } = run;
  const now = (): NodeInstance => state.instance(id);
  const nodeId = now().node_id;
  return {
    id,
    nodeId,
    index: now().index,
    get node() {
      return nodeById(nodeId);
    },
    get state() {
      return now().state;
    },
    get runtimeProperties() {
      return now().runtime_properties;
    },
    get systemProperties() {
      return now().system_properties;
    },
    get relationships() {
      return now().relationships.map(({ type, target_id }): WorkflowRelationship => {
        const operation =
          (side: 'source' | 'target') =>
          async (name: string, kwargs: JsonObject = {}, options: OperationOptions = {}): Promise<Json> =>
            await run.call(asked(run, id, name, kwargs, options, { targetId: target_id, side }));
        return {
          type,
          targetId: target_id,
          get target() {
            return instanceOf(target_id);
          },
          executeSourceOperation: operation('source'),
          executeTargetOperation: operation('target'),
        };
      });
    },
    get containedSubgraph() {
      return containedIn(run, id).map(instanceOf);
    },
    get scalingGroups() {
      return now().scaling_groups;
    },
    executeOperation: async (name, kwargs = {}, options = {}) => await run.call(asked(run, id, name, kwargs, options)),
    async setState(to) {
      await run.once(`state ${id} ${to}`, async () => {
        state.applyMark(id, { state: to });
        return null;
      });
    },
    async sendEvent(message) {
      await run.once(`event ${id} ${message}`, async () => {
        state.note('workflow_node_event', message, id);
        return null;
      });
    },
  };
}

export function asked(
  { state }: CustomRun,
  instanceId: string,
  operation: string,
  kwargs: JsonObject,
  { allowKwargsOverride = false }: OperationOptions,
  relationship?: { readonly targetId: string; readonly side: 'source' | 'target' },
) {
  if (!relationship) return { instance_id: instanceId, operation, kwargs, override: allowKwargsOverride };
  const { targetId, side } = relationship;
  const source = state.instance(instanceId);
  const edge = source.relationships.find(({ target_id }) => target_id === targetId);
  const index = nodeOf(state.topology, source).relationships.findIndex(
    ({ type, target_id }) => type === edge?.type && target_id === edge.target_name,
  );
  if (index < 0) throw new Error(`${instanceId} has no relationship to ${targetId}`);
  return {
    instance_id: side === 'source' ? instanceId : targetId,
    operation,
    kwargs,
    override: allowKwargsOverride,
    relationship: { side, source_id: instanceId, target_id: targetId, index },
  };
}

/** What is contained in an instance, however deep, itself first. */
function containedIn({ state }: CustomRun, id: string): string[] {
  const found = [id];
  for (const container of found) {
    for (const source of state.topology.sources.get(container) ?? []) {
      const contained = state
        .instance(source)
        .relationships.some(
          ({ target_id, type, target_name }) =>
            target_id === container && isContainedIn(state.topology, state.instance(source), type, target_name),
        );
      if (contained && !found.includes(source)) found.push(source);
    }
  }
  return found;
}

function isContainedIn(
  topology: CustomRun['state']['topology'],
  instance: NodeInstance,
  type: string,
  target: string,
): boolean {
  return nodeOf(topology, instance).relationships.some(
    (planned) =>
      planned.type === type &&
      planned.target_id === target &&
      planned.type_hierarchy.includes('cloudify.relationships.contained_in'),
  );
}
