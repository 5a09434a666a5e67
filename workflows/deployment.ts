/**
 * The entity behind a deployment: owns its plan, its instances and the record of its executions; runs one execution at
 * a time and takes the state back from it, whatever its end.
 */

import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  ChildWorkflowFailure,
  type ChildWorkflowHandle,
  condition,
  continueAsNew,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { JournalActivities } from '../activities/journal.js';
import type { RecoveryActivities } from '../activities/recover.js';
import type { Patches } from '../activities/request.js';
import { applyPatch, isPatch } from '../graph/patch.js';
import type { NodeInstance } from '../graph/state.js';
import {
  type DeploymentInput,
  type DeploymentView,
  deploymentQuery,
  type ExecutionInput,
  type ExecutionRecord,
  type ExecutionRequest,
  executeUpdate,
  executionWorkflowId,
  type Handover,
  patchInstancesUpdate,
  planQuery,
  type ResumableExecution,
  retireUpdate,
  settledSignal,
  stateQuery,
} from './messages.js';

/** A deployment's own history is short; this bounds it after very many executions. */
const MOST_EVENTS = 8_000;

const { saveSnapshot } = proxyActivities<JournalActivities>({
  startToCloseTimeout: '5m',
  retry: { initialInterval: '1s', maximumInterval: '30s', maximumAttempts: 10 },
});
const { recoverExecution } = proxyActivities<RecoveryActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

const SEARCH_KEYS = {
  deployment: defineSearchAttributeKey('Deployment', SearchAttributeType.KEYWORD),
  blueprint: defineSearchAttributeKey('Blueprint', SearchAttributeType.KEYWORD),
  workflow: defineSearchAttributeKey('Workflow', SearchAttributeType.KEYWORD),
};

/**
 * A cancel request for a deployment does nothing, since executions are what can be cancelled: giving up here would lose
 * the state. A deployment ends by its `retire` update.
 */
export async function deployment(input: DeploymentInput): Promise<void> {
  return await CancellationScope.nonCancellable(async () => await serveDeployment(input));
}

