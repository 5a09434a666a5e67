/**
 * When something of the cache was used last, so that what nobody needs any more can be told apart: the time of a file
 * `NAME.used` beside it. Whoever uses it says so before, and again as long as it does.
 */
import { stat, utimes, writeFile } from 'node:fs/promises';

/** That it cannot be noted is no reason not to use it. */
export async function noteUse(folder: string): Promise<void> {
  const file = `${folder}.used`;
  const now = new Date();
  try {
    await utimes(file, now, now).catch(async () => await writeFile(file, ''));
  } catch {
    // A cache that may only be read is not cleared either.
  }
}

/** Of one that has never been noted: when it was made. */
export async function lastUse(folder: string): Promise<Date> {
  const { mtime } = await stat(`${folder}.used`).catch(async () => await stat(folder));
  return mtime;
}
