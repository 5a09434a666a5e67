/**
 * Key pairs. The private key of one that is made is told once: it goes where the blueprint says before anything else
 * is noted, and nowhere else. If it is lost with the process, the key pair is made anew.
 */
import { access, mkdir, unlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import type { Call } from '../call.js';
import { find } from '../find.js';
import { textAt } from '../json.js';
import { createdId, remove } from '../lifecycle.js';
import { operationsOf } from '../operations.js';
import { TOKEN } from '../ownership.js';
import type { Resource } from '../resource.js';

export const keypair: Resource = {
  name: 'keypair',
  title: 'key pair',
  tagType: 'key-pair',
  create: {
    command: (config) => (config.PublicKeyMaterial === undefined ? 'CreateKeyPair' : 'ImportKeyPair'),
    answer: (answer) => [answer],
  },
  describe: { command: 'DescribeKeyPairs', by: 'KeyNames', answer: 'KeyPairs', id: 'KeyName' },
  remove: { command: 'DeleteKeyPair', input: (KeyName) => ({ KeyName }) },
  adoptable: ({ config }) => config.PublicKeyMaterial !== undefined,
  async request(call, config) {
    const KeyName = textAt(config, 'KeyName') ?? textAt(call.properties, 'resource_id') ?? nameFor(call);
    await refuseTaken(call, KeyName);
    await refuseSecret(call, secretName(call, KeyName));
    await freeFile(call);
    return { ...config, KeyName };
  },
  async keep(call, made) {
    return await Promise.all(made.map(async (item) => await putBy(call, item)));
  },
};

export const keyPairOperations = operationsOf(keypair, { delete: removeWithKey });

/** Default names have the characters that key pairs may have. */
function nameFor({ ctx }: Call): string {
  return `${ctx.deployment.id}-${ctx.instance.id}`.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 255);
}

/** A name can be taken by a key pair that is not ours: nothing of it is touched. */
async function refuseTaken(call: Call, name: string): Promise<void> {
  if (call.properties.use_external_resource === true || call.runtime[TOKEN] !== undefined) return;
  if (await find(call, name))
    throw new NonRecoverableError(
      `a key pair ${name} exists already: choose another KeyName, or use it with use_external_resource: true`,
    );
}

/** A secret that is there already may be the only copy of something. */
async function refuseSecret({ ctx, properties, runtime }: Call, secret: string): Promise<void> {
  if (properties.create_secret !== true || properties.update_existing_secret === true) return;
  if (runtime[TOKEN] !== undefined) return;
  const present = await ctx.getSecret(secret).then(
    () => true,
    () => false,
  );
  if (present)
    throw new NonRecoverableError(
      `there is a secret ${secret} already: choose another secret_name, or set update_existing_secret: true`,
    );
}

/** A file that is there already is not ours, unless an attempt of ours died between writing and noting it. */
async function freeFile(call: Call): Promise<void> {
  const file = privateKeyFile(call);
  if (file === undefined) return;
  if (call.runtime[TOKEN] !== undefined) return await unlink(file).catch(unlessMissing);
  if (await exists(file))
    throw new NonRecoverableError(`private_key_path: ${file} exists already and is not overwritten`);
}

async function putBy(call: Call, item: JsonObject): Promise<JsonObject> {
  const { KeyMaterial, ...rest } = item;
  if (typeof KeyMaterial !== 'string') return item;
  const { ctx, properties } = call;
  const secret = secretName(call, String(item.KeyName));
  if (properties.create_secret === true) {
    await ctx.setSecret(secret, KeyMaterial);
    ctx.logger.info('the private key of %s is the secret %s', item.KeyName, secret);
  }
  const file = privateKeyFile(call);
  if (file !== undefined) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, KeyMaterial, { mode: 0o600, flag: 'wx' });
  }
  return properties.store_in_runtime_properties === true ? item : rest;
}

async function removeWithKey(call: Call): Promise<void> {
  const { ctx, properties, runtime, external } = call;
  const name = textAt(runtime, 'aws_resource_id') ?? textAt(runtime, 'resource_config.KeyName');
  const began = createdId(call) !== undefined || runtime[TOKEN] !== undefined;
  await remove(call);
  if (external || !began) return;
  if (properties.create_secret === true && name !== undefined) await ctx.deleteSecret(secretName(call, name));
  const file = privateKeyFile(call);
  if (file !== undefined) await unlink(file).catch(unlessMissing);
}

function secretName({ properties }: Call, keyName: string): string {
  return textAt(properties, 'secret_name') ?? keyName;
}

/** Of the old family only: it keeps its keys in files of the worker. */
function privateKeyFile({ properties }: Call): string | undefined {
  const file = textAt(properties, 'private_key_path');
  return file === undefined ? undefined : path.resolve(file.replace(/^~(?=\/|$)/, homedir()));
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
