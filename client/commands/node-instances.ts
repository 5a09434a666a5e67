import type { Json, JsonObject } from '../../blueprint/json.js';
import type { NodeInstance } from '../../graph/state.js';
import type { Column } from '../output/table.js';
import { type CommandDefinition, type Invocation, optionalText, texts } from './definition.js';

type Shown = JsonObject & { readonly id: string };

const COLUMNS: readonly Column<Shown>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NODE', value: ({ node_id }) => node_id as Json },
  { title: 'STATE', value: ({ state }) => state as Json },
  { title: 'HOST', value: ({ host_id }) => host_id as Json },
  {
    title: 'RELATED TO',
    value: ({ relationships }) => (relationships as { target_id: string }[]).map(({ target_id }) => target_id),
    shrinks: true,
  },
  {
    title: 'RUNTIME PROPERTIES',
    value: ({ runtime_properties }) => runtime_properties as Json,
    shrinks: true,
    wide: true,
  },
];

const IN_DEPLOYMENT = { flags: '-d, --deployment-id <id>', summary: 'the deployment' };

const AT = [
  { flags: '--at <time>', summary: 'as they were then, e.g. 2026-05-01T08:00:00Z, 11:30, 25m ago' },
  { flags: '--at-event <n>', summary: 'as they were after this event (`sequence` in: caisson events list --json)' },
  { flags: '-e, --execution-id <id>', summary: 'the execution that --at-event means (default: the latest)' },
];

/** The instances of a deployment as they are, or as they were at the moment that was asked for. */
async function instancesOf(
  invocation: Invocation,
  connection: import('../connection.js').CaissonConnection,
  deployment: string,
): Promise<readonly NodeInstance[]> {
  const { getInstances } = await import('../deployments.js');
  const { findExecution } = await import('../executions.js');
  const { parseMoment } = await import('../moments.js');
  const { instancesAt } = await import('../time-travel.js');
  const time = optionalText(invocation, 'at');
  const event = optionalText(invocation, 'atEvent');
  if (time !== undefined)
    return await instancesAt(connection, { time: parseMoment(time, '--at'), deployment_id: deployment });
  if (event === undefined) return await getInstances(connection, deployment);
  const { usageError } = await import('../errors.js');
  if (!/^\d+$/.test(event)) throw usageError(`--at-event must be the sequence of an event, not ${event}`);
  const asked = optionalText(invocation, 'executionId');
  const execution = await findExecution(connection, asked ?? deployment, asked === undefined ? undefined : deployment);
  return await instancesAt(connection, { event: Number(event), execution });
}

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the node instances of a deployment',
  arguments: [{ name: '[deployment]', summary: 'id of the deployment' }],
  options: [IN_DEPLOYMENT, { flags: '-n, --node-name <id>', summary: 'of this node only' }, ...AT],
  examples: [
    ['caisson node-instances list -d shop --json', 'all of them, with their runtime properties'],
    ['caisson node-instances list -d shop --at "10m ago"', 'as they were then'],
  ],
  async run(invocation) {
    const { io, global, args } = invocation;
    const { usageError } = await import('../errors.js');
    const { withSession } = await import('../session.js');
    const { printList } = await import('../output/print.js');
    const deployment = args[0] ?? optionalText(invocation, 'deploymentId');
    if (deployment === undefined) throw usageError('which deployment?', 'caisson node-instances list -d DEPLOYMENT');
    const node = optionalText(invocation, 'nodeName');
    return await withSession(global, io, async ({ connection }) => {
      const instances = await instancesOf(invocation, connection, deployment);
      const items = instances
        .filter(({ node_id }) => node === undefined || node_id === node)
        .map((one) => documentOf(one, deployment));
      printList(io, global.format, {
        kind: 'node-instances',
        items,
        columns: COLUMNS,
        name: ({ id }) => id,
        empty: 'no node instances',
      });
      return 0;
    });
  },
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Show one node instance',
  arguments: [{ name: '<instance>', summary: 'id of the node instance' }],
  options: [IN_DEPLOYMENT, ...AT],
  examples: [['caisson node-instances get web_x1y2z3 -d shop', 'its state and runtime properties']],
  async run(invocation) {
    const { io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { printSingle } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const { instance, deployment } = await found(invocation, connection);
      printSingle(io, global.format, {
        kind: 'node-instance',
        item: documentOf(instance, deployment),
        name: instance.id,
      });
      return 0;
    });
  },
};

