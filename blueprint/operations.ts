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

/** A type's operation in a template that says nothing of it. */
export function inheritedOperation(declared: TypeOperation, path: string, at: At, cx: Compilation): TemplateOperation {
  return withDefaults(declared, {}, path, at, cx);
}

/** What a template makes of its type's operation. */
export function unitedOperation(
  declared: TypeOperation,
  given: TemplateOperation,
  path: string,
  cx: Compilation,
): TemplateOperation {
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

/** The operation as a node's `interfaces` show it. */
export function shownOperation(operation: TemplateOperation): JsonObject {
  return {
    implementation: operation.implementation,
    executor: operation.executor,
    max_retries: operation.max_retries,
    retry_interval: operation.retry_interval,
    timeout: operation.timeout,
    timeout_recoverable: operation.timeout_recoverable,
    inputs: operation.inputs,
  };
}

/** The operation in the plan, its implementation resolved to a plugin. */
export function plannedOperation(operation: TemplateOperation, mapping: Mapping | undefined): Operation {
  if (!mapping) return NO_OP;
  const { inputsTypes } = operation;
  const planned: Operation = {
    plugin: mapping.plugin,
    operation: mapping.operation,
    inputs: mapping.script ? { ...operation.inputs, ...mapping.script } : operation.inputs,
    executor: mapping.executor,
    has_intrinsic_functions: false,
    max_retries: operation.max_retries,
    retry_interval: operation.retry_interval,
    timeout: operation.timeout,
    timeout_recoverable: operation.timeout_recoverable,
  };
  return inputsTypes ? { ...planned, inputs_types: inputsTypes } : planned;
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
