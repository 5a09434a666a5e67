import type { Check } from '../stack/doctor.js';
import type { CommandDefinition } from './definition.js';

export const doctor: CommandDefinition = {
  name: 'doctor',
  summary: 'Check what Caisson needs here, and say what to do about what is wrong',
  description:
    'Looks at this machine, the Temporal server and its workers. Changes and starts nothing. Exits with 1 when a needed check failed.',
  examples: [
    ['caisson doctor', 'every check in a line'],
    ['caisson doctor --json', 'for a report'],
  ],
  async run({ io, global }) {
    const { loadSettings } = await import('../settings.js');
    const { settingFlags } = await import('../session.js');
    const { examine } = await import('../stack/doctor.js');
    const { printList } = await import('../output/print.js');
    const { settings } = await loadSettings(settingFlags(global));
    const checks = await examine(settings);
    if (global.format === 'table' || global.format === 'wide') {
      for (const check of checks) io.out(lineOf(check, io.colors));
      const problems = checks.filter(({ status }) => status === 'fail' || status === 'warn').length;
      io.out(problems === 0 ? 'No problems.' : `${problems} problem${problems === 1 ? '' : 's'}.`);
    } else
      printList(io, global.format, { kind: 'checks', items: checks, columns: [], name: ({ name }) => name, empty: '' });
    return checks.some(({ status }) => status === 'fail') ? 1 : 0;
  },
};

const MARKS = { ok: '✓', warn: '!', fail: '✗', absent: '–' } as const;

function lineOf(
  { name, status, detail, fix }: Check,
  colors: ReturnType<typeof import('picocolors').createColors>,
): string {
  const paint = { ok: colors.green, warn: colors.yellow, fail: colors.red, absent: colors.dim }[status];
  const way = fix === null ? '' : `\n      → ${fix}`;
  return `${paint(`[${MARKS[status]}]`)} ${name}: ${detail}${way}`;
}
