/** Functions that look something up: inputs, properties, attributes, secrets, capabilities, labels. */
import type { Json, JsonObject } from '../json.js';
import { fits } from '../primitives.js';
import { attributeOf, attributesDict, attributesList, instanceIdMeant } from './attributes.js';
import { type FunctionCall, holdsFunction, isFunctionCall } from './call.js';
import { type Evaluated, evaluate, UNRESOLVED } from './evaluate.js';
import { type EvaluationScope, FunctionEvaluationError } from './scope.js';

export function evaluateLookup(call: FunctionCall, scope: EvaluationScope, depth = 0): Evaluated {
  const { name } = call;
  // A name that is itself only known later cannot be looked up yet; inputs and properties are all known at once.
  if (holdsFunction(call.argument)) {
    const known = name === 'get_input' ? scope.inputs : name === 'get_property' ? scope.inputRead : undefined;
    if (!known) return UNRESOLVED;
    throw new FunctionEvaluationError(name, 'an argument is only known at run time');
  }
  const [first, ...rest] = Array.isArray(call.argument) ? call.argument : [call.argument];
  const key = String(first);
  switch (name) {
    case 'get_input':
      return scope.inputs ? input(scope, scope.inputs, [key, ...rest], call.type) : UNRESOLVED;
    case 'get_property':
      return property(scope, key, rest, depth);
    case 'get_attribute':
      return scope.instance ? attributeOf(scope, key, rest) : UNRESOLVED;
    case 'get_attributes_list':
      return scope.instance ? attributesList(scope, key, rest) : UNRESOLVED;
    case 'get_attributes_dict':
      return scope.instance ? attributesDict(scope, key, rest) : UNRESOLVED;
    case 'get_secret':
      return scope.secret ? secret(scope.secret, key, rest) : UNRESOLVED;
    case 'get_capability':
      return scope.capability ? found(name, scope.capability(key, rest), `${key} ${rest.join('.')}`) : UNRESOLVED;
    case 'get_environment_capability':
      return scope.environmentCapability ? found(name, scope.environmentCapability([key, ...rest]), key) : UNRESOLVED;
    case 'get_group_capability':
      return scope.groupCapability ? found(name, scope.groupCapability(key, rest), key) : UNRESOLVED;
    case 'get_label':
      return scope.label ? label(scope.label, key, rest[0]) : UNRESOLVED;
    case 'get_sys':
      return scope.sys ? found(name, scope.sys(key, String(rest[0])), `${key} ${String(rest[0])}`) : UNRESOLVED;
    case 'get_consumers':
      return scope.consumers ? scope.consumers(key) : UNRESOLVED;
    default:
      return UNRESOLVED;
  }
}

function input(
  scope: EvaluationScope,
  inputs: JsonObject,
  path: readonly [string, ...Json[]],
  type: string | undefined,
): Json {
  const [name, ...rest] = path;
  if (!Object.hasOwn(inputs, name))
    throw new FunctionEvaluationError('get_input', `there is no input ${name}`, 'UnknownInputError');
  const value = walk(inputs[name] as Json, rest);
  if (value === undefined) {
    const message = `input ${name} has no ${rest.join('.')}`;
    throw leadsIntoScalar(inputs[name] as Json, rest)
      ? new FunctionEvaluationError('get_input', message)
      : new FunctionEvaluationError('get_input', message, 'InputEvaluationError');
  }
  if (type !== undefined && !isFunctionCall(value) && !fits(value, type))
    throw new FunctionEvaluationError('get_input', `input ${name} is of no ${type}`, 'InputEvaluationError');
  scope.inputRead?.(path);
  return value;
}

/** Whether a path goes on where there is neither a mapping nor a list, which Cloudify tells apart. */
function leadsIntoScalar(value: Json, path: readonly Json[]): boolean {
  const before = path.findIndex((_, index) => walk(value, path.slice(0, index + 1)) === undefined);
  const last = walk(value, path.slice(0, before));
  return typeof last !== 'object' || last === null;
}

