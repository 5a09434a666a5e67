/**
 * Where Caisson keeps what does not belong into a history: blueprint archives, big payloads, logs, journals, snapshots.
 * A folder by default, or a bucket. Keys are relative paths of `[A-Za-z0-9._@-]` segments; none ends in `@` and six
 * digits.
 */
export interface ArtifactStore {
  /** Stores the whole of `data` under `key`, or nothing: a reader never sees half of it. */
  put(key: string, data: Uint8Array): Promise<void>;
  /** The same, unless something is there under `key`: of several at once, one wins. @returns whether it was stored */
  create(key: string, data: Uint8Array): Promise<boolean>;
  get(key: string): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  /** Keys that begin with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
  /** Adds to the end of what is under `key`, making it if need be. For logs: a crash may cut the last line. */
  append(key: string, data: Uint8Array): Promise<void>;
  /** Removes `key`; not an error if it is not there. */
  delete(key: string): Promise<void>;
}

/** The store does not answer, or refuses: the message names it, and what it said. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** Refuses keys that could leave the store. */
export function checkKey(key: string): void {
  const segments = key.split('/');
  if (
    /@\d{6}$/.test(key) ||
    segments.some(
      (segment) => segment === '' || segment === '.' || segment === '..' || !/^[A-Za-z0-9._@-]+$/.test(segment),
    )
  )
    throw new Error(`not a key of the artifact store: ${JSON.stringify(key)}`);
}
