/** Workflow parameters as the programs read them. The client has checked them against their definitions. */
import type { JsonObject } from '../blueprint/plan.js';
import type { InstanceFilter } from '../graph/choice.js';

export function filterOf(parameters: JsonObject): InstanceFilter {
  return {
    type_names: stringsOf(parameters.type_names),
    node_ids: stringsOf(parameters.node_ids),
    node_instance_ids: stringsOf(parameters.node_instance_ids),
  };
}

export function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function stringsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : value.split(',').map((part) => part.trim());
  return Array.isArray(value) ? value.map(String) : [];
}
