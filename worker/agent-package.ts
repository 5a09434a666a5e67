/**
 * The package that is an agent: this very build with the packages it needs and the Node that it runs on, so that a host
 * needs nothing but a shell and tar.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { create } from 'tar';

/** The package's own folder: this file is `dist/worker/…`, or `worker/…` of the sources. */
const ROOT = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? '../../' : '../', import.meta.url));

const LAUNCHER = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/node" "$here/lib/bin/caisson.js" "$@"
`;

/** As `uname -sm` calls this machine. */
export function hostPlatform(): string {
  const systems: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'Darwin' };
  const machines: Readonly<Record<string, string>> = {
    x64: 'x86_64',
    arm64: process.platform === 'darwin' ? 'arm64' : 'aarch64',
  };
  return `${systems[process.platform] ?? process.platform} ${machines[process.arch] ?? process.arch}`;
}

/** Made once for each build, and kept. @returns the path of a `.tar.gz` */
export async function agentPackage(cacheFolder: string, build: string): Promise<string> {
  const folder = path.join(cacheFolder, 'agent-packages');
  const file = path.join(folder, `caisson-agent-${build}.tar.gz`);
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const stage = await mkdtemp(path.join(folder, '.stage-'));
  try {
    await writeFile(path.join(stage, 'caisson'), LAUNCHER, { mode: 0o755 });
    await symlink(process.execPath, path.join(stage, 'node'));
    const lib = path.join(stage, 'lib');
    for (const name of ['bin', 'dist', 'package.json'])
      await cp(path.join(ROOT, name), path.join(lib, name), { recursive: true });
    for (const [from, to] of await neededPackages()) {
      await mkdir(path.dirname(path.join(lib, to)), { recursive: true });
      await cp(from, path.join(lib, to), { recursive: true, filter: (source) => isNeeded(from, source) });
    }
    const part = `${file}.${process.pid}.part`;
    await create({ file: part, cwd: stage, gzip: { level: 1 }, portable: true, follow: true }, ['.']);
    await rename(part, file);
    return file;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Packages have packages of their own inside; those come by themselves. The SDK brings a library for each platform. */
function isNeeded(root: string, source: string): boolean {
  const relative = path.relative(root, source);
  if (relative.split(path.sep)[0] === 'node_modules') return false;
  const [, target] = /releases[\\/]([^\\/]+)/.exec(relative) ?? [];
  if (target !== undefined && root.endsWith('core-bridge')) return target.startsWith(rustTarget());
  return !/\.(map|md|d\.[cm]?ts)$/.test(relative);
}

/** The beginning of the platform's name in Rust's words. */
function rustTarget(): string {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return process.platform === 'darwin' ? `${machine}-apple` : `${machine}-unknown-linux`;
}

/** Every package that ours stands on, at run time: where it is, and where it goes. */
async function neededPackages(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const waiting = [ROOT];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
    } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...peerDependencies, ...optionalDependencies, ...dependencies })) {
      const at = locate(name, folder);
      if (at === undefined || found.has(at)) continue;
      found.set(at, placeOf(at));
      waiting.push(at);
    }
  }
  return found;
}

function locate(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const at = path.join(folder, 'node_modules', name);
    if (existsSync(path.join(at, 'package.json'))) return at;
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** Below our own `node_modules` as it is nested there; what lies beside us comes beside the others. */
function placeOf(folder: string): string {
  const own = path.join(ROOT, 'node_modules');
  if (folder.startsWith(own + path.sep)) return path.join('node_modules', path.relative(own, folder));
  const at = folder.indexOf(`${path.sep}node_modules${path.sep}`);
  return folder.slice(at + 1);
}
