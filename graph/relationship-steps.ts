/** The relationship operations of one instance as steps: preconfigure, postconfigure, establish, unlink. */
import type { NodeInstance } from './state.js';
import type { OperationCall, Step } from './steps.js';
import { mappedOperation, nodeOf, type Topology } from './topology.js';

const INTERFACE = 'cloudify.interfaces.relationship_lifecycle';

export type RelationshipOperation = 'preconfigure' | 'postconfigure' | 'establish' | 'unlink';

/**
 * Relationships in declaration order, those to one target node together: all their source and target operations side by
 * side, the groups one after the other (unlink: last group first). Only mapped operations count.
 *
 * @param only restricts to relationships with these target instances
 */
export function relationshipSteps(
  topology: Topology,
  instance: NodeInstance,
  operation: RelationshipOperation,
  only?: ReadonlySet<string>,
): Step[] {
  const groups: { readonly target: string; readonly calls: OperationCall[] }[] = [];
  nodeOf(topology, instance).relationships.forEach((relationship, index) => {
    const calls: OperationCall[] = [];
    for (const { target_id } of instance.relationships.filter((edge) => edge.target_name === relationship.target_id)) {
      if (only && !only.has(target_id)) continue;
      for (const side of ['source', 'target'] as const) {
        const operations = side === 'source' ? relationship.source_operations : relationship.target_operations;
        const name = `${INTERFACE}.${operation}`;
        if (!mappedOperation(operations, name)) continue;
        calls.push({
          key: `${operation}:${index}:${target_id}:${side}`,
          instance_id: side === 'source' ? instance.id : target_id,
          operation: name,
          relationship: { side, source_id: instance.id, target_id, index },
        });
      }
    }
    const last = groups.at(-1);
    if (last?.target === relationship.target_id) last.calls.push(...calls);
    else groups.push({ target: relationship.target_id, calls });
  });
  const steps = groups.filter(({ calls }) => calls.length > 0).map(({ calls }) => ({ calls }));
  return operation === 'unlink' ? steps.reverse() : steps;
}
