/**
 * The walk: which calls may run now, given sequences of steps and what has come of the calls so far.
 *
 * A reducer with its state in one place: `beginWalk`, then `advance` for what to do next, and `settle` for each call
 * that ended. No promises, no clock, no Temporal; the same inputs give the same effects in the same order. All of it is
 * linear in the number of steps.
 */
import type { WalkLedger } from './ledger.js';
import type { Mark, OperationCall, Sequence, Step } from './steps.js';

/** What to do next. Marks are to be applied at once and in order; calls are to be started. */
export type Effect =
  | { readonly kind: 'mark'; readonly instance_id: string; readonly mark: Mark }
  | { readonly kind: 'call'; readonly sequence: string; readonly call: OperationCall };

export type Outcome = 'succeeded' | 'failed' | 'cancelled';

export interface WalkPolicy {
  /** After a final failure: begin nothing new, or go on with everything that does not depend on it. */
  readonly on_failure: 'drain' | 'continue';
}

export interface Walk {
  readonly policy: WalkPolicy;
  readonly sequences: ReadonlyMap<string, Progress>;
  /** Sequences that can take their next step. */
  readonly active: string[];
  /** Calls whose turn has come, first come first served. */
  readonly ready: { readonly sequence: string; readonly call: OperationCall; readonly step: Step }[];
  running: number;
  /** Nothing new begins: after a failure under `drain`, on cancel, and before continuing as new. */
  draining: boolean;
  failed: boolean;
}

interface Progress {
  readonly sequence: Sequence;
  steps: readonly Step[];
  readonly dependants: string[];
  /** Sequences this one still waits for. */
  waiting: number;
  position: number;
  /** Calls of the current step that have not ended. */
  pending: number;
  entered: boolean;
  status: 'waiting' | 'running' | 'done' | 'failed';
  /** Keys of the calls that succeeded (or were passed over). */
  readonly done: Set<string>;
}

/** @param ledger what an earlier run of the same walk has done: those calls, and the marks before them, are left out */
export function beginWalk(sequences: readonly Sequence[], policy: WalkPolicy, ledger?: WalkLedger): Walk {
  const progress = new Map<string, Progress>();
  for (const sequence of sequences) {
    const recorded = ledger?.sequences[sequence.id];
    progress.set(sequence.id, {
      sequence,
      steps: sequence.steps,
      dependants: [],
      waiting: 0,
      position: 0,
      pending: 0,
      entered: false,
      status: recorded === true ? 'done' : 'waiting',
      done: new Set(Array.isArray(recorded) ? recorded : []),
    });
  }
  const walk: Walk = { policy, sequences: progress, active: [], ready: [], running: 0, draining: false, failed: false };
  for (const [id, own] of progress) {
    for (const before of new Set(own.sequence.after)) {
      const other = progress.get(before);
      if (!other || other.status === 'done') continue;
      other.dependants.push(id);
      own.waiting += 1;
    }
  }
  for (const [id, own] of progress) if (own.status === 'waiting' && own.waiting === 0) walk.active.push(id);
  return walk;
}

/** Everything to be done now, with at most `capacity` more calls started. */
export function advance(walk: Walk, capacity: number): Effect[] {
  const effects: Effect[] = [];
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

/** A call that `advance` started has ended. */
export function settle(walk: Walk, sequenceId: string, key: string, outcome: Outcome): void {
  const own = progressOf(walk, sequenceId);
  walk.running -= 1;
  own.pending -= 1;
  const passed = outcome === 'succeeded' || (outcome === 'failed' && own.sequence.ignore_failure === true);
  if (passed) own.done.add(key);
  else if (own.status === 'running') own.status = 'failed';
  if (outcome === 'cancelled') walk.draining = true;
  if (outcome === 'failed' && !passed) {
    walk.failed = true;
    if (walk.policy.on_failure === 'drain') walk.draining = true;
  }
  if (own.status === 'running' && own.pending === 0) walk.active.push(sequenceId);
}

/** Gives a failed sequence another life with these steps, in its old place in the graph. */
export function restart(walk: Walk, sequenceId: string, steps: readonly Step[]): void {
  const own = progressOf(walk, sequenceId);
  if (own.status !== 'failed' || own.pending > 0)
    throw new Error(
      `sequence ${sequenceId} cannot be restarted: it is ${own.status}, with ${own.pending} calls pending`,
    );
  own.steps = steps;
  own.done.clear();
  own.position = 0;
  own.entered = false;
  own.status = 'running';
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
export function doneSequences(walk: Walk): WalkLedger['sequences'] {
  const done: Record<string, true | readonly string[]> = {};
  for (const [id, own] of walk.sequences) {
    if (own.status === 'done') done[id] = true;
    else if (own.done.size > 0) done[id] = [...own.done];
  }
  return done;
}

/** Walks each of these sequences forward until it waits for calls or ends; sequences that become free join the list. */
function takeSteps(walk: Walk, ids: string[], effects: Effect[]): void {
  for (const id of ids) {
    const own = progressOf(walk, id);
    if (own.status === 'waiting') {
      if (walk.draining) continue;
      own.status = 'running';
    }
    if (own.status !== 'running') continue;
    if (own.entered) leaveStep(own, effects);
    if (queueNextCalls(walk, own, effects)) continue;
    own.status = 'done';
    for (const dependant of own.dependants) {
      const other = progressOf(walk, dependant);
      other.waiting -= 1;
      if (other.waiting === 0) ids.push(dependant);
    }
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
    // Calls that the ledger names happened in an earlier run: so did their marks.
    if (step.calls.length === 0) note(own, step.enter, effects);
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
    note(own, next.step.enter, effects);
  }
  walk.running += 1;
  effects.push({ kind: 'call', sequence: next.sequence, call: next.call });
}

function leaveStep(own: Progress, effects: Effect[]): void {
  note(own, own.steps[own.position]?.leave, effects);
  own.position += 1;
  own.entered = false;
}

function note(own: Progress, mark: Mark | undefined, effects: Effect[]): void {
  if (mark === undefined || (mark.state === undefined && mark.event === undefined)) return;
  effects.push({ kind: 'mark', instance_id: own.sequence.instance_id, mark });
}

function progressOf(walk: Walk, id: string): Progress {
  const own = walk.sequences.get(id);
  if (!own) throw new Error(`the walk has no sequence ${id}`);
  return own;
}
