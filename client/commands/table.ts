/** The command tree: names and summaries here, so that `caisson --help` loads nothing else. */
import type { CommandDefinition } from './definition.js';

export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: 'Run blueprints' | 'Look' | 'Manage' | 'Set up';
  readonly load: () => Promise<CommandDefinition>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'install',
    summary: 'Install a blueprint as a new deployment',
    group: 'Run blueprints',
    load: async () => (await import('./install.js')).install,
  },
  {
    name: 'uninstall',
    summary: 'Take a deployment down, and end it',
    group: 'Run blueprints',
    load: async () => (await import('./uninstall.js')).uninstall,
  },
  {
    name: 'plan',
    summary: 'Show what an install or update would do, without doing it',
    group: 'Run blueprints',
    load: async () => (await import('./plan.js')).plan,
  },
  {
    name: 'apply',
    summary: 'Do what a saved plan says, and nothing else',
    group: 'Run blueprints',
    load: async () => (await import('./apply.js')).apply,
  },
  {
    name: 'validate',
    summary: 'Check blueprints, and tell everything that is wrong',
    group: 'Run blueprints',
    load: async () => (await import('./validate.js')).validate,
  },
  {
    name: 'schema',
    summary: 'Print a JSON Schema of blueprints, for editors',
    group: 'Run blueprints',
    load: async () => (await import('./schema.js')).schema,
  },
  {
    name: 'execute',
    summary: 'Run a workflow on a deployment',
    group: 'Run blueprints',
    load: async () => (await import('./execute.js')).execute,
  },
  {
    name: 'cancel',
    summary: 'Cancel an execution',
    group: 'Run blueprints',
    load: async () => (await import('./cancel.js')).cancel,
  },
  {
    name: 'resume',
    summary: 'Go on with a failed or cancelled execution',
    group: 'Run blueprints',
    load: async () => (await import('./resume.js')).resume,
  },
  {
    name: 'approve',
    summary: 'Approve what an execution waits for',
    group: 'Run blueprints',
    load: async () => (await import('./approvals.js')).approve,
  },
  {
    name: 'reject',
    summary: 'Reject what an execution waits for',
    group: 'Run blueprints',
    load: async () => (await import('./approvals.js')).reject,
  },
  {
    name: 'approvals',
    aliases: ['approval'],
    summary: 'What executions wait to have approved',
    group: 'Look',
    load: async () => (await import('./approvals.js')).approvals,
  },
  {
    name: 'events',
    aliases: ['event'],
    summary: 'Events of an execution',
    group: 'Look',
    load: async () => (await import('./events.js')).events,
  },
  {
    name: 'logs',
    summary: 'Log lines of an execution',
    group: 'Look',
    load: async () => (await import('./events.js')).logs,
  },
  {
    name: 'outputs',
    summary: 'Show the outputs of a deployment',
    group: 'Look',
    load: async () => (await import('./outputs.js')).outputs,
  },
  {
    name: 'capabilities',
    summary: 'Show the capabilities of a deployment',
    group: 'Look',
    load: async () => (await import('./outputs.js')).capabilities,
  },
  {
    name: 'deployments',
    aliases: ['deployment'],
    summary: 'Blueprints with inputs and state',
    group: 'Manage',
    load: async () => (await import('./deployments.js')).deployments,
  },
  {
    name: 'schedules',
    aliases: ['schedule'],
    summary: 'Workflows that run at set times',
    group: 'Manage',
    load: async () => (await import('./schedules.js')).schedules,
  },
  {
    name: 'executions',
    aliases: ['execution'],
    summary: 'Runs of workflows',
    group: 'Manage',
    load: async () => (await import('./executions.js')).executions,
  },
  {
    name: 'node-instances',
    aliases: ['node-instance'],
    summary: 'Copies of nodes: state, runtime properties, relationships',
    group: 'Manage',
    load: async () => (await import('./node-instances.js')).nodeInstances,
  },
  {
    name: 'nodes',
    aliases: ['node'],
    summary: 'Node templates of a deployment',
    group: 'Manage',
    load: async () => (await import('./nodes.js')).nodes,
  },
  {
    name: 'workflows',
    aliases: ['workflow'],
    summary: 'Workflows that a deployment can run',
    group: 'Manage',
    load: async () => (await import('./nodes.js')).workflows,
  },
  {
    name: 'groups',
    aliases: ['group'],
    summary: 'Groups of a deployment: members, scaling, policies',
    group: 'Manage',
    load: async () => (await import('./nodes.js')).groups,
  },
  {
    name: 'policies',
    aliases: ['policy'],
    summary: 'Policies of groups: what they watch, and what they started',
    group: 'Manage',
    load: async () => (await import('./policies.js')).policies,
  },
  {
    name: 'new',
    summary: 'Begin a plugin that works, to be changed',
    group: 'Manage',
    load: async () => (await import('./new.js')).create,
  },
  {
    name: 'plugins',
    aliases: ['plugin'],
    summary: 'Plugins that blueprints may use here',
    group: 'Manage',
    load: async () => (await import('./plugins.js')).plugins,
  },
  {
    name: 'agents',
    aliases: ['agent'],
    summary: 'Agents that run operations on hosts',
    group: 'Manage',
    load: async () => (await import('./agents.js')).agents,
  },
  {
    name: 'secrets',
    aliases: ['secret'],
    summary: 'Secrets that operations get by get_secret',
    group: 'Manage',
    load: async () => (await import('./secrets.js')).secrets,
  },
  {
    name: 'up',
    summary: 'Start the Temporal server and a worker on this machine',
    group: 'Set up',
    load: async () => (await import('./up.js')).up,
  },
  {
    name: 'down',
    summary: 'Stop the Temporal server and worker on this machine',
    group: 'Set up',
    load: async () => (await import('./up.js')).down,
  },
  {
    name: 'status',
    summary: 'Tell which Temporal server is used, and whether server and worker run',
    group: 'Set up',
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'doctor',
    summary: 'Check what Caisson needs here, and say what to do about what is wrong',
    group: 'Set up',
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'workers',
    aliases: ['worker'],
    summary: 'Run a worker, or list those that run',
    group: 'Set up',
    load: async () => (await import('./workers.js')).workers,
  },
  {
    name: 'codec-server',
    summary: "Let Temporal's UI and command read encrypted and big payloads",
    group: 'Set up',
    load: async () => (await import('./codec-server.js')).codecServer,
  },
  {
    name: 'config',
    summary: 'Settings, and where they come from',
    group: 'Set up',
    load: async () => (await import('./config.js')).config,
  },
  {
    name: 'profiles',
    aliases: ['profile'],
    summary: "Profiles of the temporal command's configuration",
    group: 'Set up',
    load: async () => (await import('./profiles.js')).profilesCommand,
  },
];
