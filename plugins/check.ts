/** Whether a plugin's description and its code fit together: told before it is installed, all of it at once. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { compile } from '../blueprint/compile.js';
import type { Diagnostic } from '../blueprint/diagnostics.js';
import { isObject, type Json, type JsonObject, objectMember, textMember } from '../blueprint/json.js';
import { LineTable, Positions } from '../blueprint/positions.js';
import { readSource } from '../blueprint/source.js';
import { suggestion } from '../blueprint/suggestion.js';
import { builtInSource } from '../types/builtin.js';
import type { LoadedPlugin } from './load.js';

export interface PluginProblem {
  /** A plugin with errors is not installed. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly source?: { readonly file: string; readonly line: number; readonly column: number };
  readonly hint?: string;
}

/** Every description of the plugin, checked against the language and against the plugin's operations. */
export async function checkPlugin(loaded: LoadedPlugin): Promise<readonly PluginProblem[]> {
  const { folder, yaml, plugin } = loaded;
  const files = await descriptionFiles(folder, yaml);
  if (files.length === 0) return [{ severity: 'error', message: `there is no ${yaml} in ${folder}` }];
  const problems: PluginProblem[] = [];
  const mapped = new Set<string>();
  for (const file of files) problems.push(...(await checkDescription(file, loaded, mapped)));
  for (const name of Object.keys(plugin.operations)) {
    if (!mapped.has(name))
      problems.push({
        severity: 'warning',
        message: `no type maps the operation ${name}; blueprints reach it as ${plugin.name}.${name} only`,
      });
  }
  return problems;
}

/** `plugin.yaml` and its forms for other versions of the language: `plugin_1_4.yaml`. Absolute paths. */
export async function descriptionFiles(folder: string, yaml: string): Promise<string[]> {
  const { name, ext } = path.parse(yaml);
  const inFolder = path.join(folder, path.dirname(yaml));
  const own = new RegExp(`^${name.replaceAll(/[^\w]/g, '\\$&')}(_\\d+_\\d+)?\\${ext}$`);
  const names = await readdir(inFolder).catch(() => []);
  return names
    .filter((one) => own.test(one))
    .sort()
    .map((one) => path.join(inFolder, one));
}

async function checkDescription(file: string, loaded: LoadedPlugin, mapped: Set<string>): Promise<PluginProblem[]> {
  const { plugin } = loaded;
  const text = await readFile(file, 'utf8');
  const { diagnostics } = await compile(MAIN, {
    read: async (location) => (location === MAIN ? mainImporting(file) : location === file ? text : undefined),
    exists: async (location) => location === MAIN || location === file,
    resolve: async (entry, version) => await builtInSource(entry, version),
  });
  if (diagnostics.length > 0) return diagnostics.map(asProblem);
  const positions = new Positions();
  const lines = new LineTable(text);
  const document = readSource(file, text, positions, () => undefined)?.value ?? {};
  const prefixes = Object.keys(objectMember(document, 'plugins'));
  const problems: PluginProblem[] = prefixes.includes(plugin.name)
    ? []
    : [
        {
          severity: 'error',
          message: `${path.basename(file)} declares ${prefixes.length === 0 ? 'no plugin' : `the plugins ${prefixes.join(', ')}`}, and the plugin is called ${plugin.name}`,
          hint: `plugins:\n    ${plugin.name}: { executor: central_deployment_agent, package_name: … }`,
        },
      ];
  problems.push(
    ...checkPackage(objectMember(objectMember(document, 'plugins'), plugin.name), loaded, positions, lines),
  );
  for (const { owner, implementation, holder, key } of implementationsIn(document)) {
    const prefix = prefixes.find((one) => implementation.startsWith(`${one}.`));
    if (prefix === undefined) continue;
    const operation = implementation.slice(prefix.length + 1);
    const name = plugin.aliases?.[operation] ?? operation;
    if (Object.hasOwn(plugin.operations, name)) {
      mapped.add(name);
      continue;
    }
    const place = positions.ofValue(holder, key);
    const known = [...Object.keys(plugin.operations), ...Object.keys(plugin.aliases ?? {})];
    problems.push({
      severity: 'error',
      message: `${owner} is mapped to ${implementation}, and the plugin has no operation ${operation}`,
      ...(place ? { source: lines.position(place) } : {}),
      hint:
        suggestion(operation, known) ?? `operations of ${plugin.name}: ${Object.keys(plugin.operations).join(', ')}`,
    });
  }
  return problems;
}

/** A deployment is bound to a package by what its description says: it must be the package's own name and version. */
function checkPackage(
  declared: JsonObject,
  { packageName, packageVersion, plugin }: LoadedPlugin,
  positions: Positions,
  lines: LineTable,
): PluginProblem[] {
  const problem = (key: string, message: string, hint: string): PluginProblem => {
    const place = positions.ofValue(declared, key);
    return { severity: 'error', message, ...(place ? { source: lines.position(place) } : {}), hint };
  };
  const problems: PluginProblem[] = [];
  const name = textMember(declared, 'package_name');
  if (name !== undefined && !plugin.packageNames?.includes(name))
    problems.push(
      problem('package_name', `package_name is ${name}, and the package is called ${packageName}`, packageName),
    );
  const version = textMember(declared, 'package_version');
  if (version !== undefined && version !== (plugin.version ?? packageVersion))
    problems.push(
      problem(
        'package_version',
        `package_version is ${version}, and that of package.json is ${packageVersion}`,
        `package_version: "${packageVersion}"`,
      ),
    );
  return problems;
}

const MAIN = '/blueprint.yaml';

function mainImporting(file: string): string {
  return `tosca_definitions_version: cloudify_dsl_1_5\nimports:\n  - cloudify/types/types.yaml\n  - ${JSON.stringify(file)}\nnode_templates: {}\n`;
}

interface Implementation {
  readonly owner: string;
  readonly implementation: string;
  /** Where it was written. */
  readonly holder: Json;
  readonly key: string;
}

/** What the operations of all types in a document are mapped to. */
export function* implementationsIn(document: Json): Generator<Implementation> {
  for (const section of ['node_types', 'relationships'])
    for (const [type, declared] of Object.entries(objectMember(document, section)))
      for (const interfaces of ['interfaces', 'source_interfaces', 'target_interfaces'])
        for (const [name, operations] of Object.entries(objectMember(declared, interfaces)))
          for (const [operation, value] of Object.entries(isObject(operations) ? operations : {})) {
            const owner = `${type}.${name}.${operation}`;
            if (typeof value === 'string') yield { owner, implementation: value, holder: operations, key: operation };
            const implementation = textMember(value, 'implementation');
            if (implementation !== undefined) yield { owner, implementation, holder: value, key: 'implementation' };
          }
}

function asProblem({ code, message, source, hint }: Diagnostic): PluginProblem {
  return {
    severity: 'error',
    message: `${code}: ${message}`,
    ...(source ? { source } : {}),
    ...(hint === undefined ? {} : { hint }),
  };
}
