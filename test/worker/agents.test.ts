/** What agents are told: their settings, and the script by which a machine starts one itself. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { resolveSettings, type Settings } from '../../client/settings.js';
import { withUserData } from '../../plugins/aws/user-data.js';
import { agentDocument, agentSettings, readDocument, writtenDocument } from '../../worker/agent-settings.js';
import { WorkerAgents } from '../../worker/agents.js';
import { scratchFolder } from '../store/scratch.js';

async function settingsWith(environment: Record<string, string>): Promise<Settings> {
  const sources = { flags: {}, cwd: '/', homedir: '/home/ada', platform: 'linux' } as const;
  return (await resolveSettings({ ...sources, environment: { TEMPORAL_ADDRESS: 'temporal:7233', ...environment } }))
    .settings;
}

const about = { host: 'vm_1', queue: 'host/web/vm_1', nonce: 'n', address: 'temporal:7233' };

test('an agent has the connection of its worker, certificates too, and folders of its own', async () => {
  const folder = await scratchFolder({ 'ca.pem': 'certificate of the authority' });
  const settings = await settingsWith({
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: path.join(folder, 'ca.pem'),
    TEMPORAL_API_KEY: 'key-1',
    CAISSON_ARTIFACTS: 's3://bucket/x',
    CAISSON_S3_ENDPOINT: 'http://minio:9000',
  });
  const read = readDocument(writtenDocument(agentDocument(settings, about)));
  const agent = await agentSettings(read, '/home/vm/.caisson/agents/web.vm_1');
  expect(agent.connection).toMatchObject({ address: 'temporal:7233', apiKey: 'key-1' });
  const { tls } = agent.connection as { tls: { serverRootCACertificate: Uint8Array } };
  expect(Buffer.from(tls.serverRootCACertificate).toString()).toBe('certificate of the authority');
  expect(agent).toMatchObject({
    artifacts: 's3://bucket/x',
    s3: { endpoint: 'http://minio:9000' },
    secrets: { location: 'environment:' },
    taskQueue: 'host/web/vm_1',
    home: '/home/vm/.caisson/agents/web.vm_1/data',
  });
});

test('an agent has what its own settings file says, and nothing of the worker', async () => {
  const folder = await scratchFolder({ 'agent.toml': 'address = "public:7233"\nnamespace = "agents"\n' });
  const settings = await settingsWith({
    TEMPORAL_API_KEY: 'key-of-the-worker',
    CAISSON_AGENT_SETTINGS_FILE: path.join(folder, 'agent.toml'),
  });
  const text = writtenDocument(agentDocument(settings, about));
  expect(text).not.toContain('key-of-the-worker');
  const agent = await agentSettings(readDocument(text), folder);
  expect(agent.connection).toEqual({ address: 'public:7233', namespace: 'agents' });
});

test('the script of a first boot fetches the program, writes the settings and starts the agent', async () => {
  const folder = await scratchFolder({
    'package/caisson': '#!/bin/sh\necho "$@" > "$HOME/called"\ncp settings.json "$HOME/seen"\n',
  });
  await promisify(execFile)('sh', ['-c', 'chmod +x package/caisson && tar -czf agent.tar.gz -C package .'], {
    cwd: folder,
  });
  const settings = await settingsWith({ CAISSON_AGENT_PACKAGE_URL: `file://${folder}/agent.tar.gz` });
  const { kit } = await WorkerAgents.open(settings);
  const parcel = kit.parcelFor('web', 'vm_1');
  const { text, secret } = kit.initScript(parcel);
  expect(text).toContain(secret);
  const home = path.join(folder, 'home');
  await mkdir(home);
  await writeFile(path.join(folder, 'boot.sh'), text);
  await promisify(execFile)('sh', [path.join(folder, 'boot.sh')], { env: { PATH: process.env.PATH, HOME: home } });
  await expect.poll(async () => await readFile(path.join(home, 'seen'), 'utf8').catch(() => '')).toBe(parcel.settings);
  expect(await readFile(path.join(home, 'called'), 'utf8')).toBe('agents run --settings settings.json\n');
});

test('a machine that cannot get the program is refused before it is made', async () => {
  const { kit } = await WorkerAgents.open(await settingsWith({}));
  expect(() => kit.initScript(kit.parcelFor('web', 'vm_1'))).toThrow('agent.package_url');
});

test('user data of a blueprint and the script of its agent go together', () => {
  const { UserData } = withUserData({ UserData: '#cloud-config\npackages: [nginx]\n' }, '#!/bin/sh\necho agent\n');
  const text = Buffer.from(String(UserData), 'base64').toString();
  expect(text).toMatch(/^Content-Type: multipart\/mixed; boundary="(.*)"/);
  expect(text).toMatch(/text\/cloud-config[\s\S]*packages: \[nginx\][\s\S]*text\/x-shellscript[\s\S]*echo agent/);
});
