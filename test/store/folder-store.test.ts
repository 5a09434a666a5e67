import { folderStore } from '../../store/folder-store.js';
import { describeArtifactStore } from './artifact-store.js';
import { scratchFolder } from './scratch.js';

describeArtifactStore('a folder', async () => folderStore(await scratchFolder()));
