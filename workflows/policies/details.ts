/** The page that the Temporal UI shows for the policies of a deployment. */
import type { PoliciesView } from './messages.js';

const MOST_TOLD = 20;

export function policiesText({ deployment_id, paused, policies, happenings }: PoliciesView): string {
  const rows = policies.flatMap(({ group, policy, watches, standings }) => {
    const own = Object.entries(standings);
    if (own.length === 0) return [`| ${group}/${policy} | | ${watches === 'unsupported' ? 'unsupported' : 'idle'} | |`];
    return own.map(
      ([subject, { phase, fired, text }]) =>
        `| ${group}/${policy} | ${subject} | ${phase} (${fired.length}×) | ${text} |`,
    );
  });
  return [
    `Policies of \`${deployment_id}\`${paused ? `: paused by ${paused.by} since ${paused.at}` : ''}`,
    '',
    '| policy | subject | | last look |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    ...happenings
      .slice(-MOST_TOLD)
      .reverse()
      .map(({ at, policy, subject, message }) => `- ${at} ${policy} ${subject}: ${message}`),
  ].join('\n');
}
