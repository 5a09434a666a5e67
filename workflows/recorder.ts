/**
 * What a custom workflow did through `ctx`, by what it asked for: the n-th time of the same thing is the same thing. So a
 * function (or a script) that runs again from its first line is answered from here as far as it had come, whatever the
 * order in which parallel parts ask.
 */
import type { Json } from '../blueprint/json.js';
import type { ExecutionState } from './execution-state.js';
import type { FailedOperation } from './messages.js';

type Recorded = { readonly done: Json } | { readonly failed: Json };

/** Questions longer than this are named by their hash. */
const LONGEST_KEY = 160;

export class Recorder {
  readonly #counts = new Map<string, number>();

  constructor(readonly state: ExecutionState) {
    if (state.input.continued !== undefined) return;
    // An execution that resumes another tries again what had failed.
    for (const [key, value] of state.recorded) if ('failed' in (value as object)) state.recorded.delete(key);
  }

  /** A name for the next time that this is asked. */
  key(question: string): string {
    const count = (this.#counts.get(question) ?? 0) + 1;
    this.#counts.set(question, count);
    return keyOf(question, count);
  }

  find(key: string): Recorded | undefined {
    return this.state.recorded.get(key) as Recorded | undefined;
  }

  done(key: string, result: Json): void {
    this.state.recorded.set(key, { done: result });
  }

  failed(key: string, failure: FailedOperation): void {
    this.state.recorded.set(key, { failed: failure as unknown as Json });
  }
}

export function keyOf(question: string, count: number): string {
  const name = question.length <= LONGEST_KEY ? question : `${question.slice(0, LONGEST_KEY)}…${hash(question)}`;
  return `${name} #${count}`;
}

/** 53 bits, as hexadecimal text. Told apart are questions of one author, not those of an attacker. */
function hash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(16);
}
