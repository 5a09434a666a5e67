/** Operations that do nothing, or nothing but wait: what an install of them takes is what Caisson itself costs. */
import { setTimeout as pause } from 'node:timers/promises';
import { definePlugin, operation } from '../../plugins/sdk/index.js';

/** How long an operation waits that stands for work done elsewhere: a machine that starts, a package that is fetched. */
export const WAIT_MS = 500;

export default definePlugin({
  name: 'bench',
  operations: {
    nothing: operation({}, () => undefined),
    wait: operation({}, async (ctx) => void (await pause(WAIT_MS, undefined, { signal: ctx.signal }))),
  },
});
