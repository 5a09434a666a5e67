/**
 * Runs a workflow in Python for its execution: passes on what it asks for, and tells it what came of it.
 *
 * It may die at any point: another attempt runs the script from its first line, and the execution answers from its record.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Json } from '../blueprint/json.js';
import type { ScriptEnd, ScriptProcess, SecretQuestion } from '../plugins/workflow-scripts/run.js';
import { stateQuery } from '../workflows/messages.js';
import {
  type LocalQuestion,
  type ScriptActivities,
  type ScriptCall,
  type ScriptOutcome,
  scriptCallsSignal,
  scriptOutcomesQuery,
  scriptRecordQuery,
  type WorkflowScriptRequest,
} from '../workflows/script-messages.js';
import type { OperationEnvironment } from './environment.js';
import type { OperationLog } from './operation-log.js';
import { type Program, type PythonPackages, programOf } from './python-program.js';
import { SecretiveCalls } from './script-calls.js';
import type { SecretLookup } from './secrets.js';

const BEAT_MS = 2_000;
/** Between two looks for outcomes: short while something has just happened, longer the longer nothing does. */
const SHORTEST_LOOK_MS = 15;
const LONGEST_LOOK_MS = 500;
/** Tries to reach the execution, half a second apart. */
const MOST_TRIES = 240;

export function workflowScriptActivities(
  environment: OperationEnvironment,
  packages: PythonPackages | undefined,
): ScriptActivities {
  return { 'caisson.workflow_script': async (request) => await runWorkflowScript(request, environment, packages) };
}

async function runWorkflowScript(
  request: WorkflowScriptRequest,
  environment: OperationEnvironment,
  packages: PythonPackages | undefined,
): Promise<Json | undefined> {
  const { heartbeat, info } = Context.current();
  const beat = setInterval(() => heartbeat(), BEAT_MS);
  const log = environment.logFor({
    deployment: { id: request.deployment_id },
    execution: { id: request.execution_id, workflow_id: info.workflowType ?? '' },
  });
  const secrets = environment.secrets();
  let program: Program | undefined;
  try {
    program = await programOf(request, { environment, packages, log });
    return await runProgram(request, program, { log, secrets });
  } finally {
    clearInterval(beat);
    await program?.remove();
    await log.close();
  }
}

interface Surroundings {
  readonly log: OperationLog;
  readonly secrets: SecretLookup;
}

async function runProgram(
  request: WorkflowScriptRequest,
  { workflow: python, folder, variables }: Program,
  { log, secrets }: Surroundings,
): Promise<Json | undefined> {
  const { startScript } = await import('../plugins/workflow-scripts/run.js');
  const { cancellationSignal } = Context.current();
  const secretive = new SecretiveCalls(secrets);
  const outstanding = new Outstanding();
  const known = await patiently(async () => await workflow().query(scriptRecordQuery));
  const record = new Map(known.map((outcome) => [outcome.key, outcome]));

  /** Answers from the record what stands there. */
  function answered(key: string): boolean {
    const outcome = record.get(secretive.keyOf(key));
    if (outcome) script.tell({ kind: 'outcome', ...outcome, key } as never);
    return outcome !== undefined;
  }

  const script: ScriptProcess = startScript(
    { workflow: python, folder, context: request.context, environment: variables },
    {
      async calls(calls) {
        const unanswered = (calls as unknown as readonly (ScriptCall | LocalQuestion)[]).filter(
          ({ key }) => !answered(key),
        );
        for (const { call, key } of unanswered)
          if (call === 'local') script.tell({ kind: 'outcome', key, done: { run: true } });
        const asked = unanswered.flatMap((call) => (call.call === 'local' ? [] : [secretive.sent(call)]));
        if (asked.length === 0) return;
        outstanding.add(asked);
        await patiently(async () => await workflow().signal(scriptCallsSignal, asked));
      },
      instances: async () => (await workflow().query(stateQuery)).instances as unknown as Json,
      secret: async (question) => await answerAbout(secrets, question),
      log: (level, message) => log.write(level, secrets.mask(message)),
    },
  );
  const tell = ({ key, ...outcome }: ScriptOutcome): void =>
    script.tell({ kind: 'outcome', ...outcome, key: secretive.ownKeyOf(key) } as never);
  const end = await talk({ script, tell, outstanding }, cancellationSignal).catch((error: Error) => {
    if (cancellationSignal.aborted) throw new CancelledFailure('the script was cancelled', [], error);
    throw ApplicationFailure.create({ message: secrets.mask(error.message), type: error.name, nonRetryable: true });
  });
  if (end.kind === 'done') return end.result === undefined ? undefined : secrets.refer(end.result);
  if (cancellationSignal.aborted) throw new CancelledFailure('the script was cancelled');
  log.write('error', secrets.mask(end.traceback));
  throw ApplicationFailure.create({ message: secrets.mask(end.message), type: end.type, nonRetryable: true });
}

