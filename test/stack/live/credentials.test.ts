/** Client certificates and API keys as a team has them: in a profile or in variables, for commands and workers alike. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Finished, Home } from '../../acceptance/home.js';
import { type DevServer, startDevServer } from '../../temporal/dev-server.js';
import { type Certificates, certificates } from '../certificates.js';
import { startKeyGateway, startRefusingServer, startTlsGateway } from './gateway.js';

// One of its own: to list deployments, a command asks all that there are.
let dev: DevServer;
let server: string;
beforeAll(async () => {
  dev = await startDevServer();
  server = dev.address;
});
afterAll(async () => await dev.kill());

/** Commands fail in a profile or variables of their own, and start nothing. */
async function homeWith(environment: Readonly<Record<string, string>>): Promise<Home> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-home-'));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  return new Home(folder, { HOME: folder, CAISSON_HOME: folder, NO_COLOR: '1', CI: '', ...environment });
}

async function profile(lines: readonly string[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-profile-'));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'temporal.toml');
  await writeFile(file, lines.join('\n'));
  return file;
}

/** Waits until it polls, then has it drain. */
async function servesAndStops(home: Home, ...words: readonly string[]): Promise<void> {
  const { process, finished } = home.start('worker', 'run', ...words);
  const polls = new Promise<void>((resolve) =>
    process.stderr?.on('data', (text: string) => {
      if (text.includes('the worker polls')) resolve();
    }),
  );
  await Promise.race([polls, finished.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  process.kill('SIGTERM');
  expect((await finished).code).toBe(0);
}

/** What a command and a worker say about the same server: exit code and messages. */
async function both(home: Home, ...flags: readonly string[]): Promise<readonly string[]> {
  const command = await home.run('deployments', 'list', ...flags);
  return [command, await refusedWorker(home, flags)].map(({ code, stderr }) => `${code} ${stderr}`);
}

/** A worker that finds the machine too busy to hear the refusal waits, as for a server that is away: it is begun anew. */
async function refusedWorker(home: Home, flags: readonly string[]): Promise<Finished> {
  for (;;) {
    const { process, finished } = home.start('worker', 'run', ...flags);
    const timer = setTimeout(() => process.kill('SIGTERM'), 25_000);
    const end = await finished;
    clearTimeout(timer);
    if (end.code !== 0) return end;
  }
}

describe('mutual TLS', { timeout: 90_000 }, () => {
  const tlsTable = (own: Certificates, ...more: readonly string[]): readonly string[] => [
    '[profile.team.tls]',
    `server_ca_cert_path = "${own.caFile}"`,
    'server_name = "temporal.test"',
    ...more,
  ];

  test('certificate and key come from a profile of temporal.toml, or from variables', async () => {
    const own = await certificates();
    const address = await startTlsGateway(own, server, { clientCertificate: true });
    const { cert, key } = own.clientFiles;
    const file = await profile([
      '[profile.team]',
      `address = "${address}"`,
      ...tlsTable(own, `client_cert_path = "${cert}"`, `client_key_path = "${key}"`),
    ]);
    const byProfile = await homeWith({ TEMPORAL_CONFIG_FILE: file });
    const listed = await byProfile.run('deployments', 'list', '--profile', 'team');
    expect(listed.code, listed.stderr).toBe(0);
    await servesAndStops(byProfile, '--profile', 'team', '--queue', 'by-profile');

    const byVariables = await homeWith({
      TEMPORAL_ADDRESS: address,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.caFile,
      TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: key,
    });
    expect((await byVariables.run('deployments', 'list')).code).toBe(0);
  });

  test('without a certificate, and with one of another authority, command and worker end and say so', async () => {
    const [own, other] = [await certificates(), await certificates()];
    const address = await startTlsGateway(own, server, { clientCertificate: true });
    const none = await homeWith({ TEMPORAL_ADDRESS: address, TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.caFile });
    for (const said of await both(none))
      expect(said).toMatch(
        /^7 .*C5009[\s\S]*✓ TLS[\s\S]*✗ .*certificate is required, and none is given[\s\S]*CLIENT_CERT_PATH/,
      );
    const foreign = none.with({
      TEMPORAL_ADDRESS: await startRefusingServer(own),
      TEMPORAL_TLS_CLIENT_CERT_PATH: other.clientFiles.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: other.clientFiles.key,
    });
    for (const said of await both(foreign))
      expect(said).toMatch(
        /^7 .*C5009[\s\S]*✓ TLS[\s\S]*✗ .*client certificate is not accepted[\s\S]*CLIENT_CERT_PATH/,
      );
  });

  test('a file that is missing, and a key of another certificate, are named', async () => {
    const [own, other] = [await certificates(), await certificates()];
    const address = await startTlsGateway(own, server, { clientCertificate: true });
    const { cert } = own.clientFiles;
    const start = ['[profile.team]', `address = "${address}"`];
    const missing = await homeWith({
      TEMPORAL_CONFIG_FILE: await profile([
        ...start,
        ...tlsTable(own, `client_cert_path = "${cert}"`, 'client_key_path = "/nowhere/client.key"'),
      ]),
    });
    for (const said of await both(missing, '--profile', 'team'))
      expect(said).toMatch(/^2 .*C1005[\s\S]*\/nowhere\/client\.key/);
    const mixed = await homeWith({
      TEMPORAL_CONFIG_FILE: await profile([
        ...start,
        ...tlsTable(own, `client_cert_path = "${cert}"`, `client_key_path = "${other.clientFiles.key}"`),
      ]),
    });
    for (const said of await both(mixed, '--profile', 'team'))
      expect(said).toMatch(
        /^7 .*C5009[\s\S]*✗ TLS: the client certificate and its key cannot be used: key values mismatch/,
      );
  });

  test("a worker ends when the server's certificate is not one that is trusted, and waits for a server that is away", async () => {
    const own = await certificates();
    const address = await startTlsGateway(own, server, { clientCertificate: true });
    const said = await both(await homeWith({ TEMPORAL_ADDRESS: address, TEMPORAL_TLS: 'true' }));
    for (const one of said) expect(one).toMatch(/^6 .*C5001[\s\S]*✗ TLS: the server's certificate is not trusted/);
    const away = (await homeWith({ TEMPORAL_ADDRESS: '127.0.0.1:1' })).start('worker', 'run');
    await new Promise<void>((resolve) =>
      away.process.stderr?.on('data', (text: string) => {
        if (text.includes('nothing listens at 127.0.0.1:1')) resolve();
      }),
    );
    away.process.kill('SIGTERM');
    expect((await away.finished).code).toBe(0);
  });
});

describe('an API key', { timeout: 90_000 }, () => {
  test('of a profile goes with every call; a wrong one and none end command and worker, and are not shown', async () => {
    const own = await certificates();
    const { address, calls } = await startKeyGateway(own, server, 'key-1');
    const file = await profile(
      ['team', 'wrong', 'none'].flatMap((name) => [
        `[profile.${name}]`,
        `address = "${address}"`,
        ...(name === 'none' ? [] : [`api_key = "${name === 'team' ? 'key-1' : 'key-of-mine'}"`]),
        `[profile.${name}.tls]`,
        `server_ca_cert_path = "${own.caFile}"`,
      ]),
    );
    const home = await homeWith({ TEMPORAL_CONFIG_FILE: file });
    expect((await home.run('deployments', 'list', '--profile', 'team')).code).toBe(0);
    await servesAndStops(home, '--profile', 'team', '--queue', 'by-key-of-profile');
    expect(calls).toEqual(
      expect.arrayContaining(['DescribeNamespace', 'ListWorkflowExecutions', 'PollWorkflowTaskQueue']),
    );
    for (const name of ['wrong', 'none'])
      for (const said of await both(home, '--profile', name)) {
        expect(said).toMatch(/^7 .*C5009[\s\S]*✗ namespace: no permission[\s\S]*TEMPORAL_API_KEY/);
        expect(said).not.toContain('key-of-mine');
      }
  });
});
