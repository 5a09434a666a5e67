/** The public face of Caisson to plugin authors. */
export type { Json, JsonObject } from '../../blueprint/json.js';
export type {
  AgentView,
  BaseContext,
  Capabilities,
  DeploymentOperationContext,
  NodeInstanceView,
  NodeOperationContext,
  NodeView,
  OperationContext,
  OperationView,
  PluginView,
  RelationshipOperationContext,
  RelationshipView,
  Subject,
} from './context.js';
export {
  definePlugin,
  type Implementation,
  type Implementations,
  implement,
  type OperationDefinition,
  type OperationFn,
  type OperationOptions,
  type OperationTypes,
  operation,
  type Plugin,
} from './define.js';
export {
  type ErrorCause,
  HttpException,
  NonRecoverableError,
  OperationRetry,
  ProcessException,
  RecoverableError,
  ResourceNotFound,
} from './errors.js';
export type { Logger } from './logger.js';
export { requireNode, requireRelationship } from './require-kind.js';
