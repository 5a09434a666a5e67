import { NonRecoverableError } from './sdk/errors.js';

/** A command line split as a shell splits it: quotes and backslashes count, nothing is expanded. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] as string;
    const next = line[at + 1];
    if (quote === "'" ? character === "'" : quote === '"' && character === '"') quote = undefined;
    else if (
      character === '\\' &&
      quote !== "'" &&
      next !== undefined &&
      (quote === undefined || '"\\'.includes(next))
    ) {
      word = (word ?? '') + next;
      at += 1;
    } else if (quote !== undefined) word = (word ?? '') + character;
    else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== undefined) throw new NonRecoverableError(`a quote is not closed in: ${line}`);
  if (word !== undefined) words.push(word);
  return words;
}
