/** The relationship operations of one instance as steps: preconfigure, postconfigure, establish, unlink and others. */
import type { PlanNode, PlanRelationship } from '../blueprint/plan.js';
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
  const node = nodeOf(topology, instance);
  for (const index of relationshipsThatCount(node, topology.legacy)) {
    const relationship = node.relationships[index] as PlanRelationship;
    const calls = edgesOf(instance, relationship)
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

/**
 * Positions of the relationships whose operations run. Of two to one target the reference knows only the last one, in
 * the place of the first.
 */
function relationshipsThatCount({ relationships }: PlanNode, legacy: boolean): readonly number[] {
  if (!legacy) return relationships.map((_, index) => index);
  return [...new Map(relationships.map(({ target_id }, index) => [target_id, index])).values()];
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
