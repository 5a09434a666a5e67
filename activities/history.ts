/** Reading the history of a run: its events, and the values in them. */
import type { Client } from '@temporalio/client';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { ExternalStorageRunner } from '@temporalio/common/lib/internal-non-workflow/external-storage-runner.js';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
export type HistoryEvent = NonNullable<History['events']>[number];

interface Payloads {
  readonly payloads?: Payload[] | null;
}

interface Failure {
  readonly applicationFailureInfo?: { readonly details?: Payloads | null } | null;
  readonly cause?: Failure | null;
}

/** Turns the payloads of a history event into values, wherever they are kept. */
export interface PayloadReader {
  /** The first value, undefined when there is none. */
  first(payloads: Payloads | null | undefined): Promise<unknown>;
  /** The first detail of an application failure. */
  failureDetails(failure: Failure | null | undefined): Promise<unknown>;
}

export function payloadReader(converter: LoadedDataConverter): PayloadReader {
  const runner = converter.externalStorage ? new ExternalStorageRunner(converter.externalStorage) : undefined;

  async function first(payloads: Payloads | null | undefined): Promise<unknown> {
    const [payload] = payloads?.payloads ?? [];
    if (!payload) return undefined;
    const resolved = runner ? await runner.retrieve([payload]) : [payload];
    const [value] = await decodeArrayFromPayloads(converter, resolved);
    return value;
  }

  return { first, failureDetails: (failure) => first(failure?.applicationFailureInfo?.details) };
}

export async function historyOf(client: Client, workflowId: string, runId: string): Promise<readonly HistoryEvent[]> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return events ?? [];
}
