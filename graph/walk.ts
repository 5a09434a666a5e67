/**
 * The walk: which calls may run now, given sequences of steps and what has come of the calls so far.
 *
 * A reducer with its state in one place: `beginWalk`, then `advance` for what to do next, and `settle` for each call
 * that ended. No promises, no clock, no Temporal; the same inputs give the same effects in the same order. All of it is
 * linear in the number of steps.
 */
import type { Restart, WalkLedger } from './ledger.js';
import type { Mark, OperationCall, Sequence, Step } from './steps.js';

/** What to do next. Marks are to be applied at once and in order; calls are to be started. */
export type Effect =
  | { readonly kind: 'mark'; readonly instance_id: string; readonly mark: Mark }
  | {
      readonly kind: 'subgraph';
      readonly name: string;
      readonly became: 'started' | 'succeeded' | 'failed';
      /** How often the lifecycle of its instance was begun anew. */
      readonly retry: number;
    }
  | { readonly kind: 'call'; readonly sequence: string; readonly call: OperationCall };

export type Outcome = 'succeeded' | 'failed' | 'cancelled';

export interface WalkPolicy {
  /** After a final failure: begin nothing new, or go on with everything that does not depend on it. */
  readonly on_failure: 'drain' | 'continue';
}

export interface Walk {
  readonly policy: WalkPolicy;
  readonly sequences: ReadonlyMap<string, Progress>;
  /** Sequences whose lifecycle was begun anew. */
  readonly restarted: Map<string, Restart>;
  /** What became of subgraphs, to be told with the next effects. */
  readonly untold: Effect[];
  /** Sequences that can take their next step. */
  readonly active: string[];
  /** Calls whose turn has come, first come first served. */
  readonly ready: { readonly sequence: string; readonly call: OperationCall; readonly step: Step }[];
  running: number;
  /** Nothing new begins: after a failure under `drain`, on cancel, and before continuing as new. */
  draining: boolean;
  /** Something could have begun, had the walk not been draining. */
  held: boolean;
  failed: boolean;
}

export interface Progress {
  readonly sequence: Sequence;
  steps: readonly Step[];
  /** Sequences that wait for the end of this one. */
  readonly dependants: string[];
  /** Sequences that wait only for a certain call of this one, by its key. */
  readonly releases: Map<string, string[]>;
  /** Sequences this one still waits for. */
  waiting: number;
  position: number;
  /** Calls of the current step that have not ended. */
  pending: number;
  entered: boolean;
  status: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  /** Keys of the calls that succeeded or were passed over; of the latter also `!key`. */
  readonly done: Set<string>;
  /** Subgraphs that have begun and not ended, the innermost last. */
  readonly open: string[];
  /** Steps before this one, but for calls that are left to make, happened in an earlier run: so did their marks. */
  resumeAt: number;
}

/** What an earlier run of the same walk has done, and what is to become of it now. */
export interface Begun {
  readonly ledger: WalkLedger;
  /** Sequences that failed are not tried again: the same execution goes on. */
  readonly sameExecution?: boolean;
  /** Steps of a sequence whose lifecycle was begun anew. */
  readonly again?: (instanceId: string, restart: Restart) => readonly Step[];
}

/** @param begun what is done already: those calls, and the marks before them, are left out */
export function beginWalk(sequences: readonly Sequence[], policy: WalkPolicy, begun?: Begun): Walk {
  const progress = new Map<string, Progress>();
  const walk: Walk = {
    policy,
    sequences: progress,
    restarted: new Map(Object.entries(begun?.ledger.restarted ?? {})),
    untold: [],
    active: [],
    ready: [],
    running: 0,
    draining: false,
    held: false,
    failed: false,
  };
  const failed = new Set(begun?.sameExecution ? begun.ledger.failed : []);
  for (const sequence of sequences) progress.set(sequence.id, progressOn(sequence, walk, begun, failed));
  for (const [id, own] of progress) wait(walk, id, own);
  for (const [id, own] of progress) if (own.status === 'waiting' && own.waiting === 0) walk.active.push(id);
  return walk;
}

function progressOn(sequence: Sequence, walk: Walk, begun: Begun | undefined, failed: ReadonlySet<string>): Progress {
  const recorded = begun?.ledger.complete ? true : begun?.ledger.sequences[sequence.id];
  const restarted = walk.restarted.get(sequence.id);
  const steps = restarted && begun?.again ? begun.again(sequence.instance_id, restarted) : sequence.steps;
  const done = new Set(Array.isArray(recorded) ? (recorded as readonly string[]) : []);
  if (failed.has(sequence.id)) walk.failed = true;
  return {
    sequence,
    steps,
    dependants: [],
    releases: new Map(),
    waiting: 0,
    position: 0,
    pending: 0,
    entered: false,
    status: recorded === true ? 'done' : failed.has(sequence.id) ? 'failed' : 'waiting',
    done,
    open: [],
    resumeAt: done.size === 0 ? 0 : steps.findLastIndex(({ calls }) => calls.some(({ key }) => done.has(key))),
  };
}

