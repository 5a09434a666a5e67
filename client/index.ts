/**
 * Caisson as a library: everything that the command line does.
 *
 * @example
 * import { compileBlueprint, connect, createDeployment, loadSettings, newExecutionId, pluginCatalog, prepare,
 *   settledExecution, DEFAULT_OPTIONS } from 'caisson';
 *
 * const { settings } = await loadSettings();
 * const catalog = await pluginCatalog(settings);
 * const prepared = prepare(await compileBlueprint('shop.yaml', catalog), { size: 3 }, catalog);
 * const connection = await connect(settings);
 * const first = { id: newExecutionId('install'), workflow_id: 'install', parameters: {}, options: DEFAULT_OPTIONS };
 * await createDeployment(connection, prepared, { id: 'shop', first });
 * const record = await settledExecution(connection, { deployment_id: 'shop', id: first.id });
 * await connection.close();
 */
export type { Diagnostic, SourcePosition } from '../blueprint/diagnostics.js';
export type { Json, JsonObject } from '../blueprint/json.js';
export type { DeploymentPlan, ParsedPlan, PlanNode } from '../blueprint/plan.js';
export type { NodeInstance, RelationshipInstance } from '../graph/state.js';
export type { Catalog, InstalledPlugin } from '../plugins/catalog.js';
export { installedPlugins } from '../plugins/installed.js';
export {
  DEFAULT_OPTIONS,
  type DeploymentView,
  type ExecutionOptions,
  type ExecutionRecord,
  type ExecutionRequest,
  type ExecutionStatus,
  type FailedOperation,
  LEGACY_OPTIONS,
  type ProgressView,
  type RunningOperation,
} from '../workflows/messages.js';
export { type CaissonConnection, type ConnectOptions, connect } from './connection.js';
export {
  type CreateDeploymentOptions,
  createDeployment,
  type DeploymentSummary,
  deleteDeployment,
  getDeployment,
  getInstances,
  getPlan,
  listDeployments,
  patchInstances,
} from './deployments.js';
export { CaissonError, type ErrorKind } from './errors.js';
export { EventReader, type ExecutionEvent } from './events/reader.js';
export { type ExecutionFlags, executionOptions } from './execution-options.js';
export {
  type CancelOptions,
  cancelExecution,
  type ExecutionReference,
  findExecution,
  getExecution,
  newExecutionId,
  resumption,
  settledExecution,
  startExecution,
} from './executions.js';
export { readInputs } from './inputs.js';
export { type Outputs, outputsOf } from './outputs.js';
export { checkedParameters } from './parameters.js';
export { pluginCatalog } from './plugin-catalog.js';
export { getPolicies, pausePolicies, resetPolicies, resumePolicies } from './policies.js';
export { type CompiledBlueprint, compileBlueprint, type PreparedDeployment, prepare } from './prepare.js';
export { type LoadedSettings, loadSettings, type Settings } from './settings.js';
export { down, type StackStatus, stackStatus, up } from './stack/up.js';
export { type PendingOperation, type WatchOptions, type WatchUpdate, watchExecution } from './watch.js';
