import { expect, test } from 'vitest';
import { containerNode, docker, engine, IDLE, IMAGE } from './node.js';

test('a detached container is pulled, created, started, stopped and removed', async () => {
  const node = containerNode({ ...IDLE, environment: { COLOUR: 'red' }, labels: { team: 'hull' } });
  await node.does('container.create');
  const id = String(node.runtime.container_id);
  const { State, Config, Name } = await docker.getContainer(id).inspect();
  expect(State.Running).toBe(true);
  expect(Config.Env).toContain('COLOUR=red');
  expect(Config.Labels).toMatchObject({ team: 'hull', 'cfy.deployment': node.deployment, 'cfy.instance': 'web_1' });
  expect(Name).toBe(`/${node.deployment}_web_1`);
  expect(node.runtime).toMatchObject({ container: id, container_name: `${node.deployment}_web_1`, status: 'running' });

  await node.does('container.stop');
  expect(node.runtime).toMatchObject({ status: 'exited', exit_code: 0 });
  await node.does('container.start');
  expect(node.runtime).toMatchObject({ status: 'running' });
  await node.does('container.stop');
  await node.does('container.delete');
  expect(await node.containers()).toEqual([]);
  expect(node.runtime).toEqual({});
});

test('a container that is not detached is followed to its end, and its output kept', async () => {
  const node = containerNode({ command: 'sh -c "echo one; echo two >&2; printf three"' });
  const run = await node.does('container.create');
  expect(node.runtime).toMatchObject({ exit_code: 0, status: 'exited' });
  expect(String(node.runtime.run_result).split('\n').sort()).toEqual(['one', 'three', 'two']);
  expect(run.logs.map(({ message }) => message)).toContain('<out> one');
  await node.does('container.start');
  expect((await node.containers())[0]?.State).toBe('exited');
  await node.does('container.delete');
  expect(await node.containers()).toEqual([]);
});

test('an exit code other than 0 is worth another try, in a new container, unless the blueprint says otherwise', async () => {
  const args = { command: ['sh', '-c', 'echo broken; exit 3'] };
  const node = containerNode(args);
  const first = await node.run('container.create');
  expect(first).toMatchObject({ status: 'recoverable' });
  expect(first.error?.message).toMatch(/ended with exit code 3; its last lines:\nbroken/);
  const before = node.runtime.container_id;
  expect(await node.run('container.create', { retryNumber: 1 })).toMatchObject({ status: 'recoverable' });
  expect(node.runtime.container_id).not.toBe(before);
  expect(await node.containers()).toHaveLength(1);
  await node.does('container.delete');

  const hopeless = containerNode(args, { config: { non_recoverable_exit_codes: [3] } });
  expect(await hopeless.run('container.create')).toMatchObject({ status: 'non-recoverable' });
  await hopeless.does('container.delete');

  const fine = containerNode(args, { config: { successful_exit_codes: [0, 3] } });
  await fine.does('container.create');
  expect(fine.runtime.exit_code).toBe(3);
  await fine.does('container.delete');
});

test('a detached container that fails within its grace time fails for good, with its last lines', async () => {
  const node = containerNode(
    { detach: true, command: ['sh', '-c', 'echo no config; exit 2'] },
    { config: { start_grace_seconds: 2 } },
  );
  const run = await node.run('container.create');
  expect(run.status).toBe('non-recoverable');
  expect(run.error?.message).toMatch(/exit code 2 right after its start; its last lines:\nno config/);
  await node.does('container.delete');
  expect(await node.containers()).toEqual([]);
});

test('a health check is waited for; an unhealthy container is worth another try', async () => {
  const check = { interval: '100ms', timeout: '1s', retries: 2 };
  const well = containerNode({ ...IDLE, healthcheck: { test: 'test -e /etc/passwd', ...check } });
  await well.does('container.create');
  expect(well.runtime.status).toBe('running (healthy)');
  const ill = containerNode({ ...IDLE, healthcheck: { test: ['CMD', 'sh', '-c', 'echo sick; exit 1'], ...check } });
  const run = await ill.run('container.create');
  expect(run).toMatchObject({ status: 'recoverable' });
  expect(run.error?.message).toMatch(/is unhealthy: sick/);
  for (const node of [well, ill]) await node.does('container.delete');
});

test('files of the blueprint are in the container before it starts, folders and templates too', async () => {
  const node = containerNode(
    { command: ['sh', '-c', 'cat /etc/app/app.conf /srv/site/a/b.txt /note; stat -c %a /etc/app/app.conf'] },
    {
      resources: { 'conf/app.conf.j2': 'port={{ port }} of {{ ctx.node.name }}\n', 'site/a/b.txt': 'page\n' },
      config: {
        files: [
          { source: 'conf/app.conf.j2', target: '/etc/app/app.conf', template_variables: { port: 80 }, mode: '0640' },
          { source: 'site', target: '/srv/site' },
          { content: 'note\n', target: '/note' },
        ],
      },
    },
  );
  await node.does('container.create');
  expect(node.runtime.run_result).toBe('port=80 of web\npage\nnote\n640\n');
  await node.does('container.delete');
});

