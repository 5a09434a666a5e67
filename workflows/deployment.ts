/**
 * The entity behind a deployment: owns its plan, its instances and the record of its executions; runs one execution at
 * a time and takes the state back from it, whatever its end.
 */

import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  ChildWorkflowFailure,
  type ChildWorkflowHandle,
  condition,
  getExternalWorkflowHandle,
  makeContinueAsNewFunc,
  ParentClosePolicy,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { JournalActivities } from '../activities/journal.js';
import type { RecoveryActivities } from '../activities/recover.js';
import type { Patches } from '../activities/request.js';
import { type Dependency, dependenciesOf, dependsOnMemo, labelsOf } from '../graph/dependencies.js';
import { applyPatch, isPatch } from '../graph/patch.js';
import type { NodeInstance } from '../graph/state.js';
import { checkedRequest } from './checked-request.js';
import { foundBy } from './found-by.js';
import {
  cancelQueuedUpdate,
  type DeploymentInput,
  type DeploymentView,
  deploymentQuery,
  type ExecutionInput,
  type ExecutionRecord,
  type ExecutionRequest,
  enqueueSignal,
  executeUpdate,
  executionEndedSignal,
  executionWorkflowId,
  type Handover,
  patchInstancesUpdate,
  planQuery,
  protectUpdate,
  type ResumableExecution,
  retireUpdate,
  settledSignal,
  stateQuery,
} from './messages.js';
import { observed, PolicyAnnouncer } from './policies/announce.js';
import { observedSignal } from './policies/messages.js';
import { ledgerFor, refusalOfMend, resumableAfter } from './resumable.js';

/** A deployment's own history is short; this bounds it after very many executions. */
const MOST_EVENTS = 8_000;

/**
 * A worker that takes a run over reads its whole history before it answers. With this many instances that may take longer
 * than the ten seconds a workflow task is given, and the run would be taken over again and again. The price is that a
 * worker that dies with such a task in hand is noticed later.
 */
const MANY_INSTANCES = 2_000;
const TIME_TO_REPLAY_MANY = '60s';

const { saveSnapshot } = proxyActivities<JournalActivities>({
  startToCloseTimeout: '5m',
  retry: { initialInterval: '1s', maximumInterval: '30s', maximumAttempts: 10 },
});
const { recoverExecution } = proxyActivities<RecoveryActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/**
 * A cancel request for a deployment does nothing, since executions are what can be cancelled: giving up here would lose
 * the state. A deployment ends by its `retire` update.
 */
export async function deployment(input: DeploymentInput): Promise<void> {
  return await CancellationScope.nonCancellable(async () => await serveDeployment(input));
}

