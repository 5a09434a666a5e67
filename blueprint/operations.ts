/**
 * Operations: as types declare them (inputs are a schema), as templates give them (inputs are values), how a derived
 * type, a type and a template are united, and the operation that the plan shows.
 */
import type { At, Compilation } from './compilation.js';
import { isNumber, isObject, type Json, type JsonObject, member, objectMember, textMember } from './json.js';
import { EXECUTORS } from './language.js';
import type { Mapping } from './mapping.js';
import type { Operation } from './plan.js';
import { type DataTypes, defaultsOf, readSchema, type Schema } from './schema.js';

interface Settings {
  readonly implementation: string;
  readonly executor: string | null;
  readonly max_retries: number | null;
  readonly retry_interval: number | null;
  readonly timeout: number | null;
  readonly timeout_recoverable: boolean | null;
}

export interface TypeOperation extends Settings {
  readonly inputs: Schema;
  readonly at: At;
}

/** An operation with its input values. */
export interface TemplateOperation extends Settings {
  readonly inputs: JsonObject;
  /** Declared types of inputs, where an operation of a type was completed. */
  readonly inputsTypes?: JsonObject;
  readonly at: At;
}

export type Interfaces<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;

export function readTypeInterfaces(
  raw: Json | undefined,
  owner: string,
  cx: Compilation,
  dataTypes: DataTypes,
): Interfaces<TypeOperation> {
  return readInterfaces(raw, cx, (value, path, at) => ({
    ...readSettings(value, `${owner}.${path}`, at, cx),
    inputs: readSchema(isObject(value) ? member(value, 'inputs') : undefined, `${owner}.${path}.inputs`, cx, dataTypes),
    at,
  }));
}

export function readTemplateInterfaces(
  raw: Json | undefined,
  owner: string,
  cx: Compilation,
): Interfaces<TemplateOperation> {
  return readInterfaces(raw, cx, (value, path, at) => ({
    ...readSettings(value, `${owner}.${path}`, at, cx),
    inputs: objectMember(value, 'inputs'),
    at,
  }));
}

function readInterfaces<T>(
  raw: Json | undefined,
  { positions }: Compilation,
  read: (value: Json, path: string, at: At) => T,
): Interfaces<T> {
  const interfaces = new Map<string, Map<string, T>>();
  if (!isObject(raw)) return interfaces;
  for (const [name, operations] of Object.entries(raw)) {
    const own = new Map<string, T>();
    if (isObject(operations))
      for (const [operation, value] of Object.entries(operations))
        own.set(operation, read(value, `${name}.${operation}`, positions.ofKey(operations, operation)));
    interfaces.set(name, own);
  }
  return interfaces;
}

function readSettings(value: Json, path: string, at: At, cx: Compilation): Settings {
  if (typeof value === 'string') return { ...UNSET, implementation: value };
  const raw = isObject(value) ? value : {};
  const executor = textMember(raw, 'executor') ?? null;
  if (executor !== null && !EXECUTORS.includes(executor))
    cx.report(
      'C2084',
      `the executor of ${path} must be ${EXECUTORS.join(' or ')}`,
      cx.positions.ofValue(raw, 'executor') ?? at,
    );
  return {
    implementation: textMember(raw, 'implementation') ?? '',
    executor,
    max_retries: numberAtLeast(-1, 'max_retries', raw, path, cx),
    retry_interval: numberAtLeast(0, 'retry_interval', raw, path, cx),
    timeout: numberAtLeast(0, 'timeout', raw, path, cx),
    timeout_recoverable: (member(raw, 'timeout_recoverable') ?? null) as boolean | null,
  };
}

const UNSET: Settings = {
  implementation: '',
  executor: null,
  max_retries: null,
  retry_interval: null,
  timeout: null,
  timeout_recoverable: null,
};

function numberAtLeast(least: number, key: string, raw: JsonObject, path: string, cx: Compilation): number | null {
  const written = member(raw, key);
  if (!isNumber(written)) return null;
  const value = Number(written);
  if (value < least) cx.report('C2012', `${key} of ${path} must be at least ${least}`, cx.positions.ofValue(raw, key));
  return value;
}

function isNoOp(operation: TypeOperation | TemplateOperation): boolean {
  const { inputs } = operation;
  const hasInputs = inputs instanceof Map ? inputs.size > 0 : Object.keys(inputs).length > 0;
  return (
    !hasInputs &&
    operation.implementation === '' &&
    operation.executor === null &&
    operation.max_retries === null &&
    operation.retry_interval === null &&
    operation.timeout === null &&
    operation.timeout_recoverable === null
  );
}

/** A derived type's operation replaces its parent's whole, also when it does nothing. */
export function mergeTypeInterfaces(
  parent: Interfaces<TypeOperation>,
  own: Interfaces<TypeOperation>,
): Interfaces<TypeOperation> {
  const merged = new Map(parent);
  for (const [name, operations] of own) merged.set(name, new Map([...(parent.get(name) ?? []), ...operations]));
  return merged;
}

