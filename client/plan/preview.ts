/**
 * What an install of a plan will do: the operations of every node instance in their order, in waves of instances that
 * are worked on side by side, and the longest chain. Made by the same walk that the install takes.
 */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { DeploymentPlan, Operation } from '../../blueprint/plan.js';
import type { NodeInstance } from '../../graph/state.js';
import type { OperationCall, Predecessor, Sequence, Step } from '../../graph/steps.js';
import { mappedOperation, nodeOf, relationshipAt, type Topology, topology } from '../../graph/topology.js';
import { installWalk } from '../../graph/walks.js';

export interface PlannedCall {
  /** `create`, `establish`… */
  readonly name: string;
  /** `docker.container.create` */
  readonly implementation: string;
  readonly inputs: JsonObject;
  /** Of a relationship operation: where it leads, and which side it runs for. */
  readonly relationship?: { readonly target: string; readonly side: 'source' | 'target' };
  /** Undefined: what the execution says. */
  readonly maxRetries: number | undefined;
  /** Seconds; undefined: what the execution says. */
  readonly retryInterval: number | undefined;
}

/** Calls that run side by side. */
export type PlannedStep = readonly PlannedCall[];

export interface InstancePreview {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly host: string | undefined;
  readonly steps: readonly PlannedStep[];
  /** It is part of the longest chain. */
  readonly critical: boolean;
}

export interface PlanPreview {
  readonly waves: readonly (readonly InstancePreview[])[];
  readonly operations: number;
  /** Instances of the longest chain, first to last, and how many operations it has one after the other. */
  readonly critical: { readonly instances: readonly string[]; readonly operations: number };
  readonly outputs: JsonObject;
}

export function previewInstall(plan: DeploymentPlan, instances: readonly NodeInstance[]): PlanPreview {
  const graph = topology(plan, instances);
  const sequences = installWalk(graph, new Set(graph.instances.keys()), new Map());
  const timed = schedule(sequences);
  const names = instanceNames(instances);
  const waves: InstancePreview[][] = [];
  const chain = criticalChain(timed);
  let operations = 0;
  for (const { sequence, wave } of timed.values()) {
    const steps = sequence.steps
      .filter(({ calls }) => calls.length > 0)
      .map(({ calls }) => calls.map((call) => plannedCall(graph, call, names)));
    operations += steps.reduce((sum, calls) => sum + calls.length, 0);
    const instance = graph.instances.get(sequence.instance_id) as NodeInstance;
    const side = waves[wave] ?? [];
    waves[wave] = side;
    side.push({
      id: instance.id,
      name: names.get(instance.id) ?? instance.id,
      type: nodeOf(graph, instance).type,
      host: instance.host_id === instance.id ? undefined : names.get(instance.host_id ?? ''),
      steps,
      critical: chain.has(sequence.id),
    });
  }
  const critical = [...chain].map((id) => names.get(timed.get(id)?.sequence.instance_id ?? '') ?? id);
  const longest = Math.max(0, ...[...timed.values()].map(({ end }) => end));
  return {
    waves,
    operations,
    critical: { instances: critical, operations: longest },
    outputs: Object.fromEntries(Object.entries(plan.outputs).map(([name, { value }]): [string, Json] => [name, value])),
  };
}

interface Timed {
  readonly sequence: Sequence;
  readonly wave: number;
  /** Operations that are over when this begins, if every operation takes as long as any other. */
  readonly begin: number;
  readonly end: number;
  /** The sequence that it waits for longest. */
  readonly last: string | undefined;
}

