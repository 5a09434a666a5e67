/** Plugin packages on a real stack: taken in, used side by side, and taken out while runs go on and processes die. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Home, openHome, type RunningCommand, until } from './home.js';

let home: Home;
let folder: string;
let number = 0;
const left: RunningCommand[] = [];

beforeAll(async () => {
  home = await openHome();
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => {
  // One that a failed test has left behind would bring the stack up again.
  for (const { process } of left) process.kill('SIGKILL');
  await home.close();
});
beforeEach(async () => {
  number += 1;
  folder = path.join(home.folder, `t${number}`);
  await mkdir(folder);
});

/** A plugin that writes down what its operations do, and waits in `start` for a gate. */
async function gates(version: string): Promise<string> {
  const name = `gates${number}`;
  const own = path.join(folder, `gates-${version}`);
  await mkdir(own, { recursive: true });
  const files = {
    'package.json': JSON.stringify({
      name: `acme-${name}`,
      version,
      type: 'module',
      exports: './index.js',
      caissonPlugin: { yaml: 'plugin.yaml', apiVersion: 1 },
    }),
    'plugin.yaml': `
plugins:
  ${name}:
    executor: central_deployment_agent
    package_name: acme-${name}
    package_version: "${version}"
    properties:
      colour: { type: string, value: grey }
node_types:
  ${name}.Gate:
    derived_from: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: ${name}.note
        start: ${name}.wait
        stop: ${name}.note
        delete: ${name}.note
workflows:
  recount: ${name}.recount
`,
    'index.js': `
import { appendFile, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { definePlugin, operation, requireNode } from 'caisson/plugin-sdk';
const there = (file) => stat(file).then(() => true, () => false);
const note = async (ctx) => {
  const line = ['${version}', ctx.deployment.id, ctx.operation.shortName, ctx.plugin.properties.colour].join(' ');
  await appendFile(${JSON.stringify(path.join(folder, 'log'))}, line + '\\n');
  return '${version}';
};
export default definePlugin({
  name: '${name}',
  workflows: new URL('./workflows.js', import.meta.url),
  operations: {
    note: operation({}, note),
    wait: operation({}, async (ctx) => {
      await note(ctx);
      while (!(await there(${JSON.stringify(path.join(folder, 'open'))}))) await setTimeout(50, undefined, { signal: ctx.signal });
    }),
  },
});`,
    'workflows.js': `
import { defineWorkflow } from 'caisson/workflow-sdk';
export const recount = defineWorkflow(async (ctx) => {
  const [gate] = ctx.nodeInstances;
  await gate.executeOperation('cloudify.interfaces.lifecycle.stop');
  return '${version}';
});`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(own, file), text);
  return own;
}

async function blueprint(imported: string, properties = ''): Promise<string> {
  const file = path.join(folder, 'bp', 'blueprint.yaml');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(
    file,
    `tosca_definitions_version: cloudify_dsl_1_5
imports:
  - cloudify/types/types.yaml
  - plugin:acme-gates${number}${imported}${properties}
inputs:
  colour: { type: string, default: red }
node_templates:
  gate: { type: gates${number}.Gate }
`,
  );
  return file;
}

