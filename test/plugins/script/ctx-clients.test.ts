/** The `ctx` command comes in three forms that must not be told apart. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextCalls } from '../../../plugins/script/ctx-calls.js';
import { contextMembers } from '../../../plugins/script/ctx-members.js';
import { type CtxServer, serveContext } from '../../../plugins/script/ctx-server.js';
import { Verdict } from '../../../plugins/script/verdict.js';
import { type FakeContext, fakeContext } from '../../../plugins/sdk/testing.js';

let fake: FakeContext;
let server: CtxServer;
beforeAll(async () => {
  fake = await fakeContext({ properties: { text: 'two\nlines\n', big: 'x'.repeat(200_000) } });
  const verdict = new Verdict();
  server = await serveContext(contextMembers(fake.ctx, verdict), contextCalls(fake.ctx, {}, verdict));
});
afterAll(async () => {
  await server.close();
  await fake.cleanUp();
});

const bin = (name: string): string => fileURLToPath(new URL(`../../../plugins/script/bin/${name}`, import.meta.url));
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  bash: ['bash', bin('ctx.bash')],
  python: ['python3', bin('ctx.py')],
  node: [process.execPath, bin('ctx.mjs')],
};

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function call(client: string, args: readonly string[], url: string = server.url): Promise<Answer> {
  const [file = '', script = ''] = CLIENTS[client] ?? [];
  return await new Promise((resolve) => {
    const env = { ...process.env, CTX_SOCKET_URL: url };
    const child = execFile(file, [script, ...args], { env, maxBuffer: 2 ** 22 }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test.each(Object.keys(CLIENTS))('%s: prints answers exactly, errors on stderr with code 1', async (client) => {
  expect(await call(client, ['node', 'properties', 'text'])).toEqual({ code: 0, stdout: 'two\nlines\n', stderr: '' });
  expect((await call(client, ['node', 'properties', 'big'])).stdout).toHaveLength(200_000);
  expect(await call(client, ['instance', 'runtime-properties', `${client}.é`, "a 'b'\n"])).toMatchObject({ code: 0 });
  expect((fake.ctx as unknown as { instance: { runtimeProperties: object } }).instance.runtimeProperties).toMatchObject(
    {
      [client]: { é: "a 'b'\n" },
    },
  );
  expect(await call(client, ['node', 'properties', 'none'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'CtxError: illegal path: none\n',
  });
  expect(await call(client, ['--socket-url', server.url, 'node', 'id'], '')).toMatchObject({ code: 0, stdout: 'node' });
});

test.each(Object.keys(CLIENTS))('%s: says what is wrong when nobody answers', async (client) => {
  expect(await call(client, ['node', 'id'], '')).toMatchObject({ code: 1, stderr: /CTX_SOCKET_URL is not set/ });
  const gone = await call(client, ['node', 'id'], 'http://127.0.0.1:9/token');
  expect(gone.code).toBe(1);
  expect(gone.stderr).toMatch(/nobody answers at http:\/\/127\.0\.0\.1:9/);
});

async function post(url: string, body: string, type = 'application/json'): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  return { status: response.status, text: await response.text() };
}

test('other clients send { args } and get a typed answer', async () => {
  const answer = async (args: readonly unknown[]) =>
    JSON.parse((await post(server.url, JSON.stringify({ args }))).text);
  expect(await answer(['node', 'id'])).toEqual({ type: 'result', payload: 'node' });
  expect(await answer(['node', 'nope'])).toMatchObject({ type: 'error', payload: { type: 'CtxError' } });
  expect(await answer(['abort_operation', 'enough'])).toEqual({
    type: 'stop_operation',
    payload: { message: 'enough' },
  });
});

test('nobody is served without the token, nor with a body too large', async () => {
  const { origin } = new URL(server.url);
  expect((await post(origin, '{"args":["node","id"]}')).status).toBe(404);
  expect((await post(`${origin}/${'x'.repeat(32)}`, '{"args":["node","id"]}')).status).toBe(404);
  expect((await post(server.url, 'x'.repeat(33 * 1024 * 1024))).status).toBe(413);
  expect(JSON.parse((await post(server.url, 'no json')).text)).toMatchObject({ type: 'error' });
});