test('a stop command runs in the container, or in one like it when that has ended', async () => {
  const running = containerNode(IDLE);
  await running.does('container.create');
  const run = await running.does('container.stop', { inputs: { stop_command: 'sh -c "echo bye from $HOSTNAME"' } });
  expect(run.logs.map(({ message }) => message).join('\n')).toContain('<out> bye from');
  await running.does('container.delete');

  const ended = containerNode({ command: 'true', environment: { WHO: 'me' } });
  await ended.does('container.create');
  const after = await ended.does('container.stop', { inputs: { stop_command: "sh -c 'echo it is $WHO'" } });
  expect(after.logs.map(({ message }) => message)).toContain('<out> it is me');
  await ended.does('container.delete');
  expect(await ended.containers()).toEqual([]);
});

test('an external container is read, and never started, stopped or removed', async () => {
  const foreign = await docker.createContainer({ Image: IMAGE, name: 'foreign-1', Cmd: ['true'] });
  const node = containerNode(
    { detach: true },
    { properties: { use_external_resource: true, resource_id: 'foreign-1' } },
  );
  await node.does('container.create');
  expect(node.runtime).toMatchObject({ container_id: foreign.id, status: 'created' });
  for (const operation of ['container.start', 'container.stop', 'container.delete']) await node.does(operation);
  expect((await foreign.inspect()).State.Status).toBe('created');
  await foreign.remove();
  const missing = await node.run('container.create');
  expect(missing).toMatchObject({ status: 'non-recoverable' });
  expect(missing.error?.message).toContain('there is no container foreign-1');
});

test('a name that a foreign container has is refused, and the foreign one left alone', async () => {
  const foreign = await docker.createContainer({ Image: IMAGE, name: 'taken-1', Cmd: ['true'] });
  const node = containerNode({ ...IDLE, name: 'taken-1' });
  const run = await node.run('container.create');
  expect(run).toMatchObject({ status: 'non-recoverable' });
  expect(run.error?.message).toMatch(/container taken-1 cannot be created: .* has another container of that name/);
  await node.does('container.delete');
  await foreign.inspect();
  await foreign.remove();
});

test('what no attempt can put right fails for good and says what to do', async () => {
  const command = containerNode({ detach: true, command: ['/no/such/program'] });
  const started = await command.run('container.create');
  expect(started).toMatchObject({ status: 'non-recoverable' });
  expect(started.error?.message).toMatch(/cannot be started .*\/no\/such\/program/);
  await command.does('container.delete');

  const option = await containerNode({ comand: 'true', enviroment: {} }).run('container.create');
  expect(option).toMatchObject({ status: 'non-recoverable' });
  expect(option.error?.message).toBe(
    'comand is no option of a container; did you mean command?; enviroment is no option of a container; did you mean environment?',
  );

  const image = containerNode({}, { config: { image_tag: `${engine.registry}/nothing:1` } });
  const pulled = await image.run('container.create');
  expect(pulled).toMatchObject({ status: 'non-recoverable' });
  expect(pulled.error?.message).toMatch(/nothing:1 cannot be pulled: .* has no such image .*check its name and tag/);
  await image.does('container.delete');

  const name = await containerNode({ ...IDLE, name: 'x' }).run('container.create');
  expect(name.error?.message).toContain('is no name for a container');
});

test('deleting where nothing was made asks no engine', async () => {
  const away = { client_config: { docker_sock_file: '/nowhere/docker.sock' } };
  const node = containerNode(IDLE, { properties: away });
  for (const operation of ['container.stop', 'container.delete']) await node.does(operation);
  const run = await node.run('container.create');
  expect(run).toMatchObject({ status: 'non-recoverable' });
  expect(run.error?.message).toMatch(/unix:\/\/\/nowhere\/docker.sock cannot be reached \(ENOENT\); is it running/);
  await node.does('container.delete');
});

test('a cancelled one-shot container is killed', async () => {
  const controller = new AbortController();
  const node = containerNode({ command: ['sh', '-c', 'echo begun; sleep 60'] });
  const running = node.run('container.create', { signal: controller.signal });
  while ((await node.containers())[0]?.State !== 'running') await new Promise((resolve) => setTimeout(resolve, 50));
  controller.abort(new Error('CANCELLED'));
  const run = await running;
  expect(run.error?.message).toBe('CANCELLED');
  expect((await node.containers())[0]?.State).toBe('exited');
  await node.does('container.delete');
});
