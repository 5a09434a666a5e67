/** Workflows of a plugin in Python, through the whole product. */
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, openHome, until } from '../../acceptance/home.js';
import { runs } from '../script/stage.js';
import { BLUEPRINT, CACHE } from './stage.js';

const PASSWORD = 'correct-horse-battery-staple';

let home: Home;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
  home = (await openHome()).with({ CAISSON_CACHE: path.dirname(CACHE) });
  await home.run('secrets', 'create', 'password', '-s', PASSWORD);
  const { code, stderr } = await home.run('install', path.join(BLUEPRINT, 'workflows.yaml'), '-d', 'posts');
  expect(code, stderr).toBe(0);
}, 240_000);
afterAll(async () => {
  await home?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a workflow and gives its history, as text. */
async function historyOf(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await home.run('execute', args[0] as string, '-d', 'posts', ...args.slice(1));
  expect(code, stderr).toBe(0);
  const { items } = await home.json<{ items: { id: string }[] }>('executions', 'list', '-d', 'posts');
  return (await home.run('executions', 'history', items.at(-1)?.id as string)).stdout;
}

interface Payloads {
  readonly events: readonly {
    readonly workflowExecutionCompletedEventAttributes?: { readonly result: { readonly payloads: { data: string }[] } };
  }[];
}

test('a function is given context and parameters, and asks the manager’s client for what its execution knows', async () => {
  const history = await historyOf('survey', '-p', 'label=hello');
  const last = (JSON.parse(history) as Payloads).events.at(-1)?.workflowExecutionCompletedEventAttributes;
  const { result } = JSON.parse(Buffer.from(last?.result.payloads[0]?.data ?? '', 'base64').toString());
  expect(result).toEqual({
    same: true,
    parameters: ['label'],
    label: 'hello',
    read: { label: 'hello', version: 1 },
    nodes: ['north', 'south'],
    // The operation was given the secret, and the history holds a reference.
    echoed: { length: PASSWORD.length, value: { get_secret: 'password' } },
    custom: null,
  });
}, 60_000);

test('a worker that dies under it loses nothing: it is run again, and what was done is not done again', async () => {
  const patrol = home.start('execute', 'patrol', '-d', 'posts', '-p', `folder=${folder}`);
  const patrols = path.join(folder, 'patrols');
  await until(async () => await there(patrols), 'the workflow waits');
  await home.kill('worker');
  await until(async () => (await readFile(patrols, 'utf8')).split('\n').length > 2, 'it is run again');
  const [first] = (await readFile(patrols, 'utf8')).split('\n').map(Number);
  expect(runs(first as number)).toBe(false);
  await writeFile(path.join(folder, 'gate'), '');
  const { code, stderr } = await patrol.finished;
  expect(code, stderr).toBe(0);
  const notes = (await readFile(path.join(folder, 'notes'), 'utf8')).trim().split('\n');
  expect(notes.sort()).toEqual(['north', 'north again', 'south', 'south again']);
}, 120_000);

test('walks of single instances are parts of its graphs', async () => {
  const { code, stderr } = await home.run('execute', 'renew', '-d', 'posts');
  expect(code, stderr).toBe(0);
  const order = [...stderr.matchAll(/\[(north|south)\w*\] (Deleted|Node instance created)/g)].map(
    ([, node, what]) => `${node} ${what}`,
  );
  expect(order).toEqual([
    'north Deleted',
    'north Node instance created',
    'south Deleted',
    'south Node instance created',
  ]);
}, 60_000);

test('what it raises fails the execution, with its traceback in the log', async () => {
  const broken = await home.run('execute', 'broken', '-d', 'posts');
  expect(broken.code).toBe(1);
  expect(broken.stderr).toContain('about to break');
  expect(broken.stderr).toMatch(/workflows\.py", line \d+, in broken/);
  expect(broken.stderr).toContain('broken of posts failed: broken on purpose');
  const absent = await home.run('execute', 'absent', '-d', 'posts');
  expect(absent.stderr).toContain('probe_plugin.workflows has no function absent');
}, 60_000);

test('a cancel ends it', async () => {
  await rm(path.join(folder, 'patrols'), { force: true });
  await rm(path.join(folder, 'gate'), { force: true });
  const patrol = home.start('execute', 'patrol', '-d', 'posts', '-p', `folder=${folder}`);
  await until(async () => await there(path.join(folder, 'patrols')), 'the workflow waits');
  const pid = Number(await readFile(path.join(folder, 'patrols'), 'utf8'));
  const { code, stderr } = await home.run('cancel', 'posts', '--force');
  expect(code, stderr).toBe(0);
  expect((await patrol.finished).code).not.toBe(0);
  await until(() => !runs(pid), 'its process has ended');
}, 60_000);

async function there(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
