import type { Json, JsonObject } from '../../blueprint/json.js';
import type { WorkflowContext } from './context.js';

/**
 * The work of a custom workflow. What it throws fails the execution (which can be resumed), what it returns is the
 * execution's result.
 *
 * It runs as Temporal workflow code: no file system, no network, no Node modules; time and randomness are Temporal's, so
 * that it survives the death of any process. Everything that reaches outside goes through `ctx`.
 */
export type WorkflowFn = (
  ctx: WorkflowContext,
  parameters: JsonObject,
) => Promise<Json | undefined> | Promise<void> | Json | undefined | void;

/** A custom workflow. Made by {@link defineWorkflow}. */
export interface WorkflowDefinition {
  readonly kind: 'caisson-workflow';
  readonly run: WorkflowFn;
}

/**
 * Declares a custom workflow. A plugin's module exports it under the name that blueprints map, a blueprint's own
 * `.workflow.ts` (or `.workflow.js`) file as its default export.
 *
 * Resumed, or continued because its history has grown long, the function runs again from its first line: what it did
 * through `ctx` is not done again, and answers what it answered then.
 *
 * @example
 * export const backup = defineWorkflow(async (ctx, { label }) => {
 *   for (const instance of ctx.nodeInstances)
 *     await instance.executeOperation('maintenance.backup', { label });
 * });
 */
export function defineWorkflow(run: WorkflowFn): WorkflowDefinition {
  return { kind: 'caisson-workflow', run };
}

export function isWorkflowDefinition(value: unknown): value is WorkflowDefinition {
  return typeof value === 'object' && value !== null && (value as WorkflowDefinition).kind === 'caisson-workflow';
}
