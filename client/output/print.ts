/** Results in the form that was asked for. Data goes to stdout, in one document; nothing else ever does. */
import { stringify } from 'yaml';
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { Io } from './io.js';
import { type Column, table, textOf } from './table.js';

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name', 'jsonl'] as const;
export type Format = (typeof FORMATS)[number];

export interface List<Row> {
  /** Kind of the items, e.g. `executions`; the document's schema is `caisson/executions.list@1`. */
  readonly kind: string;
  readonly items: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly name: (row: Row) => string;
  /** Said to people when there is nothing. */
  readonly empty: string;
}

export function printList<Row extends object>(io: Io, format: Format, list: List<Row>): void {
  const { kind, items, columns, name, empty } = list;
  if (format === 'json' || format === 'yaml')
    printDocument(io, format, { schema: `caisson/${kind}.list@1`, items: items as unknown as Json, next: null });
  else if (format === 'jsonl') for (const item of items) io.out(JSON.stringify(item));
  else if (format === 'name') for (const item of items) io.out(name(item));
  else if (items.length === 0) io.err(empty);
  else io.out(table(items, columns, io, format === 'wide'));
}

export interface Single {
  /** Kind of the thing, e.g. `execution`; the document's schema is `caisson/execution@1`. */
  readonly kind: string;
  readonly item: object;
  readonly name: string;
  /** How people see it; default: its fields, one a line. */
  readonly text?: string;
}

export function printSingle(io: Io, format: Format, { kind, item, name, text }: Single): void {
  if (format === 'json' || format === 'yaml' || format === 'jsonl')
    printDocument(io, format, { schema: `caisson/${kind}@1`, ...(item as JsonObject) });
  else if (format === 'name') io.out(name);
  else io.out(text ?? fields(item as JsonObject, io));
}

/** `key  value` lines. */
export function fields(item: JsonObject, io: Pick<Io, 'colors'>): string {
  const width = Math.max(0, ...Object.keys(item).map((key) => key.length));
  return Object.entries(item)
    .map(([key, value]) => `${io.colors.dim(key.padEnd(width))}  ${textOf(value)}`.trimEnd())
    .join('\n');
}

function printDocument(io: Io, format: 'json' | 'yaml' | 'jsonl', document: JsonObject): void {
  if (format === 'yaml') io.out(stringify(document).trimEnd());
  else if (format === 'jsonl') io.out(JSON.stringify(document));
  else io.out(JSON.stringify(document, null, 2));
}
