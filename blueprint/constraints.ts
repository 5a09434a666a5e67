/** `constraints` of inputs and parameters: read when compiled, checked when a value is there. */
import type { At, Compilation } from './compilation.js';
import { holdsFunction, isFunctionCall } from './intrinsics/call.js';
import { isNumber, isObject, type Json, type JsonObject, listMember, member, textMember } from './json.js';
import { KNOWN_TYPES, patternOf } from './primitives.js';
import { suggestion } from './suggestion.js';
import { isBefore } from './version.js';

interface Operator {
  /** Whether the argument is of a kind that the operator takes. */
  readonly takes: (argument: Json) => boolean;
  readonly argument: string;
  /** Undefined for operators on names of objects, which only a live system can check. */
  readonly holds?: (value: Json, argument: Json) => boolean;
}

const isText = (value: Json): boolean => typeof value === 'string';
const isList = (value: Json): boolean => Array.isArray(value);
const isRange = (value: Json): boolean => Array.isArray(value) && value.length === 2 && value.every(isNumber);

/** A value that cannot be compared satisfies nothing. */
const compared = (holds: (value: number, argument: number) => boolean) => (value: Json, argument: Json) =>
  (isNumber(value) || typeof value === 'boolean') && holds(Number(value), Number(argument));

const measured = (holds: (length: number, argument: number) => boolean) => (value: Json, argument: Json) => {
  const length = lengthOf(value);
  return length !== undefined && holds(length, Number(argument));
};

const OPERATORS: Readonly<Record<string, Operator>> = {
  equal: { takes: isNumber, argument: 'a number', holds: compared((value, other) => value === other) },
  greater_than: { takes: isNumber, argument: 'a number', holds: compared((value, other) => value > other) },
  greater_or_equal: { takes: isNumber, argument: 'a number', holds: compared((value, other) => value >= other) },
  less_than: { takes: isNumber, argument: 'a number', holds: compared((value, other) => value < other) },
  less_or_equal: { takes: isNumber, argument: 'a number', holds: compared((value, other) => value <= other) },
  in_range: {
    takes: isRange,
    argument: 'two numbers',
    holds: (value, range) => {
      const [low, high] = range as readonly number[];
      return compared((own) => own >= (low as number) && own <= (high as number))(value, 0);
    },
  },
  valid_values: {
    takes: isList,
    argument: 'a list',
    holds: (value, values) => (values as readonly Json[]).some((valid) => sameValue(value, valid)),
  },
  length: { takes: isNumber, argument: 'a number', holds: measured((length, wanted) => length === wanted) },
  min_length: { takes: isNumber, argument: 'a number', holds: measured((length, least) => length >= least) },
  max_length: { takes: isNumber, argument: 'a number', holds: measured((length, most) => length <= most) },
  pattern: {
    takes: (value) => typeof value === 'string' && patternOf(value) !== undefined,
    argument: 'a regular expression',
    // A match at the beginning is enough, as in Cloudify.
    holds: (value, pattern) => typeof value === 'string' && patternOf(String(pattern))?.test(value) === true,
  },
  filter_id: { takes: isText, argument: 'text' },
  labels: { takes: isList, argument: 'a list' },
  tenants: { takes: isList, argument: 'a list' },
  name_pattern: { takes: isObject, argument: 'a mapping' },
  deployment_id: { takes: isText, argument: 'text' },
};

/** Checks the form of a definition's constraints, its `item_type`, `display` and `hidden`. */
export function readConstraints(definition: Json, owner: string, cx: Compilation): void {
  const { report, positions } = cx;
  const type = textMember(definition, 'type');
  const itemType = textMember(definition, 'item_type');
  const at = (key: string): At => positions.ofValue(definition, key);
  if (itemType !== undefined) {
    if (type !== 'list') report('C2047', `${owner} has an item_type, and is not of type list`, at('item_type'));
    else if (!KNOWN_TYPES.has(itemType))
      report(
        'C2046',
        `the item_type of ${owner} must be a primitive type, not ${itemType}`,
        at('item_type'),
        suggestion(itemType, KNOWN_TYPES),
      );
  }
  if (isObject(member(definition, 'display')) && type !== 'textarea')
    report('C2049', `${owner} has display, which is for the type textarea`, at('display'));
  if (
    member(definition, 'hidden') === true &&
    member(definition, 'required') !== false &&
    !Object.hasOwn(definition as JsonObject, 'default')
  )
    report('C2050', `${owner} is hidden and required, so that it needs a default`, at('hidden'));
  const constraints = listMember(definition, 'constraints');
  for (const [index, constraint] of constraints.entries())
    checkForm(constraint, `${owner}.constraints[${index}]`, positions.ofValue(constraints, index), cx);
}

function checkForm(constraint: Json, owner: string, at: At, cx: Compilation): void {
  const [name, ...others] = Object.keys(isObject(constraint) ? constraint : {}).filter(
    (key) => key !== 'error_message',
  );
  if (isObject(constraint) && Object.hasOwn(constraint, 'error_message') && cx.gates && isBefore(cx.version, [1, 5]))
    cx.report('C2013', `error_message of ${owner} needs cloudify_dsl_1_5`, at);
  const operator = name !== undefined && Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (name === undefined || others.length > 0 || !operator) {
    const hint = name === undefined ? undefined : suggestion(name, Object.keys(OPERATORS));
    cx.report('C2121', `${owner} must be one of ${Object.keys(OPERATORS).join(', ')} and its argument`, at, hint);
    return;
  }
  const argument = member(constraint, name) as Json;
  const ok = isFunctionCall(argument) || operator.takes(argument);
  if (!ok) cx.report('C2120', `${owner}: ${name} takes ${operator.argument}, not ${JSON.stringify(argument)}`, at);
}

/** What a value violates, as sentences; empty when it satisfies everything. */
export function violations(value: Json, definition: JsonObject): string[] {
  const items = textMember(definition, 'item_type') !== undefined && Array.isArray(value) ? value : [value];
  return listMember(definition, 'constraints').flatMap((constraint) =>
    items.flatMap((item) => violation(item, constraint)),
  );
}

function violation(value: Json, constraint: Json): string[] {
  const name = Object.keys(isObject(constraint) ? constraint : {}).find((key) => key !== 'error_message');
  const operator = name === undefined ? undefined : OPERATORS[name];
  if (name === undefined || !operator) return [];
  const argument = member(constraint, name) as Json;
  // An argument of another kind has been told already.
  if (holdsFunction(argument) || !operator.takes(argument)) return [];
  if (operator.holds?.(value, argument) === true) return [];
  const custom = textMember(constraint, 'error_message');
  if (custom !== undefined) return [custom];
  return operator.holds
    ? [`${JSON.stringify(value)} does not satisfy ${name}: ${JSON.stringify(argument)}`]
    : [`${name} can only be checked for names of objects`];
}

function lengthOf(value: Json): number | undefined {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : undefined;
}

/** Equality as Python has it: 1, 1.0 and True are the same. */
function sameValue(one: Json, other: Json): boolean {
  const numeric = (value: Json): boolean => isNumber(value) || typeof value === 'boolean';
  if (numeric(one) || numeric(other)) return numeric(one) && numeric(other) && Number(one) === Number(other);
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item: Json, index) => sameValue(item, other[index] as Json));
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && sameValue(one[key] as Json, other[key] as Json))
    );
  }
  return one === other;
}
