/** The history of a run of one plugin, told of another plugin: names stand in its payloads too. */
import type { Json } from '../../blueprint/json.js';

/** @param names what is written in the history → what is to be written */
export function renamedHistory(text: string, names: Readonly<Record<string, string>>): string {
  const renamed = (value: string): string => {
    let result = value;
    for (const [from, to] of Object.entries(names)) result = result.replaceAll(from, to);
    return result;
  };
  return `${JSON.stringify(inHistory(JSON.parse(text) as Json, renamed), null, 1)}\n`;
}

function inHistory(value: Json, renamed: (text: string) => string): Json {
  if (typeof value === 'string') return renamed(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => inHistory(item, renamed));
  const entries = Object.entries(value).map(([key, item]): [string, Json] => {
    // Of a payload: its JSON, as base64.
    if (key === 'data' && typeof item === 'string') {
      const data = renamed(Buffer.from(item, 'base64').toString('utf8'));
      return [key, Buffer.from(data, 'utf8').toString('base64')];
    }
    return [renamed(key), inHistory(item, renamed)];
  });
  return Object.fromEntries(entries);
}