/** Sequences in an order in which each comes after those that it waits for. */
function schedule(sequences: readonly Sequence[]): Map<string, Timed> {
  const byId = new Map(sequences.map((sequence) => [sequence.id, sequence]));
  const before = ({ after }: Sequence): readonly string[] =>
    [...new Set(after.map(sequenceOf))].filter((id) => byId.has(id));
  const waiting = new Map(sequences.map((sequence) => [sequence.id, before(sequence).length]));
  const dependants = new Map<string, string[]>();
  for (const sequence of sequences)
    for (const id of before(sequence)) {
      const known = dependants.get(id);
      if (known) known.push(sequence.id);
      else dependants.set(id, [sequence.id]);
    }
  const timed = new Map<string, Timed>();
  const free = sequences.filter(({ id }) => waiting.get(id) === 0);
  for (const sequence of free) {
    timed.set(sequence.id, timedSequence(sequence, timed));
    for (const id of dependants.get(sequence.id) ?? []) {
      const left = (waiting.get(id) ?? 0) - 1;
      waiting.set(id, left);
      if (left === 0) free.push(byId.get(id) as Sequence);
    }
  }
  return timed;
}

function timedSequence(sequence: Sequence, timed: ReadonlyMap<string, Timed>): Timed {
  let begin = 0;
  let wave = 0;
  let last: string | undefined;
  for (const predecessor of sequence.after) {
    const before = timed.get(sequenceOf(predecessor));
    if (!before) continue;
    const end = endOf(predecessor, before);
    if (end === undefined) continue;
    wave = Math.max(wave, before.wave + 1);
    if (last !== undefined && end <= begin) continue;
    begin = end;
    last = before.sequence.id;
  }
  return { sequence, wave, begin, end: begin + callSteps(sequence).length, last };
}

const sequenceOf = (predecessor: Predecessor): string =>
  typeof predecessor === 'string' ? predecessor : predecessor.sequence;

const callSteps = ({ steps }: Sequence): readonly Step[] => steps.filter(({ calls }) => calls.length > 0);

/** The end of a sequence, or of the step of it that makes a call; a call that is not made is not waited for. */
function endOf(predecessor: Predecessor, { sequence, begin, end }: Timed): number | undefined {
  if (typeof predecessor === 'string') return end;
  const index = callSteps(sequence).findIndex(({ calls }) => calls.some(({ key }) => key === predecessor.key));
  return index < 0 ? undefined : begin + index + 1;
}

/** Ids of the sequences of the longest chain, in order; those without an operation left out. */
function criticalChain(timed: ReadonlyMap<string, Timed>): ReadonlySet<string> {
  let end: Timed | undefined;
  for (const one of timed.values()) if (one.end > (end?.end ?? 0)) end = one;
  const chain: string[] = [];
  for (let one = end; one; one = one.last === undefined ? undefined : timed.get(one.last))
    if (one.sequence.steps.some(({ calls }) => calls.length > 0)) chain.unshift(one.sequence.id);
  return new Set(chain);
}

function plannedCall(graph: Topology, call: OperationCall, names: ReadonlyMap<string, string>): PlannedCall {
  const { relationship } = call;
  const { plugin, operation, inputs, max_retries, retry_interval } = operationOf(graph, call);
  return {
    name: call.operation.slice(call.operation.lastIndexOf('.') + 1),
    implementation: `${plugin}.${operation}`,
    inputs,
    ...(relationship
      ? {
          relationship: {
            target: names.get(relationship.target_id) ?? relationship.target_id,
            side: relationship.side,
          },
        }
      : {}),
    maxRetries: max_retries ?? undefined,
    retryInterval: retry_interval ?? undefined,
  };
}

function operationOf(graph: Topology, { relationship, instance_id, operation }: OperationCall): Operation {
  const owner = nodeOf(graph, graph.instances.get(relationship?.source_id ?? instance_id) as NodeInstance);
  const edge = relationship && relationshipAt(owner, relationship.index);
  const operations = edge
    ? relationship.side === 'source'
      ? edge.source_operations
      : edge.target_operations
    : owner.operations;
  return mappedOperation(operations, operation)?.operation as Operation;
}

/** Ids are made anew by every install; people are shown the node's name, numbered where there are several. */
function instanceNames(instances: readonly NodeInstance[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const { node_id } of instances) counts.set(node_id, (counts.get(node_id) ?? 0) + 1);
  return new Map(
    instances.map(({ id, node_id, index }) => [id, (counts.get(node_id) ?? 0) > 1 ? `${node_id} #${index}` : node_id]),
  );
}
