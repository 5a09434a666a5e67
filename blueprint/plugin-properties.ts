/** Values for a plugin's properties, given beside its import: `- plugin:aws: { region: eu-west-1 }`. */
import type { Place, Report } from './diagnostics.js';
import { isFunctionCall } from './intrinsics/call.js';
import { isNumber, isObject, type Json, type JsonObject, objectMember, textMember } from './json.js';
import { mapValues, type Positions } from './positions.js';

interface Setting {
  readonly positions: Positions;
  readonly report: Report;
}

/** The imported document with the values in `plugins.*.properties.*.value`. */
export function setPluginProperties(
  document: JsonObject,
  given: JsonObject,
  place: Place | undefined,
  { positions, report }: Setting,
): JsonObject {
  const declared = new Map<string, Json>();
  for (const plugin of Object.values(objectMember(document, 'plugins')))
    for (const [name, property] of Object.entries(objectMember(plugin, 'properties'))) declared.set(name, property);
  const values = new Map<string, Json>();
  for (const [name, value] of Object.entries(given)) {
    const at = positions.ofValue(given, name) ?? place;
    const property = declared.get(name);
    if (isObject(value) && !isFunctionCall(value))
      report('C2025', `the value of plugin property ${name} is a mapping`, at);
    else if (property === undefined) report('C2031', `the plugin has no property ${name}`, at);
    else if (!isFunctionCall(value) && !fits(value, textMember(property, 'type')))
      report('C2031', `plugin property ${name} must be of type ${textMember(property, 'type')}`, at);
    else values.set(name, value);
  }
  const plugins = mapValues(positions, objectMember(document, 'plugins'), (plugin) => {
    if (!isObject(plugin) || !isObject(plugin.properties)) return plugin;
    const properties = mapValues(positions, plugin.properties, (property, name) =>
      values.has(name) && isObject(property)
        ? positions.carry(property, { ...property, value: values.get(name) as Json })
        : property,
    );
    return positions.carry(plugin, { ...plugin, properties });
  });
  return positions.carry(document, { ...document, plugins });
}

function fits(value: Json, type: string | undefined): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' || Number.isInteger(value);
    case 'integer':
      return Number.isInteger(value);
    case 'float':
      return isNumber(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    default:
      return true;
  }
}
