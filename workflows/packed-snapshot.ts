/**
 * Requests as they cross the wire: what is said of one node or relationship after another is said once, and what is empty
 * not at all. Every request is stored by the server and comes back to the worker with the history: its length is time.
 */
import type { InstanceView, NodeView, OperationRequest, RelationshipView, Snapshot } from '../activities/request.js';

/** Everything about a relationship but what is at its other end. */
type Kind = Omit<RelationshipView, 'target_id' | 'target_name'>;

type Edge = readonly [target_id: string, kind: number, target_name?: string];

interface PackedSnapshot {
  readonly hierarchies: readonly (readonly string[])[];
  readonly kinds: readonly Kind[];
  /** By id. */
  readonly nodes: Readonly<Record<string, Omit<NodeView, 'id' | 'type_hierarchy'> & { readonly hierarchy: number }>>;
  /** By id. */
  readonly packed: Readonly<Record<string, PackedInstance>>;
}

interface PackedInstance extends Omit<InstanceView, 'id' | 'relationships'> {
  /** The name of the target's node only where its id does not tell it. */
  readonly edges: readonly Edge[];
}

const EMPTY_REQUEST = { inputs: {} };
const EMPTY_DEPLOYMENT = { inputs: {}, resource_tags: {} };
const EMPTY_EXECUTION = { parameters: {} };
const EMPTY_OPERATION = { timeout_recoverable: false };
const EMPTY_NODE = { properties: {}, number_of_instances: 1 };
const EMPTY_INSTANCE = { index: 1, runtime_properties: {}, scaling_groups: [], edges: [] };

export function packed(request: OperationRequest): OperationRequest {
  return slim(
    {
      ...request,
      deployment: slim(request.deployment, EMPTY_DEPLOYMENT),
      execution: slim(request.execution, EMPTY_EXECUTION),
      operation: slim(request.operation, EMPTY_OPERATION),
      snapshot: packedSnapshot(request.snapshot) as unknown as Snapshot,
    },
    EMPTY_REQUEST,
  );
}

/** The request as operations know it. */
export function unpacked(request: OperationRequest): OperationRequest {
  const { snapshot } = request as { readonly snapshot: Snapshot | PackedSnapshot };
  return {
    ...EMPTY_REQUEST,
    ...request,
    deployment: { ...EMPTY_DEPLOYMENT, ...request.deployment },
    execution: { ...EMPTY_EXECUTION, ...request.execution },
    operation: { ...EMPTY_OPERATION, ...request.operation },
    snapshot: 'packed' in snapshot ? unpackedSnapshot(snapshot) : snapshot,
  };
}

function packedSnapshot(snapshot: Snapshot): PackedSnapshot {
  const hierarchies = new Numbered<readonly string[]>();
  const kinds = new Numbered<Kind>();
  const nodes = Object.entries(snapshot.nodes).map(([key, { id: _, type_hierarchy, ...rest }]) => {
    return [key, slim({ ...rest, hierarchy: hierarchies.number(type_hierarchy) }, EMPTY_NODE)] as const;
  });
  const instances = Object.entries(snapshot.instances).map(([key, { id: _, relationships, ...rest }]) => {
    const edges = relationships.map(({ target_id, target_name, ...kind }): Edge => {
      const number = kinds.number(kind);
      return nodeNameIn(target_id) === target_name ? [target_id, number] : [target_id, number, target_name];
    });
    return [key, slim({ ...rest, edges }, EMPTY_INSTANCE)] as const;
  });
  return {
    hierarchies: hierarchies.values,
    kinds: kinds.values,
    nodes: Object.fromEntries(nodes),
    packed: Object.fromEntries(instances),
  };
}

function unpackedSnapshot({ hierarchies, kinds, nodes, packed: instances }: PackedSnapshot): Snapshot {
  return {
    nodes: mapped(nodes, ({ hierarchy, ...rest }, id) => ({
      ...EMPTY_NODE,
      id,
      ...rest,
      type_hierarchy: hierarchies[hierarchy] as readonly string[],
    })),
    instances: mapped(instances, (instance, id) => {
      const { edges, ...rest } = { ...EMPTY_INSTANCE, id, ...instance };
      return {
        ...rest,
        relationships: edges.map(([target_id, kind, name]) => ({
          target_name: name ?? nodeNameIn(target_id),
          ...(kinds[kind] as Kind),
          target_id,
        })),
      };
    }),
  };
}

/** An instance's id is its node's name and a suffix. */
const nodeNameIn = (instanceId: string): string => instanceId.slice(0, Math.max(0, instanceId.lastIndexOf('_')));

/** Values, each once, and their positions. */
class Numbered<T> {
  readonly values: T[] = [];
  readonly #known = new Map<string, number>();

  number(value: T): number {
    const key = JSON.stringify(value);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const next = this.values.push(value) - 1;
    this.#known.set(key, next);
    return next;
  }
}

/** Without those of the members that are as empty as they are taken to be when they are absent. */
function slim<T extends object>(value: T, empty: Readonly<Record<string, unknown>>): T {
  const entries = Object.entries(value).filter(([key, own]) => !(key in empty) || !isAs(own, empty[key]));
  return Object.fromEntries(entries) as T;
}

function isAs(value: unknown, empty: unknown): boolean {
  if (typeof empty !== 'object' || typeof value !== 'object' || value === null) return value === empty;
  return Object.keys(value).length === 0;
}

function mapped<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, key: string) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
