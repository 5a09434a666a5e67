/** The processes of a script: a group of their own, so that all of them can be found and ended together. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** What the system tells of a process. */
export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
  /** Told apart from another process that got the same number later. */
  readonly started: string;
}

const GRACE_MS = 5_000;
const LOOK_MS = 25;

/** A line of `/proc/PID/stat`; the command in it may hold blanks and parentheses. */
export function parseStat(line: string): ProcessStat | undefined {
  const rest = line
    .slice(line.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const pid = Number.parseInt(line, 10);
  const [state, , group] = rest;
  const started = rest[19];
  if (!Number.isInteger(pid) || state === undefined || group === undefined || started === undefined) return undefined;
  return { pid, state, group: Number(group), started };
}

/** Every process of this machine; empty where the system has no `/proc`. */
export function allProcesses(): ProcessStat[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => statOf(Number(pid)) ?? []);
  } catch {
    return [];
  }
}

export function statOf(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether the group has a process that still runs: one that waits to be collected by its parent does not. */
export function groupAlive(group: number): boolean {
  if (!signalGroup(group, 0)) return false;
  const processes = allProcesses();
  return processes.length === 0 || processes.some((one) => one.group === group && one.state !== 'Z');
}

/** Asks the group to end; what is left of it after the grace is killed. Resolves when it is gone. */
export async function endGroup(group: number, graceMs = GRACE_MS): Promise<void> {
  signalGroup(group, 'SIGTERM');
  // A stopped process ends only when it is let go on.
  signalGroup(group, 'SIGCONT');
  if (await goneWithin(group, graceMs)) return;
  signalGroup(group, 'SIGKILL');
  await goneWithin(group, GRACE_MS);
}

async function goneWithin(group: number, milliseconds: number): Promise<boolean> {
  for (let waited = 0; ; waited += LOOK_MS) {
    if (!groupAlive(group)) return true;
    if (waited >= milliseconds) return false;
    await pause(LOOK_MS);
  }
}

function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}
