import type { ArtifactStore } from '../store/artifact-store.js';
import { openArtifactStore } from '../store/open.js';
import type { Settings } from './settings.js';

/** The artifact store that the settings name: the part of it that is the namespace's. */
export function artifactStoreOf({
  artifacts,
  s3,
  connection: { namespace },
}: Pick<Settings, 'artifacts' | 's3' | 'connection'>): ArtifactStore {
  return openArtifactStore(artifacts, { namespace, ...(s3 ? { s3 } : {}) });
}
