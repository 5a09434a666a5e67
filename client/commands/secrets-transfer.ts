import { type CommandDefinition, flag, type Invocation, optionalText } from './definition.js';

const PASSPHRASE = [
  { flags: '-p, --passphrase <text>', summary: 'passphrase of the file; others may see it in the list of processes' },
  { flags: '--passphrase-from-env <variable>', summary: 'take the passphrase from an environment variable' },
];

export const exportSecrets: CommandDefinition = {
  name: 'export',
  summary: 'Write all secrets into a file, encrypted under a passphrase',
  options: [
    { flags: '--output-path <file>', summary: 'the file; it must not exist yet' },
    ...PASSPHRASE,
    { flags: '--non-encrypted', summary: 'in clear, as a JSON list' },
  ],
  examples: [
    ['caisson secrets export --output-path secrets.enc --passphrase-from-env P', 'to take them to another machine'],
  ],
  async run(invocation) {
    const { io, global } = invocation;
    const { usageError } = await import('../errors.js');
    const { SHORTEST_PASSPHRASE, writeArchive } = await import('../../store/secret-archive.js');
    const { createFile } = await import('../../store/whole-file.js');
    const path = await import('node:path');
    const file = optionalText(invocation, 'outputPath');
    if (file === undefined) throw usageError('name the file: --output-path FILE');
    const passphrase = await givenPassphrase(invocation);
    if ((passphrase === undefined) !== flag(invocation, 'nonEncrypted'))
      throw usageError('give either a passphrase or --non-encrypted');
    if (passphrase !== undefined && passphrase.length < SHORTEST_PASSPHRASE)
      throw usageError(`the passphrase must have at least ${SHORTEST_PASSPHRASE} characters`);
    const secrets = await (await import('../session.js')).secretsOf(global);
    const found = [];
    for (const { key, hidden } of await secrets.list()) {
      const value = await secrets.get(key);
      if (value !== undefined) found.push({ key, value, is_hidden_value: hidden });
    }
    if (!(await createFile(path.resolve(file), await writeArchive(found, passphrase))))
      throw usageError(`${file} exists; it is not overwritten`);
    if (!global.quiet) io.err(`${found.length} secrets exported to ${file}`);
    return 0;
  },
};

export const importSecrets: CommandDefinition = {
  name: 'import',
  summary: 'Store the secrets of an exported file',
  description:
    'Takes a file of `secrets export`, or a Cloudify export that is not encrypted. Nothing is stored if one of them exists, unless --override-collisions.',
  options: [
    { flags: '-i, --input-path <file>', summary: 'the file' },
    ...PASSPHRASE,
    { flags: '--override-collisions', summary: 'replace those that exist' },
  ],
  examples: [['caisson secrets import -i secrets.enc --passphrase-from-env P', 'from another machine']],
  async run(invocation) {
    const { io, global } = invocation;
    const { CaissonError, conflict, usageError } = await import('../errors.js');
    const { readArchive } = await import('../../store/secret-archive.js');
    const { readFile } = await import('node:fs/promises');
    const file = optionalText(invocation, 'inputPath');
    if (file === undefined) throw usageError('name the file: -i FILE');
    const text = await readFile(file, 'utf8').catch((error: Error) => {
      throw usageError(`cannot read ${file}: ${error.message}`);
    });
    const found = await readArchive(text, await givenPassphrase(invocation)).catch((error: Error) => {
      throw new CaissonError('usage', 'C1001', `${file}: ${error.message}`, { cause: error });
    });
    const secrets = await (await import('../session.js')).secretsOf(global);
    const { set } = secrets;
    if (!set) throw usageError(`secrets from ${secrets.provider} can only be read here`);
    const there = new Set((await secrets.list()).map(({ key }) => key));
    const both = found.filter(({ key }) => there.has(key)).map(({ key }) => key);
    if (both.length > 0 && !flag(invocation, 'overrideCollisions'))
      throw conflict(
        `these secrets exist: ${both.join(', ')}; none was imported`,
        'replace them with --override-collisions',
      );
    for (const { key, value, is_hidden_value } of found) await set(key, value, is_hidden_value ? { hidden: true } : {});
    if (!global.quiet) io.err(`${found.length} secrets imported, ${both.length} of them replaced`);
    return 0;
  },
};

async function givenPassphrase(invocation: Invocation): Promise<string | undefined> {
  const { usageError } = await import('../errors.js');
  const text = optionalText(invocation, 'passphrase');
  const variable = optionalText(invocation, 'passphraseFromEnv');
  if (text !== undefined && variable !== undefined) throw usageError('give the passphrase in one way');
  if (variable === undefined) return text;
  const value = process.env[variable];
  if (value === undefined || value === '') throw usageError(`the environment has no ${variable}`);
  return value;
}
