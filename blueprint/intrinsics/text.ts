/** Functions of their arguments alone: concat, merge and the string functions. */
import type { Json, JsonObject } from '../json.js';
import { type FunctionCall, holdsFunction } from './call.js';
import { type Evaluated, UNRESOLVED } from './evaluate.js';
import { pythonText } from './python-text.js';
import { FunctionEvaluationError } from './scope.js';

/** The result; UNRESOLVED while an argument is still a function; undefined when the call is none of these functions. */
export function evaluateText({ name, argument }: FunctionCall): Evaluated | undefined {
  switch (name) {
    case 'concat':
      return holdsFunction(argument) ? UNRESOLVED : listOf(name, argument).map(pythonText).join('');
    case 'merge':
      return holdsFunction(argument) ? UNRESOLVED : merge(listOf(name, argument));
    case 'string_find': {
      const [haystack, needle] = textsOf(name, argument);
      return findIn(haystack ?? '', needle ?? '');
    }
    case 'string_replace':
      return replace(name, argument);
    case 'string_split':
      return split(name, argument);
    case 'string_lower':
      return textsOf(name, [argument])[0]?.toLowerCase() ?? '';
    case 'string_upper':
      return textsOf(name, [argument])[0]?.toUpperCase() ?? '';
    default:
      return undefined;
  }
}

function merge(items: readonly Json[]): Json {
  const merged: Record<string, Json> = {};
  for (const item of items) {
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      throw new FunctionEvaluationError('merge', `takes dictionaries, not ${pythonText(item)}`);
    for (const [key, value] of Object.entries(item as JsonObject)) {
      Object.defineProperty(merged, key, { value, enumerable: true, writable: true, configurable: true });
    }
  }
  return merged;
}

/** Python counts code points, and so does this. */
function findIn(haystack: string, needle: string): number {
  const at = haystack.indexOf(needle);
  return at < 0 ? at : [...haystack.slice(0, at)].length;
}

function replace(name: string, argument: Json): string {
  const [text, needle, replacement, count] = listOf(name, argument);
  const [haystack, from, to] = textsOf(name, [text ?? null, needle ?? null, replacement ?? null]) as [
    string,
    string,
    string,
  ];
  if (count === undefined || Number(count) < 0) return haystack.replaceAll(from, () => to);
  let result = haystack;
  let at = 0;
  for (let left = Number(count); left > 0; left -= 1) {
    at = result.indexOf(from, at);
    if (at < 0) break;
    result = result.slice(0, at) + to + result.slice(at + from.length);
    at += to.length;
  }
  return result;
}

function split(name: string, argument: Json): Json {
  const [input, by, index] = listOf(name, argument);
  const [text, separator] = textsOf(name, [input ?? null, by ?? null]) as [string, string];
  if (separator === '') throw new FunctionEvaluationError(name, 'the separator is empty');
  const parts = text.split(separator);
  if (index === undefined || index === null) return parts;
  const part = parts.at(Number(index));
  if (part === undefined)
    throw new FunctionEvaluationError(name, `there is no part ${String(index)} in ${parts.length}`);
  return part;
}

function listOf(name: string, argument: Json): readonly Json[] {
  if (Array.isArray(argument)) return argument;
  throw new FunctionEvaluationError(name, `takes a list, not ${pythonText(argument)}`);
}

function textsOf(name: string, argument: Json): string[] {
  return listOf(name, argument).map((item) => {
    if (typeof item === 'string') return item;
    throw new FunctionEvaluationError(
      name,
      holdsFunction(item) ? 'an argument is only known at run time' : `takes text, not ${pythonText(item)}`,
    );
  });
}
