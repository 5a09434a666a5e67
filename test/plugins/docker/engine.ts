/**
 * Set-up of the Docker tests: a real engine (that of DOCKER_HOST, or one of its own), two real registries, and the
 * engine behind TLS and behind SSH. Needs root where it starts an engine. Everything it starts is stopped afterwards.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import Docker from 'dockerode';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../../client/stack/ports.js';
import { archiveOf } from '../../../plugins/files/archive.js';
import { daemon, install, run } from '../machine.js';
import { type SshServer, startSshServer } from '../ssh-server.js';

export interface EngineFixture {
  /** Held by the file whose tests run now. */
  readonly turns: string;
  /** Path of the engine's socket. */
  readonly socket: string;
  /** `127.0.0.1:PORT` of a registry that anybody may read; it has `busybox:1` and `busybox:2`. */
  readonly registry: string;
  /** A registry that asks for a password; it has `busybox:1` and `busybox:2`. */
  readonly guarded: { readonly address: string; readonly username: string; readonly password: string };
  /** The engine behind mutual TLS. PEM texts. */
  readonly tls: { readonly port: number; readonly ca: string; readonly cert: string; readonly key: string };
  /** The engine behind SSH. */
  readonly ssh: Omit<SshServer, 'admit'>;
}

declare module 'vitest' {
  interface ProvidedContext {
    engine: EngineFixture;
  }
}

const PASSWORD = { username: 'ship', password: 'keel-and-mast' };
const HTPASSWD = 'ship:$2y$05$e1XDrp5o11qfRGqXxXrGb.NnLkI2EvaUpIhoLrw0W1z0aSUxqCozi\n';

export default async function startEngine(project: TestProject): Promise<() => Promise<void>> {
  await install({
    ...(process.env.DOCKER_HOST ? {} : { dockerd: 'docker.io' }),
    docker: 'docker.io',
    'docker-registry': 'docker-registry',
    busybox: 'busybox-static',
    sshd: 'openssh-server',
    openssl: 'openssl',
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-docker-'));
  const stops: (() => Promise<unknown>)[] = [async () => await rm(folder, { recursive: true, force: true })];
  const stopAll = async () => {
    for (const stop of stops.reverse()) await stop().catch((error) => console.error('docker set-up:', error));
  };
  try {
    const socket = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? (await ownEngine(folder, stops));
    if (!socket.startsWith('/')) throw new Error(`DOCKER_HOST must be a socket for these tests, not ${socket}`);
    const docker = new Docker({ socketPath: socket, host: undefined as unknown as string });
    const registry = await startRegistry(folder, 'open', stops);
    const guarded = await startRegistry(folder, 'guarded', stops, HTPASSWD);
    await publishImages(docker, registry, guarded);
    // The engine of the tests is not at the default socket: this stands for the remote user's environment.
    const { admit: _, ...ssh } = await startSshServer(folder, stops, [`SetEnv DOCKER_HOST=unix://${socket}`]);
    project.provide('engine', {
      turns: path.join(folder, 'turn'),
      socket,
      registry,
      guarded: { address: guarded, ...PASSWORD },
      tls: await behindTls(folder, socket, stops),
      ssh,
    });
  } catch (error) {
    await stopAll();
    throw new Error(`the Docker tests cannot be set up: ${(error as Error).message}`, { cause: error });
  }
  return stopAll;
}

type Stops = (() => Promise<unknown>)[];

async function ownEngine(folder: string, stops: Stops): Promise<string> {
  const socket = path.join(folder, 'docker.sock');
  const docker = new Docker({ socketPath: socket, host: undefined as unknown as string });
  // Without a bridge and packet filter of its own it disturbs no other engine on the machine.
  const engine = await daemon(
    [
      'dockerd',
      ...['--data-root', path.join(folder, 'data'), '--exec-root', path.join(folder, 'exec')],
      ...['--pidfile', path.join(folder, 'docker.pid'), '-H', `unix://${socket}`],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--log-level=warn'],
    ],
    path.join(folder, 'dockerd.log'),
    async () => await docker.ping(),
    { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  );
  stops.push(async () => {
    for (const { Id } of await docker.listContainers({ all: true }))
      await docker.getContainer(Id).remove({ force: true, v: true });
    await docker.pruneNetworks();
    await engine.stop();
  });
  return socket;
}

async function startRegistry(folder: string, name: string, stops: Stops, htpasswd?: string): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const passwords = path.join(folder, `${name}.htpasswd`);
  if (htpasswd !== undefined) await writeFile(passwords, htpasswd);
  const config = path.join(folder, `${name}.yml`);
  const settings = {
    version: 0.1,
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: path.join(folder, name) } },
    http: { addr: address },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: name, path: passwords } } }),
  };
  await writeFile(config, JSON.stringify(settings));
  const registry = await daemon(
    ['docker-registry', 'serve', config],
    path.join(folder, `${name}.log`),
    async () => await fetch(`http://${address}/v2/`),
  );
  stops.push(async () => await registry.stop());
  return address;
}

