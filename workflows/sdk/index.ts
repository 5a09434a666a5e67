/** The public face of Caisson to authors of custom workflows. */
export type { Json, JsonObject } from '../../blueprint/json.js';
export type { ApprovalRecord, Delivery, FailedOperation } from '../messages.js';
export type {
  ApprovalRequest,
  OperationOptions,
  ScaleOptions,
  WorkflowContext,
  WorkflowInstance,
  WorkflowLogger,
  WorkflowNode,
  WorkflowRelationship,
} from './context.js';
export { defineWorkflow, type WorkflowDefinition, type WorkflowFn } from './define.js';
export type { GraphTask, Subgraph, TaskGraph } from './graph.js';
export { operationFailure } from './operation-failure.js';
