/**
 * The `ctx` command: words that walk from the context to a member, then read it, write it or call it.
 *
 * Each word is a member of what the words before it led to (`-` means `_`). In a mapping, one word reads the path that it
 * is, two write; a member that can be called takes the rest as its arguments.
 */
import { type Json, type JsonObject, NonRecoverableError } from '../sdk/index.js';
import { readPath, writePath } from '../sdk/property-path.js';
import { parseWords, type Word } from './ctx-words.js';

/** A member of the context, as the command sees it. */
export type Member =
  | { readonly kind: 'value'; read(): Json | Promise<Json> }
  | { readonly kind: 'branch'; readonly members: Members; summary(): Json | Promise<Json> }
  | {
      readonly kind: 'mapping';
      view(): Record<string, Json> | JsonObject;
      readonly methods: Members;
      /** Why it cannot be written. */
      readonly readOnly?: string;
    }
  | Callable;

export interface Callable {
  readonly kind: 'call';
  /** Names of the arguments, for callers that name them; the last may be `*`: any number. */
  readonly parameters: readonly string[];
  /** How many of them must be given. */
  readonly required: number;
  /** Takes an object as the value that it is, never as named arguments. */
  readonly objects?: boolean;
  call(args: readonly Json[]): Json | undefined | Promise<Json | undefined>;
}

/** Asked for only when a word leads there: a member of the wrong kind of context throws. */
export type Members = Readonly<Record<string, () => Member>>;

export interface CommandResult {
  readonly value: Json;
  /** As JSON, rather than as plain text. */
  readonly json: boolean;
}

/** A command that makes no sense. The script hears of it; the operation does not fail by it. */
export class CommandError extends Error {
  override readonly name: string = 'CtxError';
}

/** How long a command may take, unless it says so (`-t`). */
export const DEFAULT_TIMEOUT_S = 30;

/** @param args the command line after `ctx`, flags included */
export async function runCommand(root: Members, args: readonly string[]): Promise<CommandResult> {
  const { words, json, timeout } = parseWords(args, DEFAULT_TIMEOUT_S);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new CommandError(`ctx ${args.join(' ')}: not done in ${timeout} s`)),
      Math.min(timeout * 1_000, 2 ** 31 - 1),
    );
  });
  try {
    return { value: (await Promise.race([resolve(root, words), late])) ?? null, json };
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves words that are parsed already: the body `{ "args": […] }` of other clients. */
export async function runWords(root: Members, args: readonly Json[]): Promise<Json> {
  const words = args.map((value): Word => ({ value, literal: false }));
  return (await resolve(root, words)) ?? null;
}

async function resolve(root: Members, words: readonly Word[]): Promise<Json | undefined> {
  let member: Member = { kind: 'branch', members: root, summary: () => ({}) };
  for (const [at, word] of words.entries()) {
    const rest = words.slice(at);
    if (member.kind === 'call') return await callWith(member, rest);
    if (member.kind === 'mapping') return await inMapping(member, rest, words);
    const next: Member | undefined = member.kind === 'branch' ? memberOf(member.members, word) : undefined;
    if (!next) {
      const value: Json | undefined = member.kind === 'value' ? await member.read() : undefined;
      if (typeof value === 'object' && value !== null && rest.length === 1) return found(value, word);
      throw unresolved(word, words);
    }
    member = next;
  }
  switch (member.kind) {
    case 'call':
      return await callWith(member, []);
    case 'value':
      return await member.read();
    case 'branch':
      return await member.summary();
    case 'mapping':
      return plain(member.view());
  }
}

async function inMapping(
  mapping: Extract<Member, { kind: 'mapping' }>,
  rest: readonly Word[],
  words: readonly Word[],
): Promise<Json | undefined> {
  const [first, second, ...more] = rest as [Word, ...Word[]];
  const method = memberOf(mapping.methods, first);
  if (method?.kind === 'call' && (rest.length - 1 <= method.parameters.length || method.parameters.includes('*')))
    return await callWith(method, rest.slice(1));
  if (second === undefined) return found(plain(mapping.view()), first);
  if (more.length > 0) throw unresolved(more[0] as Word, words);
  if (mapping.readOnly !== undefined) throw new NonRecoverableError(mapping.readOnly);
  writePath(mapping.view() as Record<string, Json>, textOf(first), second.value);
  return undefined;
}

function found(value: Json, word: Word): Json {
  const path = textOf(word);
  const item = readPath(value, path);
  if (item === undefined) throw new CommandError(`illegal path: ${path}`);
  return item;
}

async function callWith(callable: Callable, words: readonly Word[]): Promise<Json | undefined> {
  const { parameters, required } = callable;
  let args = words.map(({ value }) => value);
  const last = args.at(-1);
  if (isObject(last) && (!callable.objects || (args.length > 1 && Object.keys(last).length === 0)))
    args = named(parameters, args.slice(0, -1), last);
  const most = parameters.includes('*') ? Number.POSITIVE_INFINITY : parameters.length;
  if (args.length < required || args.length > most)
    throw new CommandError(`it takes ${parameters.join(', ') || 'no arguments'}; it was given ${args.length}`);
  return await callable.call(args);
}

function named(parameters: readonly string[], args: readonly Json[], given: JsonObject): Json[] {
  const result: Json[] = [...args];
  for (const [name, value] of Object.entries(given)) {
    const at = parameters.indexOf(name);
    if (at < 0) throw new CommandError(`there is no argument ${name}; there are ${parameters.join(', ') || 'none'}`);
    if (at < args.length) throw new CommandError(`the argument ${name} is given twice`);
    while (result.length < at) result.push(null);
    result[at] = value;
  }
  return result;
}

function memberOf(members: Members, { value, literal }: Word): Member | undefined {
  if (literal || typeof value !== 'string') return undefined;
  for (const name of [value, value.replaceAll('-', '_')]) if (Object.hasOwn(members, name)) return members[name]?.();
  return undefined;
}

function textOf({ value }: Word): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function unresolved(word: Word, words: readonly Word[]): CommandError {
  return new CommandError(`${textOf(word)} cannot be processed in [${words.map(textOf).join(', ')}]`);
}

function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
