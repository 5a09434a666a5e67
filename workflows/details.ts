/** The page that the Temporal UI shows for a run: where the execution stands, in a few lines of Markdown. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { ExecutionState } from './execution-state.js';
import type { WaitingView } from './messages.js';

function waitedFor(waiting: WaitingView | undefined): string {
  const limit = waiting?.until === undefined ? '' : ` until ${waiting.until}`;
  if (waiting?.kind === 'approval') return `approval${limit}${waiting.message ? `: ${waiting.message}` : ''}`;
  return waiting?.kind === 'signal' ? `signal ${waiting.signal}${limit}` : `time${limit}`;
}

/** Tables longer than this are left out: the counts say enough. */
const LONGEST_TABLE = 60;

export function tellInUi(state: ExecutionState): void {
  if (state.hasPage) setCurrentDetails(detailsOf(state));
}

function detailsOf(state: ExecutionState): string {
  const { status, states, finished_operations, total_operations, failures, workflow_id, deployment_id, paused } =
    state.progress();
  const counts = Object.entries(states).map(([name, count]) => `${count} ${name}`);
  const lines = [
    `**${workflow_id}** of \`${deployment_id}\`: ${status === 'terminated' ? 'completed' : status}`,
    '',
    `${finished_operations} of ${total_operations} operations · instances: ${counts.join(', ')}`,
  ];
  if (paused)
    lines.push('', `⏸ paused by ${paused.by} since ${paused.at}${paused.comment ? `: ${paused.comment}` : ''}`);
  for (const { node_instance_id, task_id, waiting } of state.progress().running.filter(({ waiting }) => waiting))
    lines.push('', `- ⏳ \`${node_instance_id}\` waits for ${waitedFor(waiting)} (\`${task_id}\`)`);
  for (const failure of failures.slice(0, 10))
    lines.push('', `- ✗ \`${failure.node_instance_id}\` · ${failure.operation}: ${failure.message.split('\n', 1)[0]}`);
  if (state.instances.length <= LONGEST_TABLE) {
    lines.push('', '| instance | state | running |', '| --- | --- | --- |');
    const running = new Map([...state.running.values()].map(({ view }) => [view.node_instance_id, view.operation]));
    for (const { id, state: own } of state.instances) lines.push(`| ${id} | ${own} | ${running.get(id) ?? ''} |`);
  }
  return lines.join('\n');
}
