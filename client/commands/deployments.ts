import type { Column } from '../output/table.js';
import { type CommandDefinition, flag, type Invocation } from './definition.js';
import { capabilities, outputs } from './outputs.js';
import { update } from './update-deployment.js';

interface Row {
  readonly id: string;
  readonly blueprint_id: string;
  readonly deployment_status: string;
  readonly installation_status: string;
  readonly created_at: string;
  readonly running: string | null;
  /** Ids of the deployments that it uses. */
  readonly depends_on: readonly string[];
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'BLUEPRINT', value: ({ blueprint_id }) => blueprint_id, shrinks: true },
  { title: 'STATUS', value: ({ deployment_status }) => deployment_status },
  { title: 'INSTALLATION', value: ({ installation_status }) => installation_status },
  { title: 'DEPENDS ON', value: ({ depends_on }) => depends_on.join(', '), shrinks: true },
  { title: 'RUNNING', value: ({ running }) => running },
  { title: 'CREATED', value: ({ created_at }) => created_at.slice(0, 19).replace('T', ' ') },
];

const create: CommandDefinition = {
  name: 'create',
  summary: 'Make a deployment of a blueprint, without installing it',
  arguments: [{ name: '<blueprint>', summary: 'a YAML file, or a folder with a blueprint.yaml' }],
  options: [
    { flags: '-d, --deployment-id <id>', summary: "the deployment's id (default: the blueprint's name)" },
    { flags: '-i, --inputs <inputs>', summary: 'inputs: key=value, or a YAML/JSON file', repeatable: true },
  ],
  examples: [['caisson deployments create shop.yaml -d shop -i inputs.yaml', 'then: caisson execute install shop']],
  run: createOne,
};

async function createOne(invocation: Invocation): Promise<number> {
  const { io, global } = invocation;
  const { withSession } = await import('../session.js');
  const { createDeployment, getDeployment } = await import('../deployments.js');
  const { printSingle } = await import('../output/print.js');
  const { prepareFromFlags } = await import('./prepare-deployment.js');
  const { prepared, id } = await prepareFromFlags(invocation);
  return await withSession(global, io, async ({ connection }) => {
    await createDeployment(connection, prepared, { id });
    const view = await getDeployment(connection, id);
    printSingle(io, global.format, {
      kind: 'deployment',
      item: rowOf(view),
      name: id,
      text: `deployment ${id} created`,
    });
    return 0;
  });
}

const list: CommandDefinition = {
  name: 'list',
  summary: 'List deployments, oldest first',
  examples: [['caisson deployments list', 'all of them, with their health']],
  async run({ io, global }) {
    const { withSession } = await import('../session.js');
    const { getDeployment } = await import('../deployments.js');
    const { askEachDeployment, warningOf } = await import('../each-deployment.js');
    const { printList } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const each = await askEachDeployment(connection, async (id) => await getDeployment(connection, id));
      const items = each.map(({ deployment, answer }) => (answer ? rowOf(answer) : silentRow(deployment)));
      for (const { silence } of each) if (silence) io.err(warningOf(silence));
      printList(io, global.format, {
        kind: 'deployments',
        items,
        columns: COLUMNS,
        name: ({ id }) => id,
        empty: 'no deployments',
      });
      return 0;
    });
  },
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Show one deployment',
  arguments: [{ name: '<deployment>', summary: 'id of the deployment' }],
  examples: [['caisson deployments get shop', 'its status and executions']],
  async run({ args, io, global }) {
    const { withSession } = await import('../session.js');
    const { getDeployment } = await import('../deployments.js');
    const { executionDocument } = await import('../executions.js');
    const { getDependents } = await import('../dependents.js');
    const { printSingle } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const view = await getDeployment(connection, args[0] ?? '');
      const executions = view.executions.map((record) => executionDocument(connection, record));
      printSingle(io, global.format, {
        kind: 'deployment',
        item: {
          ...rowOf(view),
          labels: view.labels,
          dependencies: [...(view.depends_on ?? [])],
          dependents: [...(await getDependents(connection, view.id))],
          executions,
        },
        name: view.id,
      });
      return 0;
    });
  },
};

const inputs: CommandDefinition = {
  name: 'inputs',
  summary: 'Show the inputs of a deployment',
  arguments: [{ name: '<deployment>', summary: 'id of the deployment' }],
  examples: [['caisson deployments inputs shop', 'as they were bound']],
  async run({ args, io, global }) {
    const { withSession } = await import('../session.js');
    const { getPlan } = await import('../deployments.js');
    const { fields, printSingle } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const { inputs: bound } = await getPlan(connection, args[0] ?? '');
      const item = { deployment_id: args[0] ?? '', inputs: bound };
      printSingle(io, global.format, {
        kind: 'inputs',
        item,
        name: Object.keys(bound).join('\n'),
        text: fields(bound, io),
      });
      return 0;
    });
  },
};

const remove: CommandDefinition = {
  name: 'delete',
  summary: 'End a deployment that has no live instances',
  arguments: [{ name: '<deployment>', summary: 'id of the deployment' }],
  options: [
    {
      flags: '-f, --force',
      summary: 'though instances are live or others depend on it: what is there is left as it is',
    },
  ],
  examples: [['caisson deployments delete shop', 'after: caisson uninstall shop --keep']],
  async run(invocation) {
    const { args, io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { deleteDeployment } = await import('../deployments.js');
    return await withSession(global, io, async ({ connection }) => {
      await deleteDeployment(connection, args[0] ?? '', { force: flag(invocation, 'force') });
      io.err(`deployment ${args[0]} ended`);
      return 0;
    });
  },
};

const protect: CommandDefinition = {
  name: 'protect',
  summary: 'Guard a deployment against uninstall and deletion',
  arguments: [{ name: '<deployment>', summary: 'id of the deployment' }],
  options: [{ flags: '--off', summary: 'lift the guard' }],
  examples: [
    ['caisson deployments protect shop', 'uninstall and delete are refused from now on'],
    ['caisson deployments protect shop --off', 'they are allowed again'],
  ],
  async run(invocation) {
    const { args, io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { protectDeployment } = await import('../control.js');
    return await withSession(global, io, async ({ connection }) => {
      const on = !flag(invocation, 'off');
      await protectDeployment(connection, args[0] ?? '', on);
      io.err(`deployment ${args[0]} is ${on ? 'protected' : 'not protected any more'}`);
      return 0;
    });
  },
};

/** What the server knows of a deployment for which no worker answers. */
function silentRow(deployment: import('../deployments.js').DeploymentSummary): Row {
  const unknown = { deployment_status: 'unknown', installation_status: 'unknown', running: null };
  return { ...deployment, ...unknown };
}

function rowOf(view: import('../../workflows/messages.js').DeploymentView): Row {
  const { id, blueprint, deployment_status, installation_status, created_at, running } = view;
  const depends_on = [...new Set((view.depends_on ?? []).map((one) => one.deployment))];
  return { id, blueprint_id: blueprint.id, deployment_status, installation_status, created_at, running, depends_on };
}

export const deployments: CommandDefinition = {
  name: 'deployments',
  summary: 'Blueprints with inputs and state',
  commands: [create, update, list, get, inputs, outputs, capabilities, protect, remove],
};
