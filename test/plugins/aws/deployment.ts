/**
 * A deployment of a blueprint, walked in this process: the real compiler, graph and operation contexts, without a
 * server. Its worker can be killed at any point; what was flushed is kept, what was not is lost.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OperationRequest, Patches } from '../../../activities/request.js';
import { resolveSecrets, secretLookup } from '../../../activities/secrets.js';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import { type CompiledBlueprint, compileBlueprint, prepare } from '../../../client/prepare.js';
import { chooseInstances } from '../../../graph/choice.js';
import type { NodeInstance } from '../../../graph/state.js';
import type { OperationCall, Sequence } from '../../../graph/steps.js';
import { advance, beginWalk, isIdle, settle } from '../../../graph/walk.js';
import { installWalk, uninstallWalk } from '../../../graph/walks.js';
import { builtInPlugins } from '../../../plugins/builtin.js';
import type { Catalog } from '../../../plugins/catalog.js';
import { createOperationContext } from '../../../plugins/sdk/create-context.js';
import type { OperationDefinition } from '../../../plugins/sdk/define.js';
import { errorKind, NonRecoverableError } from '../../../plugins/sdk/errors.js';
import { DEFAULT_OPTIONS, type ExecutionInput } from '../../../workflows/messages.js';
import { operationOf, requestFor } from '../../../workflows/request.js';
import { LocalState } from './local-state.js';

export interface Flush {
  readonly instanceId: string;
  readonly operation: string;
}

export class FailedOperations extends Error {
  constructor(readonly failures: readonly string[]) {
    super(failures.join('\n'));
  }
}

class WorkerLost extends Error {}

export class Deployment {
  readonly logs: string[] = [];
  readonly secrets = new Map<string, Json>();
  readonly failures: string[] = [];
  /** Called when changes are about to be stored. */
  onFlush: (flush: Flush) => void = () => undefined;
  maxRetries = 5;
  readonly #state: LocalState;
  readonly #attempts = new Set<AbortController>();
  #tasks = 0;

  private constructor(state: LocalState) {
    this.#state = state;
  }

  /** @param yaml the blueprint; `inputs` are its inputs */
  static async of(yaml: string, inputs: JsonObject = {}): Promise<Deployment> {
    const compiled = compiledBefore.get(yaml) ?? inFolder(yaml);
    compiledBefore.set(yaml, compiled);
    return Deployment.#from(await compiled, inputs, await builtInPlugins());
  }

  static async at(file: string, inputs: JsonObject = {}): Promise<Deployment> {
    const catalog = await builtInPlugins();
    return Deployment.#from(await compileBlueprint(file, catalog), inputs, catalog);
  }

  static #from(blueprint: CompiledBlueprint, inputs: JsonObject, catalog: Catalog): Deployment {
    const prepared = prepare(blueprint, inputs, catalog);
    deployments += 1;
    const input = {
      deployment_id: `d${process.pid}-${deployments}`,
      blueprint: { id: 'b', main_file: 'blueprint.yaml' },
      plan: prepared.compact,
      instances: prepared.instances,
      request: { id: `e${deployments}`, workflow_id: 'install', parameters: {}, options: DEFAULT_OPTIONS },
    } as unknown as ExecutionInput;
    return new Deployment(new LocalState(input));
  }

  get id(): string {
    return this.#state.input.deployment_id;
  }

  /** The first instance of a node. */
  instance(node: string): NodeInstance {
    return this.#state.instancesOf(node)[0] as NodeInstance;
  }

  properties(node: string): JsonObject {
    return this.instance(node).runtime_properties;
  }

  setProperties(node: string, runtime_properties: JsonObject): void {
    this.#state.change(this.instance(node).id, { runtime_properties });
  }

  /** @throws FailedOperations when an operation failed for good */
  async install(): Promise<void> {
    const chosen = chooseInstances(this.#state.topology, { type_names: [], node_ids: [], node_instance_ids: [] });
    await this.#walk(installWalk(this.#state.topology, chosen, this.#states()), 'drain');
  }

  async uninstall(): Promise<void> {
    const chosen = chooseInstances(this.#state.topology, { type_names: [], node_ids: [], node_instance_ids: [] });
    const sequences = uninstallWalk(this.#state.topology, chosen, this.#undoStates(), false);
    await this.#walk(sequences, 'drain');
  }

  /** Runs one operation of the first instance of a node. */
  async run(node: string, operation: string, kwargs: JsonObject = {}): Promise<Json | undefined> {
    const name = operation.includes('.') ? operation : `cloudify.interfaces.lifecycle.${operation}`;
    return await this.#call({
      key: name,
      instance_id: this.instance(node).id,
      operation: name,
      kwargs,
    } as OperationCall);
  }

  /** Ends every attempt that runs as the death of the worker would: nothing of it is stored. */
  kill(): void {
    for (const attempt of this.#attempts) attempt.abort(new WorkerLost('killed'));
  }

  cancel(): void {
    for (const attempt of this.#attempts) attempt.abort(new Error('cancelled'));
  }

  #states() {
    return new Map(this.#state.instances.map(({ id, state }) => [id, state]));
  }

  /** What was attempted is undone, as after a rollback. */
  #undoStates() {
    return new Map(
      this.#state.instances.flatMap(({ id, state, attempted }) => {
        const started = state === 'started' || attempted.includes('start');
        return attempted.length === 0 ? [] : [[id, started ? 'started' : 'configured'] as const];
      }),
    );
  }

  async #walk(sequences: readonly Sequence[], on_failure: 'drain' | 'continue'): Promise<void> {
    const walk = beginWalk(sequences, { on_failure });
    const before = this.failures.length;
    await new Promise<void>((resolve, reject) => {
      const pump = () => {
        for (const effect of advance(walk, 100 - walk.running)) {
          if (effect.kind === 'mark') this.#state.applyMark(effect.instance_id, effect.mark);
          else if (effect.kind === 'call') start(effect.sequence, effect.call);
        }
        if (isIdle(walk)) resolve();
      };
      const start = (sequence: string, call: OperationCall) => {
        const { attempted } = this.#state.instance(call.instance_id);
        const name = call.operation.slice(call.operation.lastIndexOf('.') + 1);
        this.#state.change(call.instance_id, { attempted: [...attempted, name] });
        this.#call(call)
          .then(
            () => settle(walk, sequence, call.key, 'succeeded'),
            (error: Error) => {
              this.failures.push(`${call.instance_id.replace(/_[^_]*$/, '')}.${name}: ${error.message}`);
              settle(walk, sequence, call.key, 'failed');
            },
          )
          .then(pump)
          .catch(reject);
      };
      pump();
    });
    if (this.failures.length > before) throw new FailedOperations(this.failures.slice(before));
  }

  /** All attempts of one call. */
  async #call(call: OperationCall): Promise<Json | undefined> {
    const mapped = operationOf(this.#state, call);
    const definition = await definitionOf(mapped.activity ?? `${mapped.plugin}.${mapped.operation}`);
    this.#tasks += 1;
    const taskId = `t${this.#tasks}`;
    let retryNumber = 0;
    let resume = false;
    for (;;) {
      const request = await this.#resolved(requestFor(this.#state, call, taskId));
      const controller = new AbortController();
      this.#attempts.add(controller);
      const { signal } = controller;
      const died = new Promise<never>((_, reject) => {
        const look = () => signal.reason instanceof WorkerLost && reject(signal.reason);
        if (signal.aborted) look();
        else signal.addEventListener('abort', look);
      });
      const handle = createOperationContext(request, this.#host(signal, call), { retryNumber, resume });
      try {
        if (!definition) throw new NonRecoverableError(`no operation ${mapped.plugin}.${mapped.operation}`);
        const result = await Promise.race([definition.run(handle.ctx, request.inputs), died]);
        this.#state.applyPatches(handle.takePatches());
        return result ?? undefined;
      } catch (error) {
        if (error instanceof WorkerLost) {
          resume = true;
          continue;
        }
        this.#state.applyPatches(handle.takePatches());
        const final =
          errorKind(error) === 'non-recoverable' ||
          signal.aborted ||
          (this.maxRetries >= 0 && retryNumber >= this.maxRetries);
        if (final) throw error;
        this.logs.push(`retry: ${(error as Error).message}`);
        retryNumber += 1;
        resume = false;
        await new Promise((resolve) => setTimeout(resolve, 20));
      } finally {
        this.#attempts.delete(controller);
      }
    }
  }

  #host(signal: AbortSignal, call: OperationCall) {
    const operation = call.operation.slice(call.operation.lastIndexOf('.') + 1);
    return {
      signal,
      log: (level: string, message: string) => void this.logs.push(`${level}: ${message}`),
      sendEvent: () => undefined,
      heartbeat: () => undefined,
      flush: async (patches: Patches | undefined) => {
        this.onFlush({ instanceId: call.instance_id, operation });
        if (signal.reason instanceof WorkerLost) return await new Promise<never>(() => undefined);
        this.#state.applyPatches(patches);
      },
      refresh: async () => requestFor(this.#state, call, 't').snapshot,
      getSecret: async (key: string) => {
        const value = this.secrets.get(key);
        if (value === undefined) throw new NonRecoverableError(`there is no secret ${key}`);
        return value;
      },
      setSecret: async (key: string, value: Json) => void this.secrets.set(key, value),
      deleteSecret: async (key: string) => void this.secrets.delete(key),
      blueprintFolder: async () => tmpdir(),
      workdir: async () => tmpdir(),
      cacheFolder: async () => tmpdir(),
    };
  }

  /** As it comes out of the history, plain JSON, and with the secrets that only a worker sees. */
  async #resolved(request: OperationRequest): Promise<OperationRequest> {
    const lookup = secretLookup({ get: async (key) => this.secrets.get(key) });
    return await resolveSecrets(JSON.parse(JSON.stringify(request)) as OperationRequest, lookup);
  }
}

async function definitionOf(activity: string): Promise<OperationDefinition | undefined> {
  for (const { plugin } of await builtInPlugins()) {
    const name = activity.startsWith(`${plugin.name}.`) ? activity.slice(plugin.name.length + 1) : '';
    const found = plugin.operations[plugin.aliases?.[name] ?? name];
    if (found) return found;
  }
  return undefined;
}

let deployments = 0;

const compiledBefore = new Map<string, Promise<CompiledBlueprint>>();

async function inFolder(yaml: string): Promise<CompiledBlueprint> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-aws-'));
  try {
    await writeFile(path.join(folder, 'blueprint.yaml'), yaml);
    return await compileBlueprint(folder, await builtInPlugins());
  } finally {
    await rm(folder, { recursive: true });
  }
}
