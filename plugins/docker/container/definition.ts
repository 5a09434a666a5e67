/** What a container is to be: its name, and the body of the request that makes it. */
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext, RelationshipView } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { isTrue, objectOf, textOf, textsOf } from '../../values.js';
import { type Labels, ownLabels } from '../ownership.js';
import { containerBody } from './options.js';

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly platform: string | undefined;
  readonly body: JsonObject;
  readonly labels: Labels;
  /** Networks to join beside the one that the body names, with how. */
  readonly networks: readonly NetworkJoin[];
}

export interface NetworkJoin {
  readonly network: string;
  readonly endpoint: JsonObject;
}

/** @param args options as the blueprint has them */
export function containerDefinition(ctx: NodeOperationContext, image: string, args: JsonObject): ContainerDefinition {
  const body: Record<string, Json> = { ...containerBody(args), Image: image };
  const host: Record<string, Json> = { ...objectOf(body.HostConfig) };
  // An output that is to be captured must outlive the container's end: the plugin removes it itself.
  if (!isTrue(args.detach)) delete host.AutoRemove;
  const volumes = volumesOf(ctx);
  if (volumes.length > 0) host.Mounts = [...(Array.isArray(host.Mounts) ? host.Mounts : []), ...volumes];
  const joins = networksOf(ctx);
  const [first] = joins;
  const own = textOf(host.NetworkMode) === undefined && body.NetworkingConfig === undefined ? first : undefined;
  if (own) {
    host.NetworkMode = own.network;
    body.NetworkingConfig = { EndpointsConfig: { [own.network]: own.endpoint } };
  }
  body.HostConfig = host;
  const name = containerName(ctx, textOf(args.name));
  const labels = ownLabels(ctx, [name, body]);
  body.Labels = { ...objectOf(body.Labels), ...labels };
  return { name, image, platform: textOf(args.platform), body, labels, networks: joins.filter((join) => join !== own) };
}

/** @throws NonRecoverableError for a name that the engine would refuse */
function containerName({ deployment, instance, node }: NodeOperationContext, given: string | undefined): string {
  if (given === undefined)
    return `${deployment.id}_${instance.id}`.replaceAll(/[^\w.-]/g, '-').replace(/^[^a-zA-Z0-9]+/, '');
  // A name is given once for all instances, and the engine knows it once.
  const name = node.numberOfInstances > 1 && instance.index > 1 ? `${given}-${instance.index}` : given;
  if (/^[a-zA-Z0-9][\w.-]+$/.test(name)) return name;
  throw new NonRecoverableError(
    `${JSON.stringify(name)} is no name for a container: two or more letters, digits, or any of _ . - after the first`,
  );
}

/** Networks that the node is related to. It answers there to its node's name, besides its aliases. */
function networksOf(ctx: NodeOperationContext): NetworkJoin[] {
  return relationshipsTo(ctx, 'cloudify.nodes.docker.network').map(({ target, properties }) => {
    const addresses = {
      ...(textOf(properties.ipv4_address) === undefined ? {} : { IPv4Address: properties.ipv4_address as Json }),
      ...(textOf(properties.ipv6_address) === undefined ? {} : { IPv6Address: properties.ipv6_address as Json }),
    };
    const aliases = [...new Set([ctx.node.name, ...textsOf(properties.aliases)])];
    return {
      network: recorded(target, 'network_name'),
      endpoint: { Aliases: aliases, ...(Object.keys(addresses).length > 0 ? { IPAMConfig: addresses } : {}) },
    };
  });
}

function volumesOf(ctx: NodeOperationContext): Json[] {
  return relationshipsTo(ctx, 'cloudify.nodes.docker.volume').flatMap(({ target, properties }): Json[] => {
    const path = textOf(properties.target);
    if (path === undefined) return [];
    const mount = { Type: 'volume', Source: recorded(target, 'volume_name'), Target: path };
    return [{ ...mount, ReadOnly: isTrue(properties.read_only) }];
  });
}

function relationshipsTo({ instance }: NodeOperationContext, type: string): RelationshipView[] {
  return instance.relationships.filter(({ target }) => target.node.isA(type));
}

function recorded({ node, instance }: RelationshipView['target'], property: string): string {
  const value = instance.runtimeProperties[property];
  if (typeof value === 'string') return value;
  throw new NonRecoverableError(`${node.name} has not been created: it has no ${property}`);
}
