/** Cloudify plugins as people have them, taken in in one step: wagons, wheels, sources, archives, addresses. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listPackages, takeIn } from '../../../client/plugin-store.js';
import { folderStore } from '../../../store/folder-store.js';
import { extractPluginPackage, type PluginPackage } from '../../../store/plugin-packages.js';

const run = promisify(execFile);

let folder: string;
let server: Server;
let address: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
  await sources('disks', '1.0');
  await run('python3', ['-c', PACK, folder]);
  server = createServer((request, response) => {
    readFile(path.join(folder, path.basename(request.url ?? ''))).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Takes it into a store of its own. @returns what is known of it, and its unpacked files */
async function taken(from: string, descriptions: readonly string[] = []) {
  const own = await mkdtemp(path.join(folder, 'store-'));
  const store = folderStore(own);
  const { taken, problems } = await takeIn(store, from, { descriptions });
  expect(problems).toEqual([]);
  expect(await listPackages(store)).toHaveLength(1);
  const unpacked = await extractPluginPackage(store, taken.archive, path.join(own, 'cache'));
  const manifest = JSON.parse(await readFile(path.join(unpacked, 'package.json'), 'utf8'));
  return { taken, unpacked, python: manifest.caissonPlugin.python as object };
}

const KNOWN: Partial<PluginPackage> = { kind: 'python', package_name: 'acme-disks-plugin', package_version: '1.0' };
const in_ = (name: string): string => path.join(folder, name);

test('a wagon and its description, as the command line of Cloudify takes them', async () => {
  const { taken: known, python } = await taken(in_('disks.wgn'), [in_('disks/plugin.yaml')]);
  expect(known).toMatchObject(KNOWN);
  expect(known.plugins[0]).toMatchObject({ name: 'disks', operations: ['disks_plugin.create'], open: true });
  // The forms for other versions of the language lay beside it.
  expect(Object.keys(known.descriptions)).toEqual(['plugin.yaml', 'plugin_1_5.yaml']);
  expect(python).toEqual({ wagon: 'disks.wgn' });
});

test('a zip with both, and a wagon that was named an archive', async () => {
  const both = await taken(in_('disks.zip'));
  expect(both.taken).toMatchObject(KNOWN);
  expect(both.python).toEqual({ wagon: 'disks.wgn' });
  const { python } = await taken(in_('wagon.tar.gz'), [in_('disks/plugin.yaml')]);
  expect(python).toEqual({ wagon: 'wagon.tar.gz.wgn' });
});

test('sources: a folder, and the archive that a repository gives of it', async () => {
  for (const from of ['disks', 'sources.zip', 'sources.tar.gz']) {
    const { taken: known, python, unpacked } = await taken(in_(from));
    expect(known).toMatchObject(KNOWN);
    expect(python).toEqual({ folder: 'source' });
    expect(await readFile(path.join(unpacked, 'source/disks_plugin.py'), 'utf8')).toContain('def create');
  }
});

test('what lies at an address', async () => {
  const { taken: known, python } = await taken(`${address}/disks.wgn`, [`${address}/plugin.yaml`]);
  expect(known).toMatchObject(KNOWN);
  expect(python).toEqual({ wagon: 'disks.wgn' });
  expect((await taken(`${address}/sources.zip`)).taken).toMatchObject(KNOWN);
  await expect(taken(`${address}/absent.wgn`)).rejects.toThrow(/absent\.wgn answered 404: check the address/);
});

test('a name for pip, with the description in several forms', async () => {
  const { taken: known, python } = await taken('acme-disks-plugin==1.0', [
    in_('disks/plugin_1_5.yaml'),
    in_('disks/plugin.yaml'),
  ]);
  expect(python).toEqual({ requirement: 'acme-disks-plugin==1.0' });
  expect(Object.keys(known.descriptions)).toEqual(['plugin.yaml', 'plugin_1_5.yaml']);
});

test('what cannot be taken in says why', async () => {
  await expect(taken(in_('disks.wgn'))).rejects.toThrow(
    'disks.wgn brings no plugin.yaml, which describes a plugin; name it: -y plugin.yaml',
  );
  await expect(taken(in_('absent.wgn'), [in_('disks/plugin.yaml')])).rejects.toThrow('there is no file ');
  await expect(taken(in_('disks.wgn'), [in_('absent.yaml')])).rejects.toThrow('there is no description ');
  await mkdir(in_('empty'));
  await writeFile(path.join(in_('empty'), 'plugin.yaml'), 'plugins: {}\n');
  await expect(taken(in_('empty'))).rejects.toThrow('holds neither a wagon nor the sources of a Python package');
});

async function sources(name: string, version: string): Promise<void> {
  const own = path.join(folder, name);
  await mkdir(own);
  const description = `plugins:
  ${name}: { executor: central_deployment_agent, package_name: acme-${name}-plugin, package_version: '${version}' }
node_types:
  acme.Disk:
    derived_from: cloudify.nodes.Root
    interfaces: { cloudify.interfaces.lifecycle: { create: ${name}.${name}_plugin.create } }
`;
  const files = {
    'setup.py': `from setuptools import setup\nsetup(name='acme-${name}-plugin', version='${version}', py_modules=['${name}_plugin'])\n`,
    [`${name}_plugin.py`]: 'def create(ctx, **_):\n    pass\n',
    'plugin.yaml': description,
    'plugin_1_5.yaml': description,
  };
  for (const [file, text] of Object.entries(files)) {
    await writeFile(path.join(own, file), text);
    if (file === 'plugin.yaml') await writeFile(in_(file), text);
  }
}

/** Archives of the sources, and a wagon: wheels and what is known of them. */
const PACK = `
import io, json, os, sys, tarfile, zipfile
folder = sys.argv[1]
about = json.dumps({'package_name': 'acme-disks-plugin', 'package_version': '1.0'}).encode()
for name in ('disks.wgn', 'wagon.tar.gz'):
    with tarfile.open(os.path.join(folder, name), 'w:gz') as out:
        for member, content in (('package.json', about), ('wheels/acme_disks_plugin-1.0-py3-none-any.whl', b'a wheel')):
            info = tarfile.TarInfo('acme-disks-plugin/' + member)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
with zipfile.ZipFile(os.path.join(folder, 'disks.zip'), 'w') as out:
    out.write(os.path.join(folder, 'disks.wgn'), 'disks.wgn')
    out.write(os.path.join(folder, 'disks/plugin.yaml'), 'plugin.yaml')
with zipfile.ZipFile(os.path.join(folder, 'sources.zip'), 'w') as out:
    for name in os.listdir(os.path.join(folder, 'disks')):
        out.write(os.path.join(folder, 'disks', name), 'disks-main/' + name)
with tarfile.open(os.path.join(folder, 'sources.tar.gz'), 'w:gz') as out:
    out.add(os.path.join(folder, 'disks'), 'disks-1.0')
`;