const updateRuntime: CommandDefinition = {
  name: 'update-runtime',
  summary: 'Write runtime properties by hand',
  arguments: [{ name: '<instance>', summary: 'id of the node instance' }],
  options: [
    IN_DEPLOYMENT,
    {
      flags: '-p, --properties <properties>',
      summary: 'a.b.c=value, or a YAML/JSON file; merged deeply',
      repeatable: true,
    },
  ],
  examples: [['caisson node-instances update-runtime web_x1y2z3 -d shop -p tls.port=8443', 'set one value']],
  async run(invocation) {
    const { writtenPatch } = await import('../runtime-properties.js');
    return await patchOne(invocation, await writtenPatch(texts(invocation, 'properties')));
  },
};

const deleteRuntime: CommandDefinition = {
  name: 'delete-runtime',
  summary: 'Delete runtime properties by hand',
  arguments: [{ name: '<instance>', summary: 'id of the node instance' }],
  options: [IN_DEPLOYMENT, { flags: '-p, --properties <keys>', summary: 'a.b.c', repeatable: true }],
  examples: [['caisson node-instances delete-runtime web_x1y2z3 -d shop -p tls.port', 'delete one value']],
  async run(invocation) {
    const { deletedPatch } = await import('../runtime-properties.js');
    return await patchOne(invocation, deletedPatch(texts(invocation, 'properties')));
  },
};

async function patchOne(invocation: Invocation, patch: import('../../graph/patch.js').Patch): Promise<number> {
  const { io, global } = invocation;
  const { withSession } = await import('../session.js');
  const { getInstances, patchInstances } = await import('../deployments.js');
  const { printSingle } = await import('../output/print.js');
  return await withSession(global, io, async ({ connection }) => {
    const { instance, deployment } = await found(invocation, connection);
    await patchInstances(connection, deployment, { [instance.id]: patch });
    const now = (await getInstances(connection, deployment)).find(({ id }) => id === instance.id) ?? instance;
    printSingle(io, global.format, { kind: 'node-instance', item: documentOf(now, deployment), name: instance.id });
    return 0;
  });
}

/** The instance by its id; without `-d`, in whichever deployment has it. */
async function found(
  invocation: Invocation,
  connection: import('../connection.js').CaissonConnection,
): Promise<{ readonly instance: NodeInstance; readonly deployment: string }> {
  const { answersOf, orElsewhere } = await import('../each-deployment.js');
  const { notFound } = await import('../errors.js');
  const [id = ''] = invocation.args;
  const asked = optionalText(invocation, 'deploymentId');
  const silent: import('../errors.js').CaissonError[] = [];
  const lookIn = async (deployment: string) => {
    const instance = (await instancesOf(invocation, connection, deployment)).find((one) => one.id === id);
    return instance ? [{ instance, deployment }] : [];
  };
  const places = await answersOf(connection, asked, lookIn, (silence) => void silent.push(silence));
  const [only] = places.flat();
  if (only) return only;
  throw notFound('node instance', id, orElsewhere(silent, 'see: caisson node-instances list -d DEPLOYMENT'));
}

function documentOf(instance: NodeInstance, deployment: string): Shown {
  const { attempted: _, ...rest } = instance;
  return {
    ...(rest as unknown as Shown),
    name: instance.node_id,
    deployment_id: deployment,
    host_id: instance.host_id ?? null,
  };
}

export const nodeInstances: CommandDefinition = {
  name: 'node-instances',
  summary: 'Copies of nodes: state, runtime properties, relationships',
  commands: [list, get, updateRuntime, deleteRuntime],
};
