/** Makes a Python environment with a pinned Ansible, once for each version; tests run its `ansible-playbook`. */
import { execFile } from 'node:child_process';
import { access, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the Python environment that has Ansible. */
    ansibleEnvironment: string;
  }
}

const VERSION = '2.15.13';
const run = promisify(execFile);

export default async function makeEnvironment(project: TestProject): Promise<void> {
  const folder = path.join(tmpdir(), `caisson-test-ansible-${VERSION}`);
  const complete = path.join(folder, 'complete');
  project.provide('ansibleEnvironment', folder);
  const isThere = await access(complete).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  // Its programs know where they lie: it is made in its place.
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(path.join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `ansible-core==${VERSION}`]);
  await writeFile(complete, '');
}
