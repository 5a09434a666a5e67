/** Asks a person before something is destroyed. Where nobody can answer, the command itself is the answer. */
import { createInterface } from 'node:readline/promises';
import { usageError } from '../errors.js';
import type { Io } from './io.js';

/** @throws CaissonError (usage) when the person answers anything else than `word` */
export async function confirm(io: Io, question: string, word: string): Promise<void> {
  if (!io.canAsk) return;
  const reader = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = await reader.question(`${question} Type ${io.colors.bold(word)} to go on: `);
    if (answer.trim() !== word) throw usageError('nothing was done');
  } finally {
    reader.close();
  }
}
