/**
 * The policies of a blueprint's groups, read for evaluation: what each watches, when it fires, and what it then runs.
 *
 * Cloudify had a rule engine beside its manager evaluate them on streams of metrics. The types are the same here; what
 * is evaluated are the answers of `check_status` and the values of metrics.
 */
import {
  type Json,
  type JsonObject,
  listMember,
  mapEntries,
  member,
  objectMember,
  textMember,
} from '../../blueprint/json.js';
import { withoutNamespaces } from '../../blueprint/namespaces.js';
import type { DeploymentPlan } from '../../blueprint/plan.js';

const REFERENCE = 'cloudify.policies.types';
const OURS = 'caisson.policies';
const EXECUTE_WORKFLOW = 'cloudify.policies.triggers.execute_workflow';

export interface PolicyRule {
  /** `group/policy` */
  readonly id: string;
  readonly group: string;
  readonly policy: string;
  readonly type: string;
  /** What it watches; `unsupported`: a type of the blueprint's own, whose rules are in another language. */
  readonly watches: 'health' | 'metric' | 'unsupported';
  /** Node templates, also those of groups in the group. */
  readonly nodes: readonly string[];
  /** One standing for the group, instead of one for each instance. */
  readonly on_group: boolean;
  /** Only instances that are `started` count. */
  readonly only_started: boolean;
  /** Seconds between looks; 0: it looks at nothing by itself, and hears of `check_status` executions only. */
  readonly interval: number;
  /** Looks in a row that must be bad before it fires. */
  readonly failures: number;
  /** Seconds after a firing in which it does not fire again. */
  readonly cool_down: number;
  /** Firings within `limit_window` seconds after which it gives up; -1: never. */
  readonly limit: number;
  readonly limit_window: number;
  readonly metric?: MetricRule;
  /** Address of the Prometheus that is asked; absent: the worker's. */
  readonly prometheus?: string;
  readonly triggers: readonly PolicyTrigger[];
}

export interface MetricRule {
  /** The name of a number that `check_status` answers with, of a metric, or a PromQL expression. */
  readonly query: string;
  readonly threshold: number;
  /** Where it is well again, so that a value that trembles around the threshold is not taken for many crossings. */
  readonly rearm_at: number;
  readonly upper_bound: boolean;
  /** Seconds that it has to stay beyond the threshold. */
  readonly stability_time: number;
  /** Weight of the newest value in a moving average; absent: the values themselves. */
  readonly smoothing?: number;
}

export interface PolicyTrigger {
  readonly name: string;
  readonly workflow: string;
  /** May hold `get_property: [SELF, …]`, which means the event. */
  readonly parameters: JsonObject;
  readonly allow_custom_parameters: boolean;
}

/** What a policy goes by where its type has no property for it: two checks in a minute, five times an hour at most. */
const DEFAULTS = { interval: 30, failures: 2, cool_down: 300, limit: 5, limit_window: 3_600 };

/**
 * @param evaluate evaluates the functions in a property; Cloudify leaves those of groups' policies as they are, and its
 *   rule engine could do nothing with them
 */
export function policyRules(
  { groups, nodes }: Pick<DeploymentPlan, 'groups' | 'nodes'>,
  evaluate: (value: Json) => Json = (value) => value,
): PolicyRule[] {
  const templates = new Set(nodes.map(({ id }) => id));
  return Object.entries(groups ?? {}).flatMap(([group, definition]) =>
    Object.entries(objectMember(definition, 'policies')).map(([policy, raw]) =>
      ruleOf(group, policy, raw, nodesOf(group, groups, templates), evaluate),
    ),
  );
}

/** Whether there is anything to evaluate. */
export function hasPolicies({ groups }: Pick<DeploymentPlan, 'groups'>): boolean {
  return Object.values(groups ?? {}).some((group) => Object.keys(objectMember(group, 'policies')).length > 0);
}

function nodesOf(group: string, groups: JsonObject, templates: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  const seen = new Set([group]);
  for (const name of seen)
    for (const one of listMember(groups[name], 'members'))
      if (templates.has(String(one))) found.add(String(one));
      else seen.add(String(one));
  return [...found];
}

function ruleOf(
  group: string,
  policy: string,
  raw: Json,
  nodes: readonly string[],
  evaluate: (value: Json) => Json,
): PolicyRule {
  const type = textMember(raw, 'type') ?? '';
  const properties = mapEntries(objectMember(raw, 'properties'), evaluate);
  const watches = watchedBy(type);
  const metric = watches === 'metric' ? metricOf(type, properties) : undefined;
  const prometheus = textMember(properties, 'prometheus');
  return {
    id: `${group}/${policy}`,
    group,
    policy,
    type,
    watches,
    nodes,
    on_group: isYes(member(properties, 'policy_operates_on_group'), false),
    only_started: isYes(member(properties, 'is_node_started_before_workflow'), true),
    interval: numberOf(member(properties, 'interval'), DEFAULTS.interval),
    failures: Math.max(1, numberOf(member(properties, 'failures'), DEFAULTS.failures)),
    cool_down: numberOf(member(properties, 'interval_between_workflows'), DEFAULTS.cool_down),
    // Scaling has limits of its own: those of the group.
    limit: numberOf(member(properties, 'limit'), watches === 'metric' ? -1 : DEFAULTS.limit),
    limit_window: numberOf(member(properties, 'limit_window'), DEFAULTS.limit_window),
    ...(metric ? { metric } : {}),
    ...(prometheus === undefined || prometheus === '' ? {} : { prometheus }),
    triggers: Object.entries(objectMember(raw, 'triggers')).flatMap(([name, trigger]) => triggerOf(name, trigger)),
  };
}

function watchedBy(type: string): PolicyRule['watches'] {
  const bare = withoutNamespaces(type);
  if (bare === `${REFERENCE}.host_failure` || bare === `${OURS}.Health`) return 'health';
  if ([`${REFERENCE}.threshold`, `${REFERENCE}.ewma_stabilized`, `${OURS}.Metric`].includes(bare)) return 'metric';
  return 'unsupported';
}

function metricOf(type: string, properties: JsonObject): MetricRule {
  const threshold = numberOf(member(properties, 'threshold'), Number.NaN);
  const smoothing = numberOf(member(properties, 'ewma_timeless_r'), Number.NaN);
  const query = member(properties, 'query') ?? member(properties, 'service') ?? '';
  return {
    query: String(Array.isArray(query) ? (query[0] ?? '') : query),
    threshold,
    rearm_at: numberOf(member(properties, 'rearm_at'), threshold),
    upper_bound: isYes(member(properties, 'upper_bound'), true),
    stability_time: numberOf(member(properties, 'stability_time'), 0),
    ...(Number.isNaN(smoothing) || type.endsWith('.threshold') ? {} : { smoothing }),
  };
}

function triggerOf(name: string, raw: Json): PolicyTrigger[] {
  const type = textMember(raw, 'type') ?? '';
  const parameters = objectMember(raw, 'parameters');
  const workflow = textMember(parameters, 'workflow');
  if (!type.endsWith(EXECUTE_WORKFLOW) || workflow === undefined) return [];
  return [
    {
      name,
      workflow,
      parameters: objectMember(parameters, 'workflow_parameters'),
      allow_custom_parameters: isYes(member(parameters, 'allow_custom_parameters'), false),
    },
  ];
}

function isYes(value: Json | undefined, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  return value === true || String(value).toLowerCase() === 'true';
}

function numberOf(value: Json | undefined, fallback: number): number {
  if (value === undefined || value === null || value === '') return fallback;
  const number = Number(value);
  return Number.isNaN(number) ? fallback : number;
}
