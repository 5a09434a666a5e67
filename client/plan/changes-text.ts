/** The changes of an update as people read them: `+` what comes, `~` what becomes different, `-` what goes. */
import type { Colors } from '../output/io.js';
import type { ChangedNode, InstanceChange, PlannedChanges } from './changes.js';
import { counted, type PreviewTitle, shown } from './preview-text.js';

export function changesText(changes: PlannedChanges, { deployment, blueprint }: PreviewTitle, colors: Colors): string {
  const { added, changed, removed, refused } = changes;
  const lines = [`${colors.bold(`Deployment ${deployment}`)} (exists), with ${blueprint}`];
  for (const reason of refused) lines.push(`  ${colors.red('!')} ${reason}`);
  if (refused.length > 0)
    return [...lines, '', 'A live deployment cannot take this blueprint over: uninstall it, and install it anew.'].join(
      '\n',
    );
  for (const one of added) lines.push(instanceLine(colors.green('+'), one, colors));
  for (const node of changed) lines.push(...nodeLines(node, colors));
  for (const one of removed) lines.push(instanceLine(colors.red('-'), one, colors));
  const nothing = added.length + changed.length + removed.length === 0;
  lines.push('', nothing ? 'Plan: nothing changes.' : sizes(changes));
  return lines.join('\n');
}

function sizes({ added, changed, removed }: PlannedChanges): string {
  return `Plan: ${added.length} to create, ${changedInstances(changed)} to change, ${removed.length} to remove.`;
}

function changedInstances(changed: readonly ChangedNode[]): number {
  return changed.reduce((sum, { instances }) => sum + instances.length, 0);
}

function instanceLine(mark: string, { id, node, type }: InstanceChange, colors: Colors): string {
  return `  ${mark} ${colors.bold(id ?? node)}  ${colors.dim(type)}`;
}

function nodeLines(change: ChangedNode, colors: Colors): string[] {
  const { node, type, instances, in_place, properties, operations } = change;
  const differs = Object.keys(properties).length + operations.length > 0;
  const how = !differs ? 'relationships alone' : in_place ? 'in place' : 'reinstalled';
  const lines = [
    `  ${colors.yellow('~')} ${colors.bold(node)}  ${colors.dim(type)}  ${counted(instances.length, 'running instance')}, ${how}`,
  ];
  for (const [name, { before, after }] of Object.entries(properties))
    lines.push(`      ${colors.dim(`${name} =`)} ${shown(before)} → ${shown(after)}`);
  const full = operations.filter((name) => name.includes('.'));
  for (const name of full.length > 0 ? full : operations) lines.push(`      ${colors.dim('operation')} ${name}`);
  for (const { type: kind, target_id } of change.relationships_added)
    lines.push(`      ${colors.green('+')} ${kind} → ${target_id}`);
  for (const { type: kind, target_id } of change.relationships_removed)
    lines.push(`      ${colors.red('-')} ${kind} → ${target_id}`);
  return lines;
}
