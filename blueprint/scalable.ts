/** How many instances: of a node template (`capabilities.scalable`, `instances.deploy`) or a scaling group. */
import type { At, Compilation } from './compilation.js';
import { isFunctionCall } from './intrinsics/call.js';
import { isObject, type Json, type JsonObject, member, objectMember } from './json.js';

const UNBOUNDED = -1;

/** What most templates have, who say nothing of it. */
const ONE_INSTANCE: JsonObject = {
  default_instances: 1,
  min_instances: 0,
  max_instances: UNBOUNDED,
  current_instances: 1,
  planned_instances: 1,
};

/** The five numbers of the plan. Functions stay in them until inputs are bound. */
export function readScalable(raw: JsonObject, owner: string, cx: Compilation): JsonObject {
  if (Object.keys(raw).length === 0) return ONE_INSTANCE;
  const at = (key: string): At => cx.positions.ofValue(raw, key);
  const defaults = numberOrFunction(
    member(raw, 'default_instances') ?? 1,
    `${owner}.default_instances`,
    at('default_instances'),
    cx,
  );
  const min = numberOrFunction(member(raw, 'min_instances') ?? 0, `${owner}.min_instances`, at('min_instances'), cx);
  const written = member(raw, 'max_instances') ?? UNBOUNDED;
  const max = maximum(written, `${owner}.max_instances`, at('max_instances'), cx);
  const numbers = { default_instances: defaults, min_instances: min, max_instances: max };
  checkOrder(numbers, owner, cx.positions.of(raw), cx);
  return { ...numbers, current_instances: defaults, planned_instances: defaults };
}

function numberOrFunction(value: Json, path: string, at: At, cx: Compilation): Json {
  if (isObject(value) && !isFunctionCall(value)) {
    cx.report('C2069', `${path} must be a number or a function`, at);
    return 1;
  }
  if (isObject(value)) return value;
  if (!isInteger(value)) {
    cx.report('C2010', `${path} must be an integer, not ${JSON.stringify(value)}`, at);
    return 1;
  }
  if ((value as number) < 0) cx.report('C2066', `${path} must not be negative`, at);
  return value;
}

/** In Python, and so in Cloudify, true is 1. */
export const isInteger = (value: Json): boolean => Number.isInteger(value) || typeof value === 'boolean';

function maximum(value: Json, path: string, at: At, cx: Compilation): Json {
  if (value === 'UNBOUNDED' || value === UNBOUNDED) return UNBOUNDED;
  if (typeof value === 'string') {
    cx.report('C2067', `${path} must be a number or UNBOUNDED, not ${JSON.stringify(value)}`, at);
    return UNBOUNDED;
  }
  if (isObject(value) && !isFunctionCall(value)) {
    cx.report('C2069', `${path} must be a number or a function`, at);
    return UNBOUNDED;
  }
  if (!isObject(value) && !isInteger(value)) {
    cx.report('C2010', `${path} must be an integer, not ${JSON.stringify(value)}`, at);
    return UNBOUNDED;
  }
  if (!isObject(value) && Number(value) <= 0) cx.report('C2066', `${path} must be more than 0, or -1 for no limit`, at);
  return value;
}

/** Checks what is a number already; the rest is checked when inputs are bound. */
function checkOrder(numbers: JsonObject, owner: string, at: At, cx: Pick<Compilation, 'report'>): void {
  const number = (key: string): number | undefined => {
    const value = member(numbers, key);
    return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : undefined;
  };
  const [chosen, min, max] = [number('default_instances'), number('min_instances'), number('max_instances')];
  const bounded = max !== undefined && max !== UNBOUNDED;
  if (chosen !== undefined && min !== undefined && chosen < min)
    cx.report('C2066', `${owner}: default_instances ${chosen} is less than min_instances ${min}`, at);
  if (bounded && min !== undefined && min > max)
    cx.report('C2066', `${owner}: min_instances ${min} is more than max_instances ${max}`, at);
  if (bounded && chosen !== undefined && chosen > max)
    cx.report('C2066', `${owner}: default_instances ${chosen} is more than max_instances ${max}`, at);
}

/** A template's numbers: the old form `instances.deploy`, the new one, or one instance. */
export function readTemplateScalable(template: JsonObject, owner: string, cx: Compilation): JsonObject {
  const { positions, report } = cx;
  const deploy = member(objectMember(template, 'instances'), 'deploy');
  if (deploy === undefined || deploy === null)
    return readScalable(
      objectMember(objectMember(objectMember(template, 'capabilities'), 'scalable'), 'properties'),
      owner,
      cx,
    );
  const at = positions.ofValue(objectMember(template, 'instances'), 'deploy');
  if (Object.keys(objectMember(template, 'capabilities')).length > 0)
    report(
      'C2068',
      `${owner} has both instances and capabilities`,
      at,
      'instances.deploy is the old form: leave it out',
    );
  const count = isFunctionCall(deploy) || (Number.isInteger(deploy) && (deploy as number) >= 0) ? deploy : 1;
  if (count !== deploy) report('C2010', `${owner}.instances.deploy must be an integer that is not negative`, at);
  return {
    min_instances: 0,
    max_instances: UNBOUNDED,
    default_instances: count,
    current_instances: count,
    planned_instances: count,
  };
}
