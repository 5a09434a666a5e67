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
import { acted, acting, judge, refused, type Standing, unknownStanding } from '../../graph/policies/standing.js';
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
  type PolicyHappening,
  pausePoliciesUpdate,
  policiesQuery,
  resetPoliciesUpdate,
} from './messages.js';

const MOST_HAPPENINGS = 100;
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
  readonly #standings: Map<string, Standing>;
  readonly #happenings: PolicyHappening[];
  /** By rule: when it was last looked at. */
  readonly #lookedAt: Map<string, number>;
  #running: string | null;
  #checked = false;
  #gone = false;
  #changes = 0;

  constructor(input: PoliciesInput) {
    this.#input = input;
    this.#rules = rulesOf(input);
    this.#standings = new Map(Object.entries(input.standings ?? {}));
    this.#happenings = [...(input.happenings ?? [])];
    this.#lookedAt = new Map(Object.entries(input.looked_at ?? {}));
    this.#running = input.running ?? null;
  }

  answer(): void {
    setHandler(policiesQuery, () => this.#view(), { description: 'The policies, and how they stand' });
    setHandler(deploymentChangedSignal, (change) => this.#changed(change), {
      description: 'What has become of the deployment',
    });
    setHandler(executionEndedSignal, ({ id, status, started_at }) => {
      for (const [key, standing] of this.#standings) {
        if (standing.execution !== id) continue;
        const { subject, policy } = parts(key);
        // It never began: the deployment was busy.
        const late = status === 'cancelled' && started_at === null;
        this.#standings.set(key, late ? refused(standing) : acted(standing, status === 'terminated', Date.now()));
        const told = late ? 'waits, since the deployment is busy' : `execution ${id}: ${shown(status)}`;
        this.#tell(policy, subject, told, id);
      }
    });
    setHandler(
      pausePoliciesUpdate,
      ({ on, by, comment }) => {
        const { paused: _, ...rest } = this.#input;
        this.#input = on ? { ...rest, paused: { by, at: now(), ...(comment === undefined ? {} : { comment }) } } : rest;
        this.#tell('', '', on ? `paused by ${by}` : `continued by ${by}`);
        this.#changes += 1;
      },
      { description: 'Stop or continue the evaluation' },
    );
    setHandler(
      resetPoliciesUpdate,
      ({ policy, by }) => {
        let reset = 0;
        for (const [key, standing] of this.#standings) {
          const own = parts(key);
          if (standing.execution !== undefined || (policy !== undefined && own.policy !== policy)) continue;
          this.#standings.set(key, unknownStanding(Date.now()));
          this.#tell(own.policy, own.subject, `reset by ${by}`);
          reset += 1;
        }
        this.#changes += 1;
        return { reset };
      },
      { description: 'Forget what fired, so that what was given up begins anew' },
    );
  }

  async run(): Promise<void> {
    for (;;) {
      setCurrentDetails(policiesText(this.#view()));
      if (this.#gone) return;
      if (this.#isLong()) await this.#continue();
      await this.#untilDue();
      if (this.#gone || this.#isIdle()) continue;
      if (this.#checked) {
        this.#checked = false;
        await this.#conclude(knownFrom(this.#input, this.#rules, this.#failed()));
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
    const changed = (): boolean => this.#changes !== before;
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
    const { seen, instances } = await lookAt(this.#input, rules, this.#failed());
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
      const key = keyOf(rule.id, subject);
      const verdict = judge(rule, this.#standings.get(key) ?? unknownStanding(Date.now()), look, Date.now());
      this.#standings.set(key, verdict.standing);
      if (verdict.news !== undefined) this.#tell(rule.id, subject, verdict.news);
      // One at a time: the deployment runs one execution, and what it does may make the others well.
      if (!verdict.fires) continue;
      if (this.#running === null && !this.#acts()) await this.#fire(rule, subject, verdict.standing);
      else this.#standings.set(key, refused(verdict.standing));
    }
  }

  async #fire(rule: PolicyRule, subject: string, standing: Standing): Promise<void> {
    for (const trigger of rule.triggers) {
      const id = `${trigger.workflow.replaceAll(/[^A-Za-z0-9_]/g, '_')}-${uuid4().slice(0, 8)}`;
      this.#standings.set(keyOf(rule.id, subject), acting(standing, id));
      this.#tell(rule.id, subject, `starts ${trigger.workflow}: ${standing.text}`, id);
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
      await condition(() => this.#gone || this.#standings.get(keyOf(rule.id, subject))?.execution !== id);
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

  /** Instances for which what was fired has failed: they count although they are not started. */
  #failed(): ReadonlySet<string> {
    const failed = [...this.#standings].filter(([, { last_failed }]) => last_failed);
    return new Set(failed.map(([key, { culprit }]) => culprit ?? parts(key).subject));
  }

  #acts(): boolean {
    return [...this.#standings.values()].some(({ execution }) => execution !== undefined);
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
    const { instances } = this.#input;
    const lives = new Set(instances.filter(({ state }) => state !== 'deleted').map(({ id }) => id));
    const rules = new Map(this.#rules.map((rule) => [rule.id, rule]));
    for (const [key, { execution }] of this.#standings) {
      const { policy, subject } = parts(key);
      const rule = rules.get(policy);
      if (execution === undefined && (!rule || !(rule.on_group || lives.has(subject)))) this.#standings.delete(key);
    }
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

  #tell(policy: string, subject: string, message: string, execution_id?: string): void {
    const happening = { at: now(), policy, subject, message };
    this.#happenings.push(execution_id === undefined ? happening : { ...happening, execution_id });
    if (this.#happenings.length > MOST_HAPPENINGS) this.#happenings.shift();
  }

  async #continue(): Promise<void> {
    // Also tells whether the deployment still lives.
    await this.#toDeployment(async (deployment) => await deployment.signal(observedSignal, []));
    if (this.#gone) return;
    await condition(allHandlersFinished);
    await continueAsNew<typeof policies>({
      ...this.#input,
      standings: Object.fromEntries(this.#standings),
      happenings: this.#happenings,
      looked_at: Object.fromEntries(this.#lookedAt),
      running: this.#running,
    });
  }

  #view(): PoliciesView {
    return {
      deployment_id: this.#input.deployment_id,
      paused: this.#input.paused ?? null,
      happenings: this.#happenings,
      policies: this.#rules.map(({ id, group, policy, type, watches, nodes, interval, triggers }) => ({
        group,
        policy,
        type,
        watches,
        nodes,
        interval,
        workflows: triggers.map(({ workflow }) => workflow),
        standings: Object.fromEntries(
          [...this.#standings].flatMap(([key, standing]) =>
            parts(key).policy === id ? [[parts(key).subject, standing]] : [],
          ),
        ),
      })),
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

const keyOf = (policy: string, subject: string): string => `${policy}\n${subject}`;

function parts(key: string): { readonly policy: string; readonly subject: string } {
  const at = key.lastIndexOf('\n');
  return { policy: key.slice(0, at), subject: key.slice(at + 1) };
}

const shown = (status: string): string => (status === 'terminated' ? 'completed' : status);

const now = (): string => new Date(Date.now()).toISOString();
