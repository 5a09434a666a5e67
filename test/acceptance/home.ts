/** A home of its own for each test: a stack started by the real command line, whose processes can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporalBinary } from '../temporal/binary.js';

const PROGRAM = fileURLToPath(new URL('../../bin/caisson.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
}

export type Victim = 'worker' | 'server' | 'keeper';

export class Home {
  constructor(
    readonly folder: string,
    readonly environment: Readonly<Record<string, string>>,
    readonly program: string = PROGRAM,
  ) {}

  /** The same home, seen with further variables. */
  with(environment: Readonly<Record<string, string>>): Home {
    return new Home(this.folder, { ...this.environment, ...environment }, this.program);
  }

  /** The same home, used by a Caisson that is installed elsewhere. */
  by(program: string): Home {
    return new Home(this.folder, this.environment, program);
  }

  /** Starts `caisson …` and lets it run. */
  start(...args: readonly string[]): RunningCommand {
    const child = spawn(process.execPath, [this.program, ...args], {
      cwd: this.folder,
      env: { ...process.env, ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    const finished = new Promise<Finished>((resolve) => child.on('close', (code) => resolve({ code, ...output })));
    return { process: child, finished };
  }

  /** Runs `caisson …` to its end. */
  async run(...args: readonly string[]): Promise<Finished> {
    return await this.start(...args).finished;
  }

  /** Runs it and reads its document. @throws Error with what it wrote when it fails */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`caisson ${args.join(' ')} exited with ${code}:\n${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async stack(): Promise<
    Readonly<Record<Victim, { readonly pid: number }>> & { readonly server: { readonly address: string } }
  > {
    return JSON.parse(await readFile(path.join(this.folder, 'state', 'stack.json'), 'utf8'));
  }

  async kill(...victims: readonly Victim[]): Promise<void> {
    const stack = await this.stack();
    for (const victim of victims)
      try {
        process.kill(stack[victim].pid, 'SIGKILL');
      } catch (error) {
        // It died in an earlier round and its successor is on the way.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
  }

  async close(): Promise<void> {
    await this.run('down');
    // A command that a failed test left behind may still be writing.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

export async function openHome(): Promise<Home> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-home-'));
  return new Home(folder, {
    CAISSON_HOME: folder,
    TEMPORAL_CLI_PATH: await temporalBinary(),
    CI: '',
    NO_COLOR: '1',
    FORCE_COLOR: '',
  });
}

/** Waits until `holds`, for a minute at most. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; ; await pause(50)) {
    if (await holds()) return;
    if (Date.now() > end) throw new Error(`a minute has passed and still not: ${what}`);
  }
}

export const fixture = (name: string): string => fileURLToPath(new URL(`./blueprints/${name}`, import.meta.url));
