/** Operations that do nothing: what an install of them takes is what Caisson itself costs. */
import { definePlugin, operation } from '../../plugins/sdk/index.js';

export default definePlugin({ name: 'bench', operations: { nothing: operation({}, () => undefined) } });