/** Notes what a sequence waits for. */
function wait({ sequences }: Walk, id: string, own: Progress): void {
  const ends = new Set<string>();
  for (const before of own.sequence.after) {
    if (typeof before === 'string') ends.add(before);
    else {
      const other = sequences.get(before.sequence);
      if (!other || other.status === 'done' || other.done.has(before.key)) continue;
      // Cloudify: a call that will not be made is not waited for.
      if (!other.steps.some(({ calls }) => calls.some(({ key }) => key === before.key))) continue;
      const known = other.releases.get(before.key);
      if (known) known.push(id);
      else other.releases.set(before.key, [id]);
      own.waiting += 1;
    }
  }
  for (const before of ends) {
    const other = sequences.get(before);
    if (!other || other.status === 'done') continue;
    other.dependants.push(id);
    own.waiting += 1;
  }
}

/** Everything to be done now, with at most `capacity` more calls started. */
export function advance(walk: Walk, capacity: number): Effect[] {
  const effects = walk.untold.splice(0);
  let free = capacity;
  for (;;) {
    if (walk.active.length > 0) takeSteps(walk, walk.active.splice(0), effects);
    if (walk.draining || free <= 0) return effects;
    const next = walk.ready.shift();
    if (next === undefined) {
      if (walk.active.length === 0) return effects;
      continue;
    }
    startCall(walk, next, effects);
    free -= 1;
  }
}

/** While the walk is paused: only what is to be noted of calls that have ended. Nothing moves on from there. */
export function leaveEnded(walk: Walk): Effect[] {
  const effects = walk.untold.splice(0);
  const released: string[] = [];
  for (const id of walk.active) {
    const own = progressOf(walk, id);
    if (own.status === 'running' && own.entered) leaveStep(walk, own, effects, released);
  }
  walk.active.push(...released);
  return effects;
}

/**
 * A call that `advance` started has ended.
 *
 * @param hard a failure that is not passed over, whatever the sequence says
 */
export function settle(walk: Walk, sequenceId: string, key: string, outcome: Outcome, hard = false): void {
  const own = progressOf(walk, sequenceId);
  walk.running -= 1;
  own.pending -= 1;
  const passed = outcome === 'failed' && isPassedOver(own, key, hard);
  if (passed) own.done.add(`!${key}`);
  if (outcome === 'succeeded' || passed) own.done.add(key);
  else if (outcome === 'failed') own.status = 'failed';
  else if (own.status === 'running') own.status = 'cancelled';
  if (outcome === 'cancelled') walk.draining = true;
  if (outcome === 'failed' && !passed) {
    failSubgraphs(walk, own);
    if (own.sequence.abandon) {
      if (own.pending === 0) walk.active.push(sequenceId);
      return;
    }
    walk.failed = true;
    if (walk.policy.on_failure === 'drain') walk.draining = true;
  }
  if (own.pending === 0 && (own.status === 'running' || isAbandoned(own))) walk.active.push(sequenceId);
}

/** Whether a failure of this call does not stop its sequence. */
export function isPassedOver(own: Progress, key: string, hard = false): boolean {
  if (hard) return false;
  const call = own.steps[own.position]?.calls.find((one) => one.key === key);
  return own.sequence.ignore_failure === true || call?.ignore_failure === true;
}

const isAbandoned = (own: Progress): boolean => own.status === 'failed' && own.sequence.abandon === true;

/**
 * Gives a failed sequence another life with these steps, in its old place in the graph.
 *
 * @param name of the subgraph from now on
 */
export function restart(walk: Walk, sequenceId: string, steps: readonly Step[], how: Restart, name?: string): void {
  const own = progressOf(walk, sequenceId);
  if (own.status !== 'failed' || own.pending > 0)
    throw new Error(
      `sequence ${sequenceId} cannot be restarted: it is ${own.status}, with ${own.pending} calls pending`,
    );
  walk.restarted.set(sequenceId, how);
  own.steps = steps;
  own.done.clear();
  own.position = 0;
  own.resumeAt = 0;
  own.entered = false;
  own.status = 'running';
  open(walk, own, name ?? own.sequence.subgraph, walk.untold);
  walk.active.push(sequenceId);
}

/** Nothing runs and nothing can begin. */
export function isIdle(walk: Walk): boolean {
  return walk.running === 0 && (walk.draining || (walk.active.length === 0 && walk.ready.length === 0));
}

/** Every sequence has come to its end. */
export function isComplete(walk: Walk): boolean {
  for (const { status } of walk.sequences.values()) if (status !== 'done') return false;
  return true;
}

/** What a later run of this walk need not do again. */
export function ledgerOf(walk: Walk, states: WalkLedger['states']): WalkLedger {
  if (isComplete(walk)) return { states: {}, sequences: {}, complete: true };
  const sequences: Record<string, true | readonly string[]> = {};
  const failed: string[] = [];
  for (const [id, own] of walk.sequences) {
    if (own.status === 'done') sequences[id] = true;
    else if (own.done.size > 0) sequences[id] = [...own.done];
    if (own.status === 'failed') failed.push(id);
  }
  return {
    states,
    sequences,
    ...(failed.length > 0 ? { failed } : {}),
    ...(walk.restarted.size > 0 ? { restarted: Object.fromEntries(walk.restarted) } : {}),
  };
}