/** What a template makes of its type's operations. */
export function mergeTemplateInterfaces(
  type: Interfaces<TypeOperation>,
  template: Interfaces<TemplateOperation>,
  owner: string,
  at: At,
  cx: Compilation,
): Interfaces<TemplateOperation> {
  const inherited = template.size === 0 ? INHERITED_ALL.get(type) : undefined;
  if (inherited) return inherited;
  const merged = new Map<string, ReadonlyMap<string, TemplateOperation>>();
  for (const name of new Set([...type.keys(), ...template.keys()])) {
    const declared = type.get(name) ?? new Map<string, TypeOperation>();
    const given = template.get(name) ?? new Map<string, TemplateOperation>();
    const known = given.size === 0 ? INHERITED_INTERFACES.get(declared) : undefined;
    if (known) {
      merged.set(name, known);
      continue;
    }
    const operations = new Map<string, TemplateOperation>();
    for (const operation of new Set([...declared.keys(), ...given.keys()])) {
      const path = `${owner}.${name}.${operation}`;
      operations.set(operation, united(declared.get(operation), given.get(operation), path, at, cx));
    }
    merged.set(name, operations);
    if (given.size === 0 && [...declared.values()].every((operation) => INHERITED.has(operation)))
      INHERITED_INTERFACES.set(declared, operations);
  }
  if (
    [...type.values()].every((operations) => operations.size === 0 || INHERITED_INTERFACES.has(operations)) &&
    template.size === 0
  )
    INHERITED_ALL.set(type, merged);
  return merged;
}

/** What templates take over unchanged from their type is one value in all of them: there may be thousands. */
const INHERITED = new WeakMap<TypeOperation, TemplateOperation>();
const INHERITED_INTERFACES = new WeakMap<ReadonlyMap<string, TypeOperation>, ReadonlyMap<string, TemplateOperation>>();
const INHERITED_ALL = new WeakMap<Interfaces<TypeOperation>, Interfaces<TemplateOperation>>();

function inherited(declared: TypeOperation, path: string, at: At, cx: Compilation): TemplateOperation {
  const known = INHERITED.get(declared);
  if (known) return known;
  const own = withDefaults(declared, {}, path, at, cx);
  // Where an input has no value each template is told so.
  if ([...declared.inputs.keys()].every((name) => Object.hasOwn(own.inputs, name))) INHERITED.set(declared, own);
  return own;
}

function united(
  declared: TypeOperation | undefined,
  given: TemplateOperation | undefined,
  path: string,
  at: At,
  cx: Compilation,
): TemplateOperation {
  if (!declared) return given as TemplateOperation;
  if (!given) return inherited(declared, path, at, cx);
  if (isNoOp(given) || isNoOp(declared)) return given;
  const implementation = given.implementation === '' ? declared.implementation : given.implementation;
  if (implementation !== declared.implementation) return { ...given, implementation };
  return {
    ...withDefaults(declared, given.inputs, path, given.at, cx),
    executor: given.executor ?? declared.executor,
    max_retries: given.max_retries ?? declared.max_retries,
    retry_interval: given.retry_interval ?? declared.retry_interval,
    timeout: given.timeout ?? declared.timeout,
    timeout_recoverable: given.timeout_recoverable ?? declared.timeout_recoverable,
  };
}

/** The declared operation with its defaults and the given inputs; every declared input must have a value. */
function withDefaults(
  declared: TypeOperation,
  given: JsonObject,
  path: string,
  at: At,
  cx: Compilation,
): TemplateOperation {
  const inputs: Record<string, Json> = { ...defaultsOf(declared.inputs), ...given };
  const types: Record<string, Json> = {};
  for (const [name, { definition }] of declared.inputs) {
    if (!Object.hasOwn(inputs, name)) cx.report('C2045', `${path} needs the input ${name}`, at);
    const type = member(definition, 'type');
    if (type === undefined || type === null) continue;
    types[name] = type;
    const value = inputs[name];
    // A function declares its type by a key beside it; plain mappings get the key too.
    if (isObject(value)) inputs[name] = cx.positions.carry(value, { ...value, type });
  }
  return {
    implementation: declared.implementation,
    executor: declared.executor,
    max_retries: declared.max_retries,
    retry_interval: declared.retry_interval,
    timeout: declared.timeout,
    timeout_recoverable: declared.timeout_recoverable,
    inputs: cx.positions.carry(given, inputs),
    ...(Object.keys(types).length > 0 ? { inputsTypes: types } : {}),
    at: at ?? declared.at,
  };
}

/** The operation in the plan, its implementation resolved to a plugin. */
export function plannedOperation(
  { implementation: _, inputs, inputsTypes, at: _at, ...settings }: TemplateOperation,
  mapping: Mapping | undefined,
): Operation {
  if (!mapping) return NO_OP;
  return {
    plugin: mapping.plugin,
    operation: mapping.operation,
    inputs: { ...inputs, ...mapping.inputs },
    ...settings,
    executor: mapping.executor,
    has_intrinsic_functions: false,
    ...(inputsTypes ? { inputs_types: inputsTypes } : {}),
  };
}

const NO_OP: Operation = {
  plugin: '',
  operation: '',
  executor: null,
  inputs: {},
  has_intrinsic_functions: false,
  max_retries: null,
  retry_interval: null,
  timeout: null,
  timeout_recoverable: null,
};

/** Operations under `interface.operation`, and under the bare name where only one interface has it. */
export function flattened<T>(interfaces: ReadonlyMap<string, ReadonlyMap<string, T>>): Readonly<Record<string, T>> {
  const flat: Record<string, T> = {};
  const shared = new Set<string>();
  const bare = new Map<string, T>();
  for (const [name, operations] of interfaces) {
    for (const [operation, own] of operations) {
      if (bare.has(operation)) shared.add(operation);
      bare.set(operation, own);
      flat[`${name}.${operation}`] = own;
    }
  }
  for (const [operation, own] of bare) if (!shared.has(operation)) flat[operation] = own;
  return flat;
}
