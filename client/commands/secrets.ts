import type { Json } from '../../blueprint/json.js';
import type { SecretEntry, SecretStore } from '../../store/secrets.js';
import { type CommandDefinition, flag, type Invocation, optionalText } from './definition.js';
import { exportSecrets, importSecrets } from './secrets-transfer.js';

const VALUE_FLAGS = [
  { flags: '-s, --secret-string <value>', summary: 'the value; others may see it in the list of processes' },
  { flags: '-f, --secret-file <file>', summary: 'a file that holds the value' },
  { flags: '--stdin', summary: 'read the value from standard input' },
  { flags: '--from-env <variable>', summary: 'take the value of an environment variable' },
  {
    flags: '--schema <schema>',
    summary: 'JSON Schema of the value, as text or a file; kept, and later values are checked too',
  },
  { flags: '--dict', summary: 'the value is a JSON object, of which blueprints take one field' },
  { flags: '--list', summary: 'the value is a JSON list' },
  { flags: '--hidden-value', summary: 'never show the value to anybody but operations' },
];

const KEY = { name: '<key>', summary: 'name of the secret' };

const create: CommandDefinition = {
  name: 'create',
  aliases: ['set'],
  summary: 'Store a secret, encrypted',
  description:
    'Stores a secret where the setting `secrets` says: by default in a file that is encrypted with AES-256-GCM, else in Vault.',
  arguments: [KEY],
  options: [...VALUE_FLAGS, { flags: '-u, --update-if-exists', summary: 'replace the value of one that exists' }],
  examples: [
    ['caisson secrets create db-password --from-env DB_PASSWORD', 'without showing it to anybody'],
    ['caisson secrets create key -f id_rsa -u', 'from a file; replace what there was'],
    [`caisson secrets create port -s 5432 --schema '{"type": "integer"}'`, 'a number, and never anything else'],
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
    const secrets = await (await import('../session.js')).secretsOf(global);
    const value = await secrets.get(key);
    if (value === undefined) throw notFound('secret', key, 'see: caisson secrets list');
    if (await isHidden(secrets, key)) {
      const { CaissonError } = await import('../errors.js');
      throw new CaissonError('permission', 'C4003', `the value of ${key} is hidden: only operations get it`);
    }
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    printSingle(io, global.format, { kind: 'secret', item: { key, value }, name: key, text });
    return 0;
  },
};

/** Only the file knows hidden values: elsewhere who may read is somebody else's to say. */
async function isHidden(secrets: SecretStore, key: string): Promise<boolean> {
  return secrets.provider === 'file' && (await secrets.list()).some((entry) => entry.key === key && entry.hidden);
}

interface Row extends Omit<SecretEntry, 'hidden'> {
  readonly is_hidden_value: boolean;
  readonly provider_name: string;
}

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the names of secrets, never their values',
  examples: [['caisson secrets list', 'those of the provider; those of the environment are not listed']],
  async run({ io, global }) {
    const { printList } = await import('../output/print.js');
    const secrets = await (await import('../session.js')).secretsOf(global);
    const items = (await secrets.list()).map(
      ({ hidden, ...entry }): Row => ({ ...entry, is_hidden_value: hidden, provider_name: secrets.provider }),
    );
    const day = (time: string | null): string => time?.slice(0, 19).replace('T', ' ') ?? '';
    printList<Row>(io, global.format, {
      kind: 'secrets',
      items,
      columns: [
        { title: 'KEY', value: ({ key }) => key },
        { title: 'CREATED', value: ({ created_at }) => day(created_at) },
        { title: 'UPDATED', value: ({ updated_at }) => day(updated_at) },
        { title: 'HIDDEN', value: ({ is_hidden_value }) => is_hidden_value, wide: true },
        { title: 'PROVIDER', value: ({ provider_name }) => provider_name, wide: true },
      ],
      name: ({ key }) => key,
      empty: 'no secrets',
    });
    return 0;
  },
};

const remove: CommandDefinition = {
  name: 'delete',
  summary: 'Delete a secret',
  arguments: [KEY],
  examples: [['caisson secrets delete db-password', 'all versions of it, where the provider keeps several']],
  async run({ args, io, global }) {
    const { notFound } = await import('../errors.js');
    const [key = ''] = args;
    const secrets = await (await import('../session.js')).secretsOf(global);
    if (!secrets.delete) throw await readOnly(secrets.provider);
    if (!(await secrets.delete(key))) throw notFound('secret', key, 'see: caisson secrets list');
    if (!global.quiet) io.err(`secret ${key} deleted`);
    return 0;
  },
};

