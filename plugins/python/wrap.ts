/** Makes a plugin package of a Cloudify plugin: what it is installed from, and its descriptions. */
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { objectMember, textMember } from '../../blueprint/json.js';
import { Positions } from '../../blueprint/positions.js';
import { readSource } from '../../blueprint/source.js';
import { API_VERSION } from '../load.js';
import type { PackagedContent } from './packaged.js';

/** Why something cannot be made a package. */
export class WrapRefused extends Error {
  override readonly name = 'WrapRefused';
}

/**
 * Writes the package into a folder, from where it is installed like any other.
 *
 * @param from a wagon (`.wgn`), or a requirement as pip takes it: `cloudify-aws-plugin==3.1.7`
 * @param description the plugin's `plugin.yaml`, and its forms for other versions of the language beside it
 * @throws WrapRefused when the description does not name the package and its version
 */
export async function wrapPlugin(from: string, description: string, folder: string): Promise<void> {
  const text = await readFile(description, 'utf8').catch(() => {
    throw new WrapRefused(`there is no description ${description}`);
  });
  const [first] = Object.values(
    objectMember(readSource(description, text, new Positions(), () => undefined)?.value ?? {}, 'plugins'),
  );
  const name = textMember(first, 'package_name');
  const version = textMember(first, 'package_version');
  if (name === undefined || version === undefined)
    throw new WrapRefused(`${description} must say package_name and package_version of its plugin`);
  await mkdir(folder, { recursive: true });
  const content = await contentOf(from, folder);
  for (const file of await formsOf(description))
    await copyFile(file, path.join(folder, path.basename(file).replace(path.parse(description).name, 'plugin')));
  const manifest = {
    name,
    version,
    private: true,
    caissonPlugin: { apiVersion: API_VERSION, yaml: 'plugin.yaml', python: content },
  };
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function contentOf(from: string, folder: string): Promise<PackagedContent> {
  if ((await stat(from).catch(() => undefined))?.isFile()) {
    const wagon = path.basename(from);
    await copyFile(from, path.join(folder, wagon));
    return { wagon };
  }
  if (/\.(wgn|zip|whl|gz)$/i.test(from)) throw new WrapRefused(`there is no file ${from}`);
  return { requirement: from };
}

/** `plugin.yaml`, and beside it `plugin_1_4.yaml` and the like. */
async function formsOf(description: string): Promise<string[]> {
  const { dir, name, ext } = path.parse(path.resolve(description));
  const form = new RegExp(`^${name.replaceAll(/[^\w]/g, '\\$&')}_\\d+_\\d+\\${ext}$`);
  const beside = (await readdir(dir)).filter((one) => form.test(one)).map((one) => path.join(dir, one));
  return [path.resolve(description), ...beside];
}
