// @ts-check
/** Leases of TCP ports: an example of a plugin. The leases of a machine are files, one a port. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { definePlugin, NonRecoverableError, operation, requireNode, requireRelationship } from 'caisson/plugin-sdk';

export default definePlugin({
  name: 'ports',
  packageNames: ['caisson-port-lease'],
  operations: {
    'lease.create': operation({}, async (ctx) => {
      const { node, instance } = requireNode(ctx);
      const { folder, from, to } = /** @type {{ folder: string, from: number, to: number }} */ (node.properties);
      await mkdir(folder, { recursive: true });
      // A lease is marked with its instance before anything is stored: an attempt after a crash finds what was leased.
      const port = (await leasedTo(instance.id, folder)) ?? (await lease(instance.id, folder, from, to, ctx.signal));
      if (port === undefined) throw new NonRecoverableError(`no port from ${from} to ${to} is free`);
      instance.runtimeProperties.port = port;
      ctx.logger.info('leased port %d', port);
    }),

    'lease.delete': operation({}, async (ctx) => {
      const { node, instance } = requireNode(ctx);
      const folder = String(node.properties.folder);
      const port = await leasedTo(instance.id, folder);
      // Nothing to take back is no failure: an earlier attempt may have done it.
      if (port !== undefined) await rm(path.join(folder, String(port)), { force: true });
      delete instance.runtimeProperties.port;
    }),

    'listener.assign': operation({}, (ctx) => {
      const { source, target } = requireRelationship(ctx);
      source.instance.runtimeProperties.port = target.instance.runtimeProperties.port ?? null;
    }),

    'listener.withdraw': operation({}, (ctx) => {
      delete requireRelationship(ctx).source.instance.runtimeProperties.port;
    }),
  },
});

/**
 * @param {string} owner
 * @param {string} folder
 */
async function leasedTo(owner, folder) {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const text = await readFile(path.join(folder, name), 'utf8').catch(() => '');
    if (text === owner) return Number(name);
  }
  return undefined;
}

/**
 * @param {string} owner
 * @param {string} folder
 * @param {number} from
 * @param {number} to
 * @param {AbortSignal} signal
 */
async function lease(owner, folder, from, to, signal) {
  for (let port = from; port <= to; port += 1) {
    signal.throwIfAborted();
    if (!(await isFree(port))) continue;
    const taken = await writeFile(path.join(folder, String(port)), owner, { flag: 'wx' }).then(
      () => true,
      (error) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (taken) return port;
  }
  return undefined;
}

/** @param {number} port */
async function isFree(port) {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
