import { expect, test } from 'vitest';
import { errors, output, runFile } from './stage.js';

test('a module reads the context, writes nested properties, logs and returns', async () => {
  const run = await runFile(
    'scripts/run.mjs',
    `import { connect } from 'caisson/script';
const ctx = await connect();
ctx.instance.runtimeProperties.list.push(ctx.node.properties.port);
ctx.instance.runtimeProperties.deep = { a: { b: ctx.inputs.size } };
delete ctx.instance.runtimeProperties.gone;
ctx.logger.info('port %d', ctx.node.properties.port);
console.log(await ctx.getResourceAndRender('t.txt', { x: 1 }), String(await ctx.getResource('t.txt')));
await ctx.returns({ ok: true });
`,
    {
      properties: { port: 80 },
      inputs: { size: 2 },
      runtimeProperties: { list: [1], gone: 1 },
      resources: { 't.txt': '{{ x }}{{ ctx.instance.runtime_properties.deep.a.b }}' },
    },
  );
  expect(run.error).toBeUndefined();
  expect(run.runtimeProperties).toEqual({ list: [1, 80], deep: { a: { b: 2 } } });
  expect(run.result).toEqual({ ok: true });
  expect(run.logs).toContainEqual({ level: 'info', message: 'port 80' });
  expect(output(run)).toEqual(['12 {{ x }}{{ ctx.instance.runtime_properties.deep.a.b }}']);
});

test.each([
  [
    'run.js',
    "import { connect } from 'caisson/script';\nconst ctx = await connect();\nawait ctx.returns(process.argv[2]);",
  ],
  ['run.js', "const { connect } = require('caisson/script');\nconnect().then((ctx) => ctx.returns(process.argv[2]));"],
  ['run.cjs', "const { connect } = require('caisson/script');\nconnect().then((ctx) => ctx.returns(process.argv[2]));"],
])('%s', async (name, source) => {
  const run = await runFile(name, source, { process: { args: ['argument'] } });
  expect(run).toMatchObject({ status: 'succeeded', result: 'argument' });
});

test.each([
  ["new NonRecoverableError('never')", 'non-recoverable', 'never'],
  ["new RecoverableError('busy', { retryAfter: 3 })", 'recoverable', 'busy [retry_after=3]'],
  ["new OperationRetry('later', 4)", 'retry', 'later [retry_after=4]'],
  ["new TypeError('odd')", 'recoverable', 'TypeError: odd'],
])('throw %s', async (expression, status, message) => {
  const run = await runFile(
    'run.mjs',
    `import { connect, NonRecoverableError, OperationRetry, RecoverableError } from 'caisson/script';
const ctx = await connect();
ctx.instance.runtimeProperties.made = 'yes';
throw ${expression};
`,
  );
  expect(run).toMatchObject({ status, error: { message }, runtimeProperties: { made: 'yes' } });
});

test('relationship scripts write both sides; the other kind of context refuses', async () => {
  const run = await runFile(
    'run.mjs',
    `import { connect } from 'caisson/script';
const ctx = await connect();
ctx.target.instance.runtimeProperties.members.push(ctx.source.instance.id);
await ctx.target.instance.update();
try { ctx.node } catch (error) { console.log(error.message) }
console.log(await ctx.target.instance.hostIp());
`,
    { source: {}, target: { runtimeProperties: { members: [], ip: '10.0.0.1' }, hostId: 'target_1' } },
  );
  expect(errors(run)).toEqual([]);
  expect(run.flushes).toEqual([{ target_1: [['append', ['members'], ['source_1']]] }]);
  expect(output(run)[0]).toMatch('can only be used in a node-instance context');
  expect(output(run)[1]).toBe('10.0.0.1');
});
