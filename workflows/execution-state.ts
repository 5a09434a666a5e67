/** What one run of an execution workflow knows and changes: instances, ledger, journal, running and failed operations. */
import { CancellationScope } from '@temporalio/workflow';
import type { OperationRequest, Patches } from '../activities/request.js';
import type { DeploymentPlan, Json, JsonObject } from '../blueprint/plan.js';
import { factsAfter, ROLLED_BACK } from '../graph/begin.js';
import type { Ledger } from '../graph/ledger.js';
import { LIFECYCLE } from '../graph/lifecycle.js';
import { applyPatch } from '../graph/patch.js';
import type { NodeInstance } from '../graph/state.js';
import type { Mark, OperationCall } from '../graph/steps.js';
import { type Topology, topology } from '../graph/topology.js';
import { Changes } from './changes.js';
import { Control, type OperationDecision } from './control.js';
import { Journal } from './journal.js';
import {
  type ApprovalRecord,
  type BlueprintReference,
  type Delivery,
  type ExecutionInput,
  type ExecutionOptions,
  type FailedOperation,
  flushKey,
  type Handover,
  type PatchMessage,
  type ProgressView,
  type RunningOperation,
  type StartedModification,
  type SuspendedWait,
} from './messages.js';
import type { OperationScope } from './operation-scope.js';

export interface RunningTask {
  readonly call: OperationCall;
  view: RunningOperation;
  /** The request made anew, with the properties of now. */
  readonly request: () => OperationRequest;
  /** Tells the operation to stop. */
  cancel: () => void;
  /** Stops it because an operator has decided about it; with `force`, without waiting for it. */
  order: (decision: OperationDecision, force: boolean) => void;
  /** The decision on an approval that it waits for. */
  approval?: ApprovalRecord | undefined;
  /** It goes on waiting where the run before this one had to leave it. */
  readonly resumed: boolean;
}

/** Events that a run holds before it writes them: held to its end they would take more memory than all else. */
const MOST_UNSAVED = 5_000;

/** Name in the ledger of what was done outside of walks. */
const RECORDED = 'recorded calls';

export class ExecutionState {
  readonly input: ExecutionInput;
  readonly options: ExecutionOptions;
  readonly journal: Journal;
  /** Called when the journal has grown so long that a part of it should be written. */
  writeJournal: () => void = () => undefined;
  readonly changes: Changes;
  readonly running = new Map<string, RunningTask>();
  readonly failures: FailedOperation[];
  /** Tasks and flushes that this run has applied: recovery must not apply them twice. */
  readonly applied = new Set<string>();
  readonly startedAt: string;
  readonly control: Control;
  /** Where operations run: a cancel of the run does not reach them here, it is told to each. */
  readonly shelter = new CancellationScope({ cancellable: false });
  /** Scopes of operations that have ended. */
  readonly scopes: OperationScope[] = [];
  /** Signals that were delivered, by name: the latest of each. */
  readonly deliveries: Map<string, Delivery>;
  /** Waits that the next run of this execution takes up again. */
  readonly suspended: Record<string, SuspendedWait> = {};
  readonly #resumedWaits: Record<string, SuspendedWait>;
  status: ProgressView['status'] = 'started';
  error: string | null = null;
  timedOut = false;
  /** The UI's page of the run tells about this execution; not where it is a part of something else. */
  hasPage = true;
  /** What the run waits for is about to be told. */
  tellingWaits = false;
  total: number;
  finished: number;
  taskCount: number;
  modification: StartedModification | undefined;
  #parameters: JsonObject | undefined;
  #plan: DeploymentPlan;
  #blueprint: BlueprintReference | undefined;
  #planChanged: boolean;
  /** Plan or instances are not those that this run began with. */
  modelReplaced = false;
  #topology: Topology;
  #instances: Map<string, NodeInstance>;
  /** As this run found them. */
  readonly begin: ReadonlyMap<string, NodeInstance>;
  #byNode: ReadonlyMap<string, readonly string[]> | undefined;
  #ledger: Ledger;
  /** Ledgers of the walks that are under way, which grow until they end. */
  readonly #openWalks = new Set<() => Ledger>();
  /** What a custom workflow has done outside of walks, by key, with what came of it. */
  readonly recorded: Map<string, Json>;

