import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** Full path of a command, looked for on the worker's PATH and in the usual folders. */
export async function findExecutable(name: string): Promise<string | undefined> {
  if (path.isAbsolute(name)) return (await executable(name)) ? name : undefined;
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/local/bin', '/usr/bin', '/bin'];
  for (const folder of folders) {
    const file = path.join(folder, name);
    if (path.isAbsolute(folder) && (await executable(file))) return file;
  }
  return undefined;
}

async function executable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
