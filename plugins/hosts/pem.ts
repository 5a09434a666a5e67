import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';

/** PEM text as it is, or from a file: of the worker when the path is absolute, else of the blueprint. */
export async function pemText(ctx: OperationContext, value: string, what: string): Promise<string> {
  if (value.includes('-----BEGIN')) return value.endsWith('\n') ? value : `${value}\n`;
  const file = value.replace(/^~(?=\/)/, os.homedir());
  if (!path.isAbsolute(file)) return (await ctx.getResource(file)).toString('utf8');
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new NonRecoverableError(`${what}: ${file} cannot be read (${error.code})`);
  });
}
