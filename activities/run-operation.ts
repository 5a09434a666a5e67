/**
 * Runs one attempt of one operation: context, heartbeats, timeout, cancellation, and what is stored when.
 *
 * If this process dies at any point, the server gives the operation to another worker; what was flushed is kept, and
 * the mark in the heartbeat details tells that attempt from a business retry.
 */
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { Json, JsonObject } from '../blueprint/json.js';
import { type ContextHandle, createOperationContext } from '../plugins/sdk/create-context.js';
import type { OperationDefinition } from '../plugins/sdk/define.js';
import { NonRecoverableError, RecoverableError } from '../plugins/sdk/errors.js';
import type { OperationHost } from '../plugins/sdk/host.js';
import { retryText, taskName } from '../workflows/event-texts.js';
import { patchSignal, requestQuery } from '../workflows/messages.js';
import { unpacked } from '../workflows/packed-snapshot.js';
import { type AttemptHistory, type AttemptMark, attemptHistory, MOST_LOST_WORKERS } from './attempts.js';
import { beating } from './beat.js';
import type { OperationEnvironment } from './environment.js';
import type { OperationRequest, OperationResult, Patches } from './request.js';
import { resolveSecrets, type SecretLookup } from './secrets.js';
import { isCancelled, toFailure } from './to-failure.js';

export async function runOperation(
  definition: OperationDefinition,
  first: OperationRequest,
  environment: OperationEnvironment,
  traceparent?: string,
): Promise<OperationResult> {
  const { info, cancellationSignal, heartbeat } = Context.current();
  const known = attemptHistory(info.attempt, info.heartbeatDetails as AttemptMark | undefined);
  // An agent was lost with an earlier round of it.
  const history = first.begun_before ? { ...known, resume: true } : known;
  refuseLost(definition, first, history);

  // As it is stored: with references in the place of secrets.
  let checkpoint = history.checkpoint;
  const mark = (end: Partial<AttemptMark> = {}): AttemptMark => ({
    attempt: info.attempt,
    ended: false,
    retries: history.retryNumber,
    lost: history.lostWorkers,
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...end,
  });
  const stopBeating = beating(() => heartbeat(mark()));
  const timeout = timeoutOf(definition, first);
  const { releasing } = environment;
  const signals = [cancellationSignal, releasing, timeout?.signal].filter((one) => one !== undefined);
  let signal: AbortSignal | undefined;
  // A later attempt asks for its request anew: properties may have changed since the first was sent.
  const fetched = info.attempt === 1 ? first : ((await freshRequest(first)) ?? first);
  const log = environment.logFor(first);
  const secrets = environment.secrets();
  const task = taskName(first.operation.implementation ?? info.activityType);
  const retry = retryText(history.retryNumber, first.operation.max_retries);
  let flushes = 0;

  async function flush(patches: Patches): Promise<void> {
    if (Object.keys(patches).length === 0) return;
    flushes += 1;
    const flush_id = `${info.attempt}.${flushes}`;
    const stored = secrets.referIn(patches);
    await workflowHandle().signal(patchSignal, { task_id: first.task_id, flush_id, patches: stored });
  }

  const hostWith = (revealed: Json | undefined): OperationHost => ({
    get signal() {
      signal ??= AbortSignal.any(signals);
      return signal;
    },
    ...(revealed === undefined ? {} : { checkpoint: revealed }),
    log: (level, message) => log.write(level, secrets.mask(message)),
    sendEvent: (message) => log.event('plugin_event', secrets.mask(message)),
    heartbeat(detail) {
      if (detail !== undefined) checkpoint = secrets.refer(detail);
      heartbeat(mark());
    },
    flush,
    refresh: async () => (await resolveSecrets((await freshRequest(first)) ?? first, secrets)).snapshot,
    getSecret: async (key) => await secrets.get(key),
    setSecret: async (key, value) => await secrets.set(key, value),
    deleteSecret: async (key) => await secrets.delete(key),
    ...agentScript(first, environment, secrets),
    blueprintFolder: async () => await environment.blueprintFolder(first.blueprint.archive),
    workdir: async () => await environment.workdir(first.deployment.id, first.plugin.name),
    cacheFolder: async () => await environment.cacheFolder(),
  });

  let handle: ContextHandle | undefined;
  const takePatches = (): Patches => handle?.takePatches() ?? {};
  try {
    // A secret that is not there fails the operation like anything else that it needs.
    const request = await resolveSecrets(fetched, secrets);
    const revealed = history.checkpoint === undefined ? undefined : await secrets.reveal(history.checkpoint);
    const attempt = { retryNumber: history.retryNumber, resume: history.resume, traceparent };
    if (retry !== '' && !history.resume) log.event('task_started', `Task started '${task}'${retry}`);
    handle = createOperationContext(request, hostWith(revealed), attempt);
    const result = await definition.run(handle.ctx, request.inputs as JsonObject);
    timeout?.check();
    const again = handle.retryRequested();
    if (again) throw again;
    if (first.operation.poll && !result) throw new NotYet(first);
    return resultOf(secrets.refer(result ?? null), secrets.referIn(takePatches()), history);
  } catch (error) {
    if (!cancellationSignal.aborted && releasing && isCancelled(error, releasing)) {
      await flush(takePatches());
      heartbeat(mark({ released: true }));
      throw ApplicationFailure.create({ message: 'the worker shuts down', type: 'WorkerShutdown', nextRetryDelay: 1 });
    }
    if (isCancelled(error, cancellationSignal)) {
      await flush(takePatches());
      const released = Context.current().cancellationDetails?.workerShutdown === true;
      if (released) heartbeat(mark({ released: true }));
      // Without what the plugin said of it: nobody reads that, and a secret may be in it.
      throw error instanceof CancelledFailure ? error : new CancelledFailure('the operation was cancelled');
    }
    if (error instanceof NotYet) {
      await flush(takePatches());
      heartbeat(mark({ released: true }));
      throw ApplicationFailure.create({ message: error.message, type: 'NotYet' });
    }
    const cause = timeout?.expired ? timeout.error : error;
    const patches = takePatches();
    const { failure, retried, rescheduled } = toFailure(cause, {
      request: first,
      retryNumber: history.retryNumber,
      patches: secrets.referIn(patches),
    });
    if (retried) {
      // The failure of an attempt that will be retried never reaches the workflow: its changes are stored here.
      await flush(patches);
      heartbeat(mark({ ended: true }));
      const verb = rescheduled ? 'rescheduled' : 'failed';
      log.event(`task_${verb}`, secrets.mask(`Task ${verb} '${task}' -> ${failure.message}${retry}`));
    }
    await log.close();
    throw masked(failure, secrets);
  } finally {
    stopBeating();
    timeout?.clear();
    await log.close();
  }
}

