/** Probes: whether something answers, for `check_status` and for waiting until it does, without a script. */
import { definePlugin, operation } from '../sdk/define.js';

export default definePlugin({
  name: 'probe',
  packageNames: ['caisson-probe'],
  version: '1.0.0',
  operations: {
    http: operation({}, async (ctx, inputs) => (await import('./http.js')).probeHttp(ctx, inputs)),
    tcp: operation({}, async (ctx, inputs) => (await import('./tcp.js')).probeTcp(ctx, inputs)),
  },
});
