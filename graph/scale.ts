/** What a request to scale means: which node or group, to how many, and why it cannot be. Messages as the reference's. */
import type { JsonObject } from '../blueprint/json.js';
import type { DeploymentPlan, PlanNode, ScalableProperties } from '../blueprint/plan.js';
import { countOf } from './modification.js';
import type { NodeInstance } from './state.js';

export interface ScaleRequest {
  /** Node template or scaling group. */
  readonly entity: string;
  readonly delta: number;
  /** Instances in each container, after. */
  readonly count: number;
  /** Instances to go first, and to go last. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface CheckedScale {
  readonly request: ScaleRequest;
  readonly problem?: string;
}

export function scaleRequest(
  plan: DeploymentPlan,
  instances: readonly NodeInstance[],
  parameters: JsonObject,
  legacy: boolean,
): CheckedScale {
  const given = String(parameters.scalable_entity_name ?? parameters.node_id ?? '');
  const delta = integerOf(parameters.delta ?? 1);
  const include = idsOf(parameters.include_instances);
  const exclude = idsOf(parameters.exclude_instances);
  const request = { entity: given, delta: delta ?? 0, count: 0, include, exclude };
  const refused = (problem: string): CheckedScale => ({ request, problem });
  if (delta === undefined) return refused(`The delta parameter must be a number. Got: ${parameters.delta}`);
  if (delta === 0) return { request };
  if (delta > 0 && include.length + exclude.length > 0)
    return refused('Instances cannot be included or excluded when scaling up.');
  const node = plan.nodes.find(({ id }) => id === given);
  if (!node && !Object.hasOwn(plan.scaling_groups, given))
    return refused(`No scalable entity named ${given} was found`);
  const scaleCompute = parameters.scale_compute === true || parameters.scale_compute === 'true';
  const hints = refusalOfHints({ plan, instances, node, given, delta, include, exclude, scaleCompute });
  if (hints !== '') return refused(hints);
  const entity = scaleCompute && node?.host_id !== undefined ? node.host_id : given;
  const before = countOf(plan, entity) ?? 0;
  const count = before + delta;
  if (count < 0)
    return refused(`Provided delta: ${delta} is illegal. current number of instances of entity ${given} is ${before}`);
  const bounds = legacy ? '' : refusalOfBounds(plan, entity, count);
  if (bounds !== '') return refused(bounds);
  return { request: { ...request, entity, count } };
}

function refusalOfBounds(plan: DeploymentPlan, entity: string, count: number): string {
  const node = plan.nodes.find(({ id }) => id === entity);
  const group = Object.hasOwn(plan.scaling_groups, entity) ? plan.scaling_groups[entity] : undefined;
  const properties: ScalableProperties | undefined = group?.properties ?? node?.capabilities.scalable.properties;
  const { min_instances = 0, max_instances = -1 } = properties ?? {};
  if (count < min_instances)
    return `${entity} has at least ${min_instances} instances: it cannot be scaled to ${count}`;
  if (max_instances >= 0 && count > max_instances)
    return `${entity} has at most ${max_instances} instances: it cannot be scaled to ${count}`;
  return '';
}

interface Hints {
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
  /** Absent when a group is scaled. */
  readonly node: PlanNode | undefined;
  readonly given: string;
  readonly delta: number;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly scaleCompute: boolean;
}

function refusalOfHints(hints: Hints): string {
  const { include, exclude, scaleCompute, node, given } = hints;
  if (include.length + exclude.length === 0) return '';
  const groups = groupMembers(hints.instances);
  const own = hints.instances.filter(({ node_id }) => node_id === given).map(({ id }) => id);
  const available = new Set(node ? own : [...groups.keys(), ...[...groups.values()].flat()]);
  const missing = (ids: readonly string[]) => ids.filter((id) => !available.has(id)).join(', ');
  const both = exclude.filter((id) => include.includes(id)).join(', ');
  const problems = [
    missing(include) && `The following included instances did not exist: ${missing(include)}. `,
    missing(exclude) && `The following excluded instances did not exist: ${missing(exclude)}. `,
    both && `The following instances were both excluded and included: ${both}. `,
    node ? tooManyInstances(hints, own) : tooManyGroups(hints, groups),
    scaleCompute &&
      'Cannot include or exclude instances while scale_compute is True. ' +
        'Please specify the desired compute instances and set scale_compute to False. ',
  ].filter(Boolean);
  if (problems.length === 0) return '';
  const listed = node
    ? `Available instances were: ${own.join(', ')}`
    : `Groups and member instances were: ${[...groups].map(([id, members]) => `${id}: ${members.join(', ')}`).join('; ')}`;
  return `${problems.join('')}${listed}`;
}

function tooManyInstances({ delta, exclude }: Hints, own: readonly string[]): string {
  const target = own.length + delta;
  if (target >= exclude.length) return '';
  return (
    'Target number of instances is less than excluded instance count. ' +
    `Target number of instances was ${target}. Excluded instances were: ${exclude.join(', ')}. `
  );
}

function tooManyGroups({ delta, exclude, given, instances }: Hints, groups: ReadonlyMap<string, string[]>): string {
  const own = new Set(
    instances.flatMap(({ scaling_groups }) => scaling_groups.filter(({ name }) => name === given).map(({ id }) => id)),
  );
  const excluded = [...own].filter(
    (id) => exclude.includes(id) || groups.get(id)?.some((one) => exclude.includes(one)),
  );
  const target = own.size + delta;
  if (target >= excluded.length) return '';
  return (
    'Instances from too many different groups were excluded. ' +
    `Target number of group instances was ${target}, but ${excluded.length} excluded groups.`
  );
}

/** Scaling group instance → the node instances in it. */
function groupMembers(instances: readonly NodeInstance[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { id, scaling_groups } of instances)
    for (const group of scaling_groups) groups.set(group.id, [...(groups.get(group.id) ?? []), id]);
  return groups;
}

function integerOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

function idsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null || value === '') return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}
