import { listMember, objectMember } from '../../blueprint/json.js';
import type { DeploymentPlan, PlanNode, PlanWorkflow, ScalingGroup } from '../../blueprint/plan.js';
import type { Column } from '../output/table.js';
import { type CommandDefinition, type Invocation, optionalText } from './definition.js';

const IN_DEPLOYMENT = { flags: '-d, --deployment-id <id>', summary: 'the deployment' };

const NODE_COLUMNS: readonly Column<PlanNode>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'TYPE', value: ({ type }) => type, shrinks: true },
  { title: 'HOST', value: ({ host_id }) => host_id },
  { title: 'INSTANCES', value: ({ capabilities }) => capabilities.scalable.properties.current_instances },
  {
    title: 'OPERATIONS',
    value: ({ operations }) => Object.keys(operations).map((name) => name.slice(name.lastIndexOf('.') + 1)),
    shrinks: true,
  },
];

interface NamedWorkflow extends PlanWorkflow {
  readonly name: string;
}

const WORKFLOW_COLUMNS: readonly Column<NamedWorkflow>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'PARAMETERS', value: ({ parameters }) => Object.keys(parameters), shrinks: true },
  { title: 'MAPPING', value: ({ plugin, operation }) => `${plugin}.${operation}`, wide: true },
];

export const nodes: CommandDefinition = {
  name: 'nodes',
  summary: 'Node templates of a deployment',
  commands: [
    {
      name: 'list',
      summary: 'List the nodes of a deployment',
      arguments: [{ name: '[deployment]', summary: 'id of the deployment' }],
      options: [IN_DEPLOYMENT],
      examples: [['caisson nodes list -d shop', 'types, hosts, numbers of instances']],
      run: async (invocation) =>
        await withPlan(invocation, 0, async (plan) => {
          const { printList } = await import('../output/print.js');
          const list = {
            kind: 'nodes',
            items: plan.nodes,
            columns: NODE_COLUMNS,
            name: ({ id }: PlanNode) => id,
            empty: 'no nodes',
          };
          printList(invocation.io, invocation.global.format, list);
        }),
    },
    {
      name: 'get',
      summary: 'Show one node: properties, operations, relationships',
      arguments: [{ name: '<node>', summary: 'name of the node template' }],
      options: [IN_DEPLOYMENT],
      examples: [['caisson nodes get web -d shop', 'as the blueprint completed it']],
      run: async (invocation) =>
        await withPlan(invocation, 1, async (plan) => {
          const { notFound } = await import('../errors.js');
          const { printSingle } = await import('../output/print.js');
          const [id = ''] = invocation.args;
          const node = plan.nodes.find((one) => one.id === id);
          if (!node) throw notFound('node', id, `nodes: ${plan.nodes.map((one) => one.id).join(', ')}`);
          printSingle(invocation.io, invocation.global.format, { kind: 'node', item: node, name: id });
        }),
    },
  ],
};

export const workflows: CommandDefinition = {
  name: 'workflows',
  summary: 'Workflows that a deployment can run',
  commands: [
    {
      name: 'list',
      summary: 'List the workflows of a deployment',
      arguments: [{ name: '[deployment]', summary: 'id of the deployment' }],
      options: [IN_DEPLOYMENT],
      examples: [['caisson workflows list -d shop', 'names and parameters']],
      run: async (invocation) =>
        await withPlan(invocation, 0, async (plan) => {
          const { printList } = await import('../output/print.js');
          const items = Object.entries(plan.workflows).map(([name, workflow]) => ({ name, ...workflow }));
          const list = {
            kind: 'workflows',
            items,
            columns: WORKFLOW_COLUMNS,
            name: ({ name }: NamedWorkflow) => name,
            empty: 'no workflows',
          };
          printList(invocation.io, invocation.global.format, list);
        }),
    },
    {
      name: 'get',
      summary: 'Show one workflow and its parameters',
      arguments: [{ name: '<workflow>', summary: 'name of the workflow' }],
      options: [IN_DEPLOYMENT],
      examples: [['caisson workflows get scale -d shop', 'its parameters and their defaults']],
      run: async (invocation) =>
        await withPlan(invocation, 1, async (plan) => {
          const { notFound } = await import('../errors.js');
          const { printSingle } = await import('../output/print.js');
          const [name = ''] = invocation.args;
          const workflow = plan.workflows[name];
          if (!workflow) throw notFound('workflow', name, `workflows: ${Object.keys(plan.workflows).join(', ')}`);
          printSingle(invocation.io, invocation.global.format, { kind: 'workflow', item: { name, ...workflow }, name });
        }),
    },
  ],
};

interface GroupRow {
  readonly name: string;
  readonly members: readonly string[];
  readonly policies: readonly string[];
  /** How scaling counts its instances; absent for a group that is not scaled as a whole. */
  readonly properties?: ScalingGroup['properties'];
}

const GROUP_COLUMNS: readonly Column<GroupRow>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'MEMBERS', value: ({ members }) => [...members], shrinks: true },
  { title: 'INSTANCES', value: ({ properties }) => properties?.current_instances },
  { title: 'POLICIES', value: ({ policies }) => [...policies], shrinks: true },
];

function groupsOf({ groups: all, scaling_groups }: DeploymentPlan): GroupRow[] {
  const names = new Set([...Object.keys(all), ...Object.keys(scaling_groups)]);
  return [...names].map((name) => ({
    name,
    members: scaling_groups[name]?.members ?? listMember(all[name], 'members').map(String),
    policies: Object.keys(objectMember(all[name], 'policies')),
    ...(scaling_groups[name] ? { properties: scaling_groups[name].properties } : {}),
  }));
}

export const groups: CommandDefinition = {
  name: 'groups',
  summary: 'Groups of a deployment: members, scaling, policies',
  commands: [
    {
      name: 'list',
      summary: 'List the groups of a deployment',
      description: 'How the policies stand is told by: caisson policies list',
      arguments: [{ name: '[deployment]', summary: 'id of the deployment' }],
      options: [IN_DEPLOYMENT],
      examples: [['caisson groups list -d shop', 'members, numbers of instances, policies']],
      run: async (invocation) =>
        await withPlan(invocation, 0, async (plan) => {
          const { printList } = await import('../output/print.js');
          printList(invocation.io, invocation.global.format, {
            kind: 'groups',
            items: groupsOf(plan),
            columns: GROUP_COLUMNS,
            name: ({ name }) => name,
            empty: 'no groups',
          });
        }),
    },
  ],
};

/** @param at position of the deployment among the arguments, where `-d` does not name it */
async function withPlan(
  invocation: Invocation,
  at: number,
  show: (plan: DeploymentPlan) => Promise<void>,
): Promise<number> {
  const { usageError } = await import('../errors.js');
  const { withSession } = await import('../session.js');
  const { getPlan } = await import('../deployments.js');
  const deployment = optionalText(invocation, 'deploymentId') ?? invocation.args[at];
  if (deployment === undefined) throw usageError('which deployment?', 'name it with -d DEPLOYMENT');
  return await withSession(invocation.global, invocation.io, async ({ connection }) => {
    await show(await getPlan(connection, deployment));
    return 0;
  });
}
