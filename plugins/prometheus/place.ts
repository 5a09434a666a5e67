/** Where the files of a Prometheus lie: on this machine, or on the one that the server's node is contained in. */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { relatedHost, sshLoginOf } from '../hosts/login.js';
import { sshConnect } from '../hosts/ssh.js';
import { quote } from '../script/shell-line.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { RecoverableError } from '../sdk/errors.js';
import { textOf } from '../values.js';

export interface Place {
  /** Replaces the file as a whole: whoever reads it sees the old content or the new one. Makes its folder. */
  write(file: string, content: string): Promise<void>;
  /** A file that is not there is no error. */
  remove(file: string): Promise<void>;
  makeFolder(folder: string): Promise<void>;
  /** Runs a shell line. @throws RecoverableError with what it wrote when it fails */
  run(line: string, input?: string): Promise<string>;
}

const THIS_MACHINE = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/**
 * Opens the machine that a node is about, for as long as `work` takes. It is this one for `undefined`, for a node on no
 * host, and for a host with a loopback address and no way to log in.
 */
export async function at<T>(
  ctx: OperationContext,
  subject: Subject | undefined,
  work: (place: Place, address: string | undefined) => Promise<T>,
): Promise<T> {
  const host = subject && relatedHost(subject);
  if (!host) return await work(thisMachine(ctx.signal), undefined);
  const address = host.address();
  const canLogIn = textOf(host.login.key) !== undefined || textOf(host.login.password) !== undefined;
  if (THIS_MACHINE.test(address) && !canLogIn) return await work(thisMachine(ctx.signal), address);
  const connection = await sshConnect(await sshLoginOf(ctx, {}, host, 'agent_config'), ctx.signal);
  const run = async (line: string, input = ''): Promise<string> => {
    const { code, stdout, stderr } = await connection.exec(line, ctx.signal, Buffer.from(input));
    if (code !== 0) throw failed(line, stderr || stdout, code, address);
    return stdout;
  };
  try {
    return await work(
      {
        run,
        makeFolder: async (folder) => void (await run(`mkdir -p ${quote(folder)}`)),
        async write(file, content) {
          const [folder, part] = [path.posix.dirname(file), partOf(file)];
          await run(`mkdir -p ${quote(folder)} && cat >${quote(part)} && mv ${quote(part)} ${quote(file)}`, content);
        },
        remove: async (file) => void (await run(`rm -f ${quote(file)} ${quote(partOf(file))}`)),
      },
      address,
    );
  } finally {
    connection.close();
  }
}

/** A fixed name: what a write that was cut off left there, the next one replaces. No pattern for files matches it. */
const partOf = (file: string): string => `${file}.part`;

function thisMachine(signal: AbortSignal): Place {
  return {
    makeFolder: async (folder) => void (await mkdir(folder, { recursive: true })),
    async write(file, content) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(partOf(file), content);
      await rename(partOf(file), file);
    },
    async remove(file) {
      await rm(file, { force: true });
      await rm(partOf(file), { force: true });
    },
    async run(line, input = '') {
      const running = promisify(execFile)('/bin/sh', ['-c', line], { signal });
      running.child.stdin?.on('error', () => undefined).end(input);
      try {
        return (await running).stdout;
      } catch (error) {
        signal.throwIfAborted();
        const { stderr = '', stdout = '', code } = error as { stderr?: string; stdout?: string; code?: number };
        throw failed(line, stderr || stdout, code ?? -1, 'this machine');
      }
    },
  };
}

function failed(line: string, output: string, code: number, where: string): RecoverableError {
  const command = line.length > 80 ? `${line.slice(0, 80)}…` : line;
  return new RecoverableError(`${command} exited with ${code} on ${where}: ${output.trim().slice(-500)}`);
}
