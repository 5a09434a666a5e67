/** What the bundle exports: every function is a workflow type under its name. */
export { install_new_agents, validate_agents } from './agents.js';
export { check_drift, check_status } from './check.js';
export { deployment } from './deployment.js';
export { execute_operation, pull, restart, start, stop, validate } from './execute-operation.js';
export { heal } from './heal.js';
export { install } from './install.js';
export { policies } from './policies/policies.js';
export { reinstall } from './reinstall.js';
export { rollback } from './rollback.js';
export { scale } from './scale.js';
export { scheduled_execution } from './scheduled-execution.js';
export { uninstall } from './uninstall.js';
export { unknownWorkflow as default } from './unknown.js';
export { update } from './update.js';

import './mapped-program.js';
