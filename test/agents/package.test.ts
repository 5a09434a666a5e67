/** A package that is sent to a host: unpacked there once, shared by its agents, and gone with the last of them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { install, remove, startOn, stopOn } from '../../plugins/agent/install.js';
import type { AgentKit, AgentParcel } from '../../plugins/agent/kit.js';
import { type SshConnection, sshConnect } from '../../plugins/hosts/ssh.js';
import { startSshServer } from '../plugins/ssh-server.js';

const stops: (() => Promise<unknown>)[] = [];
const { signal } = new AbortController();
let there: string;
let connection: SshConnection;
let sent = 0;
let kit: AgentKit;

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-package-'));
  stops.push(async () => await rm(folder, { recursive: true, force: true }));
  there = path.join(folder, 'machine');
  for (const name of ['machine', 'ssh', 'package']) await mkdir(path.join(folder, name));
  const ssh = await startSshServer(path.join(folder, 'ssh'), stops, [`SetEnv HOME=${there}`]);
  // Stands for Caisson: notes how it was called, and stays.
  const program = '#!/bin/sh\necho "$@" >> called\nexec sleep 600\n';
  await writeFile(path.join(folder, 'package/caisson'), program, { mode: 0o755 });
  // More than a connection takes at once.
  await writeFile(path.join(folder, 'package/filling'), Buffer.alloc(12_000_000, 'filling '));
  const file = path.join(folder, 'package.tar.gz');
  await promisify(execFile)('tar', ['-czf', file, '-C', path.join(folder, 'package'), '.']);
  kit = {
    program: {
      build: 'b1',
      packageFor: async () => {
        sent += 1;
        return file;
      },
    },
  } as Partial<AgentKit> as AgentKit;
  const login = { host: '127.0.0.1', port: ssh.port, user: ssh.user, key: ssh.key };
  connection = await sshConnect(login, signal);
}, 300_000);
afterAll(async () => {
  connection?.close();
  for (const stop of stops.reverse()) await stop();
});

const parcel = (name: string): AgentParcel => ({ host: name, name, queue: `host/web/${name}`, settings: '{"a":1}' });
const at = (...names: string[]): string => path.join(there, '.caisson', ...names);

test('is sent once for each build, and started where its settings are', async () => {
  const place = await install(connection, kit, parcel('web.one'), signal);
  await install(connection, kit, parcel('web.two'), signal);
  expect(sent).toBe(1);
  expect(await readdir(at('packages'))).toEqual(['b1']);
  expect(await readFile(at('agents/web.one/settings.json'), 'utf8')).toBe('{"a":1}');
  await startOn(connection, place, signal);
  await expect
    .poll(async () => await readFile(at('agents/web.one/called'), 'utf8').catch(() => ''))
    .toBe('agents run --settings settings.json\n');
});

test('is kept as long as there is an agent, and gone with the last', async () => {
  const group = Number(await readFile(at('agents/web.one/supervise.pid'), 'utf8'));
  await stopOn(connection, 'web.one', signal);
  // The agent too, and not only what watches over it.
  expect(() => process.kill(-group, 0)).toThrow('ESRCH');
  expect(existsSync(at('agents/web.one/supervise.pid'))).toBe(false);
  await remove(connection, 'web.one', signal);
  expect(existsSync(at('packages/b1/caisson'))).toBe(true);
  await stopOn(connection, 'web.two', signal);
  await remove(connection, 'web.two', signal);
  expect(existsSync(at())).toBe(false);
});