const lines = async (): Promise<string[]> =>
  (await readFile(path.join(folder, 'log'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
const open = async (): Promise<void> => await writeFile(path.join(folder, 'open'), '');

async function took(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await home.run(...args);
  expect(code, `${args.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

interface Row {
  readonly name: string;
  readonly version: string;
  readonly origin: string;
}
const versions = async (): Promise<string[]> =>
  (await home.json<{ items: Row[] }>('plugins', 'list')).items
    .filter(({ name }) => name === `gates${number}`)
    .map(({ version }) => version);

test('a run keeps the version it began with, whatever is uploaded, deleted or killed meanwhile', async () => {
  await took('plugins', 'upload', await gates('1.0.0'));
  const running = home.start('install', await blueprint(''), '-d', 'old', '--json');
  left.push(running);
  await until(async () => (await lines()).some((line) => line.startsWith('1.0.0 old start')), 'it has started');
  await took('plugins', 'upload', await gates('1.1.0'));
  expect(await versions()).toEqual(['1.1.0', '1.0.0']);
  const refused = await home.run('plugins', 'delete', `acme-gates${number}@1.0.0`);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain(`acme-gates${number} 1.0.0 is used by deployment old`);
  expect(await took('plugins', 'delete', `acme-gates${number}@1.0.0`, '--force')).toContain(
    'withdrawn; these keep it: old',
  );
  await home.kill('worker');
  await open();
  const { code, stderr } = await running.finished;
  expect(code, stderr).toBe(0);
  expect(new Set((await lines()).map((line) => line.split(' ')[0]))).toEqual(new Set(['1.0.0']));
  await took('install', await blueprint(''), '-d', 'new');
  expect((await lines()).at(-1)).toBe('1.1.0 new start grey');
  expect((await home.run('validate', await blueprint('?version= ==1.0.0'))).stderr).toContain('1.1.0 is installed');
  await took('uninstall', 'old', '--yes');
  expect((await lines()).slice(-2)).toEqual(['1.0.0 old stop grey', '1.0.0 old delete grey']);
});

test('imports pick versions side by side; a deployment moves to another one by an update', async () => {
  await open();
  for (const version of ['1.0.0', '1.2.0', '2.0.0']) await took('plugins', 'upload', await gates(version));
  await took('install', await blueprint('?version= >=1.0,<2'), '-d', 'narrow');
  expect((await lines()).at(-1)).toBe('1.2.0 narrow start grey');
  await took('deployments', 'update', 'narrow', await blueprint(''));
  await took('uninstall', 'narrow', '--yes');
  expect((await lines()).at(-1)).toBe('2.0.0 narrow delete grey');
  expect(await took('plugins', 'delete', `acme-gates${number}@1.2.0`)).toContain('deleted');
  expect(await versions()).toEqual(['2.0.0', '1.0.0']);
});

test('workflows of a package run on workers that were there before it, each deployment with those of its version', async () => {
  await open();
  const result = async (deployment: string): Promise<unknown> => {
    const { id } = await home.json<{ id: string }>('executions', 'start', 'recount', '-d', deployment);
    return (await home.json<{ result?: unknown }>('executions', 'get', id)).result;
  };
  for (const version of ['1.0.0', '2.0.0']) {
    await took('plugins', 'upload', await gates(version));
    await took('install', await blueprint(''), '-d', `flow${version}`);
    await result(`flow${version}`);
  }
  await result('flow1.0.0');
  expect((await lines()).filter((line) => line.includes('stop'))).toEqual([
    '1.0.0 flow1.0.0 stop grey',
    '2.0.0 flow2.0.0 stop grey',
    '1.0.0 flow1.0.0 stop grey',
  ]);
});

test('plugin properties are of the deployment', async () => {
  await open();
  await took('plugins', 'upload', await gates('1.0.0'));
  const file = await blueprint('', ':\n      colour: { get_input: colour }');
  await took('install', file, '-d', 'red');
  await took('install', file, '-d', 'blue', '-i', 'colour=blue');
  expect((await lines()).filter((line) => line.includes('start'))).toEqual([
    '1.0.0 red start red',
    '1.0.0 blue start blue',
  ]);
});

test('an upload that is killed half-way leaves nothing that anybody sees, and is done again', async () => {
  const package_ = await gates('1.0.0');
  await writeFile(path.join(package_, 'ballast'), Buffer.alloc(20_000_000, 'x'));
  const mortal = home.with({ TMPDIR: folder });
  for (const delay of [300, 700, 1_100, 1_500]) {
    const upload = mortal.start('plugins', 'upload', package_);
    await pause(delay);
    upload.process.kill('SIGKILL');
    await upload.finished;
    if ((await versions()).length > 0) break;
  }
  await took('plugins', 'upload', package_);
  expect(await versions()).toEqual(['1.0.0']);
  await open();
  await took('install', await blueprint(''), '-d', 'whole');
});

test('what no worker serves is refused by name before anything starts', async () => {
  const { server } = await home.stack();
  const elsewhere = home.with({ CAISSON_PLUGINS: await gates('1.0.0'), TEMPORAL_ADDRESS: server.address });
  const refused = await elsewhere.run('install', await blueprint(''), '-d', 'unserved');
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain(
    `no worker of the task queue caisson serves gates${number}.note, gates${number}.wait`,
  );
  expect((await home.run('deployments', 'get', 'unserved')).code).toBe(4);
});

test('a package whose archive is lost fails its operations at once, by name', async () => {
  await took('plugins', 'upload', await gates('1.0.0'));
  const { items } = await home.json<{ items: { name: string; archive: string }[] }>('plugins', 'list');
  const archive = items.find(({ name }) => name === `gates${number}`)?.archive;
  await open();
  await rm(path.join(home.folder, 'artifacts', 'plugin-archives', `${archive}.tar.gz`));
  // Taking its workflows in, the worker may have unpacked it already.
  await rm(path.join(home.folder, 'cache', 'plugins', `${archive}`), { recursive: true, force: true });
  const failed = await home.run('install', await blueprint(''), '-d', 'lost');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain(
    `acme-gates${number} 1.0.0: the artifact store has lost the plugin package ${archive}`,
  );
});

test('a plugin in a folder is taken as it is now: a changed one needs no restart by hand', async () => {
  await open();
  const own = await gates('1.0.0');
  const author = home.with({ CAISSON_PLUGINS: own });
  const install = async (deployment: string): Promise<void> => {
    const { code, stderr } = await author.run('install', await blueprint(''), '-d', deployment);
    expect(code, stderr).toBe(0);
  };
  await install('draft');
  const text = await readFile(path.join(own, 'index.js'), 'utf8');
  await writeFile(path.join(own, 'index.js'), text.replace("['1.0.0',", "['changed',"));
  await install('changed');
  expect((await lines()).filter((line) => line.includes('start'))).toEqual([
    '1.0.0 draft start grey',
    'changed changed start grey',
  ]);
});
