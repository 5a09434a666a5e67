import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from './context.js';

/** The work of one operation. What it returns is the operation's result; what it throws decides about a retry. */
export type OperationFn = (
  ctx: OperationContext,
  inputs: JsonObject,
) => Promise<Json | undefined> | Json | undefined | Promise<void> | void;

export interface OperationOptions {
  /**
   * May be run again after its worker was lost in the middle of it.
   * @default true
   */
  readonly resumable?: boolean;
}

export interface OperationDefinition extends Required<OperationOptions> {
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
 * Declares an operation.
 *
 * @example
 * operation({ resumable: true }, async (ctx, inputs) => {
 *   requireNode(ctx).instance.runtimeProperties.id = 'x';
 * });
 */
export function operation(options: OperationOptions, run: OperationFn): OperationDefinition {
  return { resumable: options.resumable ?? true, run };
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
