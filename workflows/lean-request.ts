/**
 * Requests as they cross the wire: what the worker finds at the begin of the run's history (the plan, the instances as
 * they were then) is not said again. Every request is stored by the server and comes back with the history: its length
 * is time.
 */
import type { OperationRequest } from '../activities/request.js';
import type { JsonObject } from '../blueprint/plan.js';
import type { NodeInstance } from '../graph/state.js';
import type { OperationCall, RelationshipCall } from '../graph/steps.js';
import { type Topology, topology } from '../graph/topology.js';
import type { ExecutionInput } from './messages.js';
import { inputsFor, requestFor } from './request.js';
import type { RequestSource } from './request-source.js';
import { propertiesOf, scopeOf } from './snapshot.js';

export interface LeanRequest {
  readonly task_id: string;
  readonly instance_id: string;
  /** Full name, `interface.operation`. */
  readonly operation: string;
  readonly relationship?: RelationshipCall;
  /** Evaluated as far as a workflow may; absent when empty. */
  readonly inputs?: JsonObject;
  readonly poll?: boolean;
  readonly max_retries?: number;
  readonly ignore_failure?: boolean;
  /** What the operation can see and is not as it was at the begin of the run, by instance id. */
  readonly changed: Readonly<Record<string, ChangedInstance>>;
  /** Node properties that had to be evaluated, by node id. */
  readonly properties?: Readonly<Record<string, JsonObject>>;
}

type ChangedInstance = Pick<NodeInstance, 'version' | 'state'> & Partial<Pick<NodeInstance, 'runtime_properties'>>;

export interface LeanSource extends RequestSource {
  /** The instances as the run found them, by id. */
  readonly begin: ReadonlyMap<string, NodeInstance>;
}

/** Not for a run whose plan or instances were replaced: the worker would not know of it. */
export function leanRequest(state: LeanSource, call: OperationCall, taskId: string): LeanRequest {
  const changed: Record<string, ChangedInstance> = {};
  const properties: Record<string, JsonObject> = {};
  for (const id of scopeOf(state, call, false).seen) {
    const now = state.instance(id);
    const begin = state.begin.get(id);
    if (now.version !== begin?.version) changed[id] = changeOf(now, begin);
    const own = propertiesOf(state, now);
    if (own !== state.topology.nodes.get(now.node_id)?.properties) properties[now.node_id] = own;
  }
  const { relationship, poll, max_retries, ignore_failure } = call;
  const inputs = inputsFor(state, call);
  return {
    task_id: taskId,
    instance_id: call.instance_id,
    operation: call.operation,
    ...(relationship === undefined ? {} : { relationship }),
    ...(isEmpty(inputs) ? {} : { inputs }),
    ...(poll === undefined ? {} : { poll }),
    ...(max_retries === undefined ? {} : { max_retries }),
    ...(ignore_failure === undefined ? {} : { ignore_failure }),
    changed,
    ...(isEmpty(properties) ? {} : { properties }),
  };
}

/** A run of an execution as it began: enough, with a lean request, to make the whole request of an operation. */
export class RunAtBegin {
  readonly #topology: Topology;

  constructor(readonly input: ExecutionInput) {
    this.#topology = topology(input.plan, input.instances, input.request.options.legacy);
  }

  request(lean: LeanRequest): OperationRequest {
    const { task_id, inputs = {}, properties = {}, changed, ...call } = lean;
    return requestFor(this.#with(changed), { key: '', ...call }, task_id, { inputs, properties });
  }

  #with(changed: LeanRequest['changed']): RequestSource {
    const { input } = this;
    const now = (begin: NodeInstance): NodeInstance => {
      return Object.hasOwn(changed, begin.id) ? { ...begin, ...changed[begin.id] } : begin;
    };
    return {
      id: input.request.id,
      input,
      options: input.request.options,
      blueprint: input.blueprint,
      plan: input.plan,
      topology: this.#topology,
      instance: (id) => {
        const begin = this.#topology.instances.get(id);
        if (!begin) throw new Error(`the run began without an instance ${id}`);
        return now(begin);
      },
      instancesOf: (nodeId) => input.instances.filter(({ node_id }) => node_id === nodeId).map(now),
    };
  }
}

function changeOf(
  { version, state, runtime_properties }: NodeInstance,
  begin: NodeInstance | undefined,
): ChangedInstance {
  return { version, state, ...(runtime_properties === begin?.runtime_properties ? {} : { runtime_properties }) };
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}
