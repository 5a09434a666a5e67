/**
 * How a policy stands to one of its subjects (an instance, or the group), and what one more look makes of it. Pure: time
 * is an argument, so that replay and tests see the same.
 */
import type { MetricRule, PolicyRule } from './rules.js';

export interface Standing {
  /**
   * `well`; `suspect`: bad, but not often or long enough; `acting`: what it fired runs; `cooling`: bad, and it fired a
   * short time ago; `exhausted`: it fired as often as it may, and gave up; `unknown`: nothing tells how it is.
   */
  readonly phase: 'unknown' | 'well' | 'suspect' | 'acting' | 'cooling' | 'exhausted';
  /** Bad looks in a row. */
  readonly failures: number;
  /** Milliseconds; since when it has been bad, or well, without a break. */
  readonly since: number;
  /** The latest value, or the moving average. */
  readonly value?: number;
  /** When it fired, the latest last. */
  readonly fired: readonly number[];
  /** The last look, in words. */
  readonly text: string;
  /** The instance that was bad. */
  readonly culprit?: string;
  /** Execution that it started and that has not ended. */
  readonly execution?: string;
  /** What it started did not succeed. */
  readonly last_failed?: boolean;
}

/** One look at one subject. */
export interface Look {
  /** `undefined`: nothing was to be learned. */
  readonly ok?: boolean;
  readonly value?: number;
  readonly text: string;
  readonly culprit?: string;
}

export interface Verdict {
  readonly standing: Standing;
  /** It fires now. */
  readonly fires: boolean;
  /** What is worth telling, because it is new. */
  readonly news?: string;
}

export const unknownStanding = (now: number): Standing => ({
  phase: 'unknown',
  failures: 0,
  since: now,
  fired: [],
  text: 'not looked at yet',
});

/** @param now milliseconds */
export function judge(rule: PolicyRule, before: Standing, look: Look, now: number): Verdict {
  if (before.execution !== undefined) return { standing: { ...before, text: look.text }, fires: false };
  const { bad, value } = rule.metric ? beyond(rule.metric, before, look) : { bad: isBad(look), value: undefined };
  const seen: Standing = {
    ...before,
    text: look.text,
    ...(value === undefined ? {} : { value }),
    ...(look.culprit === undefined ? {} : { culprit: look.culprit }),
  };
  if (bad === undefined) return { standing: { ...seen, phase: before.phase }, fires: false };
  return bad ? whenBad(rule, before, seen, now) : whenWell(rule, before, seen, now);
}

const isBad = ({ ok }: Look): boolean | undefined => (ok === undefined ? undefined : !ok);

function beyond(metric: MetricRule, before: Standing, look: Look): { bad: boolean | undefined; value?: number } {
  if (look.value === undefined || Number.isNaN(metric.threshold)) return { bad: undefined };
  const { smoothing, upper_bound } = metric;
  const value =
    smoothing === undefined || before.value === undefined
      ? look.value
      : smoothing * look.value + (1 - smoothing) * before.value;
  // Once beyond the threshold it has to come back as far as `rearm_at`.
  const limit = before.failures > 0 ? metric.rearm_at : metric.threshold;
  return { bad: upper_bound ? value > limit : value < limit, value };
}

function whenWell({ limit_window }: PolicyRule, before: Standing, seen: Standing, now: number): Verdict {
  const since = before.phase === 'well' || (before.phase === 'exhausted' && before.failures === 0) ? before.since : now;
  // Who gave up trusts a subject again that has been well for as long as its firings were counted.
  const forgiven = now - since >= limit_window * 1_000;
  const { culprit: _, last_failed: __, ...rest } = seen;
  const standing: Standing = {
    ...rest,
    phase: before.phase === 'exhausted' && !forgiven ? 'exhausted' : 'well',
    failures: 0,
    since,
    fired: forgiven ? [] : seen.fired,
  };
  const recovered = before.failures > 0 || before.phase === 'cooling';
  return { standing, fires: false, ...(recovered ? { news: `is well again (${seen.text})` } : {}) };
}

function whenBad(rule: PolicyRule, before: Standing, seen: Standing, now: number): Verdict {
  const failures = before.failures + 1;
  const since = before.failures > 0 ? before.since : now;
  const standing = { ...seen, failures, since };
  const told = (phase: Standing['phase'], news?: string): Verdict => ({
    standing: { ...standing, phase },
    fires: false,
    ...(news !== undefined && before.phase !== phase ? { news } : {}),
  });
  if (before.phase === 'exhausted') return told('exhausted');
  const enough = rule.metric ? now - since >= rule.metric.stability_time * 1_000 : failures >= rule.failures;
  if (!enough) return told('suspect', `is suspect: ${seen.text}`);
  const last = seen.fired.at(-1);
  const cooling = last !== undefined && rule.cool_down > 0 && now - last < rule.cool_down * 1_000;
  const recent = seen.fired.filter((at) => now - at < rule.limit_window * 1_000);
  if (rule.limit >= 0 && recent.length >= rule.limit)
    return told(
      'exhausted',
      `is given up: it fired ${recent.length} times within ${rule.limit_window} s and it is no better (${seen.text})`,
    );
  if (cooling) return told('cooling', `is bad, and cools down from the last time: ${seen.text}`);
  if (rule.triggers.length === 0) return told('suspect', `is bad, and there is no trigger: ${seen.text}`);
  return { standing: { ...standing, phase: 'acting', fired: [...recent, now] }, fires: true };
}

/** What it fired was begun. */
export function acting(before: Standing, execution: string): Standing {
  return { ...before, phase: 'acting', execution };
}

/** What it fired has ended. It counts from anew: bad looks of before say nothing about what is there now. */
export function acted(before: Standing, succeeded: boolean, now: number): Standing {
  const { execution: _, value: __, ...rest } = before;
  return { ...rest, phase: 'cooling', failures: 0, since: now, last_failed: !succeeded };
}

/** What it fired was refused, since the deployment was busy: as if it had not fired. */
export function refused(before: Standing): Standing {
  const { execution: _, ...rest } = before;
  return { ...rest, phase: 'suspect', fired: before.fired.slice(0, -1) };
}
