/** JSON as Python's `json.dumps` writes it: existing scripts compare and cut such text. */
import type { Json } from '../sdk/index.js';

export function pythonJson(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `${quoted(key)}: ${pythonJson(item as Json)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