async function serveDeployment(input: DeploymentInput): Promise<void> {
  let instances: readonly NodeInstance[] = input.instances;
  let resumable: ResumableExecution | undefined = input.resumable;
  let running: ExecutionRecord | undefined;
  let retired = false;
  let handover: Handover | undefined;
  const records: ExecutionRecord[] = [...(input.executions ?? [])];
  const queue: ExecutionRequest[] = [...(input.queue ?? [])];

  setHandler(stateQuery, () => ({ instances, running: running?.id ?? null }), {
    description: 'The node instances as the last execution left them',
  });
  setHandler(planQuery, () => input.plan, { description: 'The compiled blueprint' });
  setHandler(deploymentQuery, () => viewOf(input, instances, records, running), {
    description: 'Status and executions',
  });
  setHandler(
    executeUpdate,
    (request) => {
      const known = records.find(({ id }) => id === request.id);
      if (known) return known;
      const record = recordOf(input.id, request);
      records.push(record);
      queue.push(request);
      return record;
    },
    { validator: refuseExecution, description: 'Start a workflow on this deployment' },
  );
  setHandler(
    retireUpdate,
    () => {
      retired = true;
    },
    { validator: ({ force }) => refuseRetirement(force === true), description: 'End this deployment' },
  );
  setHandler(
    patchInstancesUpdate,
    (patches) => {
      instances = instances.map((instance) => {
        const patch = patches[instance.id];
        if (!patch) return instance;
        const runtime_properties = applyPatch(instance.runtime_properties, patch);
        return { ...instance, runtime_properties, version: instance.version + 1 };
      });
    },
    {
      validator: (patches) => {
        if (isBusy()) throw conflict('runtime properties cannot be written while an execution runs');
        refuseBadPatches(patches);
      },
      description: 'Write runtime properties by hand',
    },
  );
  setHandler(settledSignal, (message) => {
    if (message.execution_id === running?.id) handover = message;
  });

  if (input.first && !records.some(({ id }) => id === input.first?.id)) {
    records.push(recordOf(input.id, input.first));
    queue.push(input.first);
  }
  for (;;) {
    tellInUi();
    const full = () => workflowInfo().historyLength > MOST_EVENTS || workflowInfo().continueAsNewSuggested;
    await condition(() => queue.length > 0 || retired || full());
    const request = queue.shift();
    if (request) await run(request);
    else if (retired) return await condition(allHandlersFinished);
    else {
      await condition(allHandlersFinished);
      const { first: _, ...rest } = input;
      await continueAsNew<typeof deployment>({
        ...rest,
        instances,
        executions: records,
        queue,
        ...(resumable ? { resumable } : {}),
      });
    }
  }

  /** Runs one execution and takes the state over. */
  async function run(request: ExecutionRequest): Promise<void> {
    handover = undefined;
    const started: ExecutionRecord = { ...recordOf(input.id, request), status: 'started', started_at: now() };
    running = keep(started);
    tellInUi();
    const child = await begin(request);
    running = keep({ ...started, workflow: { workflow_id: child.workflowId, run_id: child.firstExecutionRunId } });
    let closed = false;
    let endedFromOutside = false;
    child.result().then(
      () => {
        closed = true;
      },
      (error) => {
        closed = true;
        endedFromOutside = error instanceof ChildWorkflowFailure;
      },
    );
    await condition(() => handover !== undefined || closed);
    // A signal sent before the end arrives before it: without one, the run was terminated or timed out.
    handover ??= await recoverExecution.executeWithOptions(
      { summary: `recover ${request.workflow_id} ${request.id}` },
      [{ workflow_id: child.workflowId, execution_id: request.id, terminated: endedFromOutside }],
    );
    takeOver(request, handover as Handover);
  }

  function takeOver(request: ExecutionRequest, settled: Handover): void {
    instances = settled.instances;
    const unfinished = settled.outcome !== 'terminated';
    if (unfinished) {
      resumable = {
        execution_id: request.id,
        workflow_id: request.workflow_id,
        parameters: request.parameters,
        options: request.options,
        ledger: settled.ledger,
      };
    } else resumable = undefined;
    for (const [at, record] of records.entries()) if (record.resumable) records[at] = { ...record, resumable: false };
    keep({
      ...(running as ExecutionRecord),
      status: settled.outcome,
      ended_at: now(),
      error: settled.error,
      total_operations: settled.total_operations,
      finished_operations: settled.finished_operations,
      resumable: unfinished,
    });
    running = undefined;
    const { outcome } = settled;
    // For people to read: a failure to write it is retried, and does not hold up the next execution.
    saveSnapshot
      .executeWithOptions({ summary: `snapshot after ${request.workflow_id}` }, [
        { deployment_id: input.id, execution_id: request.id, outcome, instances },
      ])
      .catch(() => undefined);
  }

  async function begin(
    request: ExecutionRequest,
  ): Promise<ChildWorkflowHandle<(input: ExecutionInput) => Promise<unknown>>> {
    const ledger =
      request.resume_of !== undefined && resumable?.execution_id === request.resume_of ? resumable.ledger : undefined;
    return await startChild(request.workflow_id, {
      workflowId: executionWorkflowId(input.id, request.id),
      args: [
        {
          deployment_id: input.id,
          blueprint: input.blueprint,
          plan: input.plan,
          instances,
          request,
          ...(ledger ? { ledger } : {}),
        } satisfies ExecutionInput,
      ],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${request.workflow_id} ${input.id}`,
      memo: {
        deployment: input.id,
        blueprint: input.blueprint.id,
        workflow: request.workflow_id,
        execution: request.id,
      },
      ...(input.search_attributes
        ? {
            typedSearchAttributes: [
              { key: SEARCH_KEYS.deployment, value: input.id },
              { key: SEARCH_KEYS.blueprint, value: input.blueprint.id },
              { key: SEARCH_KEYS.workflow, value: request.workflow_id },
            ],
          }
        : {}),
    });
  }

  function keep(record: ExecutionRecord): ExecutionRecord {
    const at = records.findIndex(({ id }) => id === record.id);
    if (at < 0) records.push(record);
    else records[at] = record;
    return record;
  }

  function refuseBadPatches(patches: Patches): void {
    for (const [id, patch] of Object.entries(patches)) {
      if (!instances.some((instance) => instance.id === id))
        throw conflict(`deployment ${input.id} has no node instance ${id}`);
      if (!isPatch(patch)) throw conflict(`not a patch of the runtime properties of ${id}: ${JSON.stringify(patch)}`);
    }
  }

  function isBusy(): boolean {
    return running !== undefined || queue.length > 0;
  }

  function refuseExecution(request: ExecutionRequest): void {
    if (records.some(({ id }) => id === request.id)) return;
    if (retired) throw conflict(`deployment ${input.id} is being deleted`);
    if (isBusy() && !request.queue)
      throw conflict(
        `execution ${running?.id ?? queue[0]?.id} (${running?.workflow_id ?? queue[0]?.workflow_id}) of deployment ${input.id} has not ended`,
      );
    if (request.resume_of !== undefined && resumable?.execution_id !== request.resume_of)
      throw conflict(`execution ${request.resume_of} cannot be resumed: it is not the last one, or it completed`);
  }

  function refuseRetirement(force: boolean): void {
    if (isBusy()) throw conflict(`deployment ${input.id} cannot be deleted: an execution has not ended`);
    const live = instances.filter(({ state }) => !['uninitialized', 'deleted'].includes(state));
    if (live.length > 0 && !force)
      throw ApplicationFailure.nonRetryable(
        `deployment ${input.id} cannot be deleted: ${live.length} of its instances are live (${live[0]?.id} is ${live[0]?.state})`,
        'DeploymentInUse',
      );
  }

  function tellInUi(): void {
    const view = viewOf(input, instances, records, running);
    const last = records.slice(-10).reverse();
    setCurrentDetails(
      [
        `Deployment **${input.id}** of blueprint ${input.blueprint.id}: ${view.deployment_status}, ${view.installation_status}`,
        '',
        ...last.map(
          ({ id, workflow_id, status, error }) =>
            `- ${workflow_id} ${id}: ${status}${error ? ` — ${error.split('\n', 1)[0]}` : ''}`,
        ),
      ].join('\n'),
    );
  }
}

function recordOf(deploymentId: string, request: ExecutionRequest): ExecutionRecord {
  return {
    id: request.id,
    workflow_id: request.workflow_id,
    deployment_id: deploymentId,
    status: 'queued',
    parameters: request.parameters,
    created_at: now(),
    started_at: null,
    ended_at: null,
    error: null,
    resume_of: request.resume_of ?? null,
    is_dry_run: request.options.dry_run,
    total_operations: 0,
    finished_operations: 0,
    workflow: { workflow_id: executionWorkflowId(deploymentId, request.id), run_id: null },
    resumable: false,
  };
}

function viewOf(
  input: DeploymentInput,
  instances: readonly NodeInstance[],
  executions: readonly ExecutionRecord[],
  running: ExecutionRecord | undefined,
): DeploymentView {
  const active = instances.every(({ state }) => state === 'started');
  const last = executions.at(-1)?.status;
  return {
    id: input.id,
    blueprint: input.blueprint,
    created_at: input.created_at,
    labels: input.labels ?? {},
    running: running?.id ?? null,
    executions,
    installation_status: active ? 'active' : 'inactive',
    deployment_status:
      running || last === 'queued' ? 'in_progress' : last === 'failed' || !active ? 'requires_attention' : 'good',
  };
}

function conflict(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'ExecutionConflict');
}

function now(): string {
  return new Date(Date.now()).toISOString();
}
