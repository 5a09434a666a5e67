import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programChecks } from '../../client/stack/doctor/programs.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const pythonCheck = async (interpreter: string) =>
  (await programChecks({ CAISSON_PYTHON: interpreter })).find(({ name }) => name === 'Python');

test('a Python that cannot make environments is told of, with what to install', async () => {
  const bare = path.join(folder, 'python3');
  await writeFile(bare, '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.11.2 && exit 0\nexit 1\n', { mode: 0o755 });
  expect(await pythonCheck(bare)).toEqual({
    name: 'Python',
    status: 'warn',
    detail: 'Python 3.11.2, which cannot make the environments that Cloudify plugins in Python run in',
    fix: 'apt-get install python3-venv',
  });
});

test('a program that is not there says what it is for, and how to get it', async () => {
  expect(await pythonCheck(path.join(folder, 'none'))).toMatchObject({
    status: 'absent',
    fix: expect.stringContaining('apt-get install python3 python3-venv'),
  });
});
