/**
 * Lists the workflows of a namespace. What others encrypted there with keys of theirs is listed too: the SDK's own listing
 * ends at the first memo that it cannot read.
 */
import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

/** What can be asked for lists: of a client, or of an activity's context. */
export type Lister = Pick<Client, 'workflow'>;

export interface ListedWorkflow {
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly startTime: Date;
  /** Undefined: it is encrypted with a key that is not known here. */
  readonly memo: Readonly<Record<string, unknown>> | undefined;
}

/** @param query in the server's list filter language */
export async function* listedWorkflows({ workflow }: Lister, query: string): AsyncGenerator<ListedWorkflow> {
  let nextPageToken: Uint8Array = new Uint8Array();
  do {
    const page = await workflow.workflowService.listWorkflowExecutions({
      namespace: workflow.options.namespace,
      query,
      nextPageToken,
    });
    for (const { execution, taskQueue, startTime, memo } of page.executions)
      yield {
        workflowId: execution?.workflowId ?? '',
        taskQueue: taskQueue ?? '',
        startTime: new Date(Number(startTime?.seconds ?? 0) * 1000 + Math.floor((startTime?.nanos ?? 0) / 1e6)),
        memo: await readable(workflow, memo?.fields ?? {}),
      };
    nextPageToken = page.nextPageToken;
  } while (nextPageToken.length > 0);
}

async function readable(
  { options }: Lister['workflow'],
  fields: Readonly<Record<string, Payload>>,
): Promise<ListedWorkflow['memo']> {
  const { payloadCodecs, payloadConverter } = options.loadedDataConverter;
  try {
    let payloads = Object.values(fields);
    for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
    return Object.fromEntries(
      Object.keys(fields).map((key, at) => [key, payloadConverter.fromPayload(payloads[at] as Payload)]),
    );
  } catch {
    return undefined;
  }
}
