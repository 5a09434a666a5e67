import type { AgentRow } from '../agents.js';
import { type CommandDefinition, type Invocation, optionalText, texts } from './definition.js';
import { EXECUTION_FLAGS } from './execution-flags.js';

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the agents on hosts, and which of them do not answer',
  options: [
    { flags: '-d, --deployment-id <id>', summary: 'of one deployment' },
    { flags: '--node-id <id>', summary: 'of the hosts of one node', repeatable: true },
  ],
  examples: [['caisson agents list -d shop', 'the hosts of one deployment']],
  async run(invocation) {
    const { io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { listAgents } = await import('../agents.js');
    const { warningOf } = await import('../each-deployment.js');
    const { printList } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const nodes = texts(invocation, 'nodeId');
      const deployment = optionalText(invocation, 'deploymentId');
      const found = await listAgents(connection, deployment, (silence) => io.err(warningOf(silence)));
      printList<AgentRow>(io, global.format, {
        kind: 'agents',
        items: found.filter(({ node_id }) => nodes.length === 0 || nodes.includes(node_id)),
        columns: [
          { title: 'HOST', value: ({ id }) => id },
          { title: 'IP', value: ({ ip }) => ip },
          { title: 'DEPLOYMENT', value: ({ deployment_id }) => deployment_id },
          { title: 'STATE', value: ({ state }) => state },
          { title: 'LAST SEEN', value: ({ last_seen_at }) => last_seen_at?.slice(0, 19).replace('T', ' ') ?? '' },
          { title: 'METHOD', value: ({ install_method }) => install_method, wide: true },
        ],
        name: ({ id }) => id,
        empty: 'no agents; hosts get one by agent_config.install_method',
      });
      return 0;
    });
  },
};

const run: CommandDefinition = {
  name: 'run',
  summary: 'Be the agent of a host, until told to stop',
  description:
    'What an installed agent runs. It serves the operations of one host, whose task queue its settings name.',
  options: [{ flags: '--settings <file>', summary: 'its settings, as an installation wrote them' }],
  examples: [['caisson agents run --settings settings.json', 'by hand, to see what is wrong with one']],
  async run(invocation) {
    const { usageError } = await import('../errors.js');
    const file = optionalText(invocation, 'settings');
    if (file === undefined) throw usageError('which settings?', 'caisson agents run --settings FILE');
    const { runAgent } = await import('../../worker/agent.js');
    await runAgent(file);
    return 0;
  },
};

const packageCommand: CommandDefinition = {
  name: 'package',
  summary: 'Write the package that hosts install their agent from',
  description:
    'For hosts that install their agent themselves (install_method init_script): put the file where they can fetch it, and set agent.package_url.',
  arguments: [{ name: '<file>', summary: 'a file to write, .tar.gz' }],
  examples: [['caisson agents package caisson-agent.tar.gz', 'for hosts of the platform of this machine']],
  async run({ args, io, global }) {
    const { loadSettings } = await import('../settings.js');
    const { settingFlags } = await import('../session.js');
    const { copyFile, stat } = await import('node:fs/promises');
    const { buildId } = await import('../stack/build.js');
    const { agentPackage, hostPlatform } = await import('../../worker/agent-package.js');
    const { settings } = await loadSettings(settingFlags(global));
    const [file = ''] = args;
    await copyFile(await agentPackage(settings.cacheFolder, `${await buildId()}-${process.version}`), file);
    const { size } = await stat(file);
    if (!global.quiet) io.err(`${file}: ${Math.round(size / 1024 / 1024)} MiB, for ${hostPlatform()}`);
    return 0;
  },
};

const workflow = (name: string, runs: string, summary: string): CommandDefinition => ({
  name,
  summary,
  arguments: [{ name: '<deployment>', summary: 'id of the deployment' }],
  options: EXECUTION_FLAGS,
  examples: [[`caisson agents ${name} shop`, `those of all hosts; the same as: caisson execute ${runs} shop`]],
  run: async (invocation) => await runWorkflow(invocation, runs),
});

async function runWorkflow(invocation: Invocation, name: string): Promise<number> {
  const { args, io, global } = invocation;
  const { withSession } = await import('../session.js');
  const { printCompleted, startWorkflow } = await import('./start-workflow.js');
  return await withSession(global, io, async ({ connection }) => {
    const record = await startWorkflow(invocation, connection, args[0] ?? '', name);
    if (record) await printCompleted(invocation, connection, record);
    return 0;
  });
}

export const agents: CommandDefinition = {
  name: 'agents',
  aliases: ['agent'],
  summary: 'Agents that run operations on hosts',
  commands: [
    list,
    workflow('validate', 'validate_agents', 'Ask the agents of a deployment for a sign of life'),
    workflow('install', 'install_new_agents', 'Install the agents of a deployment anew'),
    packageCommand,
    run,
  ],
};
