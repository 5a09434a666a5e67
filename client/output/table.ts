/** Tables like kubectl's: columns by two spaces, no grid, never wider than the terminal where names can be cut. */
import stringWidth from 'string-width';
import type { Json } from '../../blueprint/json.js';
import type { Io } from './io.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => Json | undefined;
  /** May be cut when the terminal is narrow. Ids never are. */
  readonly shrinks?: boolean;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
}

const GAP = 2;
const SHORTEST = 8;

export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  io: Pick<Io, 'columns' | 'colors' | 'isTerminal'>,
  wide = false,
): string {
  const shown = columns.filter((column) => wide || !column.wide);
  const cells = rows.map((row) => shown.map(({ value }) => textOf(value(row))));
  const widths = shown.map(({ title }, at) =>
    Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[at] ?? ''))),
  );
  if (io.isTerminal && !wide) shrink(widths, shown, io.columns());
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) =>
        at === row.length - 1 ? cut(cell, widths[at] ?? 0) : padded(cut(cell, widths[at] ?? 0), widths[at] ?? 0),
      )
      .join(' '.repeat(GAP))
      .trimEnd();
  return [io.colors.bold(line(shown.map(({ title }) => title))), ...cells.map(line)].join('\n');
}

export function textOf(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object')
    return Array.isArray(value) && value.every((one) => typeof one !== 'object')
      ? value.join(',')
      : JSON.stringify(value);
  return String(value).replaceAll(/\s+/g, ' ');
}

/** Takes from the widest column that may shrink until the row fits. */
function shrink(widths: number[], columns: readonly { readonly shrinks?: boolean }[], available: number): void {
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1);
  while (total() > available) {
    let widest = -1;
    for (const [at, { shrinks }] of columns.entries())
      if (shrinks && (widths[at] ?? 0) > SHORTEST && (widest < 0 || (widths[at] ?? 0) > (widths[widest] ?? 0)))
        widest = at;
    if (widest < 0) return;
    widths[widest] = Math.max(SHORTEST, (widths[widest] ?? 0) - (total() - available));
  }
}

function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (stringWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));
