/** One round of looking: which policies are due, what their subjects say, and how each then stands. */
import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { MetricAnswers, MetricQuestion, MetricsActivities } from '../../activities/metrics-query.js';
import { deploymentScope } from '../../blueprint/intrinsics/deployment-scope.js';
import { evaluate } from '../../blueprint/intrinsics/evaluate.js';
import { FunctionEvaluationError } from '../../blueprint/intrinsics/scope.js';
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { PolicyRule } from '../../graph/policies/rules.js';
import type { Look } from '../../graph/policies/standing.js';
import type { NodeInstance } from '../../graph/state.js';
import { mappedOperation } from '../../graph/topology.js';
import { answerOf, checkInstances, type Model } from './checks.js';

const CHECK_STATUS = 'cloudify.interfaces.validation.check_status';

const { queryMetrics } = proxyActivities<MetricsActivities>({
  startToCloseTimeout: '1m',
  retry: { initialInterval: '1s', maximumAttempts: 2 },
});

/** A subject of a rule, and what it was seen to be. */
export interface Seen {
  readonly rule: PolicyRule;
  /** Node instance, or the group. */
  readonly subject: string;
  readonly look: Look;
}

export interface Round {
  readonly seen: readonly Seen[];
  /** With the answers of the checks. */
  readonly instances: readonly NodeInstance[];
}

/** Looks at what these rules watch: each instance is checked once, however many rules it is under. */
export async function lookAt(model: Model, rules: readonly PolicyRule[], also: ReadonlySet<string>): Promise<Round> {
  const subjects = subjectsOf(model, rules, also);
  const asked = new Set(
    rules.flatMap((rule) => (subjects.get(rule) ?? []).filter((one) => mapsCheck(model, one)).map(({ id }) => id)),
  );
  const instances = asked.size === 0 ? model.instances : await checkInstances(model, asked);
  const fresh = new Map(instances.map((instance) => [instance.id, instance]));
  const answers = await metricsFor(model, rules, subjects);
  const seen = rules.flatMap((rule) => {
    const own = (subjects.get(rule) ?? []).map(({ id }) => fresh.get(id) as NodeInstance);
    return looksOf(model, rule, own, answers);
  });
  return { seen, instances };
}

/** What is known from an execution of `check_status`, without asking anybody. */
export function knownFrom(model: Model, rules: readonly PolicyRule[], also: ReadonlySet<string>): readonly Seen[] {
  const health = rules.filter(({ watches }) => watches === 'health');
  const subjects = subjectsOf(model, health, also);
  return health.flatMap((rule) => {
    const own = (subjects.get(rule) ?? []).filter((one) => mapsCheck(model, one));
    return looksOf(model, rule, own, {});
  });
}

/** @param also instances that count although they are not started: what was to make them well has failed */
function subjectsOf(
  { instances }: Model,
  rules: readonly PolicyRule[],
  also: ReadonlySet<string>,
): Map<PolicyRule, readonly NodeInstance[]> {
  const lives = ({ state }: NodeInstance): boolean => !['uninitialized', 'deleted', 'initializing'].includes(state);
  return new Map(
    rules.map((rule) => [
      rule,
      instances.filter(
        (one) =>
          rule.nodes.includes(one.node_id) &&
          (one.state === 'started' || also.has(one.id) || (!rule.only_started && lives(one))),
      ),
    ]),
  );
}

function mapsCheck({ plan }: Model, { node_id }: NodeInstance): boolean {
  const node = plan.nodes.find(({ id }) => id === node_id);
  return node !== undefined && mappedOperation(node.operations, CHECK_STATUS) !== undefined;
}

function looksOf(
  model: Model,
  rule: PolicyRule,
  instances: readonly NodeInstance[],
  answers: Readonly<Record<string, MetricAnswers>>,
): readonly Seen[] {
  if (instances.length === 0) return [];
  const looks = instances.map((instance) => ({
    id: instance.id,
    look: rule.metric ? metricLook(rule, instance, answers[rule.id]) : healthLook(model, instance, answers[rule.id]),
  }));
  if (!rule.on_group) return looks.map(({ id, look }) => ({ rule, subject: id, look }));
  return [{ rule, subject: rule.group, look: rule.metric ? average(looks, answers[rule.id]) : together(looks) }];
}

