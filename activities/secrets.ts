/**
 * Secrets are resolved here, on the worker, and nowhere else: the request in the history holds `{ get_secret: key }`.
 * Every value that was handed out is masked in what goes back: logs, events, error texts.
 */
import { functionCall } from '../blueprint/intrinsics/call.js';
import { evaluate } from '../blueprint/intrinsics/evaluate.js';
import type { Json, JsonObject } from '../blueprint/json.js';
import { NonRecoverableError } from '../plugins/sdk/errors.js';
import type { InstanceView, OperationRequest } from './request.js';

/** Where secrets come from. */
export interface SecretProvider {
  get(key: string): Promise<Json | undefined>;
  /** Absent where they can only be read. */
  set?(key: string, value: Json): Promise<void>;
  delete?(key: string): Promise<boolean>;
}

export interface SecretLookup {
  /** @throws NonRecoverableError when there is no such secret */
  get(key: string): Promise<Json>;
  /** @throws NonRecoverableError where secrets can only be read */
  set(key: string, value: Json): Promise<void>;
  delete(key: string): Promise<void>;
  /** `text` without any value that was handed out. */
  mask(text: string): string;
}

/** Values shorter than this are not masked: they would blank out half of any text. */
const SHORTEST_MASKED = 4;

export function secretLookup(provider: SecretProvider): SecretLookup {
  const handedOut = new Set<string>();
  return {
    async get(key) {
      const value = await provider.get(key);
      if (value === undefined)
        throw new NonRecoverableError(`there is no secret ${key}; make it with: caisson secrets create ${key}`);
      remember(value, handedOut);
      return value;
    },
    async set(key, value) {
      remember(value, handedOut);
      if (!provider.set) throw new NonRecoverableError(`the secret ${key} cannot be made: this store is read-only`);
      await provider.set(key, value);
    },
    async delete(key) {
      if (!provider.delete)
        throw new NonRecoverableError(`the secret ${key} cannot be deleted: this store is read-only`);
      await provider.delete(key);
    },
    mask(text) {
      let masked = text;
      for (const value of handedOut) {
        masked = masked.replaceAll(value, '***');
        masked = masked.replaceAll(JSON.stringify(value).slice(1, -1), '***');
      }
      return masked;
    },
  };
}

function remember(value: Json, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.length >= SHORTEST_MASKED) into.add(value);
    for (const line of value.split('\n')) if (line.trim().length >= 16) into.add(line.trim());
  } else if (typeof value === 'number') into.add(String(value));
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) remember(item as Json, into);
}

/** The request with its secrets, and everything that waited for them, evaluated. */
export async function resolveSecrets(request: OperationRequest, secrets: SecretLookup): Promise<OperationRequest> {
  const values = new Map<string, Json>();
  const { instances } = request.snapshot;
  const { properties } = request.plugin;
  for (const key of secretKeys([request.inputs, properties ?? null, request.snapshot.nodes as unknown as Json])) {
    values.set(key, await secrets.get(key));
  }
  for (const key of secretKeys(instances as unknown as Json)) {
    // A reference among runtime properties may outlive its secret, and most operations do not look at it.
    const value = values.has(key) ? undefined : await secrets.get(key).catch(absent);
    if (value !== undefined) values.set(key, value);
  }
  if (values.size === 0) return request;
  const scope = { secret: (key: string) => values.get(key) };
  const nodes = Object.entries(request.snapshot.nodes).map(([id, node]) => {
    return [id, { ...node, properties: evaluate(node.properties, scope) as JsonObject }] as const;
  });
  return {
    ...request,
    inputs: evaluate(request.inputs, scope) as JsonObject,
    ...(properties ? { plugin: { ...request.plugin, properties: evaluate(properties, scope) as JsonObject } } : {}),
    snapshot: {
      nodes: Object.fromEntries(nodes),
      instances: Object.fromEntries(Object.entries(instances).map(exported)),
    },
  };

  /** An operation may have exported a secret as what it is: a reference. */
  function exported([id, instance]: [string, InstanceView]): [string, InstanceView] {
    const { runtime_properties } = instance;
    const keys = [...secretKeys(runtime_properties)];
    if (keys.length === 0 || !keys.every((key) => values.has(key))) return [id, instance];
    return [id, { ...instance, runtime_properties: evaluate(runtime_properties, scope) as JsonObject }];
  }
}

function absent(error: unknown): undefined {
  if (!(error instanceof NonRecoverableError)) throw error;
}

function secretKeys(value: Json, keys = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return keys;
  const call = functionCall(value);
  if (call?.name === 'get_secret') {
    const key = Array.isArray(call.argument) ? call.argument[0] : call.argument;
    if (typeof key === 'string') keys.add(key);
  }
  for (const item of Object.values(value)) secretKeys(item as Json, keys);
  return keys;
}
