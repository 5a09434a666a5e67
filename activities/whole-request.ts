/** What the activity of an operation was sent, as operations know it. */
import type { LeanRequest } from '../workflows/lean-request.js';
import { unpacked } from '../workflows/packed-snapshot.js';
import type { BegunRuns } from './begun-runs.js';
import type { OperationRequest } from './request.js';
import { freshRequest } from './run-operation.js';

export async function wholeRequest(sent: OperationRequest | LeanRequest, runs: BegunRuns): Promise<OperationRequest> {
  if ('snapshot' in sent) return unpacked(sent);
  try {
    return (await runs.current()).request(sent);
  } catch (error) {
    // The history cannot be read from here: the workflow itself knows what it asked for.
    const told = await freshRequest(sent).catch(() => undefined);
    if (told) return told;
    throw error;
  }
}
