/** What the set-ups of plugins' tests need of the machine: packages, processes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, open } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/** Programs by name → the Debian package that has them. */
export async function install(programs: Readonly<Record<string, string>>): Promise<void> {
  const missing = new Set<string>();
  for (const [program, packageName] of Object.entries(programs)) if (!(await found(program))) missing.add(packageName);
  if (missing.size === 0) return;
  if (process.getuid?.() !== 0)
    throw new Error(`these tests need ${[...missing].join(', ')}: install them, or run as root to have it done`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 * 1024 * 1024 };
  const apt = async () => await run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], options);
  try {
    await apt();
  } catch {
    await run('apt-get', ['update'], options);
    await apt();
  }
}

export async function found(program: string): Promise<string | undefined> {
  for (const folder of [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']) {
    const file = path.join(folder, program);
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

export interface Daemon {
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/**
 * Starts a program that keeps running and waits until it answers.
 *
 * @throws Error with the end of its log when it ends or does not answer in time
 */
export async function daemon(
  command: readonly string[],
  log: string,
  answers: () => Promise<unknown>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Daemon> {
  const [program = '', ...args] = command;
  const file = await found(program);
  if (!file) throw new Error(`${program} is not installed`);
  const output = await open(log, 'a');
  // It must not outlive us, also when we are killed and stop nothing.
  const guard = await found('setpriv');
  const [runner, runnerArgs] = guard ? [guard, ['--pdeathsig', 'TERM', file, ...args]] : [file, args];
  const child = spawn(runner, runnerArgs, { stdio: ['ignore', output.fd, output.fd], env });
  await output.close();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let tries = 0; ; tries += 1) {
    const failure = await answers().then(
      () => undefined,
      (error: Error) => error,
    );
    if (!failure) break;
    if (child.exitCode !== null || tries > 150) {
      child.kill('SIGKILL');
      const { stdout } = await run('tail', ['-n', '15', log]);
      throw new Error(`${program} could not be started (${failure.message}); the end of its log:\n${stdout}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    process: child,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(killer);
    },
  };
}
