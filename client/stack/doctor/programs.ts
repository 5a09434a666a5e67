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
    python(environment),
    docker(environment),
    program(
      'Ansible',
      'ansible-playbook',
      ['--version'],
      'ansible nodes',
      'apt-get install ansible, or pipx install ansible-core',
    ),
    program('SSH', 'ssh', ['-V'], 'ansible on other hosts', 'apt-get install openssh-client'),
    program(
      'Terraform',
      'terraform',
      ['version'],
      'terraform modules',
      'see https://developer.hashicorp.com/terraform/install',
    ),
    program('npm', 'npm', ['--version'], 'taking in plugins', 'it comes with Node.js: apt-get install npm'),
    program('git', 'git', ['--version'], 'sources in git repositories', 'apt-get install git'),
    aws(environment),
  ]);
}

/** The interpreter, and whether it can make environments: Debian ships that part by itself. */
async function python(environment: Environment): Promise<Check> {
  const command = environment.CAISSON_PYTHON || 'python3';
  const found = await program(
    'Python',
    command,
    ['--version'],
    'Python scripts and plugins',
    'apt-get install python3 python3-venv, or name one in CAISSON_PYTHON',
  );
  if (found.status !== 'ok') return found;
  const whole = await promisify(execFile)(command, ['-c', 'import ensurepip, venv'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
  if (whole) return found;
  const detail = `${found.detail}, which cannot make the environments that Cloudify plugins in Python run in`;
  return warn('Python', detail, 'apt-get install python3-venv');
}

async function program(
  name: string,
  command: string,
  words: readonly string[],
  neededFor: string,
  fix?: string,
): Promise<Check> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...words], { timeout: 10_000 });
    const [first = ''] = `${stdout}${stderr}`.trim().split('\n');
    return ok(name, first.slice(0, 80));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return absent(name, `no ${command} (needed only for ${neededFor})`, fix);
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
    if (code === 'ENOENT')
      return absent('Docker', `no engine at ${host} (needed only for docker nodes)`, 'start one, or set DOCKER_HOST');
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
