/**
 * Evaluates the policies of one deployment for as long as it lives: looks when it is time to, decides by the rules of
 * graph/policies/, and asks the deployment to run what fires.
 *
 * Between two looks there is nothing but a timer, and none at all while nothing is installed or an execution runs.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { JsonObject } from '../../blueprint/json.js';
import { type PolicyRule, type PolicyTrigger, policyRules } from '../../graph/policies/rules.js';
import { acting, judge, refused, type Standing } from '../../graph/policies/standing.js';
import { DEFAULT_OPTIONS, deploymentWorkflowId, enqueueSignal, executionEndedSignal } from '../messages.js';
import { policiesText } from './details.js';
import { evaluatedIn, knownFrom, lookAt, type Seen } from './look.js';
import {
  type DeploymentChange,
  deploymentChangedSignal,
  type Observation,
  observedSignal,
  type PoliciesInput,
  type PoliciesView,
  pausePoliciesUpdate,
  policiesQuery,
  resetPoliciesUpdate,
} from './messages.js';
import { PolicyRecord } from './record.js';

/** Each run is short, so that neither replay nor the history's view is long. */
const MOST_EVENTS = 1_000;

export async function policies(input: PoliciesInput): Promise<void> {
  const evaluation = new Evaluation(input);
  evaluation.answer();
  await evaluation.run();
  await condition(allHandlersFinished);
}

class Evaluation {
  #input: PoliciesInput;
  #rules: readonly PolicyRule[];
  readonly #record: PolicyRecord;
  /** By rule: when it was last looked at. */
  readonly #lookedAt: Map<string, number>;
  #running: string | null;
  #checked = false;
  #gone = false;
  #changes = 0;

  constructor(input: PoliciesInput) {
    this.#input = input;
    this.#rules = rulesOf(input);
    this.#record = new PolicyRecord(input);
    this.#lookedAt = new Map(Object.entries(input.looked_at ?? {}));
    this.#running = input.running ?? null;
  }

