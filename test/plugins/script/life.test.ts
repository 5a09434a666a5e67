/** What becomes of a script's processes: at its end, on cancel, on a timeout, after the loss of the worker. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endOrphan, processRecord } from '../../../plugins/script/orphans.js';
import { bash, output, processesWith, runFile, runs, until } from './stage.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-life-'));
});
afterEach(async () => {
  for (const pid of processesWith(folder)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

test('the script and its ctx are gone after it; the folder it runs in stays', async () => {
  const run = await bash('echo "$0 $(command -v ctx) $PWD"; echo x > left', { workdir: folder });
  const [script = '', ctx = '', cwd = ''] = output(run)[0]?.split(' ') ?? [];
  expect(script.endsWith('/run.sh')).toBe(true);
  expect([script, ctx].map((file) => existsSync(file))).toEqual([false, false]);
  expect(cwd).toBe(folder);
  expect(output(await bash('cat left', { workdir: folder }))).toEqual(['x']);
  expect(readdirSync(path.join(folder, '.running'))).toEqual([]);
});

test('a daemon outlives its script, and does not hold the operation open though it holds its output', async () => {
  const run = await bash('sleep 300 & echo $!; echo done');
  expect(output(run)).toHaveLength(2);
  const pid = Number(output(run)[0]);
  expect(runs(pid)).toBe(true);
  process.kill(pid, 'SIGKILL');
});

test('a daemon that goes on writing to the script’s output does not die of it, nor is it logged', async () => {
  const run = await bash(
    `(while :; do echo noise; [ -e ${folder}/stop ] && echo alive > ${folder}/alive && exit; sleep 0.05; done) &
     sleep 0.1`,
  );
  const lines = run.logs.length;
  await bash(`touch ${folder}/stop`);
  await until(() => existsSync(path.join(folder, 'alive')));
  expect(run.logs).toHaveLength(lines);
});

test('cancel ends the whole group, also what ignores SIGTERM, and keeps what was written', async () => {
  const cancel = new AbortController();
  const running = bash(
    `trap '' TERM
     ctx instance runtime-properties made yes
     bash -c 'trap "" TERM; echo $$ > ${folder}/child; while :; do sleep 0.1; done' &
     while :; do sleep 0.1; done`,
    { signal: cancel.signal },
  );
  await until(() => existsSync(path.join(folder, 'child')));
  const pid = await pidIn('child');
  const reason = new Error('cancelled');
  cancel.abort(reason);
  const run = await running;
  expect(run.error).toBe(reason);
  expect(run.runtimeProperties).toEqual({ made: 'yes' });
  expect(runs(pid)).toBe(false);
}, 20_000);

test('a script that handles SIGTERM may tidy up', async () => {
  const cancel = new AbortController();
  const running = runFile(
    'x.sh',
    `#!/bin/bash
trap 'echo tidied > ${folder}/tidied; exit 0' TERM
touch ${folder}/ready
while :; do sleep 0.05; done`,
    { signal: cancel.signal },
  );
  await until(() => existsSync(path.join(folder, 'ready')));
  cancel.abort(new Error('cancelled'));
  expect((await running).status).not.toBe('succeeded');
  expect(await readFile(path.join(folder, 'tidied'), 'utf8')).toBe('tidied\n');
});

test('an operation that was cancelled before it began starts nothing', async () => {
  const run = await bash(`touch ${folder}/begun`, { signal: AbortSignal.abort(new Error('cancelled')) });
  expect(run.error?.message).toBe('cancelled');
  expect(existsSync(path.join(folder, 'begun'))).toBe(false);
});

test('two scripts at once never see each other’s context', async () => {
  const both = await Promise.all(
    ['a', 'b'].map((name) =>
      bash('for i in $(seq 10); do ctx instance runtime-properties n$i $(ctx node name); done', { name }),
    ),
  );
  for (const [at, name] of ['a', 'b'].entries())
    expect(new Set(Object.values(both[at]?.runtimeProperties ?? {}))).toEqual(new Set([name]));
});

test('the address of a script that has ended serves nobody', async () => {
  const run = await bash('echo $CTX_SOCKET_URL');
  await expect(fetch(output(run)[0] as string, { method: 'POST', body: '{}' })).rejects.toThrow();
});

test('what an attempt left that its worker knows nothing of any more is ended before the operation runs again', async () => {
  const source = `#!/bin/bash
echo run >> ${folder}/runs
env -i /bin/bash -c "sleep 300 & echo \\$! > ${folder}/daemon.$1"
setsid sleep 300 & echo $! > ${folder}/stray.$1
dirname "$(dirname "$0")" > ${folder}/scratch.$1
echo $$ > ${folder}/script.$1
[ $1 = first ] && while :; do sleep 0.1; done
exit 0
`;
  const workdir = path.join(folder, 'workdir');
  const attempt = (name: string, resume: boolean) =>
    runFile('run.sh', source, { workdir, process: { args: [name] }, resume });
  const lost = attempt('first', false);
  const left = await Promise.all(['daemon.first', 'stray.first', 'script.first'].map(pidIn));
  expect(left.map(runs)).toEqual([true, true, true]);
  const scratch = (await readFile(path.join(folder, 'scratch.first'), 'utf8')).trim();
  expect(path.basename(scratch)).toMatch(/^caisson-script-/);
  expect(existsSync(scratch)).toBe(true);

  const run = await attempt('second', true);
  expect(run.status).toBe('succeeded');
  expect(left.map(runs)).toEqual([false, false, false]);
  expect(existsSync(scratch)).toBe(false);
  expect(run.logs.some(({ message }) => /ended what an earlier attempt had left running/.test(message))).toBe(true);
  expect(await readFile(path.join(folder, 'runs'), 'utf8')).toBe('run\nrun\n');
  expect((await lost).status).toBe('recoverable');
  for (const name of ['daemon.second', 'stray.second']) process.kill(await pidIn(name), 'SIGKILL');
}, 20_000);

test('a record whose number another process has got since ends nothing', async () => {
  const bystander = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  const record = await processRecord(folder, 'task', 'http://127.0.0.1:1/x');
  await writeFile(record.file, `${bystander.pid} (sh) S 1 ${bystander.pid} ${bystander.pid}${' 0'.repeat(20)}\nurl\n`);
  expect(await endOrphan(folder, 'task')).toBeUndefined();
  expect(runs(bystander.pid as number)).toBe(true);
  bystander.kill('SIGKILL');
});

test('a record that names any other folder removes nothing', async () => {
  const record = await processRecord(folder, 'task', 'http://127.0.0.1:1/x');
  const precious = path.join(folder, 'precious');
  await mkdir(precious);
  await writeFile(record.file, `0\nurl\n${precious}\n`);
  await endOrphan(folder, 'task');
  expect(existsSync(precious)).toBe(true);
});

async function pidIn(name: string): Promise<number> {
  const file = path.join(folder, name);
  let text = '';
  await until(() => existsSync(file));
  while (!text.endsWith('\n')) text = await readFile(file, 'utf8');
  return Number(text);
}
