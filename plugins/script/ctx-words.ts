/** The command line of `ctx`: flags, which may stand anywhere, and words, of which `@…` are JSON. */
import type { Json } from '../sdk/index.js';
import { CommandError } from './ctx-command.js';

export interface Word {
  readonly value: Json;
  /** Stands after `--`: a key and never the name of a method. */
  readonly literal: boolean;
}

export interface CommandLine {
  readonly words: readonly Word[];
  readonly json: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export function parseWords(args: readonly string[], defaultTimeout: number): CommandLine {
  const texts: { text: string; literal: boolean }[] = [];
  let json = false;
  let timeout = defaultTimeout;
  let prefix = '@';
  let literal = false;
  for (let at = 0; at < args.length; at += 1) {
    const text = args[at] as string;
    const flag = literal ? undefined : flagOf(text);
    if (flag === undefined) {
      texts.push({ text, literal });
      continue;
    }
    if (flag.name === '--') literal = true;
    else if (flag.name === 'json-output') json = true;
    else {
      const value = flag.value ?? args[++at];
      if (value === undefined) throw new CommandError(`${text} needs a value`);
      if (flag.name === 'json-arg-prefix') prefix = value;
      if (flag.name === 'timeout') timeout = seconds(value);
    }
  }
  return { words: texts.map(({ text, literal }) => ({ value: parsed(text, prefix), literal })), json, timeout };
}

interface Flag {
  readonly name: '--' | 'json-output' | 'timeout' | 'json-arg-prefix' | 'socket-url';
  readonly value?: string;
}

/** A word that looks like a flag and is none of ours is a word: values may begin with a dash. */
function flagOf(text: string): Flag | undefined {
  if (text === '--') return { name: '--' };
  if (text === '-j' || text === '--json-output') return { name: 'json-output' };
  const short = /^-t(\d+(?:\.\d+)?)?$/.exec(text);
  if (short) return { name: 'timeout', ...(short[1] === undefined ? {} : { value: short[1] }) };
  const long = /^--(timeout|json-arg-prefix|socket-url)(?:=([\s\S]*))?$/.exec(text);
  if (!long) return undefined;
  return { name: long[1] as 'timeout', ...(long[2] === undefined ? {} : { value: long[2] }) };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new CommandError(`the timeout is a number of seconds, not ${text}`);
  return value;
}

function parsed(text: string, prefix: string): Json {
  if (prefix === '' || !text.startsWith(prefix)) return text;
  try {
    return JSON.parse(text.slice(prefix.length)) as Json;
  } catch (error) {
    throw new CommandError(
      `${text} is not JSON (${(error as Error).message}); words that begin with ${prefix} must be`,
    );
  }
}
