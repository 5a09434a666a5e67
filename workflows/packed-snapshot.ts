/**
 * Snapshots as they cross the wire: what is said of one relationship after another is said once. Every request is stored
 * by the server and comes back to the worker with the history, so that its length is time.
 */
import type { InstanceView, OperationRequest, RelationshipView, Snapshot } from '../activities/request.js';

type Kind = Omit<RelationshipView, 'target_id' | 'target_name'>;
type PackedEdge = Pick<RelationshipView, 'target_id' | 'target_name'> & { readonly kind: number };

interface PackedInstance extends Omit<InstanceView, 'relationships'> {
  readonly edges: readonly PackedEdge[];
}

interface PackedSnapshot extends Omit<Snapshot, 'instances'> {
  readonly kinds: readonly Kind[];
  readonly packed: Readonly<Record<string, PackedInstance>>;
}

export function packed(snapshot: Snapshot): PackedSnapshot {
  const kinds: Kind[] = [];
  const known = new Map<string, number>();
  const instances = Object.entries(snapshot.instances).map(([id, { relationships, ...rest }]) => {
    const edges = relationships.map(({ target_id, target_name, ...kind }): PackedEdge => {
      const key = JSON.stringify(kind);
      let number = known.get(key);
      if (number === undefined) {
        number = kinds.push(kind) - 1;
        known.set(key, number);
      }
      return { target_id, target_name, kind: number };
    });
    return [id, { ...rest, edges }] as const;
  });
  return { nodes: snapshot.nodes, kinds, packed: Object.fromEntries(instances) };
}

/** The request with its snapshot as operations know it. */
export function unpacked(request: OperationRequest): OperationRequest {
  const { snapshot } = request as { readonly snapshot: Snapshot | PackedSnapshot };
  if (!('packed' in snapshot)) return request;
  const instances = Object.entries(snapshot.packed).map(([id, { edges, ...rest }]) => {
    const relationships = edges.map(({ kind, ...edge }) => ({ ...(snapshot.kinds[kind] as Kind), ...edge }));
    return [id, { ...rest, relationships }] as const;
  });
  return { ...request, snapshot: { nodes: snapshot.nodes, instances: Object.fromEntries(instances) } };
}
