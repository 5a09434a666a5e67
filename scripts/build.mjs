// Builds dist/: compiled TypeScript, the data files beside it, and the workflow bundle that workers load.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const sources = [
  'blueprint',
  'graph',
  'workflows',
  'activities',
  'plugins',
  'worker',
  'client',
  'store',
  'types',
  'bench',
];

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

// Everything that is not TypeScript is data that the code finds relative to itself: same place in dist/.
for (const folder of sources) if (existsSync(path.join(root, folder))) copyData(folder);

function copyData(folder) {
  for (const name of readdirSync(path.join(root, folder))) {
    if (name === '__pycache__' || name === 'node_modules') continue;
    const relative = path.join(folder, name);
    if (statSync(path.join(root, relative)).isDirectory()) copyData(relative);
    else if (!name.endsWith('.ts')) cpSync(path.join(root, relative), path.join(dist, relative));
  }
}

const bundler = path.join(dist, 'worker/bundle.js');
if (existsSync(bundler)) {
  const { writePrebuiltBundle } = await import(bundler);
  await writePrebuiltBundle();
}

// What this build is: a running worker of another one is replaced.
const hash = createHash('sha256');
for (const name of readdirSync(dist, { recursive: true }).sort()) {
  if (name.endsWith('.d.ts') || name.endsWith('.map') || !statSync(path.join(dist, name)).isFile()) continue;
  hash.update(`${name}\0`).update(readFileSync(path.join(dist, name)));
}
writeFileSync(path.join(dist, 'build-id'), `${hash.digest('hex').slice(0, 16)}\n`);
