import { type CommandDefinition, flag, type Invocation, optionalText } from './definition.js';

const VALUE_FLAGS = [
  { flags: '-s, --secret-string <value>', summary: 'the value; others may see it in the list of processes' },
  { flags: '-f, --secret-file <file>', summary: 'a file that holds the value' },
  { flags: '--stdin', summary: 'read the value from standard input' },
  { flags: '--from-env <variable>', summary: 'take the value of an environment variable' },
];

const KEY = { name: '<key>', summary: 'name of the secret' };

const create: CommandDefinition = {
  name: 'create',
  aliases: ['set'],
  summary: 'Store a secret, encrypted',
  arguments: [KEY],
  options: [...VALUE_FLAGS, { flags: '-u, --update-if-exists', summary: 'replace the value of one that exists' }],
  examples: [
    ['caisson secrets create db-password --from-env DB_PASSWORD', 'without showing it to anybody'],
    ['caisson secrets create key -f id_rsa -u', 'from a file; replace what there was'],
  ],
  run: async (invocation) => await store(invocation, flag(invocation, 'updateIfExists')),
};

const update: CommandDefinition = {
  name: 'update',
  summary: 'Replace the value of a secret',
  arguments: [KEY],
  options: VALUE_FLAGS,
  examples: [['caisson secrets update db-password --stdin < password.txt', 'from standard input']],
  run: async (invocation) => await store(invocation, true),
};

const get: CommandDefinition = {
  name: 'get',
  summary: 'Show a secret',
  arguments: [KEY],
  examples: [['caisson secrets get db-password', 'its value, and nothing else']],
  async run({ args, io, global }) {
    const { notFound } = await import('../errors.js');
    const { printSingle } = await import('../output/print.js');
    const [key = ''] = args;
    const value = await (await secretsHere(global)).get(key);
    if (value === undefined) throw notFound('secret', key, 'see: caisson secrets list');
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    printSingle(io, global.format, { kind: 'secret', item: { key, value }, name: key, text });
    return 0;
  },
};

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the names of secrets, never their values',
  examples: [['caisson secrets list', 'those in the file; those of the environment are not listed']],
  async run({ io, global }) {
    const { printList } = await import('../output/print.js');
    const items = (await (await secretsHere(global)).list()).map((key) => ({ key }));
    const columns = [{ title: 'KEY', value: ({ key }: { key: string }) => key }];
    printList(io, global.format, { kind: 'secrets', items, columns, name: ({ key }) => key, empty: 'no secrets' });
    return 0;
  },
};

const remove: CommandDefinition = {
  name: 'delete',
  summary: 'Delete a secret',
  arguments: [KEY],
  examples: [['caisson secrets delete db-password', 'from the file']],
  async run({ args, io, global }) {
    const { notFound } = await import('../errors.js');
    const [key = ''] = args;
    if (!(await (await secretsHere(global)).delete(key))) throw notFound('secret', key, 'see: caisson secrets list');
    if (!global.quiet) io.err(`secret ${key} deleted`);
    return 0;
  },
};

async function store(invocation: Invocation, replace: boolean): Promise<number> {
  const { args, io, global } = invocation;
  const { conflict } = await import('../errors.js');
  const [key = ''] = args;
  const secrets = await secretsHere(global);
  if (!replace && (await secrets.list()).includes(key)) throw conflict(`a secret ${key} exists`, 'replace it with -u');
  await secrets.set(key, await givenValue(invocation));
  if (!global.quiet) io.err(`secret ${key} stored`);
  return 0;
}

async function givenValue(invocation: Invocation): Promise<string> {
  const { usageError } = await import('../errors.js');
  const text = optionalText(invocation, 'secretString');
  const file = optionalText(invocation, 'secretFile');
  const variable = optionalText(invocation, 'fromEnv');
  const given = [text, file, variable, flag(invocation, 'stdin') || undefined].filter((one) => one !== undefined);
  if (given.length !== 1)
    throw usageError('give the value in one way', 'one of -s VALUE, -f FILE, --stdin, --from-env VARIABLE');
  if (text !== undefined) return text;
  if (file !== undefined) {
    const { readFile } = await import('node:fs/promises');
    return await readFile(file, 'utf8').catch((error: Error) => {
      throw usageError(`cannot read ${file}: ${error.message}`);
    });
  }
  if (variable !== undefined) {
    const value = process.env[variable];
    if (value === undefined) throw usageError(`the environment has no ${variable}`);
    return value;
  }
  const { text: whole } = await import('node:stream/consumers');
  return (await whole(invocation.io.stdin)).replace(/\r?\n$/, '');
}

async function secretsHere(global: Invocation['global']) {
  const { loadSettings } = await import('../settings.js');
  const { settingFlags } = await import('../session.js');
  const { secretStore } = await import('../../store/secrets.js');
  const { settings } = await loadSettings(settingFlags(global));
  return secretStore({ folder: settings.secretsFolder, environment: process.env });
}

export const secrets: CommandDefinition = {
  name: 'secrets',
  summary: 'Secrets that operations get by get_secret',
  commands: [create, update, get, list, remove],
};
