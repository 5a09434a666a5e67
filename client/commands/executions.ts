import type { ExecutionRecord } from '../../workflows/messages.js';
import type { Column } from '../output/table.js';
import { cancel } from './cancel.js';
import { fail, goOn, pause, retry, signal, skip } from './control.js';
import { type CommandDefinition, type Invocation, optionalText } from './definition.js';
import { start } from './execute.js';
import { FOLLOW_FLAGS } from './execution-flags.js';
import { resume } from './resume.js';

const COLUMNS: readonly Column<ExecutionRecord>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'WORKFLOW', value: ({ workflow_id }) => workflow_id },
  { title: 'DEPLOYMENT', value: ({ deployment_id }) => deployment_id },
  { title: 'STATUS', value: ({ status }) => (status === 'terminated' ? 'completed' : status) },
  {
    title: 'OPERATIONS',
    value: ({ finished_operations, total_operations }) => `${finished_operations}/${total_operations}`,
  },
  { title: 'CREATED', value: ({ created_at }) => created_at.slice(0, 19).replace('T', ' ') },
  { title: 'ERROR', value: ({ error }) => error?.split('\n', 1)[0], shrinks: true },
  { title: 'ENDED', value: ({ ended_at }) => ended_at, wide: true },
  { title: 'POLICY', value: ({ cause }) => cause && `${cause.group}/${cause.policy}`, wide: true },
];

const list: CommandDefinition = {
  name: 'list',
  summary: 'List executions, oldest first',
  options: [{ flags: '-d, --deployment-id <id>', summary: 'of this deployment only' }],
  examples: [['caisson executions list -d shop', 'the executions of one deployment']],
  async run({ io, global, options }) {
    const { withSession } = await import('../session.js');
    const { getDeployment } = await import('../deployments.js');
    const { answersOf, warningOf } = await import('../each-deployment.js');
    const { executionDocument } = await import('../executions.js');
    const { printList } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const deployment = options.deploymentId as string | undefined;
      const viewOf = async (id: string) => await getDeployment(connection, id);
      const views = await answersOf(connection, deployment, viewOf, (silence) => io.err(warningOf(silence)));
      const records = views.flatMap(({ executions }) => executions);
      const items = records.map((record) => executionDocument(connection, record) as unknown as ExecutionRecord);
      const sorted = items.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
      printList(io, global.format, {
        kind: 'executions',
        items: sorted,
        columns: COLUMNS,
        name: ({ id }) => id,
        empty: 'no executions',
      });
      return 0;
    });
  },
};

const history: CommandDefinition = {
  name: 'history',
  summary: 'Print the Temporal history of an execution, to replay it in tests',
  arguments: [{ name: '<execution>', summary: 'id of an execution, or of a deployment and so its latest execution' }],
  options: [{ flags: '-d, --deployment-id <id>', summary: 'the deployment of the execution' }],
  examples: [['caisson executions history audit-k3x9q2ma > test/histories/audit.json', 'see replayWorkflows']],
  async run({ args, io, global, options }) {
    const { withSession } = await import('../session.js');
    const { findExecution } = await import('../executions.js');
    const { executionWorkflowId } = await import('../../workflows/messages.js');
    const { historyToJSON } = await import('@temporalio/common/lib/proto-utils.js');
    return await withSession(global, io, async ({ connection }) => {
      const { deployment_id, id } = await findExecution(
        connection,
        args[0] ?? '',
        options.deploymentId as string | undefined,
      );
      const handle = connection.client.workflow.getHandle(executionWorkflowId(deployment_id, id));
      io.out(historyToJSON(await handle.fetchHistory()));
      return 0;
    });
  },
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Show one execution',
  arguments: [{ name: '<execution>', summary: 'id of an execution, or of a deployment and so its latest execution' }],
  options: [{ flags: '-d, --deployment-id <id>', summary: 'the deployment of the execution' }],
  examples: [['caisson executions get install-k3x9q2ma', 'its status, parameters and error']],
  async run({ args, io, global, options }) {
    const { withSession } = await import('../session.js');
    const { executionDocument, findExecution, getExecution } = await import('../executions.js');
    const { printSingle } = await import('../output/print.js');
    return await withSession(global, io, async ({ connection }) => {
      const reference = await findExecution(connection, args[0] ?? '', options.deploymentId as string | undefined);
      const record = await getExecution(connection, reference);
      printSingle(io, global.format, {
        kind: 'execution',
        item: executionDocument(connection, record),
        name: record.id,
      });
      return 0;
    });
  },
};

const watch: CommandDefinition = {
  name: 'watch',
  summary: 'Follow an execution from its begin to its end',
  description: 'Tells the whole story of an execution and ends with its outcome as exit code.',
  arguments: [{ name: '<execution>', summary: 'id of an execution, or of a deployment and so its latest execution' }],
  options: [
    { flags: '-d, --deployment-id <id>', summary: 'the deployment of the execution' },
    ...FOLLOW_FLAGS.filter(({ flags }) => flags !== '--detach'),
  ],
  examples: [['caisson executions watch shop', 'attach to what runs on the deployment shop']],
  run: watchOne,
};

async function watchOne(invocation: Invocation): Promise<number> {
  const { withSession } = await import('../session.js');
  const { findExecution } = await import('../executions.js');
  const { followStarted } = await import('./execution-flags.js');
  const { concludeExecution } = await import('../follow.js');
  const { printCompleted } = await import('./start-workflow.js');
  return await withSession(invocation.global, invocation.io, async ({ connection }) => {
    const asked = optionalText(invocation, 'deploymentId');
    const reference = await findExecution(connection, invocation.args[0] ?? '', asked);
    const finished = await followStarted(invocation, connection, reference);
    if (!finished) return 0;
    await concludeExecution(connection, finished.record);
    await printCompleted(invocation, connection, finished.record);
    return 0;
  });
}

export const executions: CommandDefinition = {
  name: 'executions',
  summary: 'Runs of workflows',
  commands: [start, list, get, history, watch, pause, goOn, cancel, resume, retry, fail, skip, signal],
};