async function answerAbout(secrets: SecretLookup, question: SecretQuestion): Promise<Json> {
  if (question.act === 'get') return await secrets.get(question.key);
  if (question.act === 'set') await secrets.set(question.key, question.value);
  else await secrets.delete(question.key);
  return null;
}

interface Talk {
  readonly script: ScriptProcess;
  readonly tell: (outcome: ScriptOutcome) => void;
  readonly outstanding: Outstanding;
}

/** Tells the script what comes of what it asked, until it ends. */
async function talk({ script, tell, outstanding }: Talk, signal: AbortSignal): Promise<ScriptEnd> {
  const context = Context.current();
  let over = false;
  const ended = script.ended.finally(() => {
    over = true;
    outstanding.wake();
  });
  ended.catch(() => undefined);
  let told = false;
  const cancel = (): void => {
    if (!told) script.tell({ kind: 'cancel' });
    told = true;
    outstanding.wake();
    // On a cancel the script ends by itself, and is waited for. Otherwise its execution or this worker is going.
    if (!context.cancellationDetails?.cancelRequested && signal.aborted) void script.kill();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    let from = 0;
    let look = SHORTEST_LOOK_MS;
    while (!over) {
      await Promise.race([ended.catch(() => undefined), outstanding.some(signal)]);
      if (over) break;
      // Raced: a worker that stops answers no query, and the script's end is not to wait for that.
      const answer = await Promise.race([
        patiently(async () => await workflow().query(scriptOutcomesQuery, { from })),
        ended.then(
          () => undefined,
          () => undefined,
        ),
      ]);
      if (!answer) break;
      const { outcomes, next, cancelling } = answer;
      from = next;
      for (const outcome of outcomes) tell(outcome);
      outstanding.remove(outcomes);
      if (cancelling && !told) cancel();
      look = outcomes.length > 0 ? SHORTEST_LOOK_MS : Math.min(LONGEST_LOOK_MS, look * 1.5);
      await Promise.race([pause(look), ended.catch(() => undefined)]);
    }
    return await ended;
  } finally {
    signal.removeEventListener('abort', cancel);
    await script.kill();
  }
}

/** How much the script has asked for and not been told of yet: while that is nothing, nobody is asked. */
class Outstanding {
  /** By key: an outcome that an earlier attempt asked for is told once more, and is not what this one waits for. */
  readonly #keys = new Set<string>();
  #wake: () => void = () => undefined;

  add(calls: readonly ScriptCall[]): void {
    for (const { key } of calls) this.#keys.add(key);
    this.wake();
  }

  remove(outcomes: readonly ScriptOutcome[]): void {
    for (const { key } of outcomes) this.#keys.delete(key);
  }

  wake(): void {
    this.#wake();
  }

  /** Resolves when there is something to look for. */
  async some(signal: AbortSignal): Promise<void> {
    if (this.#keys.size > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The server may be away for a while; an execution that is gone will not come back. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  const { cancellationSignal } = Context.current();
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || cancellationSignal.aborted || tries >= MOST_TRIES) throw error;
      await pause(LONGEST_LOOK_MS, undefined, { signal: cancellationSignal }).catch(() => undefined);
    }
  }
}

function workflow() {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? {};
  if (workflowId === undefined) throw new Error('a script runs outside of any workflow');
  return client.workflow.getHandle(workflowId, runId);
}
