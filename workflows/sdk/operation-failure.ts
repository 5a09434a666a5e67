import type { FailedOperation } from '../messages.js';

/**
 * What failed, if an error is the failure of an operation: which instance, which operation, the error and the attempts.
 *
 * @example
 * try {
 *   await instance.executeOperation('maintenance.backup');
 * } catch (error) {
 *   if (operationFailure(error)?.error_type !== 'NotFound') throw error;
 * }
 */
export function operationFailure(error: unknown): FailedOperation | undefined {
  const { type, details } = (error ?? {}) as { type?: unknown; details?: readonly unknown[] };
  return type === 'OperationFailed' ? (details?.[0] as FailedOperation | undefined) : undefined;
}
