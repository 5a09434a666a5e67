/** Workflows about the agents on hosts: whether they answer, and installing them anew. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { NodeInstance } from '../graph/state.js';
import { agentMethod, mappedOperation, nodeOf } from '../graph/topology.js';
import { chosenInstances } from './chosen.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { isTrue } from './parameters.js';
import { perform } from './perform.js';

const AGENT = 'cloudify.interfaces.cloudify_agent';

/** Asks the agents of the chosen hosts for a sign of life; fails naming those that give none. */
export const validate_agents = execution(async (state) => {
  await onAll(state, hostsOf(state), 'validate_amqp', 'do not answer');
});

/** Installs the agents of the chosen hosts anew, the same as an install does, and asks them for a sign of life. */
export const install_new_agents = execution(async (state) => {
  const { parameters } = state.input.request;
  const hosts = hostsOf(state);
  if (parameters.install === undefined || isTrue(parameters.install))
    await onAll(state, hosts, 'create', 'were not installed');
  if (parameters.validate === undefined || isTrue(parameters.validate))
    await onAll(state, hosts, 'validate_amqp', 'do not answer');
});

/** Started hosts with an agent, of those that the parameters choose. */
function hostsOf(state: ExecutionState): NodeInstance[] {
  const { parameters } = state.input.request;
  const chosen = chosenInstances(state);
  const methods = Array.isArray(parameters.install_methods) ? parameters.install_methods : undefined;
  return state.instances.filter((instance) => {
    const node = nodeOf(state.topology, instance);
    if (!chosen.has(instance.id) || instance.state !== 'started') return false;
    if (!mappedOperation(node.operations, `${AGENT}.create`)) return false;
    return methods === undefined || methods.includes(agentMethod(node));
  });
}

/** All at once; all are tried, whatever becomes of the others. */
async function onAll(
  state: ExecutionState,
  hosts: readonly NodeInstance[],
  operation: string,
  otherwise: string,
): Promise<void> {
  const performed = await Promise.all(
    hosts.map(async ({ id }) => {
      const name = `${AGENT}.${operation}`;
      return { id, end: await perform(state, { key: `${id} ${name}`, instance_id: id, operation: name }) };
    }),
  );
  const failed = performed.filter(({ end }) => end.kind === 'failed');
  if (failed.length === 0) return;
  const told = failed.map(({ id, end }) => `${id}: ${end.kind === 'failed' ? end.failure.message : ''}`);
  throw ApplicationFailure.nonRetryable(`the agents of these hosts ${otherwise}: ${told.join('; ')}`, 'AgentLost');
}
