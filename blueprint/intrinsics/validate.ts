/** Calls of intrinsic functions, checked when a blueprint is compiled: their arguments, and what they refer to. */
import type { Compilation } from '../compilation.js';
import type { DiagnosticCode, Place } from '../diagnostics.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { ParsedPlan } from '../plan.js';
import { suggestion } from '../suggestion.js';
import { isBefore } from '../version.js';
import { type FunctionCall, type FunctionName, functionCall, holdsFunction, isFunctionCall } from './call.js';
import { resolveProperty } from './lookups.js';
import type { ScanScope } from './scan.js';
import { FunctionEvaluationError } from './scope.js';

interface Validation {
  readonly plan: ParsedPlan;
  readonly cx: Compilation;
  readonly properties: (node: string) => JsonObject | undefined;
  /** Node templates in which something is wrong already. */
  readonly unread: ReadonlySet<string>;
  readonly nodeNames: readonly string[];
}

/** A call that is wrong; told with the place where it was found. */
class InvalidCall extends Error {
  constructor(
    readonly code: DiagnosticCode,
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/**
 * Checks values that hold functions, one after the other.
 *
 * @param declared names of all node templates: those that could not be read are not told to be unknown
 */
export function functionValidator(
  plan: ParsedPlan,
  declared: readonly string[],
  cx: Compilation,
): (value: Json, scope: ScanScope) => void {
  const nodes = new Map(plan.nodes.map(({ name, properties }) => [name, properties]));
  const validation: Validation = {
    plan,
    cx,
    properties: (node) => nodes.get(node),
    unread: new Set(declared.filter((name) => !nodes.has(name))),
    nodeNames: declared,
  };
  // A type's default is one value in many templates: its mistake is told once.
  const told = new Set<string>();
  return (value, scope) => {
    if (holdsFunction(value))
      validateIn(value, scope, cx.positions.of(value) ?? scope.place?.(cx.positions), validation, told);
  };
}

function validateIn(
  value: Json,
  scope: ScanScope,
  place: Place | undefined,
  validation: Validation,
  told: Set<string>,
): void {
  if (typeof value !== 'object' || value === null || !holdsFunction(value)) return;
  const own = validation.cx.positions.of(value) ?? place;
  const call = functionCall(value);
  if (call) validateIn(call.argument, scope, own, validation, told);
  else for (const item of Object.values(value)) validateIn(item as Json, scope, own, validation, told);
  if (!call) return;
  try {
    validateCall(call, scope, validation);
  } catch (error) {
    if (!(error instanceof InvalidCall)) throw error;
    const line = `${own?.file}:${own?.offset}:${error.message}`;
    if (!told.has(line)) validation.cx.report(error.code, `${scope.owner}: ${error.message}`, own, error.hint);
    told.add(line);
  }
}

function validateCall(call: FunctionCall, scope: ScanScope, validation: Validation): void {
  FORMS[call.name](call.argument, call.name);
  const { version, gates } = validation.cx;
  const since = SINCE[call.name];
  if (gates && since && isBefore(version, since))
    throw new InvalidCall('C2131', `${call.name} needs cloudify_dsl_${since.join('_')}`);
  switch (call.name) {
    case 'get_input':
      checkInput(call, validation);
      break;
    case 'get_property':
      checkProperty(call, scope, validation);
      break;
    case 'get_attribute':
    case 'get_attributes_list':
    case 'get_attributes_dict':
      checkAttribute(call, scope, validation);
      break;
    default:
  }
}

const SINCE: Partial<Record<FunctionName, readonly [number, number]>> = { concat: [1, 1], merge: [1, 3] };

type Form = (argument: Json, name: FunctionName) => void;

const shown = (value: Json): string => JSON.stringify(value);
const isTextOrCall = (value: Json | undefined): boolean => typeof value === 'string' || isFunctionCall(value);
const isLabelIndex = (value: Json | undefined): boolean =>
  Number.isInteger(value) || typeof value === 'boolean' || (typeof value === 'string' && /^\d+$/.test(value));
/** What may stand in a path: a name, an index, or a function that gives one. */
const isStep = (value: Json): boolean => isTextOrCall(value) || Number.isInteger(value) || typeof value === 'boolean';
const isIndexOrCall = (value: Json): boolean => Number.isInteger(value) || isFunctionCall(value);

function form(code: DiagnosticCode, takes: string, fits: (argument: Json) => boolean): Form {
  return (argument, name) => {
    if (!fits(argument)) throw new InvalidCall(code, `${name} takes ${takes}, not ${shown(argument)}`);
  };
}

const listOf =
  (least: number, fits: (items: readonly Json[]) => boolean = () => true) =>
  (argument: Json): boolean =>
    Array.isArray(argument) && argument.length >= least && fits(argument);

const aPath = form(
  'C2130',
  'a list: a node (or SELF, SOURCE, TARGET) and a name, and further names',
  listOf(2, (items) => items.every(isStep)),
);

function checkAttributes(argument: Json, name: FunctionName): void {
  const [node, ...attributes] = Array.isArray(argument) ? (argument as readonly Json[]) : [];
  const paths = attributes.map((one) => (Array.isArray(one) ? (one as readonly Json[]) : [one]));
  if (node === undefined || !isStep(node) || paths.some((path) => path.length === 0 || !path.every(isStep)))
    throw new InvalidCall('C2130', `${name} takes a list: a node, and names or lists of names, not ${shown(argument)}`);
  const shownPaths = paths.map((path) => path.map(String).join('.'));
  const twice = shownPaths.find((path, index) => shownPaths.indexOf(path) !== index);
  if (twice !== undefined && !holdsFunction(argument))
    throw new InvalidCall('C2132', `${name}: ${twice} is asked for twice`);
}

const FORMS: Readonly<Record<FunctionName, Form>> = {
  get_input: form(
    'C2130',
    'a name, or a list of a name and keys',
    (argument) => isTextOrCall(argument) || listOf(1, (items) => items.every(isStep))(argument),
  ),
  get_property: aPath,
  get_attribute: aPath,
  get_attributes_list: aPath,
  get_attributes_dict: checkAttributes,
  concat: form('C2130', 'a list', Array.isArray),
  merge: (argument, name) => {
    if (isFunctionCall(argument)) return;
    if (!Array.isArray(argument)) throw new InvalidCall('C2130', `${name} takes a list, not ${shown(argument)}`);
    for (const item of argument)
      if (!isObject(item)) throw new InvalidCall('C2131', `${name} takes mappings, not ${shown(item)}`);
  },
  string_find: form(
    'C2131',
    'a list of two texts',
    listOf(2, (items) => items.length === 2 && items.every(isTextOrCall)),
  ),
  string_replace: form(
    'C2131',
    'a list: text, what to replace, its replacement, and at most a count',
    listOf(
      3,
      (items) => items.length <= 4 && items.slice(0, 3).every(isTextOrCall) && items.slice(3).every(isIndexOrCall),
    ),
  ),
  string_split: form(
    'C2131',
    'a list: text, separator, and at most an index',
    listOf(
      2,
      (items) => items.length <= 3 && items.slice(0, 2).every(isTextOrCall) && items.slice(2).every(isIndexOrCall),
    ),
  ),
  string_lower: form('C2131', 'text', isTextOrCall),
  string_upper: form('C2131', 'text', isTextOrCall),
  get_secret: form(
    'C2131',
    'a name, or a list of a name and keys',
    (argument) => isTextOrCall(argument) || listOf(2)(argument),
  ),
  get_capability: form(
    'C2130',
    'a list: a deployment, the name of its capability, and further names',
    listOf(2, (items) => items.every(isStep)),
  ),
  get_group_capability: form(
    'C2130',
    'a list: a group, the name of a capability or a list of names, and further names',
    listOf(2, (items) => items.every((item, index) => isStep(item) || (index === 1 && Array.isArray(item)))),
  ),
  get_environment_capability(argument, name) {
    if (typeof argument === 'string') return;
    if (!Array.isArray(argument) || argument.length < 2)
      throw new InvalidCall('C2131', `${name} takes a name, or a list of a name and keys, not ${shown(argument)}`);
    if (!(argument as readonly Json[]).every(isStep))
      throw new InvalidCall('C2130', `${name} takes names, not ${shown(argument)}`);
  },
  get_label: form(
    'C2131',
    'a key, or a list of a key and an index',
    (argument) =>
      isTextOrCall(argument) ||
      listOf(2, ([key, index, ...more]) => more.length === 0 && isTextOrCall(key) && isLabelIndex(index))(argument),
  ),
  get_sys: checkSys,
  get_consumers: form(
    'C2130',
    'ids, names or count',
    (argument) => typeof argument === 'string' && ['ids', 'names', 'count'].includes(argument),
  ),
};

const SYSTEM: Readonly<Record<string, readonly string[]>> = {
  tenant: ['name'],
  deployment: ['id', 'name', 'blueprint', 'owner'],
};

function checkSys(argument: Json): void {
  if (!Array.isArray(argument) || argument.length < 2 || !(argument as readonly Json[]).every(isStep))
    throw new InvalidCall('C2130', `get_sys takes a list of an entity and a property, not ${shown(argument)}`);
  const [entity, property] = argument as readonly Json[];
  if (isFunctionCall(entity)) return;
  const known = Object.hasOwn(SYSTEM, String(entity)) ? SYSTEM[String(entity)] : undefined;
  if (!known)
    throw new InvalidCall('C2136', `get_sys knows ${Object.keys(SYSTEM).join(' and ')}, not ${String(entity)}`);
  if (isFunctionCall(property)) return;
  if (!known.includes(String(property)))
    throw new InvalidCall('C2135', `get_sys knows ${known.join(', ')} of ${String(entity)}, not ${String(property)}`);
}

function checkInput({ argument }: FunctionCall, { plan }: Validation): void {
  const name = Array.isArray(argument) ? argument[0] : argument;
  if (typeof name !== 'string' || Object.hasOwn(plan.inputs, name)) return;
  const known = Object.keys(plan.inputs);
  throw new InvalidCall('C2133', `get_input: there is no input ${name}`, suggestion(name, known));
}

const RELATIONSHIP_ENDS: readonly Json[] = ['SOURCE', 'TARGET'];

function checkProperty(call: FunctionCall, scope: ScanScope, { properties, unread, nodeNames }: Validation): void {
  const [node, ...path] = call.argument as readonly Json[];
  if (node === 'SELF' && scope.kind !== 'node')
    throw new InvalidCall('C2130', 'SELF in get_property is for nodes; there is none here');
  if (RELATIONSHIP_ENDS.includes(node as Json) && scope.kind !== 'relationship')
    throw new InvalidCall('C2130', `${String(node)} in get_property is for relationship operations`);
  if (holdsFunction(call.argument) || unread.has(String(node))) return;
  if (typeof node === 'string' && node !== 'SELF' && !RELATIONSHIP_ENDS.includes(node) && !properties(node))
    throw new InvalidCall('C2134', `get_property: there is no node template ${node}`, suggestion(node, nodeNames));
  try {
    resolveProperty({ ...scope.ends, properties }, String(node), path);
  } catch (error) {
    if (!(error instanceof FunctionEvaluationError)) throw error;
    throw new InvalidCall(codeOf(error), error.message);
  }
}

/** The code for an evaluation that failed in one of Cloudify's classes. */
export function codeOf({ reference }: FunctionEvaluationError): DiagnosticCode {
  switch (reference) {
    case 'UnknownInputError':
      return 'C2133';
    case 'KeyError':
      return 'C2134';
    case 'EvaluationRecursionLimitReached':
      return 'C2137';
    case 'InputEvaluationError':
      return 'C2138';
    default:
      return 'C2132';
  }
}

function checkAttribute(
  { name, argument }: FunctionCall,
  scope: ScanScope,
  { properties, unread, nodeNames }: Validation,
): void {
  const [node] = argument as readonly Json[];
  if (typeof node !== 'string') return;
  if (node === 'SELF') {
    if (scope.kind === 'other') throw new InvalidCall('C2134', `${name}: there is no SELF here`);
    if (scope.kind !== 'node') throw new InvalidCall('C2130', `SELF in ${name} is for nodes; there is none here`);
    return;
  }
  if (RELATIONSHIP_ENDS.includes(node)) {
    if (scope.kind === 'other') throw new InvalidCall('C2134', `${name}: there is no ${node} here`);
    if (scope.kind !== 'relationship')
      throw new InvalidCall('C2130', `${node} in ${name} is for relationship operations`);
    return;
  }
  if (!properties(node) && !unread.has(node))
    throw new InvalidCall('C2134', `${name}: there is no node template ${node}`, suggestion(node, nodeNames));
}
