/** Paths into properties as the `ctx` command writes them: `a.b[2].c`. */
import type { Json } from '../sdk/index.js';
import { CommandError } from './ctx-command.js';

type Steps = readonly (string | number)[];

/** @throws CommandError when there is nothing at the path */
export function readPath(root: Json, path: string): Json {
  // A key may have dots in it.
  if (isObject(root) && Object.hasOwn(root, path)) return root[path] as Json;
  let value: Json = root;
  for (const step of stepsOf(path)) {
    if (typeof step === 'number' && Array.isArray(value) && step < value.length) value = value[step] as Json;
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step] as Json;
    else throw new CommandError(`illegal path: ${path}`);
  }
  return value;
}

/** Objects on the way are made; list items must be there, or be the next one. */
export function writePath(root: Record<string, Json>, path: string, value: Json): void {
  const steps = Object.hasOwn(root, path) ? [path] : stepsOf(path);
  let holder: Record<string, Json> | Json[] = root;
  for (const [at, step] of steps.entries()) {
    const last = at === steps.length - 1;
    if (Array.isArray(holder)) {
      if (typeof step !== 'number' || step > holder.length) throw new CommandError(`illegal path: ${path}`);
      if (last || !isContainer(holder[step])) holder[step] = last ? value : {};
      holder = holder[step] as Json[];
    } else {
      const object: Record<string, Json> = holder;
      if (last) object[step] = value;
      else if (!Object.hasOwn(object, step) || !isContainer(object[step])) object[step] = {};
      holder = object[step] as Record<string, Json>;
    }
  }
}

function stepsOf(path: string): Steps {
  const steps: (string | number)[] = [];
  for (const part of path.split('.')) {
    const indexed = /^([^[\]]*)((?:\[\d+\])+)$/.exec(part);
    if (!indexed) steps.push(part);
    else {
      if (indexed[1] !== '') steps.push(indexed[1] as string);
      for (const [, index] of (indexed[2] as string).matchAll(/\[(\d+)\]/g)) steps.push(Number(index));
    }
  }
  return steps;
}

function isContainer(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
