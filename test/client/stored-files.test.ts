import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { storeFiles } from '../../client/stored-files.js';
import { openArtifactStore } from '../../store/open.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { scratchFolder } from '../store/scratch.js';

test('files that cannot go along with a blueprint are the author’s to take out, and no bug of ours', async () => {
  const main =
    'tosca_definitions_version: cloudify_dsl_1_3\nnode_types: { t: {} }\nnode_templates: { a: { type: t } }\n';
  const folder = await scratchFolder({ 'blueprint.yaml': main });
  await symlink('/usr/bin/env', path.join(folder, 'python'));
  const files = { blueprint: { folder, imported: [] }, plan: await deploymentOf(main), deploymentId: 'd' };
  await expect(storeFiles(openArtifactStore(await scratchFolder()), files)).rejects.toMatchObject({
    kind: 'validation',
    code: 'C1013',
    message: expect.stringContaining('python is a link out of'),
  });
});
