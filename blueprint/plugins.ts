/** `plugins`: who does the work, and which of them a node or the deployment needs. */
import type { Compilation } from './compilation.js';
import { isObject, type Json, member, objectMember, textMember } from './json.js';
import { EXECUTORS } from './language.js';
import type { Operation, PlanPlugin } from './plan.js';
import { mapValues } from './positions.js';
import { isKnownType, KNOWN_TYPES } from './primitives.js';
import type { DataTypes } from './schema.js';
import { suggestion } from './suggestion.js';

export function readPlugins(section: Json | undefined, cx: Compilation, dataTypes: DataTypes): PlanPlugin[] {
  if (!isObject(section)) return [];
  return Object.entries(section).map(([name, raw]) => readPlugin(name, raw, section, cx, dataTypes));
}

function readPlugin(name: string, raw: Json, section: object, cx: Compilation, dataTypes: DataTypes): PlanPlugin {
  const { positions, report } = cx;
  const at = positions.ofKey(section, name);
  const executor = textMember(raw, 'executor') ?? '';
  if (executor !== '' && !EXECUTORS.includes(executor))
    report(
      'C2083',
      `the executor of plugin ${name} must be ${EXECUTORS.join(' or ')}`,
      positions.ofValue(raw, 'executor'),
    );
  const install = member(raw, 'install') !== false;
  const source = textMember(raw, 'source') ?? null;
  const package_name = textMember(raw, 'package_name') ?? null;
  if (install && source === null && package_name === null)
    report(
      'C2085',
      `plugin ${name} is to be installed and has neither source nor package_name`,
      at,
      'or write: install: false',
    );
  const textOrNull = (key: string): string | null => textMember(raw, key) ?? null;
  return {
    name,
    executor,
    source,
    install,
    install_arguments: textOrNull('install_arguments'),
    package_name,
    package_version: textOrNull('package_version'),
    supported_platform: textOrNull('supported_platform'),
    distribution: textOrNull('distribution'),
    distribution_version: textOrNull('distribution_version'),
    distribution_release: textOrNull('distribution_release'),
    properties_description: textOrNull('properties_description'),
    properties: mapValues(positions, objectMember(raw, 'properties'), (property, key) => {
      checkType(property, `plugins.${name}.properties.${key}`, dataTypes, cx);
      return property ?? {};
    }),
  };
}

function checkType(property: Json, path: string, dataTypes: DataTypes, { positions, report }: Compilation): void {
  const type = textMember(property, 'type');
  if (type !== undefined && !isKnownType(type) && !dataTypes.has(type))
    report(
      'C2041',
      `${path} is of type ${type}, which there is not`,
      positions.ofValue(property, 'type'),
      suggestion(type, [...KNOWN_TYPES, ...dataTypes.names]),
    );
}

/** The plugins that some operations need, one per plugin and executor, with the operations' executor. */
export function pluginsOf(operations: readonly Operation[], plugins: readonly PlanPlugin[]): PlanPlugin[] {
  const needed = new Map<string, PlanPlugin>();
  for (const { plugin, executor } of operations) {
    const key = `${plugin} ${executor}`;
    if (plugin === '' || executor === null || needed.has(key)) continue;
    const own = plugins.find(({ name }) => name === plugin);
    if (own) needed.set(key, { ...own, executor });
  }
  return [...needed.values()];
}

/** One per name, the last one seen. */
export function uniqueByName(plugins: Iterable<PlanPlugin>): PlanPlugin[] {
  return [...new Map([...plugins].map((plugin) => [plugin.name, plugin])).values()];
}

export function withExecutor(plugins: readonly PlanPlugin[], executor: string): PlanPlugin[] {
  return plugins.filter((plugin) => plugin.executor === executor);
}