/** Leaves the engine with `busybox:1` of the open registry, which no test removes, and without the others. */
async function publishImages(docker: Docker, registry: string, guarded: string): Promise<void> {
  const { stdout } = await run('busybox', ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  const content = await readFile((await run('which', ['busybox'])).stdout.trim());
  const root = archiveOf([
    ...['bin', 'tmp', 'etc', 'root'].map((name) => ({ path: name, directory: true })),
    { path: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/root:/bin/sh\n') },
    { path: 'bin/busybox', content, mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
  ]);
  const imported = await docker.importImage(root as unknown as string, { changes: 'CMD ["sh"]' } as never);
  const lines: { status?: string }[] = await new Promise((resolve, reject) =>
    docker.modem.followProgress(imported as unknown as NodeJS.ReadableStream, (error: Error | null, all) =>
      error ? reject(error) : resolve(all),
    ),
  );
  const id = lines.at(-1)?.status ?? '';
  const base = docker.getImage(id);
  const targets = [
    [registry, '1'],
    [registry, '2'],
    [guarded, '1'],
    [guarded, '2'],
  ] as const;
  for (const [address, tag] of targets) {
    const repo = `${address}/busybox`;
    await base.tag({ repo, tag });
    const authconfig = address === guarded ? { ...PASSWORD, serveraddress: address } : {};
    const pushed = await docker.getImage(`${repo}:${tag}`).push({ authconfig });
    await new Promise<void>((resolve, reject) =>
      docker.modem.followProgress(pushed, (error: Error | null, all: { error?: string }[]) => {
        const refused = error ?? all.find((line) => line.error);
        if (refused) reject(new Error(`${repo}: ${JSON.stringify(refused)}`));
        else resolve();
      }),
    );
  }
  for (const [address, tag] of targets.slice(1))
    await docker.getImage(`${address}/busybox:${tag}`).remove({ force: true });
}

async function behindTls(folder: string, socket: string, stops: Stops): Promise<EngineFixture['tls']> {
  const at = (name: string) => path.join(folder, name);
  const openssl = async (...args: readonly string[]) => await run('openssl', args);
  await openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test-ca'],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
  ); // prettier-ignore
  await writeFile(at('san.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['server', 'client']) {
    await openssl(
      ...['req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`],
      ...['-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)],
    ); // prettier-ignore
    await openssl(
      ...['x509', '-req', '-days', '2', '-in', at(`${name}.csr`), '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
      ...['-CAcreateserial', '-extfile', at('san.ext'), '-out', at(`${name}.pem`)],
    ); // prettier-ignore
  }
  const text = async (name: string) => await readFile(at(name), 'utf8');
  const port = await freePort();
  const secured = createTlsServer(
    {
      ca: await text('ca.pem'),
      cert: await text('server.pem'),
      key: await text('server.key'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (client) => {
      const engine = connect(socket);
      client.pipe(engine).pipe(client);
      client.on('error', () => engine.destroy());
      engine.on('error', () => client.destroy());
    },
  );
  await listening(secured, port);
  stops.push(async () => secured.close());
  return { port, ca: await text('ca.pem'), cert: await text('client.pem'), key: await text('client.key') };
}

async function listening(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}
