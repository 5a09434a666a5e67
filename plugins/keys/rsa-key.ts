/**
 * Makes a key pair and keeps it in the secrets or in files; takes away what it made, and nothing else.
 *
 * That the instance owns the pair is stored before the pair is made: an attempt after a crash finds its own half-made
 * pair and completes it, where another's is refused.
 */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type JsonObject,
  type NodeOperationContext,
  NonRecoverableError,
  type OperationContext,
  requireNode,
} from '../sdk/index.js';
import { type KeyConfig, keyConfig } from './config.js';
import { generatePair, type KeyPair, pairOf } from './key-pair.js';

/** Runtime property: the instance made the pair, and takes it away. */
const OWNER = 'secrets_key_owner';

export async function create(context: OperationContext, inputs: JsonObject): Promise<void> {
  const ctx = requireNode(context);
  const config = keyConfig(ctx, inputs);
  const { runtimeProperties } = ctx.instance;
  const kept = await keptPair(ctx, config);
  if (kept === 'others' && config.useSecretsIfExist) {
    runtimeProperties.secret_key_name = config.privateSecret;
    await exportPair(ctx, config, await secretPair(ctx, config));
    ctx.logger.info('the key pair of the secret %s is used', config.privateSecret);
    return;
  }
  if (kept === 'others') throw new NonRecoverableError(takenText(config));
  if (!kept) {
    runtimeProperties[OWNER] = true;
    if (inSecrets(config)) runtimeProperties.secret_key_name = config.privateSecret;
    else if (config.privatePath !== undefined) runtimeProperties.private_key_path = config.privatePath;
    await ctx.instance.update();
  }
  const pair = kept || (await generatePair(config));
  await keep(ctx, config, pair);
  await exportPair(ctx, config, pair);
}

export async function remove(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const { runtimeProperties } = ctx.instance;
  if (runtimeProperties[OWNER] === true) {
    const { secret_key_name: secret } = runtimeProperties;
    if (typeof secret === 'string') {
      await ctx.deleteSecret(secret);
      await ctx.deleteSecret(secret.replace(/_private$/, '_public'));
    }
    for (const key of ['private_key_path', 'public_key_path']) {
      const file = runtimeProperties[key];
      if (typeof file === 'string') await rm(file, { force: true });
    }
  }
  for (const key of [
    OWNER,
    'secret_key_name',
    'private_key_path',
    'public_key_path',
    'private_key_export',
    'public_key_export',
  ])
    delete runtimeProperties[key];
}

/** The pair that is kept already: this instance's own, or somebody else's, or none. */
async function keptPair(ctx: NodeOperationContext, config: KeyConfig): Promise<KeyPair | 'others' | undefined> {
  const own = ctx.instance.runtimeProperties[OWNER] === true;
  const privateKey =
    inSecrets(config) || config.useSecretsIfExist
      ? await secret(ctx, config.privateSecret)
      : config.privatePath === undefined
        ? undefined
        : await readFile(config.privatePath, 'utf8').catch(() => undefined);
  if (privateKey === undefined) return undefined;
  return own ? pairOf(privateKey, config) : 'others';
}

async function secretPair(ctx: NodeOperationContext, config: KeyConfig): Promise<KeyPair> {
  const privateKey = (await secret(ctx, config.privateSecret)) ?? '';
  const publicKey = await secret(ctx, config.publicSecret);
  return publicKey === undefined ? pairOf(privateKey, config) : { privateKey, publicKey };
}

/** @returns undefined when there is no such secret */
async function secret(ctx: NodeOperationContext, key: string): Promise<string | undefined> {
  try {
    return String(await ctx.getSecret(key));
  } catch (error) {
    if ((error as Error).name === 'NonRecoverableError') return undefined;
    throw error;
  }
}

async function keep(ctx: NodeOperationContext, config: KeyConfig, pair: KeyPair): Promise<void> {
  const { runtimeProperties } = ctx.instance;
  if (inSecrets(config)) {
    await ctx.setSecret(config.publicSecret, pair.publicKey);
    await ctx.setSecret(config.privateSecret, pair.privateKey);
    return;
  }
  if (config.privatePath !== undefined) await writeKey(config.privatePath, pair.privateKey, 0o600);
  if (config.publicPath !== undefined) {
    runtimeProperties.public_key_path = config.publicPath;
    await writeKey(config.publicPath, `${pair.publicKey.trimEnd()}\n`, 0o644);
  }
}

async function writeKey(file: string, content: string, mode: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, content, { mode });
  await chmod(file, mode);
}

/** What is in the secrets is exported as a reference: it is looked up where it is used, and stays out of the state. */
async function exportPair(ctx: NodeOperationContext, config: KeyConfig, pair: KeyPair): Promise<void> {
  const { runtimeProperties } = ctx.instance;
  if (config.exportPublic) runtimeProperties.public_key_export = pair.publicKey;
  if (!config.exportPrivate) return;
  if (inSecrets(config) || (await secret(ctx, config.privateSecret)) === pair.privateKey) {
    runtimeProperties.private_key_export = { get_secret: config.privateSecret };
    return;
  }
  ctx.logger.warning(
    'store_private_key_material puts the private key into the state in clear; use_secret_store does not',
  );
  runtimeProperties.private_key_export = pair.privateKey;
}

function inSecrets({ useSecretStore, useSecretsIfExist, privatePath }: KeyConfig): boolean {
  return useSecretStore || (useSecretsIfExist && privatePath === undefined);
}

function takenText(config: KeyConfig): string {
  return inSecrets(config)
    ? `there is a secret ${config.privateSecret} already; set use_secrets_if_exist to use its key, or give another key_name`
    : `there is a file ${config.privatePath} already, which this node has not made`;
}
