/**
 * Parameters of a workflow, bound before anything starts: names, defaults, functions, conversions, types, constraints,
 * and what is missing. Everything that is wrong is told at once, in the reference's words where it has some.
 */
import { violations } from './constraints.js';
import { holdsFunction } from './intrinsics/call.js';
import { isObject, type Json, type JsonObject, member, textMember } from './json.js';
import type { ParsedPlan, PlanWorkflow } from './plan.js';
import { fits, OBJECT_TYPES } from './primitives.js';
import { suggestion } from './suggestion.js';

export interface ParameterOptions {
  /** Names that the workflow does not declare are passed on. @default false */
  readonly allowCustom?: boolean;
  /** Evaluates the functions in a value. @default they are left, for the run to evaluate */
  readonly evaluate?: (value: Json) => Json;
  /** Names of the things of a type (`node_id`, `node_instance`…) that the deployment has; undefined: any. @default any */
  readonly objectNames?: (type: string) => readonly string[] | undefined;
}

export interface BoundParameters {
  readonly values: JsonObject;
  readonly problems: readonly string[];
  /** What filters of a built-in workflow name that does not exist, where their definitions do not say what they name. */
  readonly unknown: readonly string[];
}

const FILTERS: JsonObject = {
  type_names: { type: 'list', item_type: 'node_type', default: [] },
  node_ids: { type: 'list', item_type: 'node_id', default: [] },
  node_instance_ids: { type: 'list', item_type: 'node_instance', default: [] },
};

/** What the filters of the built-in workflows name. Types of old versions of the language do not say it. */
const FILTERED: Readonly<Record<string, string>> = {
  type_names: 'node_type',
  node_ids: 'node_id',
  node_instance_ids: 'node_instance',
  node_instance_id: 'node_instance',
};

/** As they are called in messages. */
const OBJECTS: Readonly<Record<string, string>> = {
  node_type: 'node of type',
  node_id: 'node',
  node_instance: 'node instance',
  scaling_group: 'scaling group',
};

/** Names that a message lists at most. */
const MOST_LISTED = 12;

const flag = (description: string, value = false): JsonObject => ({ description, type: 'boolean', default: value });

/** Workflows of ours that no type declares. A blueprint's own of the same name take their place. */
const OURS: Readonly<Record<string, PlanWorkflow>> = {
  validate: ours(FILTERS),
  update: ours({
    preview: flag('Whether only to tell what would change.'),
    skip_install: flag('Whether new instances are left uninstalled.'),
    skip_uninstall: flag('Whether instances that go are not uninstalled before.'),
    skip_reinstall: flag('Whether changed instances that cannot be updated are left as they are.'),
    skip_drift_check: flag('Whether changed instances are taken for drifted without asking them.'),
    skip_heal: flag('Whether instances that are not well are updated nevertheless.'),
    force_reinstall: flag('Whether changed instances are reinstalled even when they could be updated.'),
    ignore_failure: flag('Whether to go on when an operation of an uninstallation fails.'),
    reinstall_list: {
      description: 'Instances to reinstall besides.',
      type: 'list',
      item_type: 'node_instance',
      default: [],
    },
  }),
};

function ours(parameters: JsonObject): PlanWorkflow {
  return { plugin: '', operation: '', parameters, is_cascading: false, availability_rules: null };
}

/** The workflow's definition: the blueprint's, else one of ours. */
export function workflowOf(plan: Pick<ParsedPlan, 'workflows'>, name: string): PlanWorkflow | undefined {
  if (Object.hasOwn(plan.workflows ?? {}, name)) return plan.workflows[name];
  return Object.hasOwn(OURS, name) ? OURS[name] : undefined;
}

/** Mapped to a workflow that comes with the engine, under its own or another name. */
function isBuiltIn({ plugin }: PlanWorkflow): boolean {
  return plugin === '' || plugin.split('--').at(-1) === 'default_workflows';
}

