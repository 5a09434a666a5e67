/** What the bundle exports: every function is a workflow type under its name. */
export { deployment } from './deployment.js';
export { execute_operation, pull, restart, start, stop, validate } from './execute-operation.js';
export { install } from './install.js';
export { reinstall } from './reinstall.js';
export { rollback } from './rollback.js';
export { uninstall } from './uninstall.js';
export { unknownWorkflow as default } from './unknown.js';