const rotate: CommandDefinition = {
  name: 'rotate',
  summary: 'Change the key of the encrypted secrets, and encrypt all of them anew',
  description:
    'With a key file: makes a new key, encrypts everything with it, and forgets the old one. With keys that are given (CAISSON_SECRETS_KEY): put the new one first there, on every client and worker, then run this once. Workers go on meanwhile. Nothing is lost when it is interrupted: run it again.',
  examples: [['caisson secrets rotate', 'after somebody has left, and every year']],
  async run({ io, global }) {
    const { printSingle } = await import('../output/print.js');
    const secrets = await (await import('../session.js')).secretsOf(global);
    if (!secrets.rotate) {
      const { usageError } = await import('../errors.js');
      throw usageError(`the keys of secrets from ${secrets.provider} are not Caisson's to change`);
    }
    const rotation = await secrets.rotate();
    const left = rotation.still_given;
    const text = `${rotation.secrets} secrets are encrypted with the key ${rotation.key}${
      left.length === 0 ? '' : `; nothing needs ${left.join(', ')} any more: take it away`
    }`;
    printSingle(io, global.format, { kind: 'secrets.rotation', item: rotation, name: rotation.key, text });
    return 0;
  },
};

async function store(invocation: Invocation, replace: boolean): Promise<number> {
  const { args, io, global } = invocation;
  const [key = ''] = args;
  const secrets = await (await import('../session.js')).secretsOf(global);
  if (!secrets.set) throw await readOnly(secrets.provider);
  const schema = await givenSchema(invocation);
  const kept = schema ?? (replace ? (await secrets.list()).find((entry) => entry.key === key)?.schema : undefined);
  const value = await typedValue(invocation, kept);
  await secrets.set(key, value, {
    ...(flag(invocation, 'hiddenValue') ? { hidden: true } : {}),
    ...(schema === undefined ? {} : { schema }),
    onlyNew: !replace,
  });
  if (!global.quiet) io.err(`secret ${key} stored`);
  return 0;
}

async function readOnly(provider: string): Promise<Error> {
  const { usageError } = await import('../errors.js');
  return usageError(`secrets from ${provider} can only be read here`, 'change them where they are made');
}

async function givenSchema(invocation: Invocation): Promise<Json | undefined> {
  const { usageError } = await import('../errors.js');
  const { unknownKeywords } = await import('../value-schema.js');
  const given = optionalText(invocation, 'schema');
  if (given === undefined) return undefined;
  const { readFile } = await import('node:fs/promises');
  const text = given.trimStart().startsWith('{') ? given : await readFile(given, 'utf8').catch(() => given);
  let schema: Json;
  try {
    schema = JSON.parse(text) as Json;
  } catch {
    throw usageError('--schema is neither JSON nor a file that holds it');
  }
  const unknown = unknownKeywords(schema);
  if (unknown.length > 0) throw usageError(`the schema has keywords that are not checked here: ${unknown.join(', ')}`);
  return schema;
}

/** The value as its schema says: text, or what the text is as JSON. */
async function valueBySchema(text: string, schema: Json): Promise<Json> {
  const { CaissonError } = await import('../errors.js');
  const { misfits } = await import('../value-schema.js');
  const wrong = misfits(text, schema);
  if (wrong.length === 0) return text;
  const parsed = jsonIn(text);
  const found = parsed === undefined ? wrong : misfits(parsed, schema);
  if (parsed !== undefined && found.length === 0) return parsed;
  throw new CaissonError('validation', 'C3011', `the value is not as its schema says: ${found.join('; ')}`);
}

function jsonIn(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** What it holds is not shown, whatever is wrong with it. */
async function typedValue(invocation: Invocation, schema: Json | undefined): Promise<Json> {
  const { usageError } = await import('../errors.js');
  const [dict, asList] = [flag(invocation, 'dict'), flag(invocation, 'list')];
  if (dict && asList) throw usageError('a value is either --dict or --list');
  const text = await givenValue(invocation);
  if (schema !== undefined) return await valueBySchema(text, schema);
  if (!dict && !asList) return text;
  let value: Json | undefined;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw usageError('the value is no JSON');
  }
  const fits = asList ? Array.isArray(value) : typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!fits) throw usageError(`the value is JSON, but no ${asList ? 'list' : 'object'}`);
  return value;
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

export const secrets: CommandDefinition = {
  name: 'secrets',
  summary: 'Secrets that operations get by get_secret',
  commands: [create, update, get, list, remove, rotate, exportSecrets, importSecrets],
};
