import type { PendingApproval } from '../approvals.js';
import type { Column } from '../output/table.js';
import { AS, askerOf, COMMENT } from './control.js';
import { type CommandDefinition, type Invocation, optionalText } from './definition.js';

const COLUMNS: readonly Column<PendingApproval>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'DEPLOYMENT', value: ({ deployment_id }) => deployment_id },
  { title: 'WORKFLOW', value: ({ workflow_id }) => workflow_id },
  { title: 'INSTANCE', value: ({ node_instance_id }) => node_instance_id },
  { title: 'QUESTION', value: ({ message }) => message, shrinks: true },
  { title: 'SINCE', value: ({ since }) => since.slice(0, 19).replace('T', ' ') },
  { title: 'UNTIL', value: ({ until }) => until },
  { title: 'APPROVERS', value: ({ approvers }) => approvers?.join(', '), wide: true },
];

const list: CommandDefinition = {
  name: 'list',
  summary: 'List what executions wait to have approved, oldest first',
  description: 'Exit code 11 when something waits, 0 when nothing does.',
  options: [{ flags: '-d, --deployment-id <id>', summary: 'of this deployment only' }],
  examples: [['caisson approvals list', 'everything that waits for a person']],
  async run(invocation) {
    const { io, global } = invocation;
    const { withSession } = await import('../session.js');
    const { listApprovals } = await import('../approvals.js');
    const { printList } = await import('../output/print.js');
    const { EXIT } = await import('../exit.js');
    return await withSession(global, io, async ({ connection }) => {
      const items = await listApprovals(connection, optionalText(invocation, 'deploymentId'));
      printList(io, global.format, {
        kind: 'approvals',
        items,
        columns: COLUMNS,
        name: ({ id }) => id,
        empty: 'nothing waits for an approval',
      });
      return items.length > 0 ? EXIT.waitingForPerson : EXIT.done;
    });
  },
};

const ARGUMENTS = [
  { name: '<approval>', summary: 'id of the approval, or of a deployment or execution that waits for just one' },
];

export const approve: CommandDefinition = {
  name: 'approve',
  summary: 'Approve what an execution waits for',
  arguments: ARGUMENTS,
  options: [AS, COMMENT],
  examples: [['caisson approve shop -m "looks fine"', 'let the deployment shop go on']],
  run: async (invocation) => await decide(invocation, true),
};

export const reject: CommandDefinition = {
  name: 'reject',
  summary: 'Reject what an execution waits for',
  arguments: ARGUMENTS,
  options: [AS, COMMENT],
  examples: [['caisson reject shop -m "not on a Friday"', 'stop the deployment shop there']],
  run: async (invocation) => await decide(invocation, false),
};

export const approvals: CommandDefinition = {
  name: 'approvals',
  summary: 'What executions wait to have approved',
  commands: [list, approve, reject],
};

async function decide(invocation: Invocation, approved: boolean): Promise<number> {
  const { io, global, args } = invocation;
  const { withSession } = await import('../session.js');
  const { decideApproval } = await import('../approvals.js');
  const { printSingle } = await import('../output/print.js');
  return await withSession(global, io, async ({ connection }) => {
    const { approval, ...record } = await decideApproval(connection, args[0] ?? '', approved, askerOf(invocation));
    printSingle(io, global.format, {
      kind: 'approval',
      item: { ...approval, ...record, approvers: approval.approvers ? [...approval.approvers] : null },
      name: approval.id,
      text: `${approval.id} of ${approval.deployment_id} ${record.decision} by ${record.by}`,
    });
    return 0;
  });
}