  constructor(input: ExecutionInput) {
    this.input = input;
    this.options = input.request.options;
    this.#plan = input.plan;
    this.#planChanged = input.continued?.plan_changed ?? false;
    this.#topology = topology(input.plan, input.instances, this.options.legacy);
    this.#instances = this.#topology.instances as Map<string, NodeInstance>;
    this.begin = new Map(this.#instances);
    this.failures = [...(input.continued?.failures ?? [])];
    this.modification = input.modification;
    this.#ledger = input.ledger ?? {};
    this.recorded = new Map(Object.entries(input.ledger?.[RECORDED]?.results ?? {}));
    this.startedAt = input.continued?.started_at ?? new Date(Date.now()).toISOString();
    this.journal = new Journal(input.continued?.journal_length ?? 0);
    this.changes = new Changes(input.continued?.changes_length ?? 0);
    if (!input.continued) this.changes.all(0, input.instances);
    this.finished = input.continued?.finished_operations ?? 0;
    this.total = this.finished;
    this.taskCount = input.continued?.task_count ?? 0;
    this.control = new Control(input.continued?.paused);
    this.deliveries = new Map(Object.entries(input.continued?.deliveries ?? {}));
    this.#resumedWaits = { ...input.continued?.waits };
  }

  /** The parameters that the built-in part which runs now goes by. */
  get parameters(): JsonObject {
    return this.#parameters ?? this.input.request.parameters;
  }

  /** Runs a built-in part of a custom workflow, which goes by parameters of its own. */
  async withParameters(parameters: JsonObject, run: () => Promise<unknown>): Promise<void> {
    this.#parameters = parameters;
    try {
      await run();
    } finally {
      this.#parameters = undefined;
    }
  }

  get workflowId(): string {
    return this.input.request.workflow_id;
  }

  get waiting(): number {
    let count = 0;
    for (const { view } of this.running.values()) if (view.waiting !== undefined) count += 1;
    return count;
  }

  /** The wait that an earlier run began for a call: handed out once. */
  takeSuspended(key: string): SuspendedWait | undefined {
    const found = this.#resumedWaits[key];
    delete this.#resumedWaits[key];
    return found;
  }

  get id(): string {
    return this.input.request.id;
  }

  get plan(): DeploymentPlan {
    return this.#plan;
  }

  get planChanged(): boolean {
    return this.#planChanged;
  }

  get topology(): Topology {
    return this.#topology;
  }

  /** The blueprint: after an update, the new one. */
  get blueprint(): BlueprintReference {
    return this.#blueprint ?? this.input.blueprint;
  }

  /** This execution continues what another one left. */
  get resumes(): boolean {
    return this.input.request.resume_of !== undefined;
  }

  get instances(): readonly NodeInstance[] {
    return [...this.#instances.values()];
  }

  instancesOf(nodeId: string): readonly NodeInstance[] {
    this.#byNode ??= groupIds(this.#instances.values());
    return (this.#byNode.get(nodeId) ?? []).map((id) => this.instance(id));
  }

  instance(id: string): NodeInstance {
    const found = this.#instances.get(id);
    if (!found) throw new Error(`the deployment has no instance ${id}`);
    return found;
  }

  /** Changes one instance and counts its version up. */
  change(id: string, change: Partial<Omit<NodeInstance, 'id' | 'version'>>): void {
    const instance = this.instance(id);
    const version = instance.version + 1;
    this.#instances.set(id, { ...instance, ...change, version });
    this.changes.one(this.journal.length, id, { ...change, version });
  }

  /** Puts another plan, other instances in the place of those that were there. */
  replaceModel(plan: DeploymentPlan, instances: readonly NodeInstance[], blueprint?: BlueprintReference): void {
    this.modelReplaced = true;
    this.#planChanged ||= plan !== this.#plan;
    this.#plan = plan;
    this.#blueprint = blueprint ?? this.#blueprint;
    this.#topology = topology(plan, instances, this.options.legacy);
    this.#instances = this.#topology.instances as Map<string, NodeInstance>;
    this.#byNode = undefined;
    this.changes.all(this.journal.length, instances);
  }

  applyMark(instanceId: string, { state, event }: Mark): void {
    if (state !== undefined && !this.options.dry_run)
      this.change(instanceId, { state, ...this.#consequences(this.instance(instanceId), state) });
    if (event !== undefined) this.note('workflow_node_event', event, instanceId);
  }

  /** What else a state means: facts that no longer hold, properties that speak of something gone. */
  #consequences(instance: NodeInstance, state: string): Partial<NodeInstance> {
    const { attempted, system_properties } = instance;
    switch (state) {
      case 'deleted':
        // The reference keeps the properties, and the next create reads of a resource that is gone.
        return { attempted: [], ...(this.options.legacy ? {} : { runtime_properties: {}, system_properties: {} }) };
      case 'uninitialized':
        return {
          attempted: [],
          ...(this.options.legacy ? { system_properties: { ...system_properties, [ROLLED_BACK]: true } } : {}),
        };
      case 'configured': {
        const { configuration_drift: _, ...rest } = system_properties;
        return { attempted: factsAfter(attempted, 'stop'), system_properties: rest };
      }
      case 'started':
        return Object.hasOwn(system_properties, 'status')
          ? {
              system_properties: {
                ...system_properties,
                status: { ok: true, timestamp: now(), task: null, result: null },
              },
            }
          : {};
      default:
        return {};
    }
  }

  /** Records that a lifecycle operation was begun: from now on there may be something to undo. */
  began(call: OperationCall): void {
    const { instance_id } = call;
    const name = lifecycleName(call);
    const { attempted } = this.instance(instance_id);
    if (name !== undefined && !attempted.includes(name)) this.change(instance_id, { attempted: [...attempted, name] });
  }

  /** Records that a lifecycle operation succeeded: what it undoes is undone. */
  succeeded(call: OperationCall): void {
    const { instance_id } = call;
    const name = lifecycleName(call);
    if (name !== 'stop' && name !== 'delete') return;
    this.change(instance_id, { attempted: factsAfter(this.instance(instance_id).attempted, name) });
  }

  applyPatches(patches: Patches | undefined): void {
    for (const [id, patch] of Object.entries(patches ?? {})) {
      if (patch.length === 0 || !this.#instances.has(id)) continue;
      this.change(id, { runtime_properties: applyPatch(this.instance(id).runtime_properties, patch) });
    }
  }

  /** A patch that an attempt stored before its end; the same one twice is applied once. */
  applyFlush(message: PatchMessage): void {
    const task = this.running.get(message.task_id);
    const key = flushKey(message);
    if (!task || this.applied.has(key)) return;
    this.applied.add(key);
    this.applyPatches(message.patches);
  }

  note(eventType: string, message: string, instanceId?: string, call?: OperationCall, level?: string): void {
    const suffix = this.options.dry_run ? ' (dry run)' : '';
    this.journal.add({
      event_type: eventType,
      message: `${message}${suffix}`,
      ...(level === undefined ? {} : { level }),
      ...(instanceId === undefined ? {} : { node_instance_id: instanceId, node_id: this.instance(instanceId).node_id }),
      ...(call === undefined ? {} : { operation: call.operation }),
      ...(call?.relationship === undefined
        ? {}
        : { source_id: call.relationship.source_id, target_id: call.relationship.target_id }),
    });
    if (this.journal.unsaved >= MOST_UNSAVED) this.writeJournal();
  }

  /** A line of the workflow's own log. */
  log(level: string, message: string, instanceId?: string): void {
    this.note('workflow_log', message, instanceId, undefined, level);
  }

  get ledger(): Ledger {
    let ledger = this.#ledger;
    for (const read of this.#openWalks) ledger = { ...ledger, ...read() };
    if (this.recorded.size === 0) return ledger;
    return { ...ledger, [RECORDED]: { states: {}, sequences: {}, results: Object.fromEntries(this.recorded) } };
  }

  /**
   * A decision that is made once, and stays when the program runs again from its first line: after continuing as new,
   * and when the execution is resumed.
   */
  decide<T>(name: string, make: () => T): T {
    const known = this.decision<T>(name);
    if (known !== undefined) return known;
    const decision = make();
    this.#ledger = { ...this.#ledger, [name]: { states: {}, sequences: {}, decision: decision as Json } };
    return decision;
  }

  decision<T>(name: string): T | undefined {
    return this.#ledger[name]?.decision as T | undefined;
  }

  /** Drops walks and decisions that no longer hold: what they tell of was undone. */
  forget(...names: readonly string[]): void {
    this.#ledger = Object.fromEntries(Object.entries(this.#ledger).filter(([name]) => !names.includes(name)));
  }

  /** From now until `closeWalk` the ledger includes what `read` tells. */
  openWalk(read: () => Ledger): void {
    this.#openWalks.add(read);
  }

  closeWalk(read: () => Ledger): void {
    this.#ledger = { ...this.#ledger, ...read() };
    this.#openWalks.delete(read);
  }

  handover(outcome: Handover['outcome']): Handover {
    return {
      execution_id: this.id,
      outcome,
      error: this.error,
      instances: this.instances,
      ledger: this.ledger,
      total_operations: this.total,
      finished_operations: this.finished,
      ...(this.failures.some(({ ignored }) => ignored)
        ? { ignored_failures: this.failures.filter(({ ignored }) => ignored).length }
        : {}),
      ...(this.#planChanged ? { plan: this.#plan } : {}),
      ...(this.#blueprint ? { blueprint: this.#blueprint } : {}),
      ...(this.modification ? { modification: this.modification } : {}),
      ...(this.control.draining ? { drained: true } : {}),
    };
  }

  progress(): ProgressView {
    const states: Record<string, number> = {};
    for (const { state } of this.#instances.values()) states[state] = (states[state] ?? 0) + 1;
    return {
      execution_id: this.id,
      deployment_id: this.input.deployment_id,
      workflow_id: this.input.request.workflow_id,
      status: this.control.paused && this.status === 'started' ? 'paused' : this.status,
      started_at: this.startedAt,
      paused: this.control.paused ?? null,
      total_operations: this.total,
      finished_operations: this.finished,
      states,
      running: [...this.running.values()].map(({ view }) => view),
      failures: this.failures,
      error: this.error,
    };
  }
}

function groupIds(instances: Iterable<NodeInstance>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { id, node_id } of instances) {
    const group = groups.get(node_id);
    if (group) group.push(id);
    else groups.set(node_id, [id]);
  }
  return groups;
}

/** Also of one that was asked for by its bare name: its key is the full one. */
function lifecycleName({ operation, key, relationship }: OperationCall): string | undefined {
  const name = operation.includes('.') || relationship !== undefined ? operation : key;
  return name.startsWith(`${LIFECYCLE}.`) ? name.slice(LIFECYCLE.length + 1) : undefined;
}

function now(): string {
  return new Date(Date.now()).toISOString();
}
