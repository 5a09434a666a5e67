import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from './context.js';

/** The work of one operation. What it returns is the operation's result; what it throws decides about a retry. */
export type OperationFn<Inputs extends object = JsonObject> = (
  ctx: OperationContext,
  inputs: Inputs,
) => Promise<Json | undefined> | Json | undefined | Promise<void> | void;

export interface OperationOptions {
  /**
   * May be run again after its worker was lost in the middle of it.
   * @default true
   */
  readonly resumable?: boolean;
  /**
   * Seconds that one attempt may take when the blueprint does not say.
   * @default no limit
   */
  readonly timeoutSeconds?: number;
}

export interface OperationDefinition extends OperationOptions {
  readonly resumable: boolean;
  readonly run: OperationFn;
}

export interface Plugin {
  /** The prefix of its operations in blueprints: `docker` in `docker.container.create`. */
  readonly name: string;
  /** Names under which blueprints import it: `plugin:NAME`. */
  readonly packageNames?: readonly string[];
  readonly version?: string;
  readonly operations: Readonly<Record<string, OperationDefinition>>;
  /** Other names of its operations, as existing blueprints spell them: alias → name. */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * A module with custom workflows, each exported under the name that blueprints map (`mapping: foo.backup`): a path, or
   * `new URL('./workflows.js', import.meta.url)`. Workers take it in when they start. See `caisson/workflow-sdk`.
   */
  readonly workflows?: string | URL;
}

/**
 * Declares an operation. `Inputs` says what the plugin.yaml declares: nothing checks it when the operation runs.
 *
 * @example
 * operation<{ size: number }>({ timeoutSeconds: 600 }, async (ctx, inputs) => {
 *   requireNode(ctx).instance.runtimeProperties.id = await createDisk(inputs.size, ctx.taskId, ctx.signal);
 * });
 */
export function operation<Inputs extends object = JsonObject>(
  options: OperationOptions,
  run: OperationFn<Inputs>,
): OperationDefinition {
  return { ...options, resumable: options.resumable ?? true, run: run as unknown as OperationFn };
}

/**
 * Declares a plugin: the default export of its package.
 *
 * @throws Error for a name that no blueprint could map, or an alias to an operation that is not there
 * @example
 * export default definePlugin({ name: 'foo', operations: { create: operation({}, async (ctx) => { … }) } });
 */
export function definePlugin(plugin: Plugin): Plugin {
  if (!/^[A-Za-z][\w-]*$/.test(plugin.name)) throw new Error(`not a plugin name: ${JSON.stringify(plugin.name)}`);
  for (const [alias, name] of Object.entries(plugin.aliases ?? {})) {
    if (!Object.hasOwn(plugin.operations, name))
      throw new Error(`plugin ${plugin.name}: alias ${alias} stands for ${name}, which is no operation of it`);
  }
  return plugin;
}
