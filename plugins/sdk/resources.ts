/** Files of the blueprint, as operations get at them. */
import { cp, mkdir, mkdtemp, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { JsonObject } from '../../blueprint/json.js';
import { fileNamesOf } from '../../blueprint/namespaces.js';
import { NonRecoverableError, ResourceNotFound } from './errors.js';
import { isTemplate, renderTemplate } from './templates.js';

export interface Resources {
  get(resource: string): Promise<Buffer>;
  render(resource: string, variables: JsonObject): Promise<string>;
  download(resource: string, target?: string): Promise<string>;
  downloadRendered(resource: string, target: string | undefined, variables: JsonObject): Promise<string>;
  downloadDirectory(resource: string, target?: string): Promise<string>;
}

/** @param templateContext what templates see as `ctx` */
export function resourcesOf(
  blueprintFolder: () => Promise<string>,
  templateContext: () => JsonObject,
  log: (message: string) => void,
): Resources {
  async function locate(resource: string): Promise<string> {
    const root = await blueprintFolder();
    const tried: string[] = [];
    for (const candidate of fileNamesOf(resource)) {
      if (path.isAbsolute(candidate) || candidate.split(/[/\\]/).includes('..'))
        throw new NonRecoverableError(`resource ${resource} lies outside the blueprint's folder`);
      tried.push(candidate);
      const found = await realpath(path.join(root, candidate)).catch(() => undefined);
      if (found === undefined) continue;
      if (found !== root && !found.startsWith(`${await realpath(root)}${path.sep}`))
        throw new NonRecoverableError(`resource ${resource} leads outside the blueprint's folder`);
      return found;
    }
    throw new ResourceNotFound(resource, tried);
  }

  async function render(resource: string, variables: JsonObject): Promise<string> {
    const text = (await readFile(await locate(resource))).toString('utf8');
    if (!isTemplate(text)) return text;
    if (Object.hasOwn(variables, 'ctx'))
      throw new NonRecoverableError('a template variable cannot be called ctx: that is the context');
    try {
      return renderTemplate(text, { ...variables, ctx: templateContext() });
    } catch (error) {
      throw new NonRecoverableError(`template ${resource}: ${(error as Error).message}`);
    }
  }

  async function place(resource: string, target: string | undefined): Promise<string> {
    const name = path.basename(resource);
    if (target === undefined) return path.join(await mkdtemp(path.join(os.tmpdir(), 'caisson-')), name);
    const isFolder = await stat(target).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    const file = isFolder ? path.join(target, name) : target;
    await mkdir(path.dirname(file), { recursive: true });
    return file;
  }

  return {
    get: async (resource) => await readFile(await locate(resource)),
    render,
    async download(resource, target) {
      const from = await locate(resource);
      const to = await place(resource, target);
      await writeFile(to, await readFile(from), { mode: (await stat(from)).mode });
      log(`Downloaded ${resource} to ${to}`);
      return to;
    },
    async downloadRendered(resource, target, variables) {
      const text = await render(resource, variables);
      const to = await place(resource, target);
      await writeFile(to, text);
      log(`Downloaded ${resource} to ${to}`);
      return to;
    },
    async downloadDirectory(resource, target) {
      const from = await locate(resource);
      const to = target ?? (await mkdtemp(path.join(os.tmpdir(), 'caisson-')));
      await cp(from, to, { recursive: true });
      return to;
    },
  };
}
