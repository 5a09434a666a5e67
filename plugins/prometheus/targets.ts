/**
 * Targets for Prometheus's file-based service discovery: one file for each instance, which is there while it is installed.
 * Its name is fixed by deployment and instance, so that writing it twice, or after a crash, makes no second one.
 */
import path from 'node:path';
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { numberOf, objectOf, textOf } from '../values.js';
import { at } from './place.js';
import { serverOf, settingsOf, TARGETS_VARIABLE } from './server.js';

const MONITORED_BY = 'caisson.relationships.prometheus.monitored_by';
const DEFAULT_PORT = 9100;

/**
 * @param inputs what the properties of the relationship say too, and go before them: functions are evaluated in inputs only.
 *  `port`, `path`, `scheme`, `address`, `labels`, `job`, `targets_folder`
 */
export async function registerTargets(ctx: OperationContext, inputs: JsonObject): Promise<void> {
  const registered = placeOf(ctx, inputs);
  if (!registered) {
    ctx.logger.warning(
      `no target is registered: no node of a Prometheus is related, and ${TARGETS_VARIABLE} is not set`,
    );
    return;
  }
  const { file, server, subject, targets } = registered;
  const groups = targets.map((one) => groupOf(ctx, subject, one));
  await at(ctx, server, async (place) => await place.write(file, `${JSON.stringify(groups, null, 2)}\n`));
  ctx.logger.info('%s', `target ${groups.flatMap((group) => group.targets).join(', ')} in ${file}`);
}

export async function unregisterTargets(ctx: OperationContext, inputs: JsonObject): Promise<void> {
  const registered = placeOf(ctx, inputs);
  if (registered) await at(ctx, registered.server, async (place) => await place.remove(registered.file));
}

interface Registered {
  readonly file: string;
  /** Node of the Prometheus; undefined: its folder is on this machine. */
  readonly server: Subject | undefined;
  readonly subject: Subject;
  /** What is known of each target. */
  readonly targets: readonly JsonObject[];
}

function placeOf(ctx: OperationContext, inputs: JsonObject): Registered | undefined {
  if (ctx.type === 'deployment') throw new NonRecoverableError('targets are those of nodes and relationships');
  const related = ctx.type === 'relationship-instance';
  const subject = related ? ctx.source : ctx;
  const server = related ? ctx.target : serverOf(subject);
  const { targetsFolder } = settingsOf({ ...server?.node.properties, ...named(inputs, 'targets_folder') });
  if (targetsFolder === undefined) return undefined;
  const own = subject.instance.relationships.filter(
    ({ target, isA }) => isA(MONITORED_BY) && target.instance.id === server?.instance.id,
  );
  const targets = related && own.length > 0 ? own.map(({ properties }) => ({ ...properties, ...inputs })) : [inputs];
  // One node may be registered by both ways: then each has a file.
  const kind = related ? '' : '.node';
  const file = path.posix.join(targetsFolder, `${safe(ctx.deployment.id)}.${safe(subject.instance.id)}${kind}.json`);
  return { file, server, subject, targets };
}

interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

function groupOf(ctx: OperationContext, { node, instance }: Subject, settings: JsonObject): TargetGroup {
  const address = textOf(settings.address) ?? textOf(instance.runtimeProperties.ip) ?? instance.hostIp;
  const port = numberOf(settings.port, 'the port of a target') ?? DEFAULT_PORT;
  const given = Object.entries(objectOf(settings.labels)).map(([name, value]) => [labelName(name), String(value)]);
  const special = { scheme: '__scheme__', path: '__metrics_path__', job: 'job' } as const;
  const settled = Object.entries(special).flatMap(([key, label]) => {
    const value = textOf(settings[key]);
    return value === undefined ? [] : [[label, value]];
  });
  return {
    targets: [`${address.includes(':') ? `[${address}]` : address}:${port}`],
    labels: {
      ...Object.fromEntries(given),
      ...Object.fromEntries(settled),
      deployment: ctx.deployment.id,
      node: node.id,
      // `instance` is Prometheus's own: the address.
      node_instance: instance.id,
    },
  };
}

function labelName(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  throw new NonRecoverableError(`not the name of a label: ${JSON.stringify(name)}`);
}

function named(inputs: JsonObject, name: string): JsonObject {
  const value = textOf(inputs[name]);
  return value === undefined ? {} : { [name]: value };
}

/** Ids may hold anything; a file name not, and no two may share one. */
function safe(id: string): string {
  return id.replaceAll(/[^\w-]/g, (character) => `%${character.codePointAt(0)?.toString(16)}`);
}
