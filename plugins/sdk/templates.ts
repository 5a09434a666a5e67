/**
 * Renders the templates of blueprints, which are written for Jinja2: Python's methods, truth values and notation.
 *
 * Templates are hostile. They see plain data, own members only, and the methods of the tables below: nothing that leads to
 * a constructor, a prototype or this process.
 */
import nunjucks from 'nunjucks';
import { pythonText } from '../../blueprint/intrinsics/python-text.js';
import type { Json, JsonObject } from '../../blueprint/json.js';

/** A template's marks; a file without any is passed on as it is. */
const TEMPLATE = /\{\{|\{%|\{#/;
const LONGEST_RANGE = 100_000;

export function isTemplate(text: string): boolean {
  return TEMPLATE.test(text);
}

/** @throws Error that names the line */
export function renderTemplate(text: string, variables: JsonObject): string {
  return environment().renderString(text, JSON.parse(JSON.stringify(variables)) as object);
}

interface Runtime {
  memberLookup(this: void, object: unknown, key: unknown, ...rest: unknown[]): unknown;
  suppressValue(value: unknown, autoescape: boolean): unknown;
  readonly SafeString: new () => object;
}

let made: nunjucks.Environment | undefined;

function environment(): nunjucks.Environment {
  if (made) return made;
  const { runtime } = nunjucks as unknown as { readonly runtime: Runtime };
  // Adds True, False, None and slices; its methods are replaced, since they write to prototypes.
  nunjucks.installJinjaCompat();
  const slices = runtime.memberLookup;
  runtime.memberLookup = (object, key, ...rest) =>
    rest.length === 2 ? slices(object, key, ...rest) : member(object, key);
  runtime.suppressValue = (value) => (value instanceof runtime.SafeString ? value : shown(value));
  made = new nunjucks.Environment(null, { autoescape: false, throwOnUndefined: false });
  made.addGlobal('range', range);
  made.addFilter('tojson', (value: unknown, indent?: number) => JSON.stringify(value ?? null, null, indent));
  made.addFilter('items', (value: unknown) => Object.entries((value ?? {}) as object));
  return made;
}

/** Python's notation, as Jinja writes it; nothing for what is not there. */
function shown(value: unknown): unknown {
  if (value === undefined || typeof value === 'function') return '';
  if (value === null || typeof value === 'boolean') return pythonText(value);
  if (typeof value !== 'object') return value;
  return pythonText(JSON.parse(JSON.stringify(value)) as Json);
}

function member(object: unknown, key: unknown): unknown {
  if (object === undefined || object === null) return undefined;
  const name = String(key);
  if (typeof object === 'string') return stringMember(object, name);
  if (Array.isArray(object)) return listMember(object, name);
  if (typeof object !== 'object') return undefined;
  if (Object.hasOwn(MAPPING, name)) return bound(MAPPING, name, object);
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

function stringMember(text: string, name: string): unknown {
  if (name === 'length') return text.length;
  if (/^-?\d+$/.test(name)) return text.at(Number(name));
  return Object.hasOwn(STRING, name) ? bound(STRING, name, text) : undefined;
}

function listMember(list: readonly unknown[], name: string): unknown {
  if (name === 'length') return list.length;
  if (/^-?\d+$/.test(name)) return list.at(Number(name));
  return Object.hasOwn(LIST, name) ? bound(LIST, name, list) : undefined;
}

type Methods<Of> = Readonly<Record<string, (own: Of, ...args: never[]) => unknown>>;

function bound<Of>(methods: Methods<Of>, name: string, own: Of): (...args: unknown[]) => unknown {
  const method = methods[name] as (own: Of, ...args: unknown[]) => unknown;
  return (...args) => method(own, ...args);
}

const MAPPING: Methods<object> = {
  items: (own) => Object.entries(own),
  keys: (own) => Object.keys(own),
  values: (own) => Object.values(own),
  get: (own, key: string, fallback: unknown = null) =>
    Object.hasOwn(own, key) ? (own as Record<string, unknown>)[key] : fallback,
};

const LIST: Methods<readonly unknown[]> = {
  index: (own, item: unknown) => own.indexOf(item),
  count: (own, item: unknown) => own.filter((one) => one === item).length,
  append: (own, item: unknown) => void (own as unknown[]).push(item),
  join: (own, by: string) => own.join(by),
  includes: (own, item: unknown) => own.includes(item),
};

const STRING: Methods<string> = {
  upper: (own) => own.toUpperCase(),
  lower: (own) => own.toLowerCase(),
  toUpperCase: (own) => own.toUpperCase(),
  toLowerCase: (own) => own.toLowerCase(),
  capitalize: (own) => own.slice(0, 1).toUpperCase() + own.slice(1).toLowerCase(),
  title: (own) => own.replace(/[a-z]+/gi, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()),
  strip: (own, characters?: string) => stripped(own, characters, 3),
  lstrip: (own, characters?: string) => stripped(own, characters, 1),
  rstrip: (own, characters?: string) => stripped(own, characters, 2),
  trim: (own) => own.trim(),
  startswith: (own, text: string) => own.startsWith(String(text)),
  endswith: (own, text: string) => own.endsWith(String(text)),
  replace: (own, from: string, to: string) => own.replaceAll(String(from), () => String(to)),
  split: (own, by?: string) =>
    by === undefined || by === null ? own.split(/\s+/).filter(Boolean) : own.split(String(by)),
  splitlines: (own) => own.replace(/\r?\n$/, '').split(/\r?\n/),
  join: (own, list: readonly unknown[]) => list.join(own),
  find: (own, text: string) => own.indexOf(String(text)),
  count: (own, text: string) => own.split(String(text)).length - 1,
  isdigit: (own) => /^\d+$/.test(own),
  format: (own, ...args: unknown[]) => formatted(own, args),
};

/** @param sides 1 the left one, 2 the right one, 3 both */
function stripped(text: string, characters: string | undefined, sides: number): string {
  const strips = (one: string): boolean => (characters === undefined ? one.trim() === '' : characters.includes(one));
  let from = 0;
  let to = text.length;
  while (sides & 1 && from < to && strips(text[from] as string)) from += 1;
  while (sides & 2 && to > from && strips(text[to - 1] as string)) to -= 1;
  return text.slice(from, to);
}

/** `{}` and `{0}` of Python's `str.format`, without the forms that say how. */
function formatted(text: string, args: readonly unknown[]): string {
  let next = 0;
  return text.replaceAll(/\{(\d*)\}/g, (_, at: string) => String(shown(args[at === '' ? next++ : Number(at)])));
}

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const size = Math.max(0, Math.ceil((to - from) / step));
  if (!Number.isFinite(size) || size > LONGEST_RANGE) throw new Error(`range() of more than ${LONGEST_RANGE} numbers`);
  return Array.from({ length: size }, (_, at) => from + at * step);
}
