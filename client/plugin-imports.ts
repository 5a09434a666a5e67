/** Imports of plugins: `plugin:NAME?version=SPEC`, and the addresses at which Cloudify's plugins were once published. */
import { SourceRefused } from '../blueprint/imports.js';
import { isObject, objectMember, textMember } from '../blueprint/json.js';
import { Positions } from '../blueprint/positions.js';
import { satisfiesVersion } from '../blueprint/python-version.js';
import { readSource } from '../blueprint/source.js';
import { suggestion } from '../blueprint/suggestion.js';
import type { Version } from '../blueprint/version.js';
import { type Catalog, findPlugin, findPlugins, isChosen, type PluginDescription } from '../plugins/catalog.js';

const PUBLISHED = [
  /^https?:\/\/[^/?#]+\/spec\/([\w-]+-plugin)\/[^/?#]+\/plugin[\w.]*\.yaml$/,
  /^https?:\/\/(?:raw\.)?github(?:usercontent)?\.com\/[^/?#]+\/([\w-]+-plugin)\/[^?#]*plugin[\w.]*\.yaml$/,
];

/**
 * The description that an import of a plugin stands for; undefined for an import of something else.
 *
 * @throws SourceRefused when the plugin is not installed, or not in a version that is asked for
 */
export async function pluginImport(
  entry: string,
  version: Version,
  catalog: Catalog,
): Promise<PluginDescription | undefined> {
  if (!entry.startsWith('plugin:')) return await publishedPlugin(entry, version, catalog);
  const { name, specification } = parsePluginImport(entry);
  const installed = findPlugins(catalog, name);
  if (installed.length === 0) throw notInstalled(name, catalog);
  const offered: string[] = [];
  for (const one of installed) {
    const description = await one.describe(version);
    if (!description) continue;
    const own = versionIn(description, name) ?? one.plugin.version;
    if (specification === undefined || isWanted(own, specification)) return description;
    offered.push(own ?? 'one without a version');
  }
  if (offered.length === 0)
    throw new SourceRefused(
      `plugin ${name} describes no types: nothing needs to be imported`,
      'leave the import out, and declare the plugin under plugins',
    );
  throw new SourceRefused(
    `version ${specification} of plugin ${name} is asked for, and ${offered.join(', ')} is installed`,
    'take one in: caisson plugins install PACKAGE@VERSION, or caisson plugins upload FOLDER',
  );
}

/** A published address means the installed plugin, whatever version it was of. */
async function publishedPlugin(
  entry: string,
  version: Version,
  catalog: Catalog,
): Promise<PluginDescription | undefined> {
  for (const pattern of PUBLISHED) {
    const [, found] = pattern.exec(entry) ?? [];
    if (found === undefined) continue;
    const name = found.startsWith('cloudify-') ? found : `cloudify-${found}`;
    // The other kind's plugin is described by its own file only.
    if (isChosen(catalog, name)) return undefined;
    return await findPlugin(catalog, name)?.describe(version);
  }
  return undefined;
}

/** `plugin:NAME?version=SPEC&distribution=D`; operators in the specification may be percent-encoded, or not. */
function parsePluginImport(entry: string): { readonly name: string; readonly specification: string | undefined } {
  const [name = '', query = ''] = splitOnce(entry.slice('plugin:'.length), '?');
  let specification: string | undefined;
  for (const part of query.split('&')) {
    const [key, value = ''] = splitOnce(part, '=');
    if (key === 'version') specification = decoded(value).trim();
  }
  return { name: name.trim(), specification: specification === '' ? undefined : specification };
}

function splitOnce(text: string, by: string): [string, string?] {
  const at = text.indexOf(by);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + by.length)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function notInstalled(name: string, catalog: Catalog): SourceRefused {
  const names = catalog.flatMap(({ plugin }) => plugin.packageNames ?? [plugin.name]);
  const nearest = suggestion(name, names);
  return new SourceRefused(
    `no plugin ${name} is installed`,
    `${nearest === undefined ? '' : `${nearest} `}installed are ${names.join(', ') || 'none'}`,
  );
}

function isWanted(version: string | undefined, specification: string): boolean {
  if (version === undefined) return false;
  const satisfied = satisfiesVersion(version, specification);
  if (satisfied !== undefined) return satisfied;
  throw new SourceRefused(
    `${specification} asks for no version that can be understood`,
    'write, for instance: version= >=1.2,<2',
  );
}

/** The package version that the description states. */
function versionIn({ location, text }: PluginDescription, name: string): string | undefined {
  const source = readSource(location, text, new Positions(), () => undefined);
  const plugins = Object.values(objectMember(source?.value, 'plugins')).filter(isObject);
  const own = plugins.find((plugin) => textMember(plugin, 'package_name') === name) ?? plugins[0];
  return textMember(own, 'package_version');
}
