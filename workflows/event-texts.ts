/** Parts of the events that tasks are told by, in the reference's words. */
import { pythonText } from '../blueprint/intrinsics/python-text.js';
import type { Json } from '../blueprint/json.js';

/** Of a first try nothing is said. */
export function retryText(retry: number, most: number): string {
  if (retry === 0) return '';
  return ` [retry ${retry}${most < 0 ? '' : `/${most}`}]`;
}

/** What a task returned; of nothing, nothing is said. */
export function resultText(result: Json | null): string {
  return result === null ? '' : ` - ${pythonText(result)}`;
}

/** @param implementation `plugin.function`, as blueprints name it: events know the function only */
export function taskName(implementation: string): string {
  return implementation.slice(implementation.indexOf('.') + 1);
}
