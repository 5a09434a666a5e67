/** How a key pair is to be made and where it is kept: a node's properties, and an operation's inputs on top. */
import os from 'node:os';
import path from 'node:path';
import { type Json, type JsonObject, type NodeOperationContext, NonRecoverableError } from '../sdk/index.js';

export interface KeyConfig {
  /** Names of the pair's secrets. */
  readonly privateSecret: string;
  readonly publicSecret: string;
  readonly useSecretStore: boolean;
  /** Take the pair from the secrets when they are there already, whoever made them. */
  readonly useSecretsIfExist: boolean;
  readonly privatePath: string | undefined;
  readonly publicPath: string | undefined;
  readonly openssh: boolean;
  readonly bits: number;
  readonly comment: string;
  readonly passphrase: string | undefined;
  readonly exportPrivate: boolean;
  readonly exportPublic: boolean;
}

/** @throws NonRecoverableError for a pair that cannot be made, or that would be kept nowhere */
export function keyConfig({ node, instance, deployment }: NodeOperationContext, inputs: JsonObject): KeyConfig {
  const values = { ...object(node.properties.resource_config), ...object(inputs.resource_config) };
  const given = (key: string): Json | undefined => inputs[key] ?? node.properties[key];
  const name = text(values.key_name) ?? text(given('key_name')) ?? `${deployment.id}-${instance.id}`;
  const algorithm = text(values.algorithm) ?? 'RSA';
  if (algorithm !== 'RSA') throw new NonRecoverableError(`resource_config.algorithm ${algorithm} is not RSA`);
  const bits = Number(values.bits ?? 2048);
  if (!Number.isInteger(bits) || bits < 1024 || bits > 16_384)
    throw new NonRecoverableError(`resource_config.bits ${String(values.bits)} is not from 1024 to 16384`);
  const privatePath = file(values.private_key_path);
  const config: KeyConfig = {
    privateSecret: `${name}_private`,
    publicSecret: `${name}_public`,
    useSecretStore: flag(given('use_secret_store'), false),
    useSecretsIfExist: flag(given('use_secrets_if_exist'), false),
    privatePath,
    publicPath: file(values.public_key_path) ?? (privatePath === undefined ? undefined : `${privatePath}.pub`),
    openssh: flag(values.openssh_format, true),
    bits,
    comment: text(values.comment) ?? '',
    passphrase: text(values.passphrase),
    exportPrivate: flag(given('store_private_key_material'), false),
    exportPublic: flag(given('store_public_key_material'), true),
  };
  if (!config.useSecretStore && !config.useSecretsIfExist && privatePath === undefined && !config.exportPrivate)
    throw new NonRecoverableError(
      'the private key would be kept nowhere: set use_secret_store, or resource_config.private_key_path, or store_private_key_material',
    );
  return config;
}

function file(value: Json | undefined): string | undefined {
  return text(value)
    ?.replace(/^~(?=\/)/, os.homedir())
    .replace(/^(?!\/)/, `${process.cwd()}${path.sep}`);
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function flag(value: Json | undefined, fallback: boolean): boolean {
  if (value === undefined || value === null || value === '') return fallback;
  return value === true || value === 'true' || value === 'True';
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