function property(scope: EvaluationScope, ref: string, path: readonly Json[], depth: number): Evaluated {
  const found = resolveProperty(scope, ref, path, depth);
  return found === UNRESOLVED ? found : evaluate(found.value, found.scope, depth + 1);
}

interface FoundProperty {
  readonly value: Json;
  /** Where the property is: functions in it mean its own node by SELF. */
  readonly scope: EvaluationScope;
}

/** A property by its path. Functions on the way are evaluated, those within what is found are not. */
export function resolveProperty(
  scope: EvaluationScope,
  ref: string,
  path: readonly Json[],
  depth = 0,
): FoundProperty | typeof UNRESOLVED {
  const places: Readonly<Record<string, string | undefined>> = {
    SELF: scope.self,
    SOURCE: scope.source,
    TARGET: scope.target,
  };
  const node = Object.hasOwn(places, ref) ? places[ref] : ref;
  if (node === undefined || !scope.properties) return UNRESOLVED;
  const properties = scope.properties(node);
  if (!properties) throw new FunctionEvaluationError('get_property', `there is no node ${node}`, 'KeyError');
  const inner = scopeOf(scope, ref, node);
  let value: Json = properties;
  for (const key of path) {
    if (isFunctionCall(value)) return UNRESOLVED;
    const next = walk(value, [key]);
    if (next === undefined)
      throw new FunctionEvaluationError('get_property', `node ${node} has no property ${path.join('.')}`);
    value = isFunctionCall(next) ? evaluate(next, inner, depth + 1) : next;
  }
  return { value, scope: inner };
}

function scopeOf(scope: EvaluationScope, ref: string, node: string): EvaluationScope {
  if (ref === 'SELF') return scope;
  const { source: _source, target: _target, selfInstance: _, ...rest } = scope;
  const instance = scope.instance ? instanceIdMeant(scope, ref) : undefined;
  return { ...rest, self: node, ...(instance === undefined ? {} : { selfInstance: instance }) };
}

function secret(lookup: (key: string) => Json | undefined, key: string, path: readonly Json[]): Evaluated {
  const value = lookup(key);
  if (value === undefined) return UNRESOLVED;
  if (path.length === 0) return value;
  const parsed = typeof value === 'string' ? parseJson(key, value) : value;
  return found('get_secret', walk(parsed, path), `${key} ${path.join('.')}`);
}

function parseJson(key: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new FunctionEvaluationError('get_secret', `secret ${key} is no JSON, so that nothing can be taken out of it`);
  }
}

function label(lookup: (key: string) => readonly string[] | undefined, key: string, index: Json | undefined): Json {
  const values = lookup(key);
  if (!values) throw new FunctionEvaluationError('get_label', `the deployment has no label ${key}`);
  if (index === undefined) return values;
  return found('get_label', values[Number(index)], `${key} ${String(index)}`);
}

function found(name: string, value: Json | undefined, what: string): Json {
  if (value === undefined) throw new FunctionEvaluationError(name, `found nothing for ${what}`);
  return value;
}

/** Follows keys and indexes; undefined where the path leads nowhere. A function in the way ends the walk. */
export function walk(value: Json, path: readonly Json[]): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) {
    if (Array.isArray(current)) current = itemAt(current, key);
    else if (typeof current === 'object' && current !== null && Object.hasOwn(current, String(key)))
      current = (current as JsonObject)[String(key)];
    else return undefined;
    if (current === undefined) return undefined;
  }
  return current;
}

/** An item by its index, from the end if that is negative. */
function itemAt(list: readonly Json[], key: Json): Json | undefined {
  const index = typeof key === 'string' && /^-?\d+$/.test(key) ? Number(key) : key;
  return typeof index === 'number' ? list.at(index) : undefined;
}