function agentScript(
  { deployment }: OperationRequest,
  { agents }: OperationEnvironment,
  secrets: SecretLookup,
): Pick<OperationHost, 'agentScript'> {
  if (!agents) return {};
  return {
    agentScript(instanceId) {
      const script = agents.initScript(agents.parcelFor(deployment.id, instanceId));
      // It tells the host how to reach us, keys and all: it goes into the machine, not into the state.
      secrets.hide(script.secret);
      return script.text;
    },
  };
}

/** The host is not up yet: asked again at the retry interval, as often as it takes. */
class NotYet extends Error {
  constructor(request: OperationRequest) {
    super(`${subjectOf(request)}: ${request.operation.name} is not true yet`);
  }
}

function refuseLost(definition: OperationDefinition, request: OperationRequest, history: AttemptHistory): void {
  const { name } = request.operation;
  if (history.lostWorkers >= MOST_LOST_WORKERS)
    throw ApplicationFailure.nonRetryable(
      `${name} of ${subjectOf(request)} lost its worker ${history.lostWorkers} times; it may be what kills it`,
      'WorkerLost',
    );
  if (history.resume && history.lostWorkers > 0 && !definition.resumable)
    throw ApplicationFailure.nonRetryable(
      `the worker was lost while it ran ${name} of ${subjectOf(request)}, which must not be run twice (resumable: false)`,
      'NotResumable',
    );
}

/** What messages call the one that the operation is run for. */
function subjectOf({ instance_id, deployment }: OperationRequest): string {
  return instance_id ?? `deployment ${deployment.id}`;
}

function resultOf(result: Json | undefined, patches: Patches, { retryNumber }: AttemptHistory): OperationResult {
  return {
    ...(result === undefined || result === null ? {} : { result }),
    ...(Object.keys(patches).length > 0 ? { patches } : {}),
    ...(retryNumber > 0 ? { retry_number: retryNumber } : {}),
  };
}

function workflowHandle() {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? {};
  if (workflowId === undefined) throw new Error('an operation runs outside of any workflow');
  return client.workflow.getHandle(workflowId, runId);
}

/** The request with the properties of now; undefined when the operation is not running any more. */
export async function freshRequest(request: { readonly task_id: string }): Promise<OperationRequest | undefined> {
  const answer = await workflowHandle().query(requestQuery, { task_id: request.task_id });
  return answer ? unpacked(answer as unknown as OperationRequest) : undefined;
}

interface Timeout {
  readonly signal: AbortSignal;
  readonly expired: boolean;
  readonly error: Error;
  check(): void;
  clear(): void;
}

/** The operation's own limit on an attempt. What runs past it is told to stop, and the attempt has failed. */
function timeoutOf({ timeoutSeconds }: OperationDefinition, { operation }: OperationRequest): Timeout | undefined {
  const seconds = operation.timeout ?? timeoutSeconds;
  if (!seconds) return undefined;
  const controller = new AbortController();
  const message = `${operation.name} took longer than its timeout of ${seconds} s`;
  const error = operation.timeout_recoverable ? new RecoverableError(message) : new NonRecoverableError(message);
  const timer = setTimeout(() => controller.abort(error), seconds * 1_000);
  return {
    signal: controller.signal,
    error,
    get expired() {
      return controller.signal.aborted;
    },
    check() {
      if (controller.signal.aborted) throw error;
    },
    clear: () => clearTimeout(timer),
  };
}

function masked(failure: ApplicationFailure, secrets: SecretLookup): ApplicationFailure {
  const details = (failure.details ?? []).map((detail) => secrets.maskIn(detail as Json));
  return ApplicationFailure.create({
    message: secrets.mask(failure.message),
    ...(failure.type ? { type: failure.type } : {}),
    nonRetryable: failure.nonRetryable ?? false,
    details,
    ...(failure.nextRetryDelay === undefined || failure.nextRetryDelay === null
      ? {}
      : { nextRetryDelay: failure.nextRetryDelay }),
  });
}
