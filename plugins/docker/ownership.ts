/**
 * Everything that the plugin makes carries labels that say whose it is. A re-run after a crash, and an uninstall after
 * it, find by them what was made and not yet recorded.
 */
import { createHash } from 'node:crypto';
import type { Json } from '../../blueprint/json.js';
import type { NodeOperationContext } from '../sdk/context.js';

const DEPLOYMENT = 'cfy.deployment';
const INSTANCE = 'cfy.instance';
const TOKEN = 'cfy.token';
/** Runtime property that is stored before the engine is asked to make anything. */
const MARKER = '__create_token';

export type Labels = Readonly<Record<string, string>>;

/** @param made what is to be made: another configuration gives another token */
export function ownLabels(ctx: NodeOperationContext, made: unknown): Labels {
  const token = createHash('sha256')
    .update(JSON.stringify([ctx.deployment.id, ctx.instance.id, made]))
    .digest('hex')
    .slice(0, 32);
  return { [DEPLOYMENT]: ctx.deployment.id, [INSTANCE]: ctx.instance.id, [TOKEN]: token };
}

/** Made for this instance, by whatever attempt. */
export function isOurs(ctx: NodeOperationContext, labels: Labels | null | undefined): boolean {
  return labels?.[DEPLOYMENT] === ctx.deployment.id && labels[INSTANCE] === ctx.instance.id;
}

/** Made for this instance from the same configuration. */
export function isSame(own: Labels, labels: Labels | null | undefined): boolean {
  return Object.entries(own).every(([name, value]) => labels?.[name] === value);
}

/** A filter for lists of containers, networks, volumes. */
export function ownFilter(ctx: NodeOperationContext): { readonly label: string[] } {
  return { label: [`${DEPLOYMENT}=${ctx.deployment.id}`, `${INSTANCE}=${ctx.instance.id}`] };
}

/**
 * Stores that something is about to be made. Without the mark, and without a recorded id, there is nothing to take
 * down, and no engine has to be asked.
 */
export async function markCreation(ctx: NodeOperationContext, own: Labels): Promise<void> {
  if (ctx.instance.runtimeProperties[MARKER] === own[TOKEN]) return;
  ctx.instance.runtimeProperties[MARKER] = own[TOKEN] as Json;
  await ctx.instance.update();
}

export function mayHaveMade(ctx: NodeOperationContext): boolean {
  return ctx.instance.runtimeProperties[MARKER] !== undefined;
}

export function isExternal(ctx: NodeOperationContext): boolean {
  return ctx.node.properties.use_external_resource === true;
}

/** Takes everything off the instance that an operation of this plugin has put there. */
export function forget(ctx: NodeOperationContext, names: readonly string[]): void {
  for (const name of [...names, MARKER]) delete ctx.instance.runtimeProperties[name];
}