async function serveDeployment(input: DeploymentInput): Promise<void> {
  let instances: readonly NodeInstance[] = input.instances;
  let { blueprint, plan, modification } = input;
  let isProtected = input.is_protected === true;
  let resumable: readonly ResumableExecution[] = input.resumable ?? [];
  let running: ExecutionRecord | undefined;
  let retired = false;
  let saved: Promise<void> = Promise.resolve();
  let handover: Handover | undefined;
  let dependencies: { readonly of: unknown; readonly found: readonly Dependency[] } | undefined;
  const records: ExecutionRecord[] = [...(input.executions ?? [])];
  const queue: ExecutionRequest[] = [...(input.queue ?? [])];
  const policies = new PolicyAnnouncer(input, () => ({ plan, blueprint, instances }));

  setHandler(stateQuery, () => ({ instances, running: running?.id ?? null }), {
    description: 'The node instances as the last execution left them',
  });
  setHandler(planQuery, () => plan, { description: 'The compiled blueprint' });
  setHandler(deploymentQuery, view, {
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
    {
      validator: (request) => refuseExecution(request, () => true),
      description: 'Start a workflow on this deployment',
    },
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
      policies.instancesChanged();
    },
    {
      validator: (patches) => {
        if (isBusy()) throw conflict('runtime properties cannot be written while an execution runs');
        refuseBadPatches(patches);
      },
      description: 'Write runtime properties by hand',
    },
  );
  setHandler(
    cancelQueuedUpdate,
    ({ execution_id }) => {
      const [request] = queue.splice(
        queue.findIndex(({ id }) => id === execution_id),
        1,
      ) as [ExecutionRequest];
      const record = records.find(({ id }) => id === execution_id) as ExecutionRecord;
      const cancelled = keep({
        ...record,
        status: 'cancelled',
        ended_at: now(),
        error: 'cancelled while it was queued',
      });
      tell(request, cancelled);
      return cancelled;
    },
    {
      validator: ({ execution_id }) => {
        if (!queue.some(({ id }) => id === execution_id)) throw conflict(`execution ${execution_id} is not queued`);
      },
      description: 'Take an execution out of the queue',
    },
  );
  setHandler(
    protectUpdate,
    ({ on }) => {
      isProtected = on;
    },
    { description: 'Guard this deployment against uninstall and deletion, or lift the guard' },
  );
  setHandler(observedSignal, (observations) => {
    if (!isBusy()) instances = observed(instances, observations);
  });
  setHandler(enqueueSignal, (asked) => {
    const request = { ...asked, queue: true };
    if (records.some(({ id }) => id === request.id)) return;
    try {
      if (asked.cause !== undefined && (isBusy() || !instances.some(isLive))) {
        const late = { status: 'cancelled', ended_at: now(), error: 'the deployment is busy' } as const;
        return tell(request, { ...recordOf(input.id, request), ...late });
      }
      refuseExecution(request, refuseUnknown);
      records.push(recordOf(input.id, request));
      queue.push(request);
    } catch (error) {
      const ended = { status: 'failed', ended_at: now(), error: (error as Error).message } as const;
      tell(request, keep({ ...recordOf(input.id, request), ...ended }));
    }
  });
  setHandler(settledSignal, (message) => {
    if (message.execution_id === running?.id) handover = message;
  });

  if (input.first && !records.some(({ id }) => id === input.first?.id)) {
    records.push(recordOf(input.id, input.first));
    queue.push(input.first);
  }
  for (;;) {
    tellInUi();
    const full = () =>
      workflowInfo().historyLength > (input.max_events ?? MOST_EVENTS) || workflowInfo().continueAsNewSuggested;
    await condition(() => queue.length > 0 || retired || full());
    const request = queue.shift();
    if (request) await run(request);
    else if (retired) {
      // A result that arrives while a workflow closes fails the task, and with it the update that asked for the end.
      await saved;
      await policies.gone();
      return await condition(allHandlersFinished);
    } else {
      // What has been begun for others is not this run's to leave behind: no other takes it up.
      await saved;
      await policies.settled();
      await condition(allHandlersFinished);
      if (retired) continue;
      const { first: _, modification: _before, policies: _policies, ...rest } = input;
      // Left to itself, a new run has the memo that this one was started with, not what it was told since.
      const { memo } = workflowInfo();
      await makeContinueAsNewFunc<typeof deployment>(memo ? { memo } : {})({
        ...rest,
        blueprint,
        plan,
        instances,
        executions: records,
        queue,
        resumable,
        is_protected: isProtected,
        ...policies.carried,
        ...(modification ? { modification } : {}),
      });
    }
  }

  /** Runs one execution and takes the state over. */
  async function run(asked: ExecutionRequest): Promise<void> {
    handover = undefined;
    const request = checkedNow(asked);
    if (!request) return;
    const started: ExecutionRecord = { ...recordOf(input.id, request), status: 'started', started_at: now() };
    running = keep(started);
    policies.executionBegins(request.id);
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
    const { drained } = handover as Handover;
    if (drained)
      getExternalWorkflowHandle(child.workflowId)
        .cancel()
        .catch(() => undefined);
    takeOver(request, handover as Handover);
  }

  function takeOver(request: ExecutionRequest, settled: Handover): void {
    instances = settled.instances;
    plan = settled.plan ?? plan;
    blueprint = settled.blueprint ?? blueprint;
    modification = settled.modification;
    resumable = resumableAfter(resumable, request, settled);
    const canResume = (id: string) => resumable.some(({ execution_id }) => execution_id === id);
    for (const [at, record] of records.entries())
      if (record.resumable && !canResume(record.id)) records[at] = { ...record, resumable: false };
    const ended = keep({
      ...(running as ExecutionRecord),
      status: settled.outcome,
      ended_at: now(),
      error: settled.error,
      total_operations: settled.total_operations,
      finished_operations: settled.finished_operations,
      ...(settled.ignored_failures ? { ignored_failures: settled.ignored_failures } : {}),
      resumable: canResume(request.id),
    });
    running = undefined;
    tell(request, ended);
    policies.executionEnded(request.workflow_id);
    const { outcome } = settled;
    if (patched('instances-memo'))
      upsertMemo({
        instances: countStates(instances),
        ...(settled.plan ? { depends_on: dependsOnMemo(dependsOn()) } : {}),
      });
    // For people to read: a failure to write it is retried, and does not hold up the next execution.
    saved = saveSnapshot
      .executeWithOptions({ summary: `snapshot after ${request.workflow_id}` }, [
        { ...snapshotOf(ended), outcome, instances },
      ])
      .catch(() => undefined);
  }

  async function begin(
    request: ExecutionRequest,
  ): Promise<ChildWorkflowHandle<(input: ExecutionInput) => Promise<unknown>>> {
    blueprint = request.blueprint ?? blueprint;
    plan = request.plan ?? plan;
    const ledger = ledgerFor(resumable, request);
    return await startChild(request.workflow_id, {
      workflowId: executionWorkflowId(input.id, request.id),
      args: [
        {
          deployment_id: input.id,
          blueprint,
          plan,
          instances,
          request,
          ...(ledger ? { ledger } : {}),
          ...(modification ? { modification } : {}),
        } satisfies ExecutionInput,
      ],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      ...(instances.length > MANY_INSTANCES ? { workflowTaskTimeout: TIME_TO_REPLAY_MANY } : {}),
      staticSummary: `${request.workflow_id} ${input.id}`,
      memo: {
        deployment: input.id,
        blueprint: blueprint.id,
        workflow: request.workflow_id,
        execution: request.id,
      },
      ...(input.search_attributes
        ? { typedSearchAttributes: foundBy(input.id, blueprint.id, request.workflow_id) }
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

  /** Not in a validator, which may leave no mark: runs that began before refused nothing. */
  function refuseUnknown(): boolean {
    return patched('unknown-names');
  }

  function refuseExecution(request: ExecutionRequest, refusesUnknown: () => boolean): void {
    if (records.some(({ id }) => id === request.id)) return;
    if (retired) throw conflict(`deployment ${input.id} is being deleted`);
    if (isBusy() && !request.queue)
      throw conflict(
        `execution ${running?.id ?? queue[0]?.id} (${running?.workflow_id ?? queue[0]?.workflow_id}) of deployment ${input.id} has not ended`,
      );
    if (isProtected && request.workflow_id === 'uninstall') throw protection();
    refuseResume(request);
    checkedRequest(request, { plan, instances }, { now: !isBusy(), refuseUnknown: refusesUnknown });
  }

  /** Checked once more, with what the deployment is now: undefined when it is refused, which is then its end. */
  function checkedNow(request: ExecutionRequest): ExecutionRequest | undefined {
    try {
      return checkedRequest(request, { plan, instances }, { now: true, refuseUnknown });
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
      const ended = { status: 'failed', ended_at: now(), error: error.message } as const;
      tell(request, keep({ ...recordOf(input.id, request), ...ended }));
      return undefined;
    }
  }

  function refuseResume(request: ExecutionRequest): void {
    const { resume_of } = request;
    const mend = refusalOfMend(
      request,
      plan.nodes.map(({ id }) => id),
    );
    if (mend !== undefined) throw conflict(mend);
    if (resume_of === undefined) return;
    const known = resumable.find(({ execution_id }) => execution_id === resume_of);
    if (!known)
      throw conflict(
        `execution ${resume_of} cannot be resumed: it completed, was resumed already, or the deployment has changed since`,
      );
    if (known.workflow_id !== request.workflow_id)
      throw conflict(`execution ${resume_of} is of ${known.workflow_id}, not of ${request.workflow_id}`);
  }

  function protection(): ApplicationFailure {
    return ApplicationFailure.nonRetryable(
      `deployment ${input.id} is protected; see: caisson deployments protect ${input.id} --off`,
      'DeploymentProtected',
    );
  }

  /** Tells who started an execution that it has ended. That they are gone by now is no concern of the deployment's. */
  function tell({ notify }: ExecutionRequest, record: ExecutionRecord): void {
    if (notify === undefined) return;
    getExternalWorkflowHandle(notify)
      .signal(executionEndedSignal, record)
      .catch(() => undefined);
  }

  function view(): DeploymentView {
    return {
      ...viewOf(input, instances, records, running),
      labels: labelsOf(plan, input.labels),
      depends_on: dependsOn(),
      blueprint,
      is_protected: isProtected,
    };
  }

  function dependsOn(): readonly Dependency[] {
    if (dependencies?.of !== plan)
      dependencies = { of: plan, found: dependenciesOf(plan, labelsOf(plan, input.labels)) };
    return dependencies.found;
  }

  function refuseRetirement(force: boolean): void {
    if (isProtected) throw protection();
    if (isBusy()) throw conflict(`deployment ${input.id} cannot be deleted: an execution has not ended`);
    const live = instances.filter(isLive);
    if (live.length > 0 && !force)
      throw ApplicationFailure.nonRetryable(
        `deployment ${input.id} cannot be deleted: ${live.length} of its instances are live (${live[0]?.id} is ${live[0]?.state})`,
        'DeploymentInUse',
      );
  }

  function tellInUi(): void {
    const { deployment_status, installation_status } = view();
    const last = records.slice(-10).reverse();
    setCurrentDetails(
      [
        `Deployment **${input.id}** of blueprint ${blueprint.id}: ${deployment_status}, ${installation_status}`,
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
    ...(request.cause ? { cause: request.cause } : {}),
  };
}

/** What the snapshot tells of the execution after which it was made. */
function snapshotOf({
  id,
  deployment_id,
  workflow_id,
  started_at,
  ended_at,
  error,
  resume_of,
  cause,
}: ExecutionRecord) {
  const execution = { deployment_id, execution_id: id, workflow_id, started_at, ended_at, error, resume_of };
  return cause ? { ...execution, cause } : execution;
}

function countStates(instances: readonly NodeInstance[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of instances) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function isLive({ state }: NodeInstance): boolean {
  return !['uninitialized', 'deleted'].includes(state);
}

function viewOf(
  input: DeploymentInput,
  instances: readonly NodeInstance[],
  executions: readonly ExecutionRecord[],
  running: ExecutionRecord | undefined,
): Omit<DeploymentView, 'is_protected' | 'labels' | 'depends_on'> {
  const active = instances.every(({ state }) => state === 'started');
  const last = executions.at(-1)?.status;
  return {
    id: input.id,
    blueprint: input.blueprint,
    created_at: input.created_at,
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
