/** Files that are put into a container between its creation and its start. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import { type ArchiveEntry, archiveOf } from '../../files/archive.js';
import { entriesOf } from '../../files/folder.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { listOf, objectOf, textOf } from '../../values.js';
import type { Engine } from '../engine/open.js';

/**
 * @param files each `{source | content, target, template_variables?, mode?}`: a file or folder of the blueprint, or a
 *   text, and the absolute path that it gets in the container
 */
export async function putFiles(
  engine: Engine,
  ctx: NodeOperationContext,
  id: string,
  files: Json | undefined,
): Promise<void> {
  const wanted = listOf(files).map(objectOf);
  if (wanted.length === 0) return;
  const entries = (await Promise.all(wanted.map(async (file) => await entriesFor(ctx, file)))).flat();
  const what = `files cannot be put into container ${id.slice(0, 12)}`;
  await engine.ask(what, async () =>
    engine.docker.getContainer(id).putArchive(archiveOf(entries), { path: '/', abortSignal: engine.signal }),
  );
  ctx.logger.info(`Put ${entries.filter(({ directory }) => !directory).length} files into the container`);
}

async function entriesFor(ctx: NodeOperationContext, file: JsonObject): Promise<ArchiveEntry[]> {
  const { content, source, template_variables: variables } = file;
  const target = textOf(file.target) ?? '';
  if (!target.startsWith('/') || target.split('/').includes('..'))
    throw new NonRecoverableError(
      `files: target must be an absolute path in the container, not ${JSON.stringify(target)}`,
    );
  const inside = target.replace(/^\/+|\/+$/g, '');
  const mode = file.mode === undefined ? {} : { mode: modeOf(file.mode) };
  if (content !== undefined && content !== null)
    return [{ path: inside, content: Buffer.from(String(content)), ...mode }];
  const from = textOf(source);
  if (from === undefined) throw new NonRecoverableError(`files: ${target} needs a source or a content`);
  const place = target.endsWith('/') ? `${inside}/${path.basename(from)}` : inside;
  if (variables !== undefined && variables !== null) {
    const text = await ctx.getResourceAndRender(from, objectOf(variables));
    return [{ path: place, content: Buffer.from(text), ...mode }];
  }
  return await copied(ctx, from, inside, place, mode);
}

async function copied(
  ctx: NodeOperationContext,
  source: string,
  folder: string,
  place: string,
  mode: { readonly mode?: number },
): Promise<ArchiveEntry[]> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-files-'));
  try {
    const there = path.join(scratch, 'copy');
    await ctx.downloadDirectory(source, there);
    if ((await stat(there)).isDirectory())
      return (await entriesOf(there)).map((entry) => ({ ...entry, path: `${folder}/${entry.path}` }));
    return [{ path: place, content: await ctx.getResource(source), mode: (await stat(there)).mode & 0o777, ...mode }];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `0644` in YAML is a number already; `"0644"` and `"644"` are texts in octal. */
function modeOf(value: Json): number {
  const mode = typeof value === 'number' ? value : Number.parseInt(String(value), 8);
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
  throw new NonRecoverableError(`files: mode must be like "0644", not ${JSON.stringify(value)}`);
}