function healthLook(model: Model, instance: NodeInstance, answers: MetricAnswers | undefined): Look {
  if (mapsCheck(model, instance)) {
    const answer = answerOf(instance);
    if (instance.state !== 'started' && answer?.ok !== true)
      return { ok: false, text: `it is ${instance.state}`, culprit: instance.id };
    if (answer) return { ok: answer.ok, text: answer.text, culprit: instance.id };
  }
  const up = answers?.values?.[instance.id];
  if (up !== undefined) return { ok: up > 0, text: `up is ${up} in Prometheus`, culprit: instance.id };
  return {
    text: answers?.error ?? 'nothing tells how it is: its node maps no check_status, and no Prometheus knows it',
  };
}

function metricLook({ metric }: PolicyRule, instance: NodeInstance, answers: MetricAnswers | undefined): Look {
  const told = answerOf(instance)?.numbers[metric?.query ?? ''];
  const value = told ?? answers?.values?.[instance.id];
  if (value !== undefined) return { value, text: `${metric?.query} is ${value}`, culprit: instance.id };
  return { text: answers?.error ?? `there is no value of ${metric?.query}` };
}

interface Member {
  readonly id: string;
  readonly look: Look;
}

function together(looks: readonly Member[]): Look {
  const known = looks.filter(({ look }) => look.ok !== undefined);
  const bad = known.find(({ look }) => look.ok === false);
  if (bad) return { ...bad.look, text: `${bad.id}: ${bad.look.text}`, culprit: bad.id };
  return known[0] ? { ok: true, text: `${known.length} are well` } : (looks[0]?.look ?? { text: 'it has no members' });
}

function average(looks: readonly Member[], answers: MetricAnswers | undefined): Look {
  const values = looks.flatMap(({ look }) => (look.value === undefined ? [] : [look.value]));
  const sum = values.reduce((total, value) => total + value, 0);
  const value = answers?.overall ?? (values.length > 0 ? sum / values.length : undefined);
  if (value === undefined) return looks[0]?.look ?? { text: 'it has no members' };
  const how = answers?.overall === undefined ? `${values.length} values on average` : 'the group';
  return { value, text: `${value} (${how})`, ...(looks[0] ? { culprit: looks[0].id } : {}) };
}

/** Asks Prometheus for what checks do not tell. */
async function metricsFor(
  model: Model,
  rules: readonly PolicyRule[],
  subjects: ReadonlyMap<PolicyRule, readonly NodeInstance[]>,
): Promise<Readonly<Record<string, MetricAnswers>>> {
  const questions = rules.flatMap((rule) => {
    const own = subjects.get(rule) ?? [];
    const needed = rule.metric ? own.length > 0 : own.some((instance) => !mapsCheck(model, instance));
    return needed ? [questionOf(rule)] : [];
  });
  if (questions.length === 0) return {};
  try {
    return await queryMetrics.executeWithOptions({ summary: questions.map(({ id }) => id).join(', ') }, [
      { deployment_id: model.deployment_id, questions },
    ]);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const told = { error: `Prometheus was not asked: ${error.cause?.message ?? error.message}` };
    return Object.fromEntries(questions.map(({ id }) => [id, told]));
  }
}

function questionOf({ id, metric, prometheus }: PolicyRule): MetricQuestion {
  return { id, ...(metric ? { query: metric.query } : {}), ...(prometheus === undefined ? {} : { url: prometheus }) };
}

const EVENT = ' event';

/**
 * Evaluates functions as they are now; those that cannot be are left as they are.
 *
 * @param event what `get_property: [SELF, …]` means, as in Cloudify's triggers
 */
export function evaluatedIn(model: Model, value: Json, event: JsonObject = {}): Json {
  const { plan, instances, deployment_id, blueprint } = model;
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  try {
    return evaluate(value, {
      ...deploymentScope(plan, { deployment: deployment_id, blueprint: blueprint.id }),
      self: EVENT,
      properties: (node) => (node === EVENT ? event : nodes.get(node)?.properties),
      instance: (id) => instances.find((instance) => instance.id === id),
      instancesOf: (node) => instances.filter(({ node_id }) => node_id === node),
    });
  } catch (error) {
    if (!(error instanceof FunctionEvaluationError)) throw error;
    return value;
  }
}
