/** What an instance remembers of its container. */
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import type { Engine } from '../engine/open.js';
import type { Inspected } from './ensure.js';

/** Everything that container operations store. */
export const RECORDED = [
  'container',
  'container_id',
  'container_name',
  'container_args',
  'container_info',
  'endpoints',
  'exit_code',
  'failed_container',
  'image',
  'image_digest',
  'image_id',
  'image_pulled_by_us',
  'build_result',
  'ip',
  'network_settings',
  'networks',
  'ports',
  'run_result',
  'status',
];

export function recordContainer({ host }: Engine, { instance }: NodeOperationContext, container: Inspected): void {
  const runtime = instance.runtimeProperties;
  const { State, NetworkSettings } = container;
  const networks = Object.entries(NetworkSettings.Networks ?? {});
  const ports = asJson(NetworkSettings.Ports ?? {}) as JsonObject;
  runtime.container_id = container.Id;
  runtime.container = container.Id;
  runtime.container_name = container.Name.replace(/^\//, '');
  runtime.image_id = container.Image;
  runtime.status = State.Health ? `${State.Status} (${State.Health.Status})` : State.Status;
  if (State.Status === 'exited') runtime.exit_code = State.ExitCode;
  // The engine's own top-level address is empty for containers on networks of their own.
  const ip = networks.map(([, { IPAddress }]) => IPAddress).find((address) => address !== '');
  if (ip !== undefined) runtime.ip = ip;
  runtime.networks = Object.fromEntries(
    networks.map(([name, { IPAddress, Aliases }]) => [name, { ip: IPAddress, aliases: Aliases ?? [] }]),
  );
  runtime.ports = ports;
  runtime.endpoints = endpointsOf(ports, host);
  runtime.network_settings = asJson(NetworkSettings);
  runtime.container_info = infoOf(container);
}

/** Without the command and the environment: they may hold secrets. */
function infoOf({ Id, Name, Created, Image, Platform, State, Config, Mounts }: Inspected): Json {
  const { Hostname, User, WorkingDir, Labels, ExposedPorts } = Config;
  const shown = { Id, Name, Created, Image, Platform, State, Mounts };
  return asJson({ ...shown, Config: { Hostname, User, WorkingDir, Labels, ExposedPorts, Image: Config.Image } });
}

/** `80/tcp` → `host:port` as reached from outside of the engine's host. */
function endpointsOf(ports: JsonObject, host: string): JsonObject {
  const published = Object.entries(ports).flatMap(([port, bindings]) => {
    const [binding] = Array.isArray(bindings) ? (bindings as JsonObject[]) : [];
    if (!binding) return [];
    const { HostIp: ip = '', HostPort } = binding;
    const address = ip === '' || ip === '0.0.0.0' || ip === '::' ? host : String(ip);
    return [[port, `${address}:${String(HostPort)}`]];
  });
  return Object.fromEntries(published);
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
