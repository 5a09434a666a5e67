/**
 * What clients, deployments and executions say to each other: workflow ids, inputs, queries, updates and signals.
 * Shared by the workflows and the client; the shapes are plain JSON.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Patches } from '../activities/request.js';
import type { DeploymentPlan, Json, JsonObject } from '../blueprint/plan.js';
import type { Dependency } from '../graph/dependencies.js';
import type { Ledger } from '../graph/ledger.js';
import type { NodeInstance } from '../graph/state.js';
import type { PolicyCause } from './policies/messages.js';

/** The task queue of the central workers: workflows and operations. */
export const TASK_QUEUE = 'caisson';

/** Finds the deployments that exist, in the server's listing. */
export const EXISTING_DEPLOYMENTS = `WorkflowType = 'deployment' AND ExecutionStatus = 'Running'`;

export const deploymentWorkflowId = (deploymentId: string): string => `deployment/${deploymentId}`;
export const executionWorkflowId = (deploymentId: string, executionId: string): string =>
  `execution/${deploymentId}/${executionId}`;

/** How an execution runs, whatever its workflow. Every field has a default: see {@link DEFAULT_OPTIONS}. */
export interface ExecutionOptions {
  /** Retries of an operation after its first attempt, unless the operation says otherwise; -1 = for ever. */
  readonly max_retries: number;
  /** Seconds between attempts, the same each time. `null`: 1 s, doubling up to 30 s. */
  readonly retry_interval: number | null;
  /** How often the lifecycle of an instance is re-run as a whole after it failed for good; -1 = for ever. */
  readonly subgraph_retries: number;
  /** What a final failure does: nothing new starts | then undo what this execution did | the rest goes on. */
  readonly on_failure: 'drain' | 'rollback' | 'continue';
  /** Under `continue`: seconds after the first failure in which other branches may still begin something; `null`: no limit. */
  readonly wait_after_fail: number | null;
  /** Operations in flight at once, at most. */
  readonly max_in_flight: number;
  /** Length of the history at which a run continues as new, well below the server's limit of 51,200 events. */
  readonly max_events: number;
  /** Every documented switch set to the reference's own behaviour. */
  readonly legacy: boolean;
  /** Walk the graph without running any operation or changing any state. */
  readonly dry_run: boolean;
  /** Seconds after which the execution is cancelled and fails; absent or `null`: as long as it takes. */
  readonly timeout?: number | null;
}

/** How executions run when nothing else is said. */
export const DEFAULT_OPTIONS: ExecutionOptions = {
  max_retries: 5,
  retry_interval: null,
  subgraph_retries: 0,
  on_failure: 'drain',
  wait_after_fail: null,
  max_in_flight: 200,
  max_events: 24_000,
  legacy: false,
  dry_run: false,
};

/**
 * The reference's defaults, as `--legacy` sets them: 60 retries 15 s apart, and other branches go on after a failure, for
 * ten minutes.
 */
export const LEGACY_OPTIONS: ExecutionOptions = {
  ...DEFAULT_OPTIONS,
  max_retries: 60,
  retry_interval: 15,
  on_failure: 'continue',
  wait_after_fail: 600,
  legacy: true,
};

/** What an execution is to do. Its id makes asking twice the same as asking once. */
export interface ExecutionRequest {
  /** Chosen by the client: asking twice with one id starts one execution. */
  readonly id: string;
  /** Name of the workflow, which is its Temporal workflow type. */
  readonly workflow_id: string;
  /** Checked and completed with their defaults by the client. */
  readonly parameters: JsonObject;
  readonly options: ExecutionOptions;
  /** Parameters that the workflow does not declare are passed on, instead of being refused. @default false */
  readonly allow_custom_parameters?: boolean;
  /** Run it although its availability rules say that it makes no sense now. @default false */
  readonly force?: boolean;
  /** Refuse it when other deployments would lose what they use of this one. @default false */
  readonly refuse_dependents?: boolean;
  /** Deployments whose recursive uninstall this one is a part of, the outermost first: they are not waited for. */
  readonly environments?: readonly string[];
  /** Of `update`: what the deployment is to become. */
  readonly update?: UpdateTarget;
  /** Execution whose ledger this one continues: operations that it completed are not run again. */
  readonly resume_of?: string;
  /** With `resume_of`: run every operation of the instances that were not done with again, also those that had completed. */
  readonly reset_operations?: boolean;
  /** With `resume_of`: go on with these files of the blueprint (mended scripts), from now on also the deployment's. */
  readonly blueprint?: BlueprintReference;
  /** With `resume_of` and `blueprint`: the mended blueprint, compiled; it has the same nodes. */
  readonly plan?: DeploymentPlan;
  /** Wait for the running execution to end, instead of being refused. */
  readonly queue?: boolean;
  /** Workflow id of who wants to be told of the end, by {@link executionEndedSignal}. */
  readonly notify?: string;
  /** The policy that asked for it. It is not queued: while another execution runs it is refused, as `cancelled`. */
  readonly cause?: PolicyCause;
}

