/** Which of the operations that a plan lists under their names do anything. */
import type { Operation, Operations } from './plan.js';

const MAPPED = new WeakMap<Operations, readonly Operation[]>();

/** Operations that do something, each once. Remembered: what a type has is the same in all of its templates. */
export function mappedOf(operations: Operations): readonly Operation[] {
  let mapped = MAPPED.get(operations);
  if (!mapped) {
    const found = new Set<Operation>();
    for (const name of Object.keys(operations)) {
      const operation = operations[name] as Operation;
      if (operation.plugin !== '') found.add(operation);
    }
    mapped = [...found];
    MAPPED.set(operations, mapped);
  }
  return mapped;
}
