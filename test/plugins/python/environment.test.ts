/** How environments are made. Wheels that are written here stand for what an index has: nothing is downloaded. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowedPackages } from '../../../plugins/python/allowed.js';
import { probe } from './stage.js';

const MAKER = fileURLToPath(new URL('../../../plugins/python/bridge/make_environment.py', import.meta.url));

let folder: string;
let wheels: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
  wheels = path.join(folder, 'wheels');
  await mkdir(wheels);
  await wheel('plain', '1.0');
  await wheel('needy', '2.0', 'fusion-common>=7', 'plain');
  await wheel('plain', '3.0');
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

test('two that want the same environment make it once', async () => {
  const order = orderFor('once', { requirement: 'plain' });
  const makers = [start(order), start(order)];
  const outputs = await Promise.all(makers.map(ended));
  expect(outputs.map(({ code }) => code)).toEqual([0, 0]);
  expect(outputs.filter(({ output }) => output.includes('Successfully installed'))).toHaveLength(1);
  const { what, packages } = JSON.parse(await readFile(path.join(order.folder, 'complete.json'), 'utf8'));
  expect(what).toBe('the test');
  expect(packages).toContain('plain==3.0');
});

test('one whose making was killed is made from the beginning, and was never whole', async () => {
  const order = orderFor('half', { requirement: 'plain' });
  const maker = start(order);
  while (!(await exists(path.join(order.folder, 'bin', 'python'))))
    await new Promise((resolve) => setTimeout(resolve, 5));
  await writeFile(path.join(order.folder, 'left'), '');
  process.kill(-(maker.pid as number), 'SIGKILL');
  await ended(maker);
  expect(await exists(path.join(order.folder, 'complete.json'))).toBe(false);

  expect(await ended(start(order))).toMatchObject({ code: 0 });
  expect(await exists(path.join(order.folder, 'left'))).toBe(false);
  expect(await imports(order.folder, 'plain')).toBe('3.0');
});

test('a wagon is installed in the versions it holds; packages of the manager count as there', async () => {
  const wagon = path.join(folder, 'needy.wgn');
  const script = `
import json, tarfile, io, sys
with tarfile.open(sys.argv[1], 'w:gz') as out:
    about = json.dumps({'package_name': 'needy', 'package_version': '2.0'}).encode()
    info = tarfile.TarInfo('needy/package.json'); info.size = len(about)
    out.addfile(info, io.BytesIO(about))
    for name in ('needy-2.0-py3-none-any.whl', 'plain-1.0-py3-none-any.whl'):
        out.add(sys.argv[2] + '/' + name, 'needy/wheels/' + name)
`;
  await promisify(execFile)('python3', ['-c', script, wagon, wheels]);
  const order = { ...orderFor('wagon', { wagon }), arguments: [] };
  // One that is complete needs nothing from anywhere.
  const made = await ended(start(order));
  expect(made.code, made.output).toBe(0);
  expect(made.output).not.toMatch(/https?:/);
  expect(await imports(order.folder, 'needy')).toBe('2.0');
  expect(await imports(order.folder, 'plain')).toBe('1.0');
});

test("pip's own message says why an environment cannot be made", async () => {
  const run = await probe('probe_plugin.tasks.describe', {
    cacheFolder: path.join(folder, 'cache'),
    plugin: { install_arguments: '--no-index' },
  });
  expect(run.status).toBe('non-recoverable');
  expect(run.error?.message).toMatch(
    /^the Python environment of probe-plugin cannot be made:\n[\s\S]*ERROR: No matching distribution found for /,
  );
});

test('a source that is not there, or leads out of the blueprint, is refused', async () => {
  const absent = await probe('x.y', { plugin: { source: 'absent' } });
  expect([absent.status, absent.error?.message]).toEqual([
    'non-recoverable',
    'the blueprint has no plugins/absent, which the plugin names as its source',
  ]);
  const outside = await probe('x.y', { plugin: { source: '../../../script' } });
  expect([outside.status, outside.error?.message]).toEqual([
    'non-recoverable',
    "the source ../../../script leads out of the blueprint's folder",
  ]);
});

test('a package is installed by its name only where the setting allows it, in the version it says', async () => {
  const run = await probe('x.y', { plugin: { source: '', package_name: 'some-plugin', package_version: '1.2' } });
  expect(run.status).toBe('non-recoverable');
  expect(run.error?.message).toContain('add it to the setting python_plugins (some-plugin==1.2), or give the plugin a');

  const allowed = allowedPackages('Some.Plugin other-plugin==2.0;  third[extra]>=3,<4');
  expect(allowed.requirement('some-plugin', '1.2')).toBe('Some.Plugin==1.2');
  expect(allowed.requirement('some_plugin', undefined)).toBe('Some.Plugin');
  expect(allowed.requirement('other-plugin', '1.0')).toBe('other-plugin==2.0');
  expect(allowed.requirement('third', '1.0')).toBe('third[extra]>=3,<4');
  expect(allowed.requirement('fourth', '1.0')).toBeUndefined();
});

function orderFor(name: string, content: object) {
  return {
    what: 'the test',
    folder: path.join(folder, 'environments', name),
    stand_ins: ['fusion-common'],
    tools: ['--no-index', 'setuptools'],
    before: [],
    content,
    arguments: ['--no-index', '--find-links', wheels],
  };
}

function start(order: { readonly folder: string }): ChildProcess {
  const child = spawn('python3', ['-u', MAKER], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  void mkdir(path.dirname(order.folder), { recursive: true }).then(() => child.stdin?.end(JSON.stringify(order)));
  return child;
}

async function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly output: string }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return await new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

async function imports(environment: string, name: string): Promise<string> {
  const python = path.join(environment, 'bin', 'python');
  const { stdout } = await promisify(execFile)(python, ['-c', `import ${name}; print(${name}.VERSION)`]);
  return stdout.trim();
}

/** Writes a wheel with one module. */
async function wheel(name: string, version: string, ...requires: readonly string[]): Promise<void> {
  const script = `
import sys, zipfile
folder, name, version, *requires = sys.argv[1:]
info = '%s-%s.dist-info' % (name, version)
with zipfile.ZipFile('%s/%s-%s-py3-none-any.whl' % (folder, name, version), 'w') as out:
    out.writestr(name + '.py', 'VERSION = %r\\n' % version)
    needs = ''.join('Requires-Dist: %s\\n' % one for one in requires)
    out.writestr(info + '/METADATA', 'Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n%s' % (name, version, needs))
    out.writestr(info + '/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    out.writestr(info + '/RECORD', '')
`;
  await promisify(execFile)('python3', ['-c', script, wheels, name, version, ...requires]);
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