export interface UpdateTarget {
  readonly blueprint: BlueprintReference;
  /** Compact; its `inputs` are the bound values. Instances are planned by the update itself. */
  readonly plan: DeploymentPlan;
}

/** Cloudify's words: `terminated` is one that completed. */
export type ExecutionStatus = 'queued' | 'started' | 'terminated' | 'failed' | 'cancelled';

/** The record of one execution, as the deployment keeps it. `terminated` is shown as "completed". */
export interface ExecutionRecord {
  readonly id: string;
  readonly workflow_id: string;
  readonly deployment_id: string;
  readonly status: ExecutionStatus;
  readonly parameters: JsonObject;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly error: string | null;
  /** The execution whose ledger it continued. */
  readonly resume_of: string | null;
  readonly is_dry_run: boolean;
  readonly total_operations: number;
  readonly finished_operations: number;
  /** Operations that failed for good and were passed over (`ignore_failure`): what they left is told by `progress`. */
  readonly ignored_failures?: number;
  /** Temporal's ids. */
  readonly workflow: { readonly workflow_id: string; readonly run_id: string | null };
  /** It ended without completing and can be continued by `resume`. */
  readonly resumable: boolean;
  /** The policy that asked for it. */
  readonly cause?: PolicyCause;
}

export interface BlueprintReference {
  readonly id: string;
  /** Main file inside the archive. */
  readonly main_file: string;
  /** Content hash of the archive in the artifact store; absent when the blueprint has no files besides its text. */
  readonly archive?: string;
}

/** Starts a `deployment` workflow (and, with `first`, its first execution at once). */
export interface DeploymentInput {
  readonly id: string;
  readonly blueprint: BlueprintReference;
  /** Compact (see graph/compact-plan.ts); its `inputs` are the bound values. */
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
  readonly created_at: string;
  readonly labels?: JsonObject;
  /** The namespace knows Caisson's search attributes, so that workflows may set them. */
  readonly search_attributes: boolean;
  readonly first?: ExecutionRequest;
  /** Carried over continue-as-new. */
  readonly executions?: readonly ExecutionRecord[];
  readonly modification?: StartedModification;
  /** Ledgers of the executions that can be resumed, oldest first. */
  readonly resumable?: readonly ResumableExecution[];
  readonly queue?: readonly ExecutionRequest[];
  readonly is_protected?: boolean;
  /** Its policies are evaluated, by a workflow that was told of so many changes. */
  readonly policies?: { readonly sequence: number };
  /** Events after which it continues as new. @default 8000 */
  readonly max_events?: number;
}

export interface ResumableExecution {
  readonly execution_id: string;
  readonly workflow_id: string;
  readonly parameters: JsonObject;
  readonly options: ExecutionOptions;
  readonly ledger: Ledger;
}

