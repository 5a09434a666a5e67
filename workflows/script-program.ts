/**
 * A workflow in Python: a script of the blueprint, or a function of a plugin. It cannot run in workflow code, so an
 * activity runs it, and what it asks for is done here: recorded, retried, paused and cancelled as in any custom workflow.
 * When the activity's worker is lost, or the run continues as new, it is run again and answered from the record as far as
 * it had come.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { Json, JsonObject } from '../blueprint/json.js';
import { CustomRun } from './custom-run.js';
import type { Program } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { HistoryFull } from './history-full.js';
import { installChosen } from './install.js';
import { deploymentWorkflowId, enqueueSignal, type FailedOperation } from './messages.js';
import { finishModification, rollBackModification, startModification } from './modification.js';
import { rollBackChosen } from './rollback.js';
import {
  type ModifiedNode,
  type PythonProgram,
  type ScriptActivities,
  type ScriptCall,
  type ScriptOutcome,
  scriptCallsSignal,
  scriptOutcomesQuery,
  scriptRecordQuery,
} from './script-messages.js';
import { asked } from './sdk/create-context.js';
import { uninstallChosen } from './uninstall.js';

/** Answers of one query at most. */
const PAGE = 200;

const activities = proxyActivities<ScriptActivities>({
  startToCloseTimeout: '30d',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

export function scriptProgram(script: PythonProgram): Program {
  return async (state) => {
    const run = new CustomRun(state);
    const outcomes: ScriptOutcome[] = [];
    const known = new Set<string>();
    setHandler(scriptOutcomesQuery, ({ from }) => {
      const page = outcomes.slice(from, from + PAGE);
      return { outcomes: page, next: from + page.length, cancelling: state.status === 'cancelling' };
    });
    setHandler(scriptRecordQuery, () =>
      [...state.recorded].map(([key, outcome]) => ({ key, ...(outcome as { readonly done: Json }) })),
    );
    setHandler(scriptCallsSignal, (calls) => {
      for (const call of calls) {
        if (known.has(call.key)) continue;
        known.add(call.key);
        void outcomeOf(run, call).then((outcome) => void outcomes.push({ key: call.key, ...outcome }));
      }
    });
    const script_run = new CancellationScope();
    try {
      return await run.execute(async () => await script_run.run(async () => await runScript(state, script)));
    } catch (error) {
      if (!(error instanceof HistoryFull)) throw error;
      // The next run of the execution has the script run again; this one's is to be gone by then.
      script_run.cancel();
      throw error;
    }
  };
}

async function runScript(state: ExecutionState, script: PythonProgram): Promise<Json | undefined> {
  const { input } = state;
  try {
    return await activities['caisson.workflow_script'].executeWithOptions(
      // The numbers are the operations' own.
      { summary: `${state.workflowId} · ${nameOf(script)}`, activityId: 'script' },
      [
        {
          deployment_id: input.deployment_id,
          execution_id: state.id,
          ...(input.blueprint.archive === undefined ? {} : { archive: input.blueprint.archive }),
          script,
          context: contextOf(state),
        },
      ],
    );
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}

function nameOf(script: PythonProgram): string {
  if ('function' in script) return `${script.plugin.name}.${script.function}`;
  return 'path' in script ? script.path : 'inline script';
}

/** Does what the script asks. Never rejects; a call that is held for the next run never resolves. */
async function outcomeOf(run: CustomRun, call: ScriptCall): Promise<WithoutKey<ScriptOutcome>> {
  try {
    return await done(run, call);
  } catch (error) {
    if (isCancellation(error)) return { cancelled: true };
    return { failed: { message: (error as Error).message } };
  }
}

type WithoutKey<Value> = Value extends unknown ? Omit<Value, 'key'> : never;

async function done(run: CustomRun, call: ScriptCall): Promise<WithoutKey<ScriptOutcome>> {
  const { state } = run;
  switch (call.call) {
    case 'operation': {
      const { instance_id, target_id, side, operation, kwargs, override } = call;
      const relationship = target_id === undefined || side === undefined ? undefined : { targetId: target_id, side };
      const options = { allowKwargsOverride: override };
      return (await run.outcome(call.key, asked(run, instance_id, operation, kwargs, options, relationship))) as
        | { readonly done: Json }
        | { readonly failed: FailedOperation };
    }
    case 'state':
      return await once(run, call.key, () => state.applyMark(call.instance_id, { state: call.state }));
    case 'instance':
      return await once(run, call.key, () => changeInstance(state, call));
    case 'event':
      return await once(run, call.key, () => state.note(call.event_type, call.message, call.instance_id));
    case 'log':
      return await once(run, call.key, () => {
        state.note('workflow_log', call.message, call.instance_id ?? undefined, undefined, call.level);
      });
    case 'walk':
      return await walked(run, call);
    case 'modify':
    case 'modified':
      return await changed(run, call);
    case 'execution':
      return { done: await run.recorded(call.key, async () => await startExecution(state, call)) };
    case 'record':
      run.recorder.done(call.of, call.value);
      return { done: null };
  }
}

async function once(run: CustomRun, key: string, act: () => void): Promise<{ readonly done: Json }> {
  if (!run.recorder.find(key)) {
    act();
    run.recorder.done(key, null);
  }
  return { done: null };
}

/** Dry runs leave the model as it is. */
function changeInstance(state: ExecutionState, call: Extract<ScriptCall, { call: 'instance' }>): void {
  const { instance_id, runtime_properties, state: next } = call;
  if (next !== undefined) state.applyMark(instance_id, { state: next });
  if (runtime_properties !== undefined && !state.options.dry_run) state.change(instance_id, { runtime_properties });
}

async function walked(run: CustomRun, call: Extract<ScriptCall, { call: 'walk' }>): Promise<{ readonly done: Json }> {
  const { state } = run;
  const chosen = new Set(call.ids);
  const ignoreFailure = call.ignore_failure === true;
  const name = call.key;
  try {
    if (call.walk === 'install') await installChosen(state, chosen, name);
    else if (call.walk === 'rollback' && state.options.legacy)
      await rollBackChosen(state, chosen, { name, ignoreFailure, all: true });
    else await uninstallChosen(state, chosen, { ignoreFailure, name });
  } catch (error) {
    if (error instanceof HistoryFull) await run.gate.close();
    throw error;
  }
  return { done: null };
}

/** Changes the model, which dry runs leave as it is. */
async function changed(
  run: CustomRun,
  call: Extract<ScriptCall, { call: 'modify' | 'modified' }>,
): Promise<{ readonly done: Json }> {
  const { state } = run;
  const done = await run.recorded(call.key, async () => {
    const { modification } = state;
    if (call.call === 'modify') return modify(state, call.nodes);
    if (!modification) throw ApplicationFailure.nonRetryable('no modification of the deployment has been started');
    if (call.how === 'finish') finishModification(state, modification);
    else rollBackModification(state, modification);
    return { ...countsOf(state) };
  });
  return { done };
}

function modify(state: ExecutionState, nodes: Readonly<Record<string, ModifiedNode>>): JsonObject {
  const before = new Map(state.instances.map((instance) => [instance.id, instance]));
  const { added, removed } = startModification(
    state,
    Object.entries(nodes).map(([entity, { instances, removed_ids_include_hint, removed_ids_exclude_hint }]) => ({
      entity,
      count: instances,
      include: removed_ids_include_hint ?? [],
      exclude: removed_ids_exclude_hint ?? [],
    })),
  );
  const related = (ids: readonly string[]): Set<string> => {
    const own = new Set(ids);
    const edges = state.instances.flatMap(({ id, relationships }) =>
      relationships.map(({ target_id }) => [id, target_id] as const),
    );
    const both = edges.flatMap(([source, target]) => (own.has(source) ? [target] : own.has(target) ? [source] : []));
    return new Set(both.filter((id) => !own.has(id)));
  };
  const raw = (ids: Iterable<string>): Json => [...ids].map((id) => state.instance(id) as unknown as Json);
  return {
    id: state.id,
    added: raw(added),
    added_related: raw(related(added)),
    removed: raw(removed),
    removed_related: raw([...related(removed)].filter((id) => before.has(id))),
    ...countsOf(state),
  };
}

/** What changes of the context with the model. */
function countsOf(state: ExecutionState): JsonObject {
  const { nodes, scaling_groups } = state.plan;
  return {
    counts: Object.fromEntries(nodes.map((node) => [node.id, node.capabilities.scalable.properties.current_instances])),
    scaling_groups: (scaling_groups ?? {}) as unknown as JsonObject,
  };
}

/** Asks a deployment for an execution, which it begins when it has the time. */
async function startExecution(
  state: ExecutionState,
  call: Extract<ScriptCall, { call: 'execution' }>,
): Promise<JsonObject> {
  const { deployment_id, workflow_id, parameters, allow_custom_parameters, dry_run } = call;
  const id = `${workflow_id}-${uuid4().slice(0, 8)}`;
  if (!state.options.dry_run)
    await getExternalWorkflowHandle(deploymentWorkflowId(deployment_id)).signal(enqueueSignal, {
      id,
      workflow_id,
      parameters,
      allow_custom_parameters,
      options: { ...state.options, dry_run, timeout: null },
      queue: true,
    });
  return { id, deployment_id, workflow_id, parameters, status: 'queued' };
}

/** What the script's `ctx` is made of. Operations are named, not described: the execution knows them. */
function contextOf(state: ExecutionState): JsonObject {
  const { input, plan } = state;
  const mapped = (operations: Readonly<Record<string, { readonly plugin: string }>>): JsonObject =>
    Object.fromEntries(
      Object.entries(operations).flatMap(([name, { plugin }]) => (plugin === '' ? [] : [[name, { plugin }]])),
    );
  return {
    deployment_id: input.deployment_id,
    blueprint_id: input.blueprint.id,
    execution_id: state.id,
    workflow_id: state.workflowId,
    dry_run: state.options.dry_run,
    resume: input.request.resume_of !== undefined,
    inputs: plan.inputs ?? {},
    parameters: parametersOf(input.request.parameters),
    ...countsOf(state),
    groups: (plan.groups ?? {}) as unknown as JsonObject,
    max_retries: state.options.max_retries,
    retry_interval: state.options.retry_interval,
    wait_after_fail: state.options.wait_after_fail,
    nodes: plan.nodes.map((node) => ({
      id: node.id,
      type: node.type,
      type_hierarchy: [...node.type_hierarchy],
      properties: node.properties,
      ...(node.host_id === undefined ? {} : { host_id: node.host_id }),
      operations: mapped(node.operations),
      plugins: node.plugins.map(({ name }) => name),
      relationships: node.relationships.map((one) => ({
        type: one.type,
        type_hierarchy: [...one.type_hierarchy],
        target_id: one.target_id,
        properties: one.properties,
        source_operations: mapped(one.source_operations),
        target_operations: mapped(one.target_operations),
      })),
    })),
    instances: state.instances as unknown as Json,
  };
}

/** Where the script is, is not for the script. */
function parametersOf(parameters: JsonObject): JsonObject {
  const { script_path: _, script_source: _source, ...rest } = parameters;
  return rest;
}
