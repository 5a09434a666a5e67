/**
 * A Cloudify plugin in Python as a package of ours: its description, and its wagon, its wheel, its sources or its name. It is installed
 * and kept like any other plugin; each function that its description maps is one of its operations.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { objectMember } from '../../blueprint/json.js';
import { Positions } from '../../blueprint/positions.js';
import { readSource } from '../../blueprint/source.js';
import { descriptionFiles, implementationsIn } from '../check.js';
import { definePlugin, type OperationDefinition, operation, type Plugin } from '../sdk/define.js';
import { splitWords } from '../words.js';
import type { PythonPackage } from './package.js';

/** Paths are relative to the package. */
export type PackagedContent =
  | { readonly wagon: string }
  | { readonly wheel: string }
  | { readonly folder: string }
  | { readonly requirement: string };

export interface PackagedPlugin {
  readonly packageName: string;
  readonly packageVersion: string;
  /** Name of the description; its forms for other versions of the language lie beside it. */
  readonly yaml: string;
  readonly content: PackagedContent;
}

export async function packagedPlugin(folder: string, packaged: PackagedPlugin): Promise<Plugin> {
  const { packageName, packageVersion, yaml } = packaged;
  const prefixes = new Set<string>();
  const operations: Record<string, OperationDefinition> = {};
  for (const file of await descriptionFiles(folder, yaml)) {
    const document = readSource(file, await readFile(file, 'utf8'), new Positions(), () => undefined)?.value ?? {};
    const own = Object.keys(objectMember(document, 'plugins'));
    for (const prefix of own) prefixes.add(prefix);
    for (const { implementation } of implementationsIn(document)) {
      const prefix = own.find((one) => implementation.startsWith(`${one}.`));
      const name = prefix === undefined ? undefined : implementation.slice(prefix.length + 1);
      if (name !== undefined) operations[name] ??= functionOf(name, folder, packaged);
    }
  }
  const [name = packageName] = prefixes;
  return definePlugin({ name, packageNames: [packageName], version: packageVersion, operations });
}

/** A function of the plugin, `module.function`, as an operation. */
export function functionOf(name: string, folder: string, packaged: PackagedPlugin): OperationDefinition {
  return operation({}, async (ctx, inputs) => {
    const { runPythonOperation } = await import('./run.js');
    return await runPythonOperation(ctx, inputs, name, await packageIn(folder, packaged, ctx.plugin.installArguments));
  });
}

const known = new Map<string, Promise<PythonPackage>>();

/** What is installed of a packaged plugin. Looked at once: what is in an installed package does not change. */
export async function packageIn(folder: string, packaged: PackagedPlugin, more = ''): Promise<PythonPackage> {
  const key = `${folder}\0${more}`;
  const found = known.get(key) ?? readPackage(folder, packaged, splitWords(more));
  known.set(key, found);
  return await found.catch((error: unknown) => {
    known.delete(key);
    throw error;
  });
}

async function readPackage(
  folder: string,
  { packageName, content }: PackagedPlugin,
  installArguments: readonly string[],
): Promise<PythonPackage> {
  const { ofFile, ofFolder, ofRequirement } = await import('./package.js');
  const source =
    'requirement' in content
      ? ofRequirement(content.requirement, installArguments)
      : 'wagon' in content
        ? await ofFile(path.join(folder, content.wagon), installArguments)
        : 'wheel' in content
          ? await ofFile(path.join(folder, content.wheel), installArguments)
          : await ofFolder(path.join(folder, content.folder), installArguments);
  return { name: packageName, installArguments, ...source };
}
