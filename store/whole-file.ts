/** Files that are there whole or not at all, also after a power cut. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Replaces a file, for its owner's eyes only. Its folder is made if need be. */
export async function replaceFile(file: string, content: string): Promise<void> {
  const part = await writtenAside(file, content);
  await rename(part, file);
  await settled(path.dirname(file));
}

/** Makes a file. @returns false when there is one already, which stays as it is */
export async function createFile(file: string, content: string): Promise<boolean> {
  const part = await writtenAside(file, content);
  try {
    await link(part, file);
    await settled(path.dirname(file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(part, { force: true });
  }
}

async function writtenAside(file: string, content: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  const handle = await open(part, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return part;
}

/** A new name is on the disk only when its folder is. Platforms that cannot do it with folders do it by themselves. */
async function settled(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
