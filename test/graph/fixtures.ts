/** Plans and instances for tests of the engine, written as short as their meaning allows. */
import type {
  DeploymentPlan,
  JsonObject,
  Operation,
  Operations,
  PlanNode,
  PlanRelationship,
} from '../../blueprint/plan.js';
import type { NodeInstance } from '../../graph/state.js';

const RELATIONSHIP_LIFECYCLE = 'cloudify.interfaces.relationship_lifecycle';

export interface NodeSketch {
  /** Mapped operations, `create` standing for `cloudify.interfaces.lifecycle.create`. */
  readonly operations?: readonly string[];
  readonly host?: boolean;
  /** Target nodes, each with mapped relationship operations as `establish:source`. */
  readonly targets?: Readonly<Record<string, readonly string[]>>;
  /** Target nodes of which only this lifecycle operation is waited for. */
  readonly after?: Readonly<Record<string, string>>;
  /** Number of instances; default 1. */
  readonly instances?: number;
  /** State of its instances; default `uninitialized`. */
  readonly state?: string;
  /** What lifecycle operations are mapped to other than the test plugin, e.g. `{ start: ['wait.approval', {…}] }`. */
  readonly mapped?: Readonly<Record<string, readonly [implementation: string, inputs: JsonObject]>>;
}

export type PlanSketch = Readonly<Record<string, NodeSketch>>;

/** Instances are named `<node>_1`, `<node>_2`, …; every instance is related to every instance of its targets. */
export function sketch(nodes: PlanSketch): { plan: DeploymentPlan; instances: NodeInstance[] } {
  const planNodes = Object.entries(nodes).map(([name, own]) => planNode(name, own));
  const instances = Object.entries(nodes).flatMap(([name, own]) =>
    idsOf(nodes, name).map(
      (id, at): NodeInstance => ({
        id,
        node_id: name,
        index: at + 1,
        state: own.state ?? 'uninitialized',
        version: 1,
        runtime_properties: {},
        system_properties: {},
        scaling_groups: [],
        attempted: [],
        relationships: Object.keys(own.targets ?? {}).flatMap((target) =>
          idsOf(nodes, target).map((target_id) => ({
            type: 'cloudify.relationships.connected_to',
            target_id,
            target_name: target,
          })),
        ),
      }),
    ),
  );
  return { plan: { nodes: planNodes, inputs: {}, scaling_groups: {} } as unknown as DeploymentPlan, instances };
}

function idsOf(nodes: PlanSketch, name: string): string[] {
  return Array.from({ length: nodes[name]?.instances ?? 1 }, (_, at) => `${name}_${at + 1}`);
}

function planNode(name: string, own: NodeSketch): PlanNode {
  const relationships = Object.entries(own.targets ?? {}).map(
    ([target, mapped]): PlanRelationship => ({
      type: 'cloudify.relationships.connected_to',
      target_id: target,
      type_hierarchy: ['cloudify.relationships.connected_to'],
      properties: own.after?.[target] === undefined ? {} : { operation: own.after[target] },
      source_operations: operations(sideOf(mapped, 'source'), RELATIONSHIP_LIFECYCLE),
      target_operations: operations(sideOf(mapped, 'target'), RELATIONSHIP_LIFECYCLE),
    }),
  );
  return {
    id: name,
    name,
    type: own.host ? 'cloudify.nodes.Compute' : 'cloudify.nodes.Root',
    type_hierarchy: own.host ? ['cloudify.nodes.Root', 'cloudify.nodes.Compute'] : ['cloudify.nodes.Root'],
    properties: {},
    operations: {
      ...operations(own.operations ?? [], 'cloudify.interfaces.lifecycle'),
      ...mappedOperations(own.mapped ?? {}),
    },
    relationships,
    capabilities: { scalable: { properties: scalable(own.instances ?? 1) } },
    plugins: [],
    deployment_plugins_to_install: [],
  } as unknown as PlanNode;
}

function sideOf(mapped: readonly string[], side: string): string[] {
  return mapped.filter((name) => name.endsWith(`:${side}`)).map((name) => name.slice(0, name.indexOf(':')));
}

function operations(names: readonly string[], prefix: string): Operations {
  return Object.fromEntries(
    names.map((name) => [name.includes('.') ? name : `${prefix}.${name}`, operation(name.split('.').at(-1) as string)]),
  );
}

function mappedOperations(mapped: NonNullable<NodeSketch['mapped']>): Operations {
  return Object.fromEntries(
    Object.entries(mapped).map(([name, [implementation, inputs]]) => {
      const [plugin = '', ...rest] = implementation.split('.');
      return [`cloudify.interfaces.lifecycle.${name}`, { ...operation(rest.join('.')), plugin, inputs }];
    }),
  );
}

function operation(name: string): Operation {
  return {
    plugin: 'test',
    operation: name,
    executor: 'central_deployment_agent',
    inputs: {},
    has_intrinsic_functions: false,
    max_retries: null,
    retry_interval: null,
    timeout: null,
    timeout_recoverable: null,
  };
}

function scalable(count: number): object {
  return {
    min_instances: 0,
    max_instances: -1,
    default_instances: count,
    current_instances: count,
    planned_instances: count,
  };
}
