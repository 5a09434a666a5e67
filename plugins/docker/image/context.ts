/** What an image is built from: a Dockerfile alone, or a folder of the blueprint. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JsonObject } from '../../../blueprint/json.js';
import { archiveOf } from '../../files/archive.js';
import { download } from '../../files/download.js';
import { entriesOf } from '../../files/folder.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { textOf } from '../../values.js';
import { ignoring } from './dockerignore.js';

export interface BuildContext {
  readonly archive: Buffer;
  /** Path of the Dockerfile in it. */
  readonly dockerfile: string;
}

/** @param config `build_context` and `dockerfile`, or `image_content` */
export async function buildContext(ctx: NodeOperationContext, config: JsonObject): Promise<BuildContext> {
  const folder = textOf(config.build_context);
  const dockerfile = textOf(config.dockerfile) ?? 'Dockerfile';
  if (folder !== undefined) return { archive: await folderArchive(ctx, folder, dockerfile), dockerfile };
  const content = await dockerfileText(ctx, textOf(config.image_content) ?? '');
  return { archive: archiveOf([{ path: 'Dockerfile', content }]), dockerfile: 'Dockerfile' };
}

/** `image_content` is a URL, a path, or the text itself. */
async function dockerfileText(ctx: NodeOperationContext, content: string): Promise<Buffer> {
  if (/^https?:\/\/\S+$/.test(content)) return await download(content, ctx.signal);
  const isText = content.includes('\n') || /^\s*(#|FROM\s|ARG\s)/i.test(content);
  if (isText) return Buffer.from(content);
  if (!path.isAbsolute(content)) return await ctx.getResource(content);
  return await readFile(content).catch((error: NodeJS.ErrnoException) => {
    throw new NonRecoverableError(`image_content: ${content} cannot be read on the worker (${error.code})`);
  });
}

async function folderArchive(ctx: NodeOperationContext, folder: string, dockerfile: string): Promise<Buffer> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-build-'));
  try {
    await ctx.downloadDirectory(folder, scratch);
    const ignored = ignoring(await readFile(path.join(scratch, '.dockerignore'), 'utf8').catch(() => ''));
    const entries = await entriesOf(scratch, '', (name) => name !== dockerfile && ignored(name));
    if (!entries.some((entry) => entry.path === dockerfile))
      throw new NonRecoverableError(`build_context ${folder} has no ${dockerfile}`);
    return archiveOf(entries);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
