/** The way of a plugin's author, from nothing to a plugin that everybody's workers run, with the package as npm gives it. */
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, openHome } from './home.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let home: Home;
let folder: string;
beforeAll(async () => {
  home = await openHome();
  folder = path.join(home.folder, 'shelf-life');
});
afterAll(async () => await home.close());

interface Finished {
  readonly code: number;
  readonly output: string;
}

async function npm(cwd: string, ...args: readonly string[]): Promise<Finished> {
  const environment = { ...process.env, npm_config_loglevel: 'error' };
  const run = promisify(execFile)('npm', [...args], { cwd, env: environment, maxBuffer: 64 * 1024 * 1024 });
  return await run.then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, output: `${stdout}${stderr}` }),
  );
}

async function succeeds(finished: Promise<{ code: number | null; output?: string; stdout?: string; stderr?: string }>) {
  const { code, output, stdout, stderr } = await finished;
  expect(code, output ?? `${stdout}${stderr}`).toBe(0);
  return output ?? stdout ?? '';
}

const there = async (file: string): Promise<boolean> =>
  await stat(file).then(
    () => true,
    () => false,
  );

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(path.join(folder, file), 'utf8');
  expect(text).toContain(from);
  await writeFile(path.join(folder, file), text.replaceAll(from, to));
}

test('from a template to a plugin that is built, tested, uploaded, run and upgraded', {
  timeout: 900_000,
}, async () => {
  await succeeds(npm(home.folder, 'pack', ROOT, '--ignore-scripts', '--pack-destination', home.folder));
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const caisson = `file:${path.join(home.folder, `caisson-${version}.tgz`)}`;
  await succeeds(home.run('new', 'plugin', 'shelf-life', folder, '--caisson', caisson));

  await succeeds(npm(folder, 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'));
  const tested = await succeeds(npm(folder, 'test'));
  expect(tested).toContain('Plugin validated successfully');
  expect(tested).toMatch(/# pass 5\n# fail 0/);

  const author = home.by(path.join(folder, 'node_modules/caisson/bin/caisson.js'));
  const blueprint = path.join(folder, 'examples/blueprint.yaml');
  const file = path.join(home.folder, 'shelf-life-thing');
  await succeeds(author.run('plugins', 'upload', folder));
  await succeeds(author.run('install', blueprint, '-d', 'try', '-i', `folder=${home.folder}`));
  expect(await readFile(file, 'utf8')).toBe('HELLO');
  const audited = await author.json<{ id: string; status: string }>('execute', 'audit', 'try');
  expect(audited.status).toBe('terminated');

  // A run of one's own is replayed like the one that the template brings.
  const history = await succeeds(author.run('executions', 'history', audited.id));
  await writeFile(path.join(folder, 'test/histories/own.json'), history);
  await succeeds(npm(folder, 'exec', '--', 'node', '--test', 'dist/test/workflows.test.js'));

  // plugin.yaml is the one source: code that no longer fits does not compile.
  await edit('plugin.yaml', 'loud:', 'shouted:');
  const broken = await npm(folder, 'run', 'build');
  expect(broken.code).not.toBe(0);
  expect(broken.output).toMatch(/src\/thing\.ts.*Property 'loud' does not exist/);

  await edit('src/thing.ts', 'properties.loud', 'properties.shouted');
  for (const one of ['test/thing.test.ts', 'examples/blueprint.yaml']) await edit(one, ' loud: ', ' shouted: ');
  await edit('src/thing.ts', 'text.toUpperCase()', "text.toUpperCase().concat('!')");
  for (const one of ['package.json', 'plugin.yaml']) await edit(one, '"0.1.0"', '"0.2.0"');
  await succeeds(npm(folder, 'run', 'build'));
  await succeeds(author.run('plugins', 'upload', folder));
  await succeeds(author.run('install', blueprint, '-d', 'next', '-i', `folder=${home.folder}`));
  expect(await readFile(file, 'utf8')).toBe('HELLO!');
  for (const deployment of ['try', 'next']) await succeeds(author.run('uninstall', deployment, '--yes'));
  expect(await there(file)).toBe(false);
});
