/** Changes one setting in the text of a TOML file, leaving every other line, comments too, as it is. */
import { stringify } from 'smol-toml';
import type { SettingKey } from './table.js';
import type { SettingValue } from './value.js';

/** @param value undefined removes the setting */
export function withSetting(text: string, key: SettingKey, value: SettingValue | undefined): string {
  const at = key.lastIndexOf('.');
  const table = key.slice(0, Math.max(0, at));
  const name = key.slice(at + 1);
  const line = value === undefined ? undefined : stringify({ [name]: value }).trimEnd();
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const { from, to } = sectionOf(lines, table);
  const found = lines.findIndex((one, index) => index >= from && index < to && isAssignment(one, name));
  if (found >= 0) lines.splice(found, 1, ...(line === undefined ? [] : [line]));
  else if (line !== undefined && from > lines.length) lines.push(...(lines.length > 0 ? [''] : []), `[${table}]`, line);
  else if (line !== undefined) lines.splice(endOf(lines, from, to), 0, line);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Lines of a table, its header not counted; `from` is beyond the end when there is no such table. */
function sectionOf(lines: readonly string[], table: string): { from: number; to: number } {
  const header = table === '' ? -1 : lines.findIndex((line) => /^\s*\[\s*([^[\]]+?)\s*\]/.exec(line)?.[1] === table);
  if (table !== '' && header < 0) return { from: lines.length + 1, to: lines.length + 1 };
  const next = lines.findIndex((line, index) => index > header && /^\s*\[/.test(line));
  return { from: header + 1, to: next < 0 ? lines.length : next };
}

/** After the last line of the section that is not blank. */
function endOf(lines: readonly string[], from: number, to: number): number {
  let end = to;
  while (end > from && lines[end - 1]?.trim() === '') end -= 1;
  return end;
}

const isAssignment = (line: string, name: string): boolean => new RegExp(`^\\s*"?${name}"?\\s*=`).test(line);
