/** What is known of a deployment's policies: how each stands to each of its subjects, and what has happened. */
import type { PolicyRule } from '../../graph/policies/rules.js';
import { acted, refused, type Standing, unknownStanding } from '../../graph/policies/standing.js';
import type { ExecutionRecord } from '../messages.js';
import type { PoliciesInput, PolicyHappening, PolicyView } from './messages.js';

const MOST_HAPPENINGS = 100;

export class PolicyRecord {
  readonly #standings: Map<string, Standing>;
  readonly happenings: PolicyHappening[];

  constructor({ standings, happenings }: Pick<PoliciesInput, 'standings' | 'happenings'>) {
    this.#standings = new Map(Object.entries(standings ?? {}));
    this.happenings = [...(happenings ?? [])];
  }

  /** What continues as new. */
  get carried(): Pick<PoliciesInput, 'standings' | 'happenings'> {
    return { standings: Object.fromEntries(this.#standings), happenings: this.happenings };
  }

  /** @param policy `group/policy` @param subject node instance, or the group */
  standing(policy: string, subject: string): Standing {
    return this.#standings.get(keyOf(policy, subject)) ?? unknownStanding(Date.now());
  }

  set(policy: string, subject: string, standing: Standing): void {
    this.#standings.set(keyOf(policy, subject), standing);
  }

  /** Something that was fired has not ended. */
  get acts(): boolean {
    return [...this.#standings.values()].some(({ execution }) => execution !== undefined);
  }

  /** Instances for which what was fired has failed: they count although they are not started. */
  get failed(): ReadonlySet<string> {
    const failed = [...this.#standings].filter(([, { last_failed }]) => last_failed);
    return new Set(failed.map(([key, { culprit }]) => culprit ?? parts(key).subject));
  }

  /** What was fired has ended, or was refused. */
  executionEnded({ id, status, started_at }: ExecutionRecord): void {
    for (const [key, standing] of this.#standings) {
      if (standing.execution !== id) continue;
      const { subject, policy } = parts(key);
      // It never began: the deployment was busy.
      const late = status === 'cancelled' && started_at === null;
      this.#standings.set(key, late ? refused(standing) : acted(standing, status === 'terminated', Date.now()));
      const told = status === 'terminated' ? 'completed' : status;
      this.tell(policy, subject, late ? 'waits, since the deployment is busy' : `execution ${id}: ${told}`, id);
    }
  }

  /** Forgets what fired, but for what runs. @returns how many standings that were */
  reset(policy: string | undefined, by: string): number {
    let reset = 0;
    for (const [key, { execution }] of this.#standings) {
      const own = parts(key);
      if (execution !== undefined || (policy !== undefined && own.policy !== policy)) continue;
      this.#standings.set(key, unknownStanding(Date.now()));
      this.tell(own.policy, own.subject, `reset by ${by}`);
      reset += 1;
    }
    return reset;
  }

  /** Drops the standings of what is not there any more. */
  forget(rules: readonly PolicyRule[], lives: ReadonlySet<string>): void {
    const byId = new Map(rules.map((rule) => [rule.id, rule]));
    for (const [key, { execution }] of this.#standings) {
      const { policy, subject } = parts(key);
      const rule = byId.get(policy);
      if (execution === undefined && (!rule || !(rule.on_group || lives.has(subject)))) this.#standings.delete(key);
    }
  }

  tell(policy: string, subject: string, message: string, execution_id?: string): void {
    const happening = { at: new Date(Date.now()).toISOString(), policy, subject, message };
    this.happenings.push(execution_id === undefined ? happening : { ...happening, execution_id });
    if (this.happenings.length > MOST_HAPPENINGS) this.happenings.shift();
  }

  view(rules: readonly PolicyRule[]): PolicyView[] {
    return rules.map(({ id, group, policy, type, watches, nodes, interval, triggers }) => ({
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
    }));
  }
}

const keyOf = (policy: string, subject: string): string => `${policy}\n${subject}`;

function parts(key: string): { readonly policy: string; readonly subject: string } {
  const at = key.lastIndexOf('\n');
  return { policy: key.slice(0, at), subject: key.slice(at + 1) };
}