/** @param given by name; a null is as good as nothing */
export function bindParameters(
  name: string,
  workflow: PlanWorkflow,
  given: JsonObject,
  options: ParameterOptions = {},
): BoundParameters {
  const { parameters } = workflow;
  const values: Record<string, Json> = {};
  const problems: string[] = [];
  const unknown: string[] = [];
  const missing: string[] = [];
  const undeclared = Object.keys(given).filter((key) => !Object.hasOwn(parameters, key));
  if (undeclared.length > 0 && !options.allowCustom)
    problems.push(
      `Workflow "${name}" does not have the following parameters declared: ${undeclared.join(',')}. ` +
        'Remove these parameters or use the flag for allowing custom parameters',
    );
  for (const key of undeclared) values[key] = evaluated(given[key] as Json, options);
  for (const [key, raw] of Object.entries(parameters)) {
    const definition = isObject(raw) ? raw : {};
    const value = (Object.hasOwn(given, key) ? given[key] : null) ?? member(definition, 'default');
    if (value === undefined) {
      if (definition.required !== false) missing.push(key);
      continue;
    }
    values[key] = bound(key, evaluated(value, options), definition, options, problems);
    if (isBuiltIn(workflow)) refuseUnknown(FILTERED[key], key, values[key], options, unknown);
  }
  if (missing.length > 0)
    problems.push(`Workflow "${name}" must be provided with the following parameters to execute: ${missing.join(',')}`);
  return { values, problems, unknown: unknown.filter((problem) => !problems.includes(problem)) };
}

function evaluated(value: Json, { evaluate }: ParameterOptions): Json {
  return evaluate && holdsFunction(value) ? evaluate(value) : value;
}

function bound(key: string, given: Json, definition: JsonObject, options: ParameterOptions, problems: string[]): Json {
  if (given === null || holdsFunction(given)) return given;
  const type = textMember(definition, 'type');
  const itemType = textMember(definition, 'item_type');
  const value = converted(given, type, itemType);
  const items = type === 'list' && Array.isArray(value) ? value : [];
  if (!isOfType(value, type)) problems.push(`Parameter "${key}" must be of type ${type}`);
  else if (itemType !== undefined && items.some((item) => !isOfType(item, itemType)))
    problems.push(`Parameter "${key}" must be a list of items of type ${itemType}`);
  else {
    for (const sentence of violations(value, definition)) problems.push(`Parameter "${key}": ${sentence}`);
    const objectType = [type, itemType].find((one) => one !== undefined && OBJECT_TYPES.has(one));
    refuseUnknown(objectType, key, value, options, problems);
  }
  return value;
}

/** Tells each thing once that is named and does not exist, with the names that do. */
function refuseUnknown(
  type: string | undefined,
  key: string,
  value: Json | undefined,
  { objectNames }: ParameterOptions,
  problems: string[],
): void {
  const known = type === undefined || value === undefined || holdsFunction(value) ? undefined : objectNames?.(type);
  if (type === undefined || value === undefined || known === undefined) return;
  const names = Array.isArray(value) ? value.map(String) : String(value ?? '').split(',');
  for (const name of names.map((one) => one.trim())) {
    if (name === '' || known.includes(name)) continue;
    const problem = `Parameter "${key}": there is no ${OBJECTS[type] ?? type} ${name}; ${hintFor(name, known)}`;
    if (!problems.includes(problem)) problems.push(problem);
  }
}

function hintFor(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'the deployment has none';
  const listed = known.slice(0, MOST_LISTED).join(', ');
  const more = known.length > MOST_LISTED ? ` and ${known.length - MOST_LISTED} more` : '';
  const near = suggestion(name, known);
  return `${near === undefined ? 'there are' : `${near} There are`}: ${listed}${more}`;
}

/** Text becomes what the type says, where it can: `"5"` → 5. One item where a list is wanted becomes a list of it. */
function converted(value: Json, type: string | undefined, itemType: string | undefined): Json {
  if (type === 'list') {
    if (Array.isArray(value)) return value.map((item) => converted(item as Json, itemType, undefined));
    if (typeof value !== 'string' || itemType === undefined) return value;
    return value === '' ? [] : value.split(',').map((item) => converted(item.trim(), itemType, undefined));
  }
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^\s*[-+]?\d+\s*$/.test(value)) return Number(value);
  if (type === 'float' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  if (type === 'boolean' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  return value;
}

/** Unlike a property of type string, a parameter takes nothing but text. */
function isOfType(value: Json, type: string | undefined): boolean {
  if (type === undefined) return true;
  return type === 'string' || type === 'textarea' ? typeof value === 'string' : fits(value, type);
}
