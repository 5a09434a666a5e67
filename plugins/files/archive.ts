/** Tar archives made in memory: what the engine takes for build contexts and for files put into a container. */
import { Header, Pax } from 'tar';

const BLOCK = 512;

export interface ArchiveEntry {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly content?: Buffer;
  /** Target of a symbolic link; the entry then has no content. */
  readonly link?: string;
  readonly directory?: boolean;
  /** @default 0o644, of directories 0o755 */
  readonly mode?: number;
}

/** Owned by root and without times, so that the same entries give the same bytes. */
export function archiveOf(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf({ path, content = Buffer.alloc(0), link, directory, mode }: ArchiveEntry): Buffer[] {
  const fields = {
    path: directory ? `${path}/` : path,
    mode: mode ?? (directory ? 0o755 : 0o644),
    uid: 0,
    gid: 0,
    size: link === undefined && !directory ? content.length : 0,
    mtime: new Date(0),
    type: link !== undefined ? 'SymbolicLink' : directory ? 'Directory' : 'File',
    ...(link === undefined ? {} : { linkpath: link }),
  } as const;
  const header = new Header(fields);
  const block = Buffer.alloc(BLOCK);
  header.encode(block, 0);
  const extended = header.needPax ? [new Pax({ path: fields.path, ...(link ? { linkpath: link } : {}) }).encode()] : [];
  return [...extended, block, ...(fields.size > 0 ? [padded(content)] : [])];
}

function padded(content: Buffer): Buffer {
  const missing = (BLOCK - (content.length % BLOCK)) % BLOCK;
  return missing === 0 ? content : Buffer.concat([content, Buffer.alloc(missing)]);
}
