/** How Python's `str` writes a value: `concat` joins its items in this form, and blueprints rely on it. */
import { type Json, type JsonObject, pythonFloat, WholeFloat } from '../json.js';

export function pythonText(value: Json): string {
  return typeof value === 'string' ? value : representation(value);
}

function representation(value: Json): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : pythonFloat(value);
  if ((value as object) instanceof WholeFloat) return String(value);
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(representation).join(', ')}]`;
  const entries = Object.entries(value as JsonObject).map(([key, item]) => `${quoted(key)}: ${representation(item)}`);
  return `{${entries.join(', ')}}`;
}

function quoted(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r');
  if (escaped.includes("'") && !escaped.includes('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll("'", "\\'")}'`;
}
