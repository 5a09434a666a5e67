/** Which build of Caisson this is: a worker of another one is replaced. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const DIST = new URL(import.meta.url.endsWith('.ts') ? '../../dist/' : '../../', import.meta.url);

/** The program that is a worker, in the built package. */
export const WORKER_PROGRAM = fileURLToPath(new URL('worker/main.js', DIST));

/** The program that keeps the embedded stack up. */
export const KEEPER_PROGRAM = fileURLToPath(new URL('client/stack/keeper-program.js', DIST));

/** Hash of everything that was built; where the build left none, of what is loaded first. */
export async function buildId(): Promise<string> {
  const file = fileURLToPath(new URL('build-id', DIST));
  const noted = await readFile(file, 'utf8').catch(() => undefined);
  if (noted !== undefined) return noted.trim();
  const { mtimeMs } = await stat(WORKER_PROGRAM);
  return createHash('sha256').update(String(mtimeMs)).digest('hex').slice(0, 16);
}
