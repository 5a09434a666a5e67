/** What the bundle exports: every function is a workflow type under its name. */
export { deployment } from './deployment.js';
export { execute_operation, restart, start, stop } from './execute-operation.js';
export { install } from './install.js';
export { uninstall } from './uninstall.js';
export { unknownWorkflow as default } from './unknown.js';

import './mapped-program.js';
