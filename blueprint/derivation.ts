/** Inheritance: resolves named definitions after their parents, each once, and refuses circles. */
import type { At, Compilation } from './compilation.js';
import { isObject, type Json, type JsonObject, member, textMember } from './json.js';
import { suggestion } from './suggestion.js';

export interface Derivation<T> {
  /** `node type`, as messages call it. */
  readonly called: string;
  readonly cx: Compilation;
  /** Builds one definition on its resolved parent. Asking for others through `resolve` is checked for circles too. */
  readonly build: (name: string, raw: JsonObject, parent: T | undefined, at: At) => T;
}

export interface Resolved<T> {
  /** The resolved definition; undefined when there is none of the name, or it is part of a circle. */
  get(name: string): T | undefined;
  readonly names: readonly string[];
  /** All of them, in the order of the document. */
  all(): Map<string, T>;
}

/** Deeper than any person derives types. */
const DEEPEST = 200;

export function resolveDerived<T>(section: Json | undefined, { called, cx, build }: Derivation<T>): Resolved<T> {
  const raw = isObject(section) ? section : {};
  const done = new Map<string, T | undefined>();
  const path: string[] = [];

  function get(name: string): T | undefined {
    if (done.has(name)) return done.get(name);
    if (!Object.hasOwn(raw, name)) return undefined;
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(' → ');
      cx.report('C2040', `${called}s depend on each other in a circle: ${circle}`, cx.positions.ofKey(raw, name));
      done.set(name, undefined);
      return undefined;
    }
    if (path.length > DEEPEST) {
      cx.report(
        'C2003',
        `${called}s are derived from each other more than ${DEEPEST} deep`,
        cx.positions.ofKey(raw, name),
      );
      return undefined;
    }
    path.push(name);
    const built = resolve(name);
    path.pop();
    // A member of a circle was settled while it was being built.
    if (!done.has(name)) done.set(name, built);
    return done.get(name);
  }

  function resolve(name: string): T {
    const own = isObject(raw[name]) ? (raw[name] as JsonObject) : {};
    const parentName = textMember(own, 'derived_from');
    const parent = parentName === undefined ? undefined : get(parentName);
    if (parentName !== undefined && member(raw, parentName) === undefined)
      cx.report(
        'C2041',
        `${called} ${name} is derived from ${parentName}, which there is not`,
        cx.positions.ofValue(own, 'derived_from'),
        suggestion(parentName, Object.keys(raw)),
      );
    return build(name, own, parent, cx.positions.ofKey(raw, name));
  }

  return {
    get,
    names: Object.keys(raw),
    all() {
      const all = new Map<string, T>();
      for (const name of Object.keys(raw)) {
        const own = get(name);
        if (own !== undefined) all.set(name, own);
      }
      return all;
    },
  };
}
