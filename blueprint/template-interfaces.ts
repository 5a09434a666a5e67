/**
 * The interfaces of a template: its type's and its own united, each operation resolved to its plugin.
 *
 * Most templates say nothing of most operations. So what a type's templates inherit is planned once, and is one value in
 * all of them; a template that gives some of its type's operations anew is planned by these alone.
 */
import type { At, Compilation } from './compilation.js';
import type { Json, JsonObject } from './json.js';
import { RUN_SCRIPT, resolveMapping } from './mapping.js';
import {
  type Interfaces,
  inheritedOperation,
  plannedOperation,
  shownOperation,
  type TemplateOperation,
  type TypeOperation,
  unitedOperation,
} from './operations.js';
import type { Operation, Operations, PlanPlugin } from './plan.js';

export interface PlannedInterfaces {
  readonly operations: Operations;
  /** As the plan shows them. */
  readonly interfaces: JsonObject;
}

export interface Serving {
  /** As messages call what has the interfaces: `node_templates.vm`. */
  readonly owner: string;
  readonly at: At;
  readonly code: 'C2080' | 'C2081';
  readonly plugins: readonly PlanPlugin[];
  readonly cx: Compilation;
}

/** What templates inherit where nothing is wrong with it; else each template is told for itself. */
interface Inherited extends PlannedInterfaces {
  /** Operations that stand under their bare name too. */
  readonly bare: ReadonlySet<string>;
}

const INHERITED = new WeakMap<Interfaces<TypeOperation>, Inherited | 'faulty'>();

/** The interfaces of a template whose type has `declared` and which gives `given` itself. */
export function plannedInterfaces(
  declared: Interfaces<TypeOperation>,
  given: Interfaces<TemplateOperation>,
  serving: Serving,
): PlannedInterfaces {
  const inherited = INHERITED.get(declared) ?? inherit(declared, serving);
  if (inherited === 'faulty' || !isDeclared(given, declared)) return planned(united(declared, given, serving), serving);
  return given.size === 0 ? inherited : overridden(inherited, declared, given, serving);
}

function inherit(declared: Interfaces<TypeOperation>, serving: Serving): Inherited | 'faulty' {
  let faults = 0;
  const report = (): void => {
    faults += 1;
  };
  const silent = { ...serving, cx: { ...serving.cx, report } };
  const all = planned(united(declared, NONE, silent), silent);
  // Copied at once: what is built key by key is slow to copy, and this is copied for a thousand templates.
  const inherited = faults > 0 ? 'faulty' : { ...all, operations: { ...all.operations } };
  INHERITED.set(declared, inherited);
  return inherited;
}

const NONE: Interfaces<TemplateOperation> = new Map();

function isDeclared(given: Interfaces<TemplateOperation>, declared: Interfaces<TypeOperation>): boolean {
  for (const [name, operations] of given)
    for (const operation of operations.keys()) if (!declared.get(name)?.has(operation)) return false;
  return true;
}

function overridden(
  inherited: Inherited,
  declared: Interfaces<TypeOperation>,
  given: Interfaces<TemplateOperation>,
  serving: Serving,
): PlannedInterfaces {
  const operations: Record<string, Operation> = { ...inherited.operations };
  const interfaces: Record<string, Json> = { ...inherited.interfaces };
  for (const [name, own] of given) {
    const shown: Record<string, Json> = { ...(inherited.interfaces[name] as JsonObject | undefined) };
    interfaces[name] = shown;
    for (const [operation, template] of own) {
      const path = `${serving.owner}.${name}.${operation}`;
      const type = declared.get(name)?.get(operation) as TypeOperation;
      const whole = unitedOperation(type, template, path, serving.cx);
      shown[operation] = shownOperation(whole);
      const served = servedOperation(whole, path, serving);
      operations[`${name}.${operation}`] = served;
      if (inherited.bare.has(operation)) operations[operation] = served;
    }
  }
  return { operations, interfaces };
}

function united(
  declared: Interfaces<TypeOperation>,
  given: Interfaces<TemplateOperation>,
  { owner, at, cx }: Serving,
): Interfaces<TemplateOperation> {
  const all = new Map<string, ReadonlyMap<string, TemplateOperation>>();
  for (const name of new Set([...declared.keys(), ...given.keys()])) {
    const [types, templates] = [declared.get(name), given.get(name)];
    const operations = new Map<string, TemplateOperation>();
    for (const operation of new Set([...(types?.keys() ?? []), ...(templates?.keys() ?? [])])) {
      const path = `${owner}.${name}.${operation}`;
      const [type, template] = [types?.get(operation), templates?.get(operation)];
      if (!type) operations.set(operation, template as TemplateOperation);
      else
        operations.set(
          operation,
          template ? unitedOperation(type, template, path, cx) : inheritedOperation(type, path, at, cx),
        );
    }
    all.set(name, operations);
  }
  return all;
}

function planned(interfaces: Interfaces<TemplateOperation>, serving: Serving): Inherited {
  const operations: Record<string, Operation> = {};
  const shown: Record<string, Json> = {};
  const byName = new Map<string, Operation>();
  const shared = new Set<string>();
  for (const [name, own] of interfaces) {
    const shownHere: Record<string, Json> = {};
    shown[name] = shownHere;
    for (const [operation, template] of own) {
      shownHere[operation] = shownOperation(template);
      const served = servedOperation(template, `${serving.owner}.${name}.${operation}`, serving);
      operations[`${name}.${operation}`] = served;
      if (byName.has(operation)) shared.add(operation);
      byName.set(operation, served);
    }
  }
  for (const operation of shared) byName.delete(operation);
  for (const [operation, own] of byName) operations[operation] = own;
  return { operations, interfaces: shown, bare: new Set(byName.keys()) };
}

function servedOperation(template: TemplateOperation, owner: string, { code, plugins, cx }: Serving): Operation {
  const { implementation, inputs, executor, at } = template;
  const request = { implementation, inputs, executor, owner, at, code, scriptOperation: RUN_SCRIPT };
  return plannedOperation(template, resolveMapping(request, plugins, cx));
}
