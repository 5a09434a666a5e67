/** Paths into properties as text: `a.b[2].c`. A key that is the whole text wins, so that keys may have dots in them. */
import type { Json } from '../../blueprint/json.js';
import { NonRecoverableError } from './errors.js';

type Holder = Record<string, Json> | Json[];

/** @returns undefined when there is nothing at the path */
export function readPath(root: Json, path: string): Json | undefined {
  if (isObject(root) && Object.hasOwn(root, path)) return root[path];
  let value: Json = root;
  for (const step of stepsOf(path)) {
    if (typeof step === 'number' && Array.isArray(value) && step < value.length) value = value[step] as Json;
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step] as Json;
    else return undefined;
  }
  return value;
}

/**
 * Objects on the way are made; a list's item must be there, or be its next one.
 *
 * @throws NonRecoverableError for a path through a list by something else than such an index
 */
export function writePath(root: Record<string, Json>, path: string, value: Json): void {
  const steps = Object.hasOwn(root, path) ? [path] : stepsOf(path);
  let holder: Holder = root;
  for (const step of steps.slice(0, -1)) {
    const next: Json | undefined = itemOf(holder, step, path);
    if (!isContainer(next)) setItem(holder, step, {}, path);
    holder = itemOf(holder, step, path) as Holder;
  }
  setItem(holder, steps.at(-1) as string | number, value, path);
}

/** @returns whether there was anything */
export function deletePath(root: Record<string, Json>, path: string): boolean {
  const steps = Object.hasOwn(root, path) ? [path] : stepsOf(path);
  let holder: Json | undefined = root as Json;
  for (const step of steps.slice(0, -1)) holder = isContainer(holder) ? itemOf(holder, step, path) : undefined;
  const last = steps.at(-1) as string | number;
  if (!isContainer(holder)) return false;
  if (Array.isArray(holder)) {
    const list = holder as Json[];
    return typeof last === 'number' && last < list.length && list.splice(last, 1).length > 0;
  }
  return Object.hasOwn(holder, last) && delete (holder as Record<string, Json>)[last];
}

function itemOf(holder: Holder, step: string | number, path: string): Json | undefined {
  if (!Array.isArray(holder)) return Object.hasOwn(holder, step) ? holder[step] : undefined;
  if (typeof step !== 'number') throw new NonRecoverableError(`illegal path: ${path}`);
  return holder[step];
}

function setItem(holder: Holder, step: string | number, value: Json, path: string): void {
  if (!Array.isArray(holder)) holder[step] = value;
  else if (typeof step !== 'number' || step > holder.length) throw new NonRecoverableError(`illegal path: ${path}`);
  else holder[step] = value;
}

function stepsOf(path: string): (string | number)[] {
  return path.split('.').flatMap((part) => {
    const indexed = /^([^[\]]*)((?:\[\d+\])+)$/.exec(part);
    if (!indexed) return [part];
    const [, key = '', indexes = ''] = indexed;
    const steps = [...indexes.matchAll(/\[(\d+)\]/g)].map(([, index]) => Number(index));
    return key === '' ? steps : [key, ...steps];
  });
}

function isContainer(value: Json | undefined): value is Holder {
  return typeof value === 'object' && value !== null;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return isContainer(value) && !Array.isArray(value);
}
