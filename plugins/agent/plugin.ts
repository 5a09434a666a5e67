import { definePlugin, operation, type Plugin } from '../sdk/define.js';
import { NonRecoverableError } from '../sdk/errors.js';
import type { AgentKit } from './kit.js';
import type { AgentOperations } from './operations.js';

/** Operations as Cloudify's types map them. */
const MAPPED: Readonly<Record<string, keyof AgentOperations>> = {
  'cloudify_agent.installer.operations.create': 'create',
  'cloudify_agent.installer.operations.configure': 'configure',
  'cloudify_agent.installer.operations.start': 'start',
  'cloudify_agent.installer.operations.stop': 'stop',
  'cloudify_agent.installer.operations.delete': 'delete',
  'cloudify_agent.installer.operations.restart': 'restart',
  'cloudify_agent.operations.create_agent_amqp': 'create',
  'cloudify_agent.operations.validate_agent_amqp': 'validate',
  'cloudify_agent.operations.stop': 'end_itself',
  'cloudify_agent.operations.restart': 'restart_itself',
  'cloudify_agent.operations.install_plugins': 'nothing',
  'cloudify_agent.operations.uninstall_plugins': 'nothing',
};

const NAMES: readonly (keyof AgentOperations)[] = [
  'create',
  'configure',
  'start',
  'stop',
  'delete',
  'restart',
  'validate',
  'end_itself',
  'restart_itself',
  'nothing',
];

/** @param kit lent by the worker; without it the operations are known, and cannot be run */
export function agentPlugin(kit?: AgentKit): Plugin {
  const run = (name: keyof AgentOperations) =>
    operation({}, async (ctx, inputs) => {
      if (!kit) throw new NonRecoverableError('agents are installed by workers only');
      const { agentOperations } = await import('./operations.js');
      await agentOperations(kit)[name](ctx, inputs);
    });
  return definePlugin({
    name: 'agent',
    operations: Object.fromEntries(NAMES.map((name) => [name, run(name)])),
    aliases: MAPPED,
  });
}
