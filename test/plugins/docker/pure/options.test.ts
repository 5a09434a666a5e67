import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../blueprint/json.js';
import { containerBody } from '../../../../plugins/docker/container/options.js';
import { splitWords } from '../../../../plugins/words.js';

const host = (args: JsonObject): unknown => containerBody(args).HostConfig;

test('options in the names of docker-py become those of the API', () => {
  expect(
    containerBody({
      command: 'sh -c "echo \'a b\'" x',
      entrypoint: ['/init'],
      environment: { A: 1, FLAG: false, NOTHING: null },
      hostname: 'box',
      user: 1000,
      working_dir: '/srv',
      stdin_open: true,
      tty: 'yes',
      labels: ['a=b=c', 'bare'],
      stop_signal: 'SIGINT',
    }),
  ).toMatchObject({
    Cmd: ['sh', '-c', "echo 'a b'", 'x'],
    Entrypoint: ['/init'],
    Env: ['A=1', 'FLAG=False', 'NOTHING='],
    Hostname: 'box',
    User: '1000',
    WorkingDir: '/srv',
    OpenStdin: true,
    Tty: true,
    Labels: { a: 'b=c', bare: '' },
    StopSignal: 'SIGINT',
  });
});

test('options of the host are in HostConfig, whether or not the blueprint nests them', () => {
  const limits = {
    mem_limit: '512m',
    memswap_limit: -1,
    shm_size: '1.5g',
    cpus: 0.5,
    cpu_shares: '512',
    privileged: true,
    network_mode: 'host',
    dns: '10.0.0.2',
    cap_add: ['NET_ADMIN'],
    extra_hosts: { db: '10.0.0.3' },
    links: { other: 'alias' },
    ulimits: [{ name: 'nofile', soft: 1024, hard: 2048 }, 'nproc=5:6'],
    devices: ['/dev/fuse:/dev/fuse:r'],
    tmpfs: ['/run'],
    log_config: { type: 'json-file', config: { 'max-size': '1m' } },
  };
  const expected = {
    Memory: 512 * 1024 ** 2,
    MemorySwap: -1,
    ShmSize: 1.5 * 1024 ** 3,
    NanoCpus: 5e8,
    CpuShares: 512,
    Privileged: true,
    NetworkMode: 'host',
    Dns: ['10.0.0.2'],
    CapAdd: ['NET_ADMIN'],
    ExtraHosts: ['db:10.0.0.3'],
    Links: ['other:alias'],
    Ulimits: [
      { Name: 'nofile', Soft: 1024, Hard: 2048 },
      { Name: 'nproc', Soft: 5, Hard: 6 },
    ],
    Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'r' }],
    Tmpfs: { '/run': '' },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
  };
  expect(host(limits)).toEqual(expected);
  expect(host({ host_config: limits })).toEqual(expected);
});

describe('ports', () => {
  test.each([
    [{ ports: { 80: 8080 } }, { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }],
    [{ ports: { '53/udp': ['127.0.0.1', 5353] } }, { '53/udp': [{ HostIp: '127.0.0.1', HostPort: '5353' }] }],
    [{ ports: { 80: null } }, { '80/tcp': [{ HostIp: '', HostPort: '' }] }],
    [
      { port_bindings: { 80: [8080, 8081] } },
      {
        '80/tcp': [
          { HostIp: '', HostPort: '8080' },
          { HostIp: '', HostPort: '8081' },
        ],
      },
    ],
    [{ port_bindings: { 80: { HostIp: '::1', HostPort: 81 } } }, { '80/tcp': [{ HostIp: '::1', HostPort: '81' }] }],
    [
      { port_bindings: ['8080:80', '127.0.0.1:53:53/udp'] },
      { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }] },
    ],
  ])('%j', (args, bindings) => {
    const body = containerBody(args as JsonObject);
    expect((body.HostConfig as JsonObject).PortBindings).toEqual(bindings);
    expect(Object.keys(body.ExposedPorts as object).sort()).toEqual(Object.keys(bindings).sort());
  });

  test('a list only exposes them', () => {
    const body = containerBody({ ports: [80, '53/udp', [22, 'tcp']] });
    expect(body.ExposedPorts).toEqual({ '80/tcp': {}, '53/udp': {}, '22/tcp': {} });
    expect((body.HostConfig as JsonObject).PortBindings).toBeUndefined();
  });
});

describe('volumes', () => {
  test('are bound to the host path at the same place of volumes_mapping', () => {
    const body = containerBody({ volumes: ['/data', '/logs', '/cache'], volumes_mapping: ['/srv/data', '/srv/logs'] });
    expect((body.HostConfig as JsonObject).Binds).toEqual(['/srv/data:/data', '/srv/logs:/logs']);
    expect(body.Volumes).toEqual({ '/cache': {} });
  });

  test.each([
    [{ binds: ['/a:/b:ro'] }, ['/a:/b:ro']],
    [{ binds: { '/a': { bind: '/b', mode: 'ro' }, '/c': '/d' } }, ['/a:/b:ro', '/c:/d']],
    [{ volumes: { '/a': { bind: '/b', ro: true } } }, ['/a:/b:ro']],
    [{ volumes: ['/a:/b'] }, ['/a:/b']],
  ])('%j', (args, binds) => {
    expect((host(args as JsonObject) as JsonObject).Binds).toEqual(binds);
  });

  test("mounts are taken in docker-py's and in the short form", () => {
    expect(
      host({ mounts: ['cache:/cache', '/a:/b:ro', { target: '/t', source: 'v', type: 'volume', read_only: true }] }),
    ).toEqual({
      Mounts: [
        { Type: 'volume', Source: 'cache', Target: '/cache', ReadOnly: false },
        { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true },
        { Type: 'volume', Source: 'v', Target: '/t', ReadOnly: true },
      ],
    });
  });
});

test('restart policies and health checks have a short form', () => {
  expect(
    containerBody({
      restart_policy: 'on-failure:5',
      healthcheck: { test: 'true', interval: '1m30s', timeout: 1e9, retries: 3 },
    }),
  ).toMatchObject({
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 9e10, Timeout: 1e9, Retries: 3 },
    HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 } },
  });
});

test("the API's own names are passed on, those of the host to HostConfig", () => {
  expect(containerBody({ Env: ['A=1'], StopTimeout: 3, Memory: 1, HostConfig: { Init: true } })).toEqual({
    Env: ['A=1'],
    StopTimeout: 3,
    HostConfig: { Memory: 1, Init: true },
  });
});

test.each([
  [{ mem_limit: 'much' }, 'mem_limit must be a size such as 512m or 2g, not "much"'],
  [{ cpu_shares: 'many' }, 'cpu_shares must be a number, not "many"'],
  [{ command: 'echo "open' }, 'a quote is not closed in: echo "open'],
])('%j is refused', (args, message) => {
  expect(() => containerBody(args as JsonObject)).toThrow(message);
});

test.each([
  ['a  b\tc', ['a', 'b', 'c']],
  [`'$HOME' "$HOME" \\$x`, ['$HOME', '$HOME', '$x']],
  [`"a \\"b\\" \\n" ''`, ['a "b" \\n', '']],
  ['a > b # c', ['a', '>', 'b', '#', 'c']],
])('a command line is split as a shell splits it, with nothing expanded: %s', (line, words) => {
  expect(splitWords(line)).toEqual(words);
});
