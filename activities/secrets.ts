/**
 * Secrets are resolved here, on the worker, and nowhere else: the request in the history holds `{ get_secret: key }`.
 * What goes back (logs, events, errors, runtime properties) is without any value that was handed out: see secrecy.ts.
 */
import { functionCall } from '../blueprint/intrinsics/call.js';
import { evaluate } from '../blueprint/intrinsics/evaluate.js';
import type { Json, JsonObject } from '../blueprint/json.js';
import { NonRecoverableError } from '../plugins/sdk/errors.js';
import type { InstanceView, OperationRequest } from './request.js';
import { createSecrecy, type Secrecy } from './secrecy.js';

/** Where secrets come from. */
export interface SecretProvider {
  get(key: string): Promise<Json | undefined>;
  /** Absent where they can only be read. */
  set?(key: string, value: Json): Promise<void>;
  delete?(key: string): Promise<boolean>;
}

export interface SecretLookup extends Pick<Secrecy, 'hide' | 'mask' | 'maskIn' | 'refer' | 'referIn'> {
  /** @throws NonRecoverableError when there is no such secret */
  get(key: string): Promise<Json>;
  /** @throws NonRecoverableError where secrets can only be read */
  set(key: string, value: Json): Promise<void>;
  delete(key: string): Promise<void>;
  /** A value that `refer` gave, as it was. @throws NonRecoverableError when a secret is no more */
  reveal(value: Json): Promise<Json>;
}

export function secretLookup(provider: SecretProvider): SecretLookup {
  const secrecy = createSecrecy();

  async function get(key: string): Promise<Json> {
    const value = await provider.get(key);
    if (value === undefined)
      throw new NonRecoverableError(`there is no secret ${key}; make it with: caisson secrets create ${key}`);
    secrecy.keep(key, value);
    return value;
  }

  return {
    ...secrecy,
    get,
    async set(key, value) {
      if (!provider.set) throw new NonRecoverableError(`the secret ${key} cannot be made: this store is read-only`);
      // First, so that the error of a store that refuses does not show it.
      secrecy.keep(key, value);
      await provider.set(key, value);
    },
    async delete(key) {
      if (!provider.delete)
        throw new NonRecoverableError(`the secret ${key} cannot be deleted: this store is read-only`);
      await provider.delete(key);
      secrecy.forget(key);
    },
    async reveal(value) {
      const values = new Map<string, Json>();
      for (const key of secretKeys(value)) values.set(key, await get(key));
      return values.size === 0 ? value : evaluate(value, { secret: (key) => values.get(key) });
    },
  };
}

/** The request with its secrets, and everything that waited for them, evaluated. */
export async function resolveSecrets(request: OperationRequest, secrets: SecretLookup): Promise<OperationRequest> {
  const values = new Map<string, Json>();
  const { instances } = request.snapshot;
  const { properties } = request.plugin;
  const needed = secretKeys([request.inputs, properties ?? null]);
  for (const node of Object.values(request.snapshot.nodes)) for (const key of keysIn(node.properties)) needed.add(key);
  for (const key of needed) values.set(key, await secrets.get(key));
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

/** Node properties are the same for all operations of a run, and nobody may change them. */
const known = new WeakMap<JsonObject, ReadonlySet<string>>();

function keysIn(properties: JsonObject): ReadonlySet<string> {
  let keys = known.get(properties);
  if (!keys) {
    keys = secretKeys(properties);
    known.set(properties, keys);
  }
  return keys;
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
