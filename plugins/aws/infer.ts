/** Parameters that follow from relationships: blueprints say "this subnet depends on that VPC", not which id that is. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { NodeInstanceView, Subject } from '../sdk/context.js';
import { valuesAt } from './json.js';
import { NODE_TYPES, type ResourceName } from './node-types.js';
import type { Inference } from './resource.js';

export function withInferred(
  instance: NodeInstanceView,
  config: JsonObject,
  inferences: readonly Inference[],
): JsonObject {
  const filled: Record<string, Json> = { ...config };
  for (const { parameter, from, property = 'aws_resource_id', all } of inferences) {
    const ids = relatedTo(instance, ...from).flatMap((target) => idFrom(target, property) ?? []);
    if (ids.length === 0) continue;
    if (all) filled[parameter] = [...new Set([...valuesAt(filled[parameter], ''), ...ids])];
    else filled[parameter] ??= ids[0] as string;
  }
  return filled;
}

/** Targets of the instance's relationships whose nodes are of these resources, in the order of the relationships. */
export function relatedTo(instance: NodeInstanceView, ...names: readonly ResourceName[]): Subject[] {
  const types: readonly string[] = names.flatMap((name) => NODE_TYPES[name]);
  const targets = instance.relationships.map(({ target }) => target);
  const seen = new Set<string>();
  return targets.filter(({ node, instance: { id } }) => {
    const fits = !seen.has(id) && types.some((type) => node.isA(type));
    if (fits) seen.add(id);
    return fits;
  });
}

export function idFrom({ instance }: Subject, property = 'aws_resource_id'): string | undefined {
  const id = instance.runtimeProperties[property];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
