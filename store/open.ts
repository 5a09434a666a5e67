import { fileURLToPath } from 'node:url';
import type { ArtifactStore } from './artifact-store.js';
import { folderStore } from './folder-store.js';

/**
 * The artifact store at a location: a folder's path or `file:` URL.
 *
 * @throws Error for a kind of store that there is not
 */
export function openArtifactStore(location: string): ArtifactStore {
  const scheme = /^([a-z][a-z0-9+]+):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return folderStore(location);
  if (scheme === 'file') return folderStore(fileURLToPath(location));
  throw new Error(`no artifact store can be opened at ${location}: use a folder's path or a file: URL`);
}
