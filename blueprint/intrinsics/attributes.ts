/** `get_attribute` and its relatives: which instance is meant, and where its value is found. */
import type { Json } from '../json.js';
import { walk } from './lookups.js';
import { type EvaluationScope, FunctionEvaluationError, type InstanceScope } from './scope.js';

export function attributeOf(scope: EvaluationScope, ref: string, path: readonly Json[]): Json {
  return valueIn(scope, instanceMeant(scope, ref), path);
}

/** One value per instance of the node. */
export function attributesList(scope: EvaluationScope, ref: string, path: readonly Json[]): Json {
  return instancesMeant(scope, ref).map((instance) => valueIn(scope, instance, path));
}

/** Instance id → attribute → value. Each attribute is a name or a path. */
export function attributesDict(scope: EvaluationScope, ref: string, attributes: readonly Json[]): Json {
  const entries = instancesMeant(scope, ref).map((instance) => {
    const values = attributes.map((attribute) => {
      const path = Array.isArray(attribute) ? attribute : [attribute];
      return [path.join('.'), valueIn(scope, instance, path)] as const;
    });
    return [instance.id, Object.fromEntries(values)] as const;
  });
  return Object.fromEntries(entries);
}

function instancesMeant(scope: EvaluationScope, ref: string): readonly InstanceScope[] {
  return fromContext(scope, ref) ? [instanceMeant(scope, ref)] : (scope.instancesOf?.(ref) ?? []);
}

function fromContext(scope: EvaluationScope, ref: string): boolean {
  return ref === 'SELF' || ref === 'SOURCE' || ref === 'TARGET' || scope.instancesOf === undefined;
}

/**
 * SELF, SOURCE and TARGET are the context's. Of a node with several instances: the one that the context's instance is
 * related to, else the one in the same smallest scaling group instance.
 */
function instanceMeant(scope: EvaluationScope, ref: string): InstanceScope {
  if (ref === 'SELF') return known(scope, ref, scope.selfInstance);
  if (ref === 'SOURCE') return known(scope, ref, scope.sourceInstance);
  if (ref === 'TARGET') return known(scope, ref, scope.targetInstance);
  const all = scope.instancesOf?.(ref) ?? [];
  if (all.length === 0) throw new FunctionEvaluationError('get_attribute', `node ${ref} has no instances`);
  if (all.length === 1) return all[0] as InstanceScope;
  for (const id of [scope.selfInstance, scope.sourceInstance, scope.targetInstance]) {
    const own = id === undefined ? undefined : scope.instance?.(id);
    const chosen = own && (relatedOf(own, all) ?? groupMateOf(own, all));
    if (chosen) return chosen;
  }
  throw new FunctionEvaluationError(
    'get_attribute',
    `node ${ref} has ${all.length} instances, and nothing tells which one is meant`,
  );
}

/** The id of the instance that a reference means, undefined where nothing tells. */
export function instanceIdMeant(scope: EvaluationScope, ref: string): string | undefined {
  try {
    return instanceMeant(scope, ref).id;
  } catch (error) {
    if (!(error instanceof FunctionEvaluationError)) throw error;
    return undefined;
  }
}

function known(scope: EvaluationScope, ref: string, id: string | undefined): InstanceScope {
  const instance = id === undefined ? undefined : scope.instance?.(id);
  if (!instance) throw new FunctionEvaluationError('get_attribute', `there is no ${ref} here`);
  return instance;
}

function relatedOf(own: InstanceScope, all: readonly InstanceScope[]): InstanceScope | undefined {
  const targets = new Set(own.relationships.map(({ target_id }) => target_id));
  const related = all.filter(({ id }) => targets.has(id));
  return related.length === 1 ? related[0] : undefined;
}

function groupMateOf(own: InstanceScope, all: readonly InstanceScope[]): InstanceScope | undefined {
  for (const { id } of own.scaling_groups) {
    const mates = all.filter(({ scaling_groups }) => scaling_groups.some((group) => group.id === id));
    if (mates.length > 0) return mates.length === 1 ? mates[0] : undefined;
  }
  return undefined;
}

/** The runtime property, else two names that every instance has, else the node's property, else nothing. */
function valueIn(scope: EvaluationScope, instance: InstanceScope, path: readonly Json[]): Json {
  const value = walk(instance.runtime_properties, path);
  if (value !== undefined && value !== null) return value;
  if (path.length === 1 && path[0] === 'node_instance_id') return instance.id;
  if (path.length === 1 && path[0] === 'node_instance_index') return instance.index;
  return walk(scope.properties?.(instance.node_id) ?? {}, path) ?? null;
}
