/** What the Temporal server said of a call, in whichever of the SDK's errors it comes. */
import { isGrpcServiceError } from '@temporalio/client';

export const DEADLINE_EXCEEDED = 4;
export const FAILED_PRECONDITION = 9;

/** Undefined when it was not the server, or the way to it, that failed. */
export function serverFailure(error: unknown): { readonly code: number; readonly details: string } | undefined {
  const said = isGrpcServiceError(error) ? error : (error as Error | undefined)?.cause;
  return isGrpcServiceError(said) ? said : undefined;
}
