/**
 * Takes the state out of an execution that was ended from outside (terminated in the UI, timed out).
 *
 * Such a run hands nothing over. Its workflow code is asked instead: a query on a closed run replays its history and
 * answers with the state at its last workflow task. What operations reported after that task is still in the history,
 * and is applied on top. So nothing that an operation reported is lost.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { applyPatch } from '../graph/patch.js';
import type { NodeInstance } from '../graph/state.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import {
  changesQuery,
  eventsQuery,
  flushKey,
  type Handover,
  handoverQuery,
  type InstanceChange,
  type JournalEvent,
  type PatchMessage,
  patchSignal,
  progressQuery,
} from '../workflows/messages.js';
import { type HistoryEvent, historyOf, type PayloadReader } from './history.js';
import { type SaveJournalRequest, writeJournal } from './journal.js';
import type { OperationFailureDetails, OperationRequest, OperationResult, Patches } from './request.js';

export interface RecoverRequest {
  /** Workflow id of the execution. */
  readonly workflow_id: string;
  readonly execution_id: string;
  readonly terminated: boolean;
}

export interface RecoveryActivities {
  recoverExecution(request: RecoverRequest): Promise<Handover>;
}

export function recoveryActivities(payloads: PayloadReader, store: ArtifactStore): RecoveryActivities {
  return {
    async recoverExecution({ workflow_id, execution_id }) {
      const { client } = Context.current();
      const handle = client.workflow.getHandle(workflow_id);
      const last = await handle.query(handoverQuery);
      if (last.execution_id !== execution_id)
        throw ApplicationFailure.nonRetryable(
          `${workflow_id} answers for execution ${last.execution_id}`,
          'WrongExecution',
        );
      const { runId } = await handle.describe();
      Context.current().heartbeat();
      const events = await historyOf(client, workflow_id, runId);
      const instances = await applyTail(last.instances, new Set(last.applied), events, payloads);
      await writeJournal(store, await journalOf(handle, workflow_id), { recovered: true });
      const { applied: _, ...handover } = last;
      return {
        ...handover,
        instances,
        outcome: 'cancelled',
        error: 'the execution was terminated; the state is as its last completed operation reported it',
      };
    },
  };
}

/** What the run has told and could not write to the store any more, and that it was ended. */
async function journalOf(handle: WorkflowHandle, workflowId: string): Promise<SaveJournalRequest> {
  const { first, ...told } = await handle.query(eventsQuery, { from: 0 });
  const events: JournalEvent[] = [...told.events];
  for (let page = told.events; page.length > 0; ) {
    page = (await handle.query(eventsQuery, { from: first + events.length })).events;
    events.push(...page);
  }
  const name = (await handle.query(progressQuery)).workflow_id;
  events.push({
    sequence: first + events.length,
    timestamp: new Date().toISOString(),
    event_type: 'workflow_cancelled',
    message: `'${name}' workflow execution cancelled: it was ended from outside`,
  });
  const known = await handle.query(changesQuery, { from: 0 });
  const changes: InstanceChange[] = [...known.changes];
  for (let page = known.changes; page.length > 0; ) {
    page = (await handle.query(changesQuery, { from: known.first + changes.length })).changes;
    changes.push(...page);
  }
  return { workflow_id: workflowId, first, events, changes: { first: known.first, changes } };
}

/** Applies what operations reported to the history and the workflow code has not seen. */
async function applyTail(
  instances: readonly NodeInstance[],
  applied: ReadonlySet<string>,
  events: readonly HistoryEvent[],
  payloads: PayloadReader,
): Promise<readonly NodeInstance[]> {
  const byId = new Map(instances.map((instance) => [instance.id, instance]));
  const tasks = new Map<string, string>();
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const request = (await payloads.first(scheduled.input)) as OperationRequest | undefined;
      if (request?.task_id) tasks.set(String(event.eventId), request.task_id);
      continue;
    }
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal) {
      if (signal.signalName !== patchSignal.name) continue;
      const message = (await payloads.first(signal.input)) as PatchMessage | undefined;
      if (message && !applied.has(flushKey(message))) patchAll(byId, message.patches);
      continue;
    }
    const ended = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
    const task = ended ? tasks.get(String(ended.scheduledEventId)) : undefined;
    if (task === undefined || applied.has(task)) continue;
    if (event.activityTaskCompletedEventAttributes) {
      const result = (await payloads.first(event.activityTaskCompletedEventAttributes.result)) as
        | OperationResult
        | undefined;
      patchAll(byId, result?.patches);
    } else {
      const details = (await payloads.failureDetails(event.activityTaskFailedEventAttributes?.failure)) as
        | OperationFailureDetails
        | undefined;
      patchAll(byId, details?.patches);
    }
  }
  return [...byId.values()];
}

function patchAll(instances: Map<string, NodeInstance>, patches: Patches | undefined): void {
  for (const [id, patch] of Object.entries(patches ?? {})) {
    const instance = instances.get(id);
    if (!instance || patch.length === 0) continue;
    instances.set(id, {
      ...instance,
      runtime_properties: applyPatch(instance.runtime_properties, patch),
      version: instance.version + 1,
    });
  }
}
