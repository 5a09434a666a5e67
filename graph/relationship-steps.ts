/** The relationship operations of one instance as steps: preconfigure, postconfigure, establish, unlink and others. */
import type { PlanRelationship } from '../blueprint/plan.js';
import { isContainment } from './instances.js';
import type { NodeInstance, RelationshipInstance } from './state.js';
import type { OperationCall, Step } from './steps.js';
import { mappedOperation, nodeOf, type Topology } from './topology.js';

const INTERFACE = 'cloudify.interfaces.relationship_lifecycle';

/**
 * Relationships in declaration order, those to one target node together: all their source and target operations side by
 * side, the groups one after the other (unlink: last group first). Only mapped operations count.
 *
 * @param only restricts to relationships with these target instances
 */
export function relationshipSteps(
  topology: Topology,
  instance: NodeInstance,
  operation: string,
  only?: ReadonlySet<string>,
): Step[] {
  const groups: { readonly target: string; readonly calls: OperationCall[] }[] = [];
  for (const { relationship, index, edges } of inOrder(topology, instance)) {
    const calls = edges
      .filter(({ target_id }) => !only || only.has(target_id))
      .flatMap(({ target_id }) => callsOf(instance, relationship, index, target_id, operation));
    const last = groups.at(-1);
    if (last?.target === relationship.target_id) last.calls.push(...calls);
    else groups.push({ target: relationship.target_id, calls });
  }
  const steps = groups.filter(({ calls }) => calls.length > 0).map(({ calls }) => ({ calls }));
  return operation === 'unlink' ? steps.reverse() : steps;
}

/**
 * What an instance that stays does for its relationships to instances that come or go: one call after the other. When
 * they go, a failure is passed over.
 */
export function neighbourSteps(
  topology: Topology,
  instance: NodeInstance,
  operation: 'establish' | 'unlink',
  only: ReadonlySet<string>,
): Step[] {
  const passOver = operation === 'unlink' ? { ignore_failure: true } : {};
  return relationshipSteps(topology, instance, operation, only).flatMap(({ calls }) =>
    calls.map((call) => ({ calls: [{ ...call, ...passOver }] })),
  );
}

function callsOf(
  instance: NodeInstance,
  relationship: PlanRelationship,
  index: number,
  targetId: string,
  operation: string,
): OperationCall[] {
  const name = `${INTERFACE}.${operation}`;
  return (['source', 'target'] as const).flatMap((side) => {
    const operations = side === 'source' ? relationship.source_operations : relationship.target_operations;
    if (!mappedOperation(operations, name)) return [];
    return [
      {
        key: `${operation}:${index}:${targetId}:${side}`,
        instance_id: side === 'source' ? instance.id : targetId,
        operation: name,
        relationship: { side, source_id: instance.id, target_id: targetId, index },
      },
    ];
  });
}

interface RelationshipEdges {
  readonly relationship: PlanRelationship;
  /** Position in the node's list. */
  readonly index: number;
  readonly edges: readonly RelationshipInstance[];
}

/**
 * The relationships of an instance in the order of their declaration. Of two to one target the reference knows only the
 * last one, in the place where the instance's edges have it.
 */
function inOrder(topology: Topology, instance: NodeInstance): RelationshipEdges[] {
  const { relationships } = nodeOf(topology, instance);
  if (!topology.legacy)
    return relationships.map((relationship, index) => ({
      relationship,
      index,
      edges: edgesOf(instance, relationship),
    }));
  return instance.relationships.flatMap((edge) => {
    const index = relationships.findLastIndex(({ target_id }) => target_id === edge.target_name);
    const relationship = relationships[index];
    return relationship ? [{ relationship, index, edges: [edge] }] : [];
  });
}

/** The edges of one relationship. An edge knows one type, so that of two relationships to one target one is unnamed. */
function edgesOf(instance: NodeInstance, relationship: PlanRelationship): readonly RelationshipInstance[] {
  const edges = instance.relationships.filter((edge) => edge.target_name === relationship.target_id);
  if (edges.length <= 1 || !isContainment(relationship)) return edges;
  const own =
    edges.find(({ type }) => type === relationship.type) ??
    edges.find(({ target_id }) => target_id === instance.host_id) ??
    edges[0];
  return own ? [own] : [];
}
