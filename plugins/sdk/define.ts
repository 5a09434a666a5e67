import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from './context.js';

/** The work of one operation. What it returns is the operation's result; what it throws decides about a retry. */
export type OperationFn<Inputs extends object = JsonObject> = (
  ctx: OperationContext,
  inputs: Inputs,
) => Promise<Json | undefined> | Json | undefined | Promise<void> | void;

/** How an operation is run. */
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

/** What `plugin.yaml` says of an operation, as a type. The file that `caisson plugins types` writes has one for each. */
export interface OperationTypes {
  /** The context of a node's operation, of a relationship's, or of either. */
  readonly context: { readonly type: OperationContext['type'] };
  readonly inputs: object;
}

/** The work of an operation whose types are generated. What it returns is the operation's result. */
export type Implementation<Types extends OperationTypes> = (
  ctx: Types['context'],
  inputs: Types['inputs'],
) => ReturnType<OperationFn>;

/** An operation's work, and its options. */
export type Implementations<All extends { readonly [Name in keyof All]: OperationTypes }> = {
  readonly [Name in keyof All]: OperationOptions & { readonly run: Implementation<All[Name]> };
};

/** An operation as a plugin holds it. Made by {@link operation} or {@link implement}. */
export interface OperationDefinition extends OperationOptions {
  readonly resumable: boolean;
  readonly run: OperationFn;
}

/** A plugin: its operations, and the names by which blueprints know it and them. */
export interface Plugin {
  /** The prefix of its operations in blueprints: `docker` in `docker.container.create`. */
  readonly name: string;
  /** Names under which blueprints import it: `plugin:NAME`. */
  readonly packageNames?: readonly string[];
  /** @default the version of its package */
  readonly version?: string;
  /** By name: blueprints map them as `PLUGIN.NAME`. */
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
 * Declares all operations of a plugin, with the types that `caisson plugins types` generates from `plugin.yaml`: properties
 * of the node, runtime properties, inputs, and settings of the plugin. One that a type maps and that is not here is an
 * error of the compiler, and so is one that no type maps.
 *
 * @example
 * import type { Operations } from './plugin-types.js';
 *
 * export default definePlugin({
 *   name: 'disks',
 *   operations: implement<Operations>({
 *     'disk.create': { timeoutSeconds: 600, async run(ctx, { size }) { … } },
 *     'disk.delete': { run: deleteDisk },
 *   }),
 * });
 */
export function implement<All extends { readonly [Name in keyof All]: OperationTypes }>(
  implementations: Implementations<All>,
): Record<keyof All & string, OperationDefinition> {
  const entries = Object.entries(implementations as Record<string, OperationOptions & { readonly run: unknown }>);
  const defined = entries.map(([name, { run, ...options }]) => [name, operation(options, run as OperationFn)] as const);
  return Object.fromEntries(defined) as Record<keyof All & string, OperationDefinition>;
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
