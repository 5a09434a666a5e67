/** Programs that operations call. Each is needed by some blueprints only. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import http from 'node:http';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { absent, type Check, ok, warn } from './check.js';

type Environment = Readonly<Record<string, string | undefined>>;

export async function programChecks(environment: Environment): Promise<readonly Check[]> {
  return await Promise.all([
    program('Shell', 'sh', ['-c', 'echo works'], 'shell scripts'),
    program('Python', 'python3', ['--version'], 'Python scripts'),
    docker(environment),
    program('Ansible', 'ansible-playbook', ['--version'], 'ansible nodes'),
    program('SSH', 'ssh', ['-V'], 'hosts that are reached by it'),
    aws(environment),
  ]);
}

async function program(name: string, command: string, words: readonly string[], neededFor: string): Promise<Check> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...words], { timeout: 10_000 });
    const [first = ''] = `${stdout}${stderr}`.trim().split('\n');
    return ok(name, first.slice(0, 80));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return absent(name, `no ${command} (needed only for ${neededFor})`);
    return warn(
      name,
      `${command} does not work: ${(error as Error).message.split('\n')[0]}`,
      `try: ${command} ${words.join(' ')}`,
    );
  }
}

async function docker(environment: Environment): Promise<Check> {
  const host = environment.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  try {
    const { Version, ApiVersion } = await dockerVersion(host);
    return ok('Docker', `engine ${Version} (API ${ApiVersion}) at ${host}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EACCES')
      return warn('Docker', `${host}: permission denied`, 'add yourself to the group docker, or set DOCKER_HOST');
    if (code === 'ENOENT') return absent('Docker', `no engine at ${host} (needed only for docker nodes)`);
    return warn('Docker', `${host}: ${message}`, 'start the engine, or set DOCKER_HOST');
  }
}

async function dockerVersion(host: string): Promise<{ Version?: string; ApiVersion?: string }> {
  const url = new URL(host);
  if (url.protocol !== 'unix:' && url.protocol !== 'tcp:' && url.protocol !== 'http:')
    throw new Error(`${url.protocol} is not looked into here`);
  const where =
    url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port || 2375 };
  return await new Promise((resolve, reject) => {
    const request = http.get({ ...where, path: '/version', timeout: 3_000 }, async (response) => {
      try {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve(JSON.parse(text));
      } catch (error) {
        reject(error);
      }
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

/** Whether there are any: to try them would take a call over the network. */
async function aws(environment: Environment): Promise<Check> {
  if (environment.AWS_ACCESS_KEY_ID !== undefined) return ok('AWS credentials', 'AWS_ACCESS_KEY_ID');
  const file = environment.AWS_SHARED_CREDENTIALS_FILE ?? path.join(environment.HOME ?? homedir(), '.aws/credentials');
  const there = await access(file).then(
    () => true,
    () => false,
  );
  return there ? ok('AWS credentials', file) : absent('AWS credentials', 'none (needed only for aws nodes)');
}
