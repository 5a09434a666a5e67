/** Policy types of our own. There are no operations: policies are evaluated by the engine itself. */
import { definePlugin } from '../sdk/define.js';

export default definePlugin({
  name: 'policies',
  packageNames: ['caisson-policies'],
  version: '1.0.0',
  operations: {},
});