/** A change of the instances that an execution began and has not ended: no other may begin until it is. */
export interface StartedModification {
  readonly execution_id: string;
  /** What was scaled, and how many there were in each container. */
  readonly entity: string;
  readonly before: number;
  /** What else was scaled with it, where a script changed several counts at once. */
  readonly others?: Readonly<Record<string, number>>;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** A deployment as it tells of itself: its blueprint, its executions, how it is. */
export interface DeploymentView {
  readonly id: string;
  readonly blueprint: BlueprintReference;
  readonly created_at: string;
  readonly labels: JsonObject;
  /** Other deployments that it uses. */
  readonly depends_on: readonly Dependency[];
  /** Id of the execution that runs now. */
  readonly running: string | null;
  /** Oldest first. */
  readonly executions: readonly ExecutionRecord[];
  /** `active` only when every instance is started. */
  readonly installation_status: 'active' | 'inactive';
  readonly deployment_status: 'good' | 'in_progress' | 'requires_attention';
  /** It refuses to be uninstalled or deleted until the protection is taken away. */
  readonly is_protected: boolean;
}

export interface StateView {
  readonly instances: readonly NodeInstance[];
  /** On a deployment: the execution that runs now, whose own `state` query is fresher. */
  readonly running: string | null;
}

/** Starts an execution workflow. */
export interface ExecutionInput {
  readonly deployment_id: string;
  readonly blueprint: BlueprintReference;
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
  readonly request: ExecutionRequest;
  /** What was already done: by the execution this one resumes, or by this one before it continued as new. */
  readonly ledger?: Ledger;
  readonly modification?: StartedModification;
  /** Set on runs after the first. */
  readonly continued?: ContinuedRun;
}

/** What the runs of one execution tell the next when they continue as new. */
export interface ContinuedRun {
  readonly started_at: string;
  readonly finished_operations: number;
  /** Operations begun so far: task ids go on from here. */
  readonly task_count: number;
  /** Events so far, all of them in the artifact store by now. */
  readonly journal_length: number;
  /** Changes of instances so far, all of them in the artifact store by now. */
  readonly changes_length?: number;
  readonly failures?: readonly FailedOperation[];
  /** The plan is not any more the one that the execution began with. */
  readonly plan_changed?: boolean;
  readonly paused?: PauseRecord;
  /** Operations that wait without an activity, by call: they go on waiting where they were. */
  readonly waits?: Readonly<Record<string, SuspendedWait>>;
  readonly deliveries?: Readonly<Record<string, Delivery>>;
}

export interface SuspendedWait {
  readonly task_id: string;
  readonly started_at: string;
}

export interface PauseRecord {
  readonly by: string;
  readonly at: string;
  readonly comment?: string;
}

/** A named signal that somebody sent to an execution. It stays: an operation that waits for it later goes on at once. */
export interface Delivery {
  readonly name: string;
  readonly payload: Json;
  readonly by: string;
  readonly at: string;
}

/**
 * How an execution is cancelled. `graceful`: running operations are told, and waited for. `force`: they are told, and not
 * waited for. `drain`: they run to their end, nothing new begins (Cloudify's own way).
 */
export type CancelMode = 'graceful' | 'force' | 'drain';

/** What an execution hands back to its deployment, whatever its end. */
export interface Handover {
  readonly execution_id: string;
  readonly outcome: 'terminated' | 'failed' | 'cancelled';
  readonly error: string | null;
  readonly instances: readonly NodeInstance[];
  readonly ledger: Ledger;
  readonly total_operations: number;
  readonly finished_operations: number;
  readonly ignored_failures?: number;
  /** The plan, where the execution changed it: counts of instances, or all of it. */
  readonly plan?: DeploymentPlan;
  readonly blueprint?: BlueprintReference;
  readonly modification?: StartedModification;
  /** It ended because it was drained: nobody has asked Temporal to cancel it yet. */
  readonly drained?: boolean;
}

/** An operation that runs, or waits. */
export interface RunningOperation {
  readonly task_id: string;
  /** Temporal activity id: joins with the pending activities of a describe call, which know attempts and failures. */
  readonly activity_id: string;
  readonly node_instance_id: string;
  /** Full name. */
  readonly operation: string;
  /** `plugin.operation` */
  readonly implementation: string;
  readonly source_id?: string;
  readonly target_id?: string;
  readonly started_at: string;
  /** Set while it waits for a person, a signal or a time, and nothing runs. */
  readonly waiting?: WaitingView;
}

export interface WaitingView {
  readonly kind: 'approval' | 'signal' | 'time';
  /** What is asked of the person. */
  readonly message?: string;
  /** Who may decide; absent = anybody. */
  readonly approvers?: readonly string[];
  /** Name of the awaited signal. */
  readonly signal?: string;
  /** When the wait ends by itself. */
  readonly until?: string;
}

/** An operation that failed for good: where, why, after how many attempts. */
export interface FailedOperation {
  readonly node_instance_id: string;
  readonly operation: string;
  readonly implementation: string;
  readonly source_id?: string;
  readonly target_id?: string;
  /** Class of the error, e.g. `NonRecoverableError`. */
  readonly error_type: string;
  readonly message: string;
  /** 1-based number of the last attempt, and how many there could be (null = no limit). */
  readonly attempt: number;
  readonly attempts: number | null;
  readonly recoverable: boolean;
  readonly exit_code?: number;
  /** Last lines of a script's stderr. */
  readonly stderr?: string;
  /** The run went on in spite of it (`ignore_failure`). */
  readonly ignored?: boolean;
}

/** How far a running execution is. */
export interface ProgressView {
  readonly execution_id: string;
  readonly deployment_id: string;
  readonly workflow_id: string;
  readonly status: 'started' | 'paused' | 'cancelling' | 'terminated' | 'failed' | 'cancelled';
  readonly started_at: string;
  /** Who paused it; nothing new starts meanwhile. */
  readonly paused: PauseRecord | null;
  readonly total_operations: number;
  readonly finished_operations: number;
  /** Instances by state. */
  readonly states: Readonly<Record<string, number>>;
  readonly running: readonly RunningOperation[];
  readonly failures: readonly FailedOperation[];
  readonly error: string | null;
}

/** One line of the story of an execution. Event types and texts are the reference's. */
export interface JournalEvent {
  /** Position in the execution's journal, from 0, without gaps. */
  readonly sequence: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
  readonly event_type: string;
  readonly message: string;
  /** Of `workflow_log`, a log line of a custom workflow. */
  readonly level?: string;
  readonly node_instance_id?: string;
  readonly node_id?: string;
  readonly operation?: string;
  readonly source_id?: string;
  readonly target_id?: string;
}

export interface JournalPage {
  /** Events from the asked sequence on; at most 1,000. */
  readonly events: readonly JournalEvent[];
  /** Sequence of the first event that this run still holds; earlier ones are in the artifact store. */
  readonly first: number;
  /** No more will come. */
  readonly closed: boolean;
}

/** Starts a `scheduled_execution`. */
export interface ScheduledExecution {
  readonly deployment_id: string;
  readonly workflow_id: string;
  readonly parameters: JsonObject;
  readonly options: ExecutionOptions;
  readonly allow_custom_parameters?: boolean;
  readonly force?: boolean;
  readonly refuse_dependents?: boolean;
}

/** A change of node instances, told by (or just before) the event of that sequence. */
export type InstanceChange = { readonly sequence: number; readonly timestamp: string } & (
  | { readonly id: string; readonly fields: Partial<NodeInstance> }
  /** All instances, in the place of those that were there: at the begin, and when the model changes. */
  | { readonly instances: readonly NodeInstance[] }
);

export interface ChangesPage {
  /** From the asked position on; at most 500. */
  readonly changes: readonly InstanceChange[];
  /** Position of the first change that this run still holds; earlier ones are in the artifact store. */
  readonly first: number;
  readonly length: number;
}

/** Runtime property changes that an attempt stored before its end. */
export interface PatchMessage {
  readonly task_id: string;
  /** Unique within the task: attempt and flush number. The same message twice is applied once. */
  readonly flush_id: string;
  readonly patches: Patches;
}

/** Names one flush in the set of what a run has applied. */
export const flushKey = ({ task_id, flush_id }: PatchMessage): string => `${task_id}#${flush_id}`;

// Asked of a deployment and of an execution alike.
export const stateQuery = defineQuery<StateView>('state');
export const planQuery = defineQuery<DeploymentPlan>('plan');

// Asked of a deployment.
export const deploymentQuery = defineQuery<DeploymentView>('deployment');
/** Starts (or queues) an execution; refused with type `ExecutionConflict` while another runs. */
export const executeUpdate = defineUpdate<ExecutionRecord, [ExecutionRequest]>('execute');
/** Ends the deployment; refused with type `DeploymentInUse` while it runs or has live instances, unless forced. */
export const retireUpdate = defineUpdate<void, [{ readonly force?: boolean }]>('retire');
/** Writes runtime properties by hand (`node-instances update-runtime`); refused while an execution runs. */
export const patchInstancesUpdate = defineUpdate<void, [Patches]>('patch_instances');
/** Takes an execution out of the queue; refused with type `ExecutionConflict` when it is not (or no longer) queued. */
export const cancelQueuedUpdate = defineUpdate<ExecutionRecord, [{ readonly execution_id: string }]>('cancel_queued');
/** Guards the deployment against uninstall and deletion, or lifts the guard. */
export const protectUpdate = defineUpdate<void, [{ readonly on: boolean }]>('protect');
/** Queues an execution, for workflows (schedules), which cannot send updates. One that is refused is told as `failed`. */
export const enqueueSignal = defineSignal<[ExecutionRequest]>('enqueue');
/** Tells who started an execution with `notify` of its end. */
export const executionEndedSignal = defineSignal<[ExecutionRecord]>('execution_ended');
/** An execution hands back the state. */
export const settledSignal = defineSignal<[Handover]>('settled');

// Asked of an execution.
export const progressQuery = defineQuery<ProgressView>('progress');
export const eventsQuery = defineQuery<JournalPage, [{ readonly from: number }]>('events');
export const changesQuery = defineQuery<ChangesPage, [{ readonly from: number }]>('changes');
/** What recovery needs of a run that was ended from outside. */
export const handoverQuery = defineQuery<Handover & { readonly applied: readonly string[] }>('handover');
/** A later attempt of an operation asks for its request anew, with the properties of now. */
export const requestQuery = defineQuery<Json, [{ readonly task_id: string }]>('request');
export const patchSignal = defineSignal<[PatchMessage]>('patch');
/** Do not wait for running operations: cancel now. Sent before the cancel request. */
export const forceCancelSignal = defineSignal('force_cancel');
/** Let running operations end, begin nothing new, then end as cancelled. Not followed by a cancel request. */
export const drainUpdate = defineUpdate<void, [{ readonly by: string }]>('drain');
/** Nothing new starts until `continue`; what runs goes on. Refused with type `ExecutionConflict` when it is paused. */
export const pauseUpdate = defineUpdate<PauseRecord, [{ readonly by: string; readonly comment?: string }]>('pause');
export const continueUpdate = defineUpdate<void, [{ readonly by: string; readonly comment?: string }]>('continue');
/** An operator's word on one running (or waiting, or between attempts) operation. */
export const operationUpdate = defineUpdate<void, [OperationOrder]>('operation');
/** Somebody's decision on an approval that an operation waits for. Refused with type `NotWaiting`, `NotAllowed`. */
export const decideUpdate = defineUpdate<ApprovalRecord, [ApprovalDecision]>('decide');
/** A named signal; answers how many operations waited for it. */
export const deliverUpdate = defineUpdate<
  { readonly released: number },
  [{ readonly name: string; readonly payload?: Json; readonly by: string }]
>('deliver');

export interface OperationOrder {
  readonly task_id: string;
  /** `retry`: run it anew, now, with a full budget of retries. `fail`: it has failed. `skip`: take it as succeeded. */
  readonly action: 'retry' | 'fail' | 'skip';
  readonly by: string;
  readonly comment?: string;
  /** With `skip`: what it is taken to have returned. */
  readonly result?: Json;
  /** Do not wait until the running attempt has heard of it. */
  readonly force?: boolean;
}

export interface ApprovalDecision {
  readonly task_id: string;
  readonly approved: boolean;
  /** As the client names itself: Temporal's authorization decides who may send it at all. */
  readonly by: string;
  readonly comment?: string;
}

/** What a person decided, and when. */
export interface ApprovalRecord {
  readonly decision: 'approved' | 'rejected';
  readonly by: string;
  readonly at: string;
  readonly comment: string | null;
}
