/** The services that calls can be made to. Each one's SDK is heavy: it is loaded with the first call to it. */
import { NonRecoverableError } from '../sdk/errors.js';

const SERVICES = {
  ec2: { title: 'EC2', client: 'EC2Client', load: async () => await import('@aws-sdk/client-ec2') },
  elb: {
    title: 'classic load balancing',
    client: 'ElasticLoadBalancingClient',
    load: async () => await import('@aws-sdk/client-elastic-load-balancing'),
  },
  elbv2: {
    title: 'load balancing',
    client: 'ElasticLoadBalancingV2Client',
    load: async () => await import('@aws-sdk/client-elastic-load-balancing-v2'),
  },
} as const;

export type ServiceName = keyof typeof SERVICES;

/** A client as far as it is the same for all services. */
export interface ServiceClient {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
}

/** What a service's SDK exports, by name: clients, commands, and the shapes of what commands take. */
export type Sdk = Readonly<Record<string, unknown>>;

export interface NamedCall {
  readonly service: ServiceName;
  readonly title: string;
  /** As the service's reference has it. */
  readonly name: string;
}

/** @param command `DescribeVpcs`, which is EC2's, or with its service: `elbv2.DescribeTargetGroups` */
export function namedCall(command: string): NamedCall {
  const dot = command.indexOf('.');
  const service = dot < 0 ? 'ec2' : command.slice(0, dot);
  if (!Object.hasOwn(SERVICES, service))
    throw new NonRecoverableError(
      `the command ${command} is of no service that is known: ${Object.keys(SERVICES).join(', ')}`,
    );
  const known = service as ServiceName;
  return { service: known, title: SERVICES[known].title, name: command.slice(dot + 1) };
}

const loading = new Map<ServiceName, Promise<Sdk>>();

export async function loadSdk(service: ServiceName): Promise<Sdk> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const begun = loading.get(service) ?? SERVICES[service].load();
  loading.set(service, begun as Promise<Sdk>);
  return (await begun) as Sdk;
}

export function openClient(service: ServiceName, sdk: Sdk, settings: object): ServiceClient {
  const Client = sdk[SERVICES[service].client] as new (settings: object) => ServiceClient;
  return new Client(settings);
}
