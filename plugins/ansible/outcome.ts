/** How a run of a playbook ended: told by what became of each host, since the exit code says little. */
import { readFile } from 'node:fs/promises';
import type { JsonObject } from '../../blueprint/json.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';

export interface HostStats {
  readonly ok: number;
  readonly changed: number;
  readonly failures: number;
  readonly unreachable: number;
}

export interface Outcome {
  readonly stats: Readonly<Record<string, HostStats>>;
  readonly failures: readonly {
    readonly host: string;
    readonly task: string;
    readonly message: string;
    readonly unreachable: boolean;
  }[];
  readonly facts: JsonObject;
  /** Host → the tasks that changed something there, or in check mode would. */
  readonly changes: Readonly<Record<string, readonly string[]>>;
}

/** What the run wrote at its end; undefined when it did not come to one. */
export async function readOutcome(file: string): Promise<Outcome | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Outcome);
}

export interface RunEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @param last whether no further attempt is left
 * @throws RecoverableError when a host could not be reached or a task failed, and an attempt is left
 * @throws NonRecoverableError for what no attempt changes: a playbook that cannot be read, one that matches no host
 */
export function judge(playbook: string, end: RunEnd, outcome: Outcome | undefined, last: boolean): Outcome {
  if (!outcome) {
    const message = `playbook ${playbook} could not be run (exit code ${end.exitCode}): ${reasonOf(end)}`;
    // Ended by a signal, or by something that Ansible did not expect.
    throw end.exitCode >= 128 ? new RecoverableError(message) : new NonRecoverableError(message);
  }
  const failed = Object.entries(outcome.stats).filter(([, { failures, unreachable }]) => failures + unreachable > 0);
  if (failed.length > 0 || end.exitCode !== 0) {
    const lines = outcome.failures.map(
      ({ host, task, message, unreachable }) => `${host}: ${unreachable ? 'unreachable' : task}: ${message.trim()}`,
    );
    const hosts = failed.map(([host]) => host).join(', ');
    const message = `playbook ${playbook} failed on ${hosts || 'its hosts'} (exit code ${end.exitCode})\n${lines.join('\n')}`;
    throw last ? new NonRecoverableError(message.trimEnd()) : new RecoverableError(message.trimEnd());
  }
  if (Object.keys(outcome.stats).length === 0)
    throw new NonRecoverableError(`playbook ${playbook} matched no host of the inventory: nothing was done`);
  return outcome;
}

function reasonOf({ stderr, stdout }: RunEnd): string {
  const text = stderr.trim() === '' ? stdout : stderr;
  return text.trim().split('\n').slice(-12).join('\n');
}
