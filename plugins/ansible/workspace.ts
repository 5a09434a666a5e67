/** A folder with a playbook and what it needs, for one run. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeEntries } from '../files/folder.js';
import { sourceEntries } from '../files/source.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import type { PlaybookSettings } from './settings.js';

export interface Workspace {
  readonly folder: string;
  /** Absolute path of the playbook. */
  readonly playbook: string;
  remove(): Promise<void>;
}

/** @throws NonRecoverableError when there is no such playbook: Ansible's own exit code would not tell */
export async function openWorkspace(ctx: OperationContext, settings: PlaybookSettings): Promise<Workspace> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-ansible-'));
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    const playbook = await place(ctx, settings, path.join(folder, 'playbook'));
    const isFile = await stat(playbook).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (!isFile) throw new NonRecoverableError(`there is no playbook ${settings.playbook}`);
    return { folder, playbook, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function place(ctx: OperationContext, settings: PlaybookSettings, root: string): Promise<string> {
  const { playbook, source, files } = settings;
  await mkdir(root);
  if (source !== undefined) {
    await writeEntries(root, await sourceEntries(ctx, source));
    return inside(root, playbook);
  }
  if (path.isAbsolute(playbook)) return playbook;
  // Roles and variables lie beside the playbook, or beside its folder.
  const [top = '', ...rest] = playbook.split('/');
  if (files.length > 0 || rest.length === 0) {
    for (const file of [playbook, ...files]) {
      const target = inside(root, file);
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, await ctx.getResource(file));
    }
    return inside(root, playbook);
  }
  await ctx.downloadDirectory(top, path.join(root, top));
  return inside(root, playbook);
}

function inside(root: string, name: string): string {
  const file = path.resolve(root, name);
  if (file.startsWith(`${root}${path.sep}`)) return file;
  throw new NonRecoverableError(`${name} lies outside of the playbook's folder`);
}
