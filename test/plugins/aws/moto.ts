/** Starts one EC2 endpoint for all tests that need one: moto's, pinned, in a Python environment of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../../client/stack/ports.js';

declare module 'vitest' {
  interface ProvidedContext {
    motoUrl: string;
  }
}

const run = promisify(execFile);
const VERSION = '5.2.5';
const STARTUP_MS = 60_000;

export default async function startMoto(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await moto();
  project.provide('motoUrl', url);
  return stop;
}

export async function moto(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const python = path.join(await environment(), 'bin/python');
  const port = await freePort();
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      MOTO_ENABLE_AMI_VALIDATION: '1',
      MOTO_ENABLE_KEYPAIR_VALIDATION: '1',
      MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: '1',
      MOTO_AMIS_PATH: fileURLToPath(new URL('./amis.json', import.meta.url)),
    },
  });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(url, server, () => said);
  return { url, stop: async () => await stopped(server) };
}

/** Made once for each version; later runs find it. */
async function environment(): Promise<string> {
  const final = path.join(tmpdir(), `caisson-test-moto-${VERSION}`);
  if (await exists(path.join(final, 'bin/python'))) return final;
  const part = await mkdtemp(`${final}-part-`);
  await run('python3', ['-m', 'venv', part]);
  await run(path.join(part, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `moto[server]==${VERSION}`], {
    timeout: 600_000,
  });
  // Whoever is first wins; a loser's work is thrown away.
  await rename(part, final).catch(async () => await rm(part, { recursive: true, force: true }));
  return final;
}

async function answering(url: string, server: ChildProcess, said: () => string): Promise<void> {
  const end = Date.now() + STARTUP_MS;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`moto ended with code ${server.exitCode}: ${said()}`);
    const answer = await fetch(`${url}/moto-api/data.json`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    if (Date.now() > end) throw new Error(`moto did not answer: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function stopped(server: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await gone;
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
