import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import type { FakeContextOptions } from '../../../plugins/sdk/testing.js';
import { containerNode, docker, engine, hasImage, IMAGE, TestNode } from './node.js';

function imageNode(config: JsonObject, more: FakeContextOptions = {}): TestNode {
  const { properties, ...options } = more;
  return new TestNode({
    name: 'image',
    type: 'cloudify.nodes.docker.image',
    ...options,
    properties: { resource_config: config, ...properties },
  });
}

test('an image is pulled and removed; one that was there is left', async () => {
  const name = `${engine.registry}/busybox:2`;
  const node = imageNode({ tag: name, pull_image: true });
  await node.does('image.create');
  expect(node.runtime).toMatchObject({ image: name, image_pulled_by_us: true });
  expect(node.runtime.image_digest).toMatch(/busybox@sha256:/);
  await node.does('image.delete');
  expect(await hasImage(name)).toBe(false);
  expect(node.runtime).toEqual({});

  const there = imageNode({ tag: IMAGE, pull_image: true });
  await there.does('image.create');
  expect(there.runtime.build_result).toBe(`${IMAGE} was there already`);
  await there.does('image.delete');
  expect(await hasImage(IMAGE)).toBe(true);
});

test('all tags of a repository are pulled, and those that came are removed', async () => {
  const name = `${engine.registry}/busybox`;
  const node = imageNode({ tag: name, all_tags: true, pull_image: true });
  await node.does('image.create');
  expect(node.runtime.image_tags).toEqual([`${name}:2`]);
  expect(await hasImage(`${name}:2`)).toBe(true);
  await node.does('image.delete');
  expect([await hasImage(`${name}:2`), await hasImage(`${name}:1`)]).toEqual([false, true]);
});

test('a registry that asks for a password gets it, and nobody else does', async () => {
  const { address, username, password } = engine.guarded;
  const tag = `${address}/busybox:1`;
  const without = await imageNode({ tag }).run('image.create');
  expect(without).toMatchObject({ status: 'non-recoverable' });
  expect(without.error?.message).toMatch(/refuses it .*does it need a login\? set registry/);

  const wrong = await imageNode({ tag }, { properties: { registry: { username, password: 'wrong-one' } } }).run(
    'image.create',
  );
  expect(wrong).toMatchObject({ status: 'non-recoverable' });
  expect(wrong.error?.message).toMatch(/check the username and password in registry/);

  const registry = { username, password: { get_secret: 'registry_password' } };
  const node = imageNode({ tag }, { properties: { registry }, secrets: { registry_password: password } });
  const run = await node.does('image.create');
  expect(JSON.stringify([run.logs, run.events, run.flushes, run.runtimeProperties])).not.toContain(password);
  expect(await hasImage(tag)).toBe(true);
  await node.does('image.delete');
  expect(await hasImage(tag)).toBe(false);
});

