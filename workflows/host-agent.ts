/**
 * Operations that are meant for the host of their node, and the agent that runs them there: which one, and what it means
 * when nobody answers for it.
 */
import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import { objectMember, textMember } from '../blueprint/json.js';
import type { Operation } from '../blueprint/plan.js';
import type { OperationCall } from '../graph/steps.js';
import type { ExecutionState } from './execution-state.js';

/** An agent that takes nothing for this long is reported as lost. */
export const AGENT_PATIENCE = 10_000;
/** It may come back: hosts are restarted. After so many times its patience the operation fails. */
export const AGENT_ROUNDS = 30;

/** `auto` is what scripts have that name none: on the host if it has an agent. */
const FOR_HOSTS: readonly string[] = ['host_agent', 'auto'];
/** Asked of the agent itself: that it is run there is the answer. */
const VALIDATION = 'cloudify_agent.operations.validate_agent_amqp';

export interface HostAgent {
  /** The host's node instance. */
  readonly id: string;
  /** ` (ADDRESS)`, for messages; empty when it has none. */
  readonly address: string;
  /** Task queue that it serves. */
  readonly queue: string;
}

/** The agent that is to run an operation; undefined where a worker does: there is none, or none yet. */
export function agentFor(
  state: ExecutionState,
  { instance_id }: Pick<OperationCall, 'instance_id'>,
  operation: Pick<Operation, 'executor' | 'operation'>,
): HostAgent | undefined {
  if (!FOR_HOSTS.includes(String(operation.executor)) && operation.operation !== VALIDATION) return undefined;
  const { host_id: id } = state.instance(instance_id);
  const host = id === undefined ? undefined : state.topology.instances.get(id);
  if (!host) return undefined;
  const queue = textMember(objectMember(host.runtime_properties, 'cloudify_agent'), 'queue');
  if (queue === undefined) return undefined;
  const ip = textMember(host.runtime_properties, 'ip');
  return { id: host.id, queue, address: ip === undefined ? '' : ` (${ip})` };
}

/** What an agent is told about itself is told once, and not kept for it. */
export function isOfAgent({ operation }: Pick<Operation, 'operation'>): boolean {
  return operation.startsWith('cloudify_agent.');
}

/** It is told to end: when it is gone already, that is well. */
export function endsAgent({ operation }: Pick<Operation, 'operation'>): boolean {
  return operation === 'cloudify_agent.operations.stop';
}

/** Whether an operation failed because nobody took it up; and whether it had begun before that, on an agent since lost. */
export function lostAgent(error: unknown): { readonly begun: boolean } | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof TimeoutFailure) || cause.timeoutType !== 'SCHEDULE_TO_START') return undefined;
  return { begun: cause.lastHeartbeatDetails !== undefined || cause.cause instanceof TimeoutFailure };
}
