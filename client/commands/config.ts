import type { SettingKey } from '../settings/table.js';
import type { LoadedSettings, SettingOrigin } from '../settings.js';
import { type CommandDefinition, flag, type Invocation } from './definition.js';

async function loaded({ global }: Invocation): Promise<LoadedSettings> {
  const { loadSettings } = await import('../settings.js');
  const { settingFlags } = await import('../session.js');
  return await loadSettings(settingFlags(global));
}

async function keyNamed(name: string): Promise<SettingKey> {
  const { SETTING_KEYS } = await import('../settings/table.js');
  const key = SETTING_KEYS.find((one) => one === name);
  if (key !== undefined) return key;
  const { notFound } = await import('../errors.js');
  const { suggestion } = await import('../../blueprint/suggestion.js');
  throw notFound('setting', name, suggestion(name, SETTING_KEYS) ?? 'see: caisson config list');
}

interface Row {
  readonly key: string;
  readonly value: string | number | boolean | readonly string[] | null;
  readonly origin: string;
  readonly variable: string;
  readonly summary: string;
}

async function rowOf({ key, value, origin }: SettingOrigin): Promise<Row> {
  const { SETTINGS } = await import('../settings/table.js');
  const { secret, variable, summary } = SETTINGS[key];
  const shown = value === undefined ? null : secret ? '***' : value;
  return { key, value: shown, origin, variable, summary };
}

const list: CommandDefinition = {
  name: 'list',
  summary: 'List all settings with their values',
  options: [
    { flags: '--origin', summary: 'show where each value comes from' },
    { flags: '--all', summary: 'those without a value too' },
  ],
  examples: [['caisson config list --origin', 'what holds here, and why']],
  async run(invocation) {
    const { io, global } = invocation;
    const { printList } = await import('../output/print.js');
    const rows = await Promise.all((await loaded(invocation)).origins.map(rowOf));
    const everything = flag(invocation, 'all') || global.format === 'json' || global.format === 'yaml';
    printList<Row>(io, global.format, {
      kind: 'settings',
      items: rows.filter(({ value }) => everything || value !== null),
      columns: [
        { title: 'SETTING', value: ({ key }) => key },
        { title: 'VALUE', value: ({ value }) => value as never },
        ...(flag(invocation, 'origin') ? [{ title: 'ORIGIN', value: ({ origin }: Row) => origin }] : []),
        { title: 'VARIABLE', value: ({ variable }) => variable, wide: true },
        { title: 'MEANING', value: ({ summary }) => summary, wide: true, shrinks: true },
      ],
      name: ({ key }) => key,
      empty: '',
    });
    return 0;
  },
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Print the value of a setting',
  arguments: [{ name: '<setting>', summary: 'its name, e.g. home' }],
  examples: [['caisson config get home', 'where the data lies']],
  async run(invocation) {
    const { io, global, args } = invocation;
    const { printSingle } = await import('../output/print.js');
    const key = await keyNamed(args[0] ?? '');
    const row = await rowOf((await loaded(invocation)).origins.find((one) => one.key === key)!);
    const text = Array.isArray(row.value) ? row.value.join('\n') : String(row.value ?? '');
    printSingle(io, global.format, { kind: 'setting', item: row, name: key, text });
    return 0;
  },
};

const set: CommandDefinition = {
  name: 'set',
  summary: 'Set a setting for yourself, in your config.toml',
  arguments: [
    { name: '<setting>', summary: 'its name, e.g. worker.operations' },
    { name: '[value]', summary: 'its value; several paths are separated as in PATH' },
  ],
  options: [{ flags: '--unset', summary: 'remove it instead' }],
  examples: [
    ['caisson config set worker.operations 50', 'from the next start of the worker on'],
    ['caisson config set --unset address', 'back to the embedded server'],
  ],
  async run(invocation) {
    const { args, io } = invocation;
    const { usageError } = await import('../errors.js');
    const key = await keyNamed(args[0] ?? '');
    const unset = flag(invocation, 'unset');
    if (unset === (args[1] !== undefined)) throw usageError('give either a value or --unset');
    const { settingValue } = await import('../settings/value.js');
    const value = unset ? undefined : settingValue(key, args[1], 'argument');
    const { userFile } = await loaded(invocation);
    const { readFile } = await import('node:fs/promises');
    const before = await readFile(userFile, 'utf8').catch(() => '');
    const { withSetting } = await import('../settings/edit.js');
    const { settingsIn } = await import('../settings/file.js');
    const text = withSetting(before, key, value);
    settingsIn({ path: userFile, text });
    const { writeWhole } = await import('../stack/state.js');
    await writeWhole(userFile, text);
    io.err(`${key} ${unset ? 'removed from' : 'set in'} ${userFile}`);
    return 0;
  },
};

const path: CommandDefinition = {
  name: 'path',
  summary: 'Print the path of your config.toml',
  examples: [['caisson config path', 'edit it with: $EDITOR "$(caisson config path)"']],
  async run(invocation) {
    const { printSingle } = await import('../output/print.js');
    const { userFile } = await loaded(invocation);
    printSingle(invocation.io, invocation.global.format, {
      kind: 'config-path',
      item: { path: userFile },
      name: userFile,
      text: userFile,
    });
    return 0;
  },
};

export const config: CommandDefinition = {
  name: 'config',
  summary: 'Settings, and where they come from',
  commands: [list, get, set, path],
};