  answer(): void {
    setHandler(policiesQuery, () => this.#view(), { description: 'The policies, and how they stand' });
    setHandler(deploymentChangedSignal, (change) => this.#changed(change), {
      description: 'What has become of the deployment',
    });
    setHandler(executionEndedSignal, (execution) => this.#record.executionEnded(execution));
    setHandler(
      pausePoliciesUpdate,
      ({ on, by, comment }) => {
        const { paused: _, ...rest } = this.#input;
        this.#input = on ? { ...rest, paused: { by, at: now(), ...(comment === undefined ? {} : { comment }) } } : rest;
        this.#record.tell('', '', on ? `paused by ${by}` : `continued by ${by}`);
        this.#changes += 1;
      },
      { description: 'Stop or continue the evaluation' },
    );
    setHandler(
      resetPoliciesUpdate,
      ({ policy, by }) => {
        const reset = this.#record.reset(policy, by);
        this.#changes += 1;
        return { reset };
      },
      { description: 'Forget what fired, so that what was given up begins anew' },
    );
  }

  async run(): Promise<void> {
    for (;;) {
      setCurrentDetails(policiesText(this.#view()));
      if (this.#isLong() && !this.#gone) await this.#continue();
      if (this.#gone) return;
      await this.#untilDue();
      if (this.#gone || this.#isIdle()) continue;
      if (this.#checked) {
        this.#checked = false;
        await this.#conclude(knownFrom(this.#input, this.#rules, this.#record.failed));
      }
      const due = this.#rules.filter((rule) => this.#dueAt(rule) <= Date.now());
      if (due.length > 0) await this.#look(due);
    }
  }

  #isLong(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return historyLength > (this.#input.max_events ?? MOST_EVENTS) || continueAsNewSuggested;
  }

  /** Waits until a rule is due, or something has changed. */
  async #untilDue(): Promise<void> {
    if (this.#checked && !this.#isIdle()) return;
    const before = this.#changes;
    const changed = (): boolean => this.#gone || this.#changes !== before;
    const next = Math.min(...this.#rules.map((rule) => this.#dueAt(rule)));
    if (this.#isIdle() || !Number.isFinite(next)) await condition(changed);
    else if (next > Date.now()) await condition(changed, next - Date.now());
  }

  #isIdle(): boolean {
    const lives = this.#input.instances.some(({ state }) => state !== 'uninitialized' && state !== 'deleted');
    return this.#running !== null || this.#input.paused !== undefined || !lives;
  }

  #dueAt({ id, interval, watches }: PolicyRule): number {
    if (interval <= 0 || watches === 'unsupported') return Number.POSITIVE_INFINITY;
    return (this.#lookedAt.get(id) ?? 0) + interval * 1_000;
  }

  async #look(rules: readonly PolicyRule[]): Promise<void> {
    const { sequence } = this.#input;
    for (const { id } of rules) this.#lookedAt.set(id, Date.now());
    const { seen, instances } = await lookAt(this.#input, rules, this.#record.failed);
    // What was seen while an execution began says nothing: it may have been half taken down.
    if (this.#gone || this.#running !== null || this.#input.sequence !== sequence) return;
    await this.#observe(instances);
    await this.#conclude(seen);
  }

  /** Tells the deployment what is new about its instances. */
  async #observe(instances: PoliciesInput['instances']): Promise<void> {
    const known = new Map(this.#input.instances.map((instance) => [instance.id, instance]));
    const news: Observation[] = [];
    const taken = instances.map((instance) => {
      const before = known.get(instance.id);
      if (before === undefined || before === instance) return instance;
      const { system_properties, runtime_properties } = instance;
      const same =
        healthOf(before.system_properties) === healthOf(system_properties) &&
        before.runtime_properties === runtime_properties;
      if (!same) news.push({ id: instance.id, version: before.version, system_properties, runtime_properties });
      return { ...instance, version: same ? before.version : before.version + 1 };
    });
    this.#input = { ...this.#input, instances: taken };
    if (news.length > 0) await this.#toDeployment(async (deployment) => await deployment.signal(observedSignal, news));
  }

  async #conclude(seen: readonly Seen[]): Promise<void> {
    for (const { rule, subject, look } of seen) {
      const verdict = judge(rule, this.#record.standing(rule.id, subject), look, Date.now());
      this.#record.set(rule.id, subject, verdict.standing);
      if (verdict.news !== undefined) this.#record.tell(rule.id, subject, verdict.news);
      // One at a time: the deployment runs one execution, and what it does may make the others well.
      if (!verdict.fires) continue;
      if (this.#running === null && !this.#record.acts) await this.#fire(rule, subject, verdict.standing);
      else this.#record.set(rule.id, subject, refused(verdict.standing));
    }
  }

  async #fire(rule: PolicyRule, subject: string, standing: Standing): Promise<void> {
    for (const trigger of rule.triggers) {
      const id = `${trigger.workflow.replaceAll(/[^A-Za-z0-9_]/g, '_')}-${uuid4().slice(0, 8)}`;
      this.#record.set(rule.id, subject, acting(standing, id));
      this.#record.tell(rule.id, subject, `starts ${trigger.workflow}: ${standing.text}`, id);
      const request = {
        id,
        workflow_id: trigger.workflow,
        parameters: this.#parametersOf(rule, trigger, subject, standing),
        options: DEFAULT_OPTIONS,
        ...(trigger.allow_custom_parameters ? { allow_custom_parameters: true } : {}),
        notify: workflowInfo().workflowId,
        cause: { group: rule.group, policy: rule.policy, trigger: trigger.name, subject, reason: standing.text },
      };
      await this.#toDeployment(async (deployment) => await deployment.signal(enqueueSignal, request));
      await condition(() => this.#gone || this.#record.standing(rule.id, subject).execution !== id);
      if (this.#gone) return;
    }
  }

  /** The workflow's parameters. `get_property: [SELF, …]` means the event, as it did in Cloudify. */
  #parametersOf(rule: PolicyRule, { parameters }: PolicyTrigger, subject: string, standing: Standing): JsonObject {
    const instanceId = standing.culprit ?? subject;
    const instance = this.#input.instances.find(({ id }) => id === instanceId);
    const event: JsonObject = {
      deployment_id: this.#input.deployment_id,
      group_name: rule.group,
      policy: rule.policy,
      node_id: instanceId,
      node_instance_id: instanceId,
      node_name: instance?.node_id ?? '',
      diagnose: standing.text,
      service: rule.metric?.query ?? '',
      metric: standing.value ?? null,
      value: standing.value ?? null,
      threshold: rule.metric?.threshold ?? null,
    };
    return evaluatedIn(this.#input, parameters, event) as JsonObject;
  }

  #changed(change: DeploymentChange): void {
    if (change.gone) this.#gone = true;
    if (change.sequence <= this.#input.sequence) return;
    this.#running = change.running;
    if (change.checked) this.#checked = true;
    this.#input = {
      ...this.#input,
      sequence: change.sequence,
      plan: change.plan ?? this.#input.plan,
      blueprint: change.blueprint ?? this.#input.blueprint,
      instances: change.instances ?? this.#input.instances,
    };
    this.#rules = rulesOf(this.#input);
    if (change.instances) this.#forgetGone();
    this.#changes += 1;
  }

  /** Standings of what is not there any more. */
  #forgetGone(): void {
    const lives = this.#input.instances.filter(({ state }) => state !== 'deleted');
    this.#record.forget(this.#rules, new Set(lives.map(({ id }) => id)));
  }

  async #toDeployment(
    tell: (deployment: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>,
  ): Promise<void> {
    try {
      await tell(getExternalWorkflowHandle(deploymentWorkflowId(this.#input.deployment_id)));
    } catch {
      // Somebody has ended it from outside: there is nothing left to look after.
      this.#gone = true;
    }
  }

  async #continue(): Promise<void> {
    // Also tells whether the deployment still lives.
    await this.#toDeployment(async (deployment) => await deployment.signal(observedSignal, []));
    if (this.#gone) return;
    await condition(allHandlersFinished);
    await continueAsNew<typeof policies>({
      ...this.#input,
      ...this.#record.carried,
      looked_at: Object.fromEntries(this.#lookedAt),
      running: this.#running,
    });
  }

  #view(): PoliciesView {
    return {
      deployment_id: this.#input.deployment_id,
      paused: this.#input.paused ?? null,
      happenings: this.#record.happenings,
      policies: this.#record.view(this.#rules),
    };
  }
}

function rulesOf(model: PoliciesInput): PolicyRule[] {
  return policyRules(model.plan, (value) => evaluatedIn(model, value));
}

function healthOf(properties: JsonObject): unknown {
  const { status } = properties;
  return status === undefined || status === null ? undefined : (status as JsonObject).ok;
}

const now = (): string => new Date(Date.now()).toISOString();