/** Walks each of these sequences forward until it waits for calls or ends; sequences that become free join the list. */
function takeSteps(walk: Walk, ids: string[], effects: Effect[]): void {
  for (const id of ids) {
    const own = progressOf(walk, id);
    if (own.status === 'waiting') {
      if (walk.draining) {
        walk.held = true;
        continue;
      }
      own.status = 'running';
      // What an earlier run began is not begun again.
      if (own.steps.length > 0) open(walk, own, own.sequence.subgraph, own.done.size === 0 ? effects : []);
    }
    if (own.status !== 'running' && !isAbandoned(own)) continue;
    if (own.status === 'running') {
      if (own.entered) leaveStep(walk, own, effects, ids);
      if (queueNextCalls(walk, own, effects)) continue;
    }
    while (own.open.length > 0) close(walk, own, 'succeeded', effects);
    own.status = 'done';
    for (const waiting of own.releases.values()) release(walk, waiting, ids);
    own.releases.clear();
    release(walk, own.dependants, ids);
  }
}

function release(walk: Walk, dependants: readonly string[], ids: string[]): void {
  for (const dependant of dependants) {
    const other = progressOf(walk, dependant);
    other.waiting -= 1;
    if (other.waiting === 0) ids.push(dependant);
  }
}

/** Passes steps without calls to make; true when calls were queued and have to be waited for. */
function queueNextCalls(walk: Walk, own: Progress, effects: Effect[]): boolean {
  for (; own.position < own.steps.length; own.position += 1) {
    const step = own.steps[own.position] as Step;
    const calls = step.calls.filter((call) => !own.done.has(call.key));
    if (calls.length > 0) {
      own.pending = calls.length;
      for (const call of calls) walk.ready.push({ sequence: own.sequence.id, call, step });
      return true;
    }
    if (step.calls.length > 0) continue;
    if (own.position >= own.resumeAt) note(own, step.enter, walk, effects);
    else noteSubgraphs(own, step.enter, walk, []);
  }
  return false;
}

function startCall(walk: Walk, next: Walk['ready'][number], effects: Effect[]): void {
  const own = progressOf(walk, next.sequence);
  if (own.status !== 'running') {
    own.pending -= 1;
    return;
  }
  if (!own.entered) {
    own.entered = true;
    note(own, next.step.enter, walk, effects);
  }
  walk.running += 1;
  effects.push({ kind: 'call', sequence: next.sequence, call: next.call });
}

function leaveStep(walk: Walk, own: Progress, effects: Effect[], ids: string[]): void {
  const step = own.steps[own.position];
  note(own, step?.leave, walk, effects);
  for (const { key } of step?.calls ?? []) {
    release(walk, own.releases.get(key) ?? [], ids);
    own.releases.delete(key);
  }
  own.position += 1;
  own.entered = false;
}

function note(own: Progress, mark: Mark | undefined, walk: Walk, effects: Effect[]): void {
  noteSubgraphs(own, mark, walk, effects);
  if (mark === undefined || (mark.state === undefined && mark.event === undefined)) return;
  if (mark.unless_failed?.some((key) => own.done.has(`!${key}`))) return;
  effects.push({ kind: 'mark', instance_id: own.sequence.instance_id, mark });
}

function noteSubgraphs(own: Progress, mark: Mark | undefined, walk: Walk, effects: Effect[]): void {
  if (mark?.opens !== undefined) open(walk, own, mark.opens, effects);
  if (mark?.closes === true) close(walk, own, 'succeeded', effects);
}

function open(walk: Walk, own: Progress, name: string | undefined, effects: Effect[]): void {
  if (name === undefined) return;
  own.open.push(name);
  effects.push(subgraph(walk, own, name, 'started'));
}

/** Ends the innermost subgraph. */
function close(walk: Walk, own: Progress, became: 'succeeded' | 'failed', effects: Effect[]): void {
  const name = own.open.pop();
  if (name !== undefined) effects.push(subgraph(walk, own, name, became));
}

function failSubgraphs(walk: Walk, own: Progress): void {
  while (own.open.length > 0) close(walk, own, 'failed', walk.untold);
}

/** Only the outermost one counts how often it was begun. Called when the name is (`started`) or was on the stack. */
function subgraph(
  { restarted }: Walk,
  own: Progress,
  name: string,
  became: 'started' | 'succeeded' | 'failed',
): Effect {
  const depth = became === 'started' ? own.open.length - 1 : own.open.length;
  return { kind: 'subgraph', name, became, retry: depth === 0 ? (restarted.get(own.sequence.id)?.tries ?? 0) : 0 };
}

function progressOf(walk: Walk, id: string): Progress {
  const own = walk.sequences.get(id);
  if (!own) throw new Error(`the walk has no sequence ${id}`);
  return own;
}
