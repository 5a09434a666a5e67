/** Processes that outlive us: told apart from strangers that were given the same id later, and ended gently. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in a form of the platform's own that is only compared. */
  readonly began: string;
}

/** Who has this process id now; undefined when nobody does. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const began = process.platform === 'linux' ? await beganOnLinux(pid) : await beganByPs(pid);
  return began === undefined ? undefined : { pid, began };
}

export async function isRunning(identity: ProcessIdentity | undefined): Promise<boolean> {
  return identity !== undefined && (await identify(identity.pid))?.began === identity.began;
}

/**
 * Ends a process: SIGTERM, and SIGKILL when it has not gone by then. Does nothing to a stranger with its id.
 *
 * @returns how it went, `gone` when it had ended before
 */
export async function stopProcess(
  identity: ProcessIdentity,
  patienceMs: number,
): Promise<'stopped' | 'killed' | 'gone'> {
  if (!(await isRunning(identity))) return 'gone';
  signal(identity.pid, 'SIGTERM');
  if (await gone(identity, patienceMs)) return 'stopped';
  await killProcess(identity);
  return 'killed';
}

/** Ends a process at once, and waits until it has. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  if (!(await isRunning(identity))) return;
  signal(identity.pid, 'SIGKILL');
  await gone(identity, 10_000);
}

async function gone(identity: ProcessIdentity, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (await isRunning(identity)) {
    if (Date.now() > deadline) return false;
    await pause(50);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ticks since the boot, and which boot: after another one the same numbers mean somebody else. */
async function beganOnLinux(pid: number): Promise<string | undefined> {
  const [stat, boot] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ]);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold anything; what follows it does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  // A zombie has ended; only its parent has not looked yet.
  return state === 'Z' || state === 'X' ? undefined : `${boot.trim()}/${fields[19]}`;
}

async function beganByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
