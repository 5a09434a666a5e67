/** Scripts as operations of a run: what they write, how they fail, what becomes of them on cancel and with their worker. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import script from '../../plugins/script/index.js';
import { runs } from '../plugins/script/stage.js';
import { openStage, type Stage, until } from './stage.js';

let stage: Stage;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-script-run-'));
  stage = await openStage({ plugins: [script] });
}, 60_000);
afterAll(async () => {
  await stage.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (script_source: string) => ['script.run', { script_source }] as const;
const file = (name: string): string => path.join(folder, name);

test('shell and Python scripts pass properties on, and their results to the state', async () => {
  const deployment = await stage.install({
    web: {
      mapped: {
        create: run('#!/bin/sh -e\nctx instance runtime-properties made.by "$(ctx instance id)"'),
        start: run("from cloudify import ctx\nctx.instance.runtime_properties['made']['and'] = ['python']"),
      },
    },
  });
  expect(await deployment.ended()).toMatchObject({ status: 'terminated', error: null });
  expect((await deployment.instances()).web_1).toMatchObject({
    state: 'started',
    runtime_properties: { made: { by: 'web_1', and: ['python'] } },
  });
});

test('a Python script sees what its instance depends on, of however long a chain that is a part', async () => {
  const name = run(`
from cloudify import ctx
ctx.instance.runtime_properties['needs'] = [one.target.instance.id for one in ctx.instance.relationships]
`);
  const deployment = await stage.install({
    web: { mapped: { create: name }, targets: { app: [] } },
    app: { mapped: { create: name }, targets: { db: [] } },
    db: { mapped: { create: name } },
  });
  expect(await deployment.ended()).toMatchObject({ status: 'terminated', error: null });
  expect((await deployment.instances()).web_1?.runtime_properties).toEqual({ needs: ['app_1'] });
});

test('a script that fails is retried with what it wrote; asking for a retry counts as one', async () => {
  const deployment = await stage.install(
    {
      app: {
        mapped: {
          create: run(`#!/bin/bash -e
n=$(ctx operation retry-number)
ctx instance runtime-properties seen$n yes
[ $n != 0 ] || { echo "no luck" >&2; exit 3; }
[ $n != 1 ] || { ctx operation retry 'not yet' @0.05; exit 0; }`),
        },
      },
    },
    { max_retries: 2 },
  );
  expect(await deployment.ended()).toMatchObject({ status: 'terminated' });
  expect((await deployment.instances()).app_1?.runtime_properties).toEqual({
    seen0: 'yes',
    seen1: 'yes',
    seen2: 'yes',
  });
});

test('an abort fails the execution at once, with the script’s words', async () => {
  const deployment = await stage.install({
    bad: { mapped: { create: run("#!/bin/sh\nctx abort-operation 'no way'") } },
  });
  const record = await deployment.ended();
  expect(record.status).toBe('failed');
  expect(record.error).toMatch('no way');
});

test('cancel ends the script with everything it has started', async () => {
  const deployment = await stage.install({
    long: {
      mapped: { create: run(`#!/bin/sh\nsleep 300 &\necho $! > ${file('pid')}; echo ready > ${file('ready')}; wait`) },
    },
  });
  await until(() => existsSync(file('ready')));
  const pid = Number(await readFile(file('pid'), 'utf8'));
  await deployment.execution(deployment.first).cancel();
  expect((await deployment.ended()).status).toBe('cancelled');
  expect(runs(pid)).toBe(false);
});

test('a worker that is shut down ends its scripts, and another runs them again, knowing of it', async () => {
  const deployment = await stage.install({
    moved: {
      mapped: {
        create: run(`#!/bin/bash -e
echo $$ >> ${file('pids')}
[ "$(ctx resume)" = true ] || { touch ${file('waiting')}; sleep 300; }
ctx instance runtime-properties retries @$(ctx operation retry-number)`),
      },
    },
  });
  await until(() => existsSync(file('waiting')));
  await stage.restartWorker();
  expect((await deployment.ended()).status).toBe('terminated');
  const pids = (await readFile(file('pids'), 'utf8')).trim().split('\n').map(Number);
  expect(pids).toHaveLength(2);
  expect(pids.map(runs)).toEqual([false, false]);
  expect((await deployment.instances()).moved_1?.runtime_properties).toEqual({ retries: 0 });
}, 60_000);
