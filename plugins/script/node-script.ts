/** Scripts in JavaScript: node runs them, and they find the context in the package `caisson/script`. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const EXTENSIONS = ['.js', '.mjs', '.cjs'];

export function isNodeScript(script: string): boolean {
  return EXTENSIONS.includes(path.extname(script).toLowerCase());
}

/** Puts the package beside the script, and says of a `.js` that has imports that it is a module. */
export async function prepareNodeScript(script: string): Promise<void> {
  const folder = path.dirname(script);
  const installed = path.join(folder, 'node_modules', 'caisson');
  await mkdir(installed, { recursive: true });
  await copyFile(new URL('./node/client.cjs', import.meta.url), path.join(installed, 'client.cjs'));
  const exports = { './script': './client.cjs' };
  await writeFile(path.join(installed, 'package.json'), JSON.stringify({ name: 'caisson', exports }));
  if (path.extname(script) !== '.js') return;
  const isModule = /^\s*(import[\s{*'"]|export\s)/m.test(await readFile(script, 'utf8'));
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: isModule ? 'module' : 'commonjs' }));
}