test('a registry that does not answer is worth another try', async () => {
  const run = await imageNode({ tag: '127.0.0.1:1/busybox:1' }).run('image.create');
  expect(run).toMatchObject({ status: 'recoverable' });
  expect(run.error?.message).toMatch(
    /image 127.0.0.1:1\/busybox:1 cannot be pulled: the engine at \S+ cannot reach 127.0.0.1:1 \(.*connection refused/,
  );
});

test('an image is built from a text, from a file of the blueprint, and from a URL', async () => {
  const text = `FROM ${IMAGE}\nRUN echo built > /made\n`;
  const server = createServer((_, response) => response.end(text)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/Dockerfile`;
  for (const content of [text, 'docker/Dockerfile', url]) {
    const node = imageNode({ image_content: content, tag: 'made:1' }, { resources: { 'docker/Dockerfile': text } });
    await node.does('image.create');
    expect(node.runtime).toMatchObject({ image: 'made:1', image_built_by_us: true });
    expect(node.runtime.build_result).toContain('RUN echo built > /made');
    const reader = containerNode({ command: 'cat /made' }, { config: { image_tag: 'made:1' } });
    await reader.does('container.create');
    expect(reader.runtime.run_result).toBe('built\n');
    await reader.does('container.delete');
    await node.does('image.delete');
    expect(await hasImage('made:1')).toBe(false);
  }
  server.close();
});

test('an image is built from a folder of the blueprint, with arguments and a target, without what is ignored', async () => {
  const dockerfile = [
    `FROM ${IMAGE} AS first`,
    'ARG WHO',
    'COPY . /srv/',
    'RUN echo "for $WHO" > /srv/who',
    'FROM first AS second',
    'RUN false',
  ].join('\n');
  const node = imageNode(
    {
      build_context: 'app',
      dockerfile: 'build/Dockerfile',
      build_args: { WHO: 'me' },
      target: 'first',
      labels: { a: 'b' },
      tag: 'folder:1',
    },
    {
      resources: {
        'app/build/Dockerfile': dockerfile,
        'app/page.html': 'hi',
        'app/big.log': 'x',
        'app/.dockerignore': '*.log\n',
      },
    },
  );
  await node.does('image.create');
  const reader = containerNode({ command: 'sh -c "ls /srv; cat /srv/who"' }, { config: { image_tag: 'folder:1' } });
  await reader.does('container.create');
  expect(reader.runtime.run_result).toBe('build\npage.html\nwho\nfor me\n');
  expect((await docker.getImage('folder:1').inspect()).Config.Labels).toMatchObject({ a: 'b' });
  await reader.does('container.delete');
  await node.does('image.delete');
});

test('a build that fails fails for good, with its log', async () => {
  const run = await imageNode({ image_content: `FROM ${IMAGE}\nRUN echo oh no; exit 4\n`, tag: 'broken:1' }).run(
    'image.create',
  );
  expect(run).toMatchObject({ status: 'non-recoverable' });
  expect(run.error?.message).toMatch(/image broken:1 cannot be built .*returned a non-zero code: 4/);
  expect(run.logs.find(({ level }) => level === 'error')?.message).toContain('oh no');
  expect(await docker.listContainers({ all: true, filters: { ancestor: ['broken:1'] } as never })).toEqual([]);
});

test('a build may take its base from a registry that asks for a password', async () => {
  const { address, username, password } = engine.guarded;
  const node = imageNode(
    { image_content: `FROM ${address}/busybox:1\n`, tag: 'guarded:1' },
    { properties: { registry: { username, password, serveraddress: address } } },
  );
  await node.does('image.create');
  await node.does('image.delete');
  await docker.getImage(`${address}/busybox:1`).remove();
});

test('a build is given up when the operation is cancelled', async () => {
  const controller = new AbortController();
  const node = imageNode({ image_content: `FROM ${IMAGE}\nRUN sleep 60\n`, tag: 'slow:1' });
  const before = (await docker.listContainers()).length;
  const running = node.run('image.create', { signal: controller.signal });
  while ((await docker.listContainers()).length === before) await new Promise((resolve) => setTimeout(resolve, 50));
  controller.abort(new Error('CANCELLED'));
  expect((await running).error?.message).toBe('CANCELLED');
  await node.does('image.delete');
  expect(await hasImage('slow:1')).toBe(false);
});

test('an external image must be there, and is left', async () => {
  const external = { use_external_resource: true };
  const node = imageNode({ tag: IMAGE }, { properties: external });
  await node.does('image.create');
  expect(node.runtime.image_id).toMatch(/^sha256:/);
  await node.does('image.delete');
  expect(await hasImage(IMAGE)).toBe(true);
  const missing = await imageNode({ tag: 'nowhere:1' }, { properties: external }).run('image.create');
  expect(missing).toMatchObject({ status: 'non-recoverable' });
});

test('an image that another container uses is left', async () => {
  const node = imageNode({ image_content: `FROM ${IMAGE}\nRUN true\n`, tag: 'used:1' });
  await node.does('image.create');
  const user = await docker.createContainer({ Image: 'used:1', Cmd: ['true'] });
  const run = await node.does('image.delete');
  expect(run.logs.map(({ message }) => message).join()).toContain('in use by other containers');
  await user.remove();
  await docker.getImage('used:1').remove();
});
