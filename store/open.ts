import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArtifactStore } from './artifact-store.js';
import { folderStore } from './folder-store.js';
import type { S3Settings } from './s3/settings.js';
import { s3Store } from './s3/store.js';

export interface ArtifactStoreOptions {
  /**
   * Temporal namespace. Each but `default` has a part of the store of its own, `namespaces/NAME/`.
   * @default 'default'
   */
  readonly namespace?: string;
  /** For buckets. */
  readonly s3?: S3Settings;
}

/**
 * The artifact store at a location: a folder's path or `file:` URL, or `s3://BUCKET/PREFIX`.
 *
 * Nothing is asked of it yet: what is wrong with it shows with the first use.
 *
 * @throws Error for a kind of store that there is not
 */
export function openArtifactStore(location: string, options: ArtifactStoreOptions = {}): ArtifactStore {
  const { namespace = 'default', s3 = {} } = options;
  const part = namespace === 'default' ? [] : ['namespaces', partName(namespace)];
  const scheme = /^([a-z][a-z0-9+]+):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return folderStore(path.join(location, ...part));
  if (scheme === 'file') return folderStore(path.join(fileURLToPath(location), ...part));
  if (scheme === 's3') {
    const { bucket, prefix } = bucketIn(location);
    return s3Store(bucket, [...prefix, ...part].map((segment) => `${segment}/`).join(''), s3);
  }
  throw new Error(
    `no artifact store can be opened at ${location}: use a folder's path, a file: URL or s3://BUCKET/PREFIX`,
  );
}

function bucketIn(location: string): { readonly bucket: string; readonly prefix: readonly string[] } {
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/.*)?$/i.exec(location) ?? [];
  if (bucket === undefined) throw new Error(`${location} names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX`);
  return { bucket, prefix: rest.split('/').filter((segment) => segment !== '') };
}

/** A namespace's name as a folder's: what a folder cannot be called is written as its code. */
function partName(namespace: string): string {
  const name = namespace.replaceAll(/[^A-Za-z0-9._-]/g, (sign) => `@${sign.codePointAt(0)?.toString(16)}@`);
  return /^\.+$/.test(name) ? `@${name}` : name;
}
