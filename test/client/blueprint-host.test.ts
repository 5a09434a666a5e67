import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { compile } from '../../blueprint/compile.js';
import { type BlueprintHostOptions, blueprintHost } from '../../client/blueprint-host.js';
import { scratchFolder } from '../store/scratch.js';

const version = 'tosca_definitions_version: cloudify_dsl_1_5\n';

async function refusals(files: Readonly<Record<string, string>>, options: Partial<BlueprintHostOptions> = {}) {
  const folder = await scratchFolder(files);
  const { diagnostics } = await compile(path.join(folder, 'main.yaml'), blueprintHost({ folder, ...options }));
  return diagnostics.map(({ code, message }) => `${code} ${message.replaceAll(folder, '.')}`);
}

test('files of the folder are read, whether beside the importing file or below it', async () => {
  const files = { 'main.yaml': `${version}imports: [lib/a.yaml]`, 'lib/a.yaml': 'imports: [b.yaml]', 'lib/b.yaml': '' };
  expect(await refusals(files)).toEqual([]);
});

test.each(['../secret.yaml', '/etc/hostname', 'lib/../../secret.yaml'])(
  'the import %s leads out of the folder',
  async (entry) => {
    const outside = await scratchFolder({ 'secret.yaml': 'inputs: { stolen: {} }' });
    const folder = path.join(outside, 'blueprint');
    await mkdir(path.join(folder, 'lib'), { recursive: true });
    await writeFile(path.join(folder, 'main.yaml'), `${version}imports: ['${entry}']`);
    const { diagnostics } = await compile(path.join(folder, 'main.yaml'), blueprintHost({ folder }));
    expect(diagnostics[0]).toMatchObject({ code: 'C2023', source: { line: 2, column: 11 } });
    expect(diagnostics[0]?.message).toContain("outside of the blueprint's folder");
  },
);

test('links that lead out of the folder are refused, those within it are followed', async () => {
  const outside = await scratchFolder({ 'secret.yaml': 'inputs: { stolen: {} }' });
  const folder = await scratchFolder({
    'main.yaml': `${version}imports: [link.yaml]`,
    'real.yaml': 'inputs: { x: {} }',
  });
  await symlink(path.join(folder, 'real.yaml'), path.join(folder, 'link.yaml'));
  const host = blueprintHost({ folder });
  expect((await compile(path.join(folder, 'main.yaml'), host)).plan?.inputs).toEqual({ x: {} });
  await symlink(path.join(outside, 'secret.yaml'), path.join(folder, 'out.yaml'));
  await symlink(outside, path.join(folder, 'elsewhere'));
  for (const entry of ['out.yaml', 'elsewhere/secret.yaml']) {
    await writeFile(path.join(folder, 'main.yaml'), `${version}imports: [${entry}]`);
    const { diagnostics } = await compile(path.join(folder, 'main.yaml'), host);
    expect(diagnostics[0]?.message).toContain("outside of the blueprint's folder");
  }
});

test('a folder, a device and a link to nowhere are no files', async () => {
  const folder = await scratchFolder({ 'main.yaml': `${version}imports: [sub, nowhere.yaml]` });
  await mkdir(path.join(folder, 'sub'));
  await symlink('/nowhere', path.join(folder, 'nowhere.yaml'));
  const { diagnostics } = await compile(path.join(folder, 'main.yaml'), blueprintHost({ folder }));
  expect(diagnostics.map(({ code }) => code)).toEqual(['C2023', 'C2023']);
});

test('addresses are refused where no download is allowed', async () => {
  expect(await refusals({ 'main.yaml': `${version}imports: ['https://example.com/a.yaml']` })).toEqual([
    'C2023 cannot import https://example.com/a.yaml: imports from the network are not read here',
  ]);
});

test('what an address imports is relative to it', async () => {
  const texts: Readonly<Record<string, string>> = {
    'https://example.com/lib/a.yaml': 'imports: [b.yaml]',
    'https://example.com/lib/b.yaml': 'inputs: { x: {} }',
  };
  const folder = await scratchFolder({ 'main.yaml': `${version}imports: ['https://example.com/lib/a.yaml']` });
  const download = async (address: string): Promise<string> => texts[address] as string;
  const { plan } = await compile(path.join(folder, 'main.yaml'), blueprintHost({ folder, download }));
  expect(plan?.inputs).toEqual({ x: {} });
});

test('blueprints are imported by id from folders that are known', async () => {
  const known = await scratchFolder({
    'shop/blueprint.yaml': `${version}imports: [part.yaml]`,
    'shop/part.yaml': 'inputs: { size: {} }',
    'bank.yaml': `${version}inputs: { money: {} }`,
  });
  const folder = await scratchFolder({ 'main.yaml': `${version}imports: ['s--blueprint:shop', 'b--blueprint:bank']` });
  const host = blueprintHost({ folder, blueprintFolders: [known] });
  const { plan } = await compile(path.join(folder, 'main.yaml'), host);
  expect(plan?.imported_blueprints).toEqual(['shop', 'bank']);
  expect(Object.keys(plan?.inputs ?? {})).toEqual(['s--size', 'b--money']);
  for (const id of ['none', '../shop', '/etc/passwd'])
    expect(
      await refusals({ 'main.yaml': `${version}imports: ['x--blueprint:${id}']` }, { blueprintFolders: [known] }),
    ).toHaveLength(1);
});
