/**
 * Cases recorded from Cloudify's parser, in the folder that CAISSON_CONFORMANCE names (else this file is not run): each
 * must be planned, or refused, as it was there. How plans are compared is the comparer's business, which is kept beside the cases.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = process.env.CAISSON_CONFORMANCE ?? '';
const root = path.resolve(import.meta.dirname, '../..');

test('every recorded case has the same plan, or is refused', async () => {
  const args = ['compare.py', 'cases', '--level', 'full', '--batch', '--report', '/dev/null', '--'];
  const command = [process.execPath, path.join(root, 'bin/caisson.js'), 'plan', '--batch'];
  const { stdout } = await promisify(execFile)('python3', [...args, ...command], { cwd: folder });
  expect(stdout).toContain(' passed, 0 failed');
}, 300_000);
