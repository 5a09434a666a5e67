/** Ports and volumes, in each of the ways that blueprints write them. */
import type { Json, JsonObject } from '../../../blueprint/json.js';
import { objectOf, textsOf } from '../../values.js';

/** `80`, `80/udp`, `[80, udp]`. */
export function portName(value: Json): string {
  if (Array.isArray(value)) return `${value[0]}/${value[1] ?? 'tcp'}`;
  const name = String(value);
  return name.includes('/') ? name : `${name}/tcp`;
}

/** The container's side of `80`, `8080:80`, `127.0.0.1:8080:80/udp`. */
export function exposedPorts(value: Json): JsonObject {
  const ports = Array.isArray(value)
    ? value
    : typeof value === 'object' && value !== null
      ? Object.keys(value)
      : [value];
  return Object.fromEntries(
    ports.map((port) => [portName(typeof port === 'string' ? (port.split(':').at(-1) ?? port) : port), {}]),
  );
}

/** `{80: 8080}`, `{80: [ip, 8080]}`, `{80: [8080, 8081]}`, `{80: {HostIp, HostPort}}`, `{80: null}` = any free port. */
export function portBindings(value: Json): JsonObject {
  if (Array.isArray(value)) return Object.assign({}, ...value.map(bindingOfText)) as JsonObject;
  return Object.fromEntries(Object.entries(objectOf(value)).map(([port, host]) => [portName(port), bindingsOf(host)]));
}

function bindingOfText(value: Json): JsonObject {
  const parts = String(value).split(':');
  const port = portName(parts.at(-1) ?? '');
  const hostPort = parts.length > 1 ? (parts.at(-2) ?? '') : '';
  return { [port]: [{ HostIp: parts.slice(0, -2).join(':'), HostPort: hostPort }] };
}

function bindingsOf(host: Json): Json[] {
  if (!Array.isArray(host)) return [binding(host)];
  const isAddress = host.length === 2 && typeof host[0] === 'string' && !/^\d+$/.test(host[0]);
  return isAddress ? [{ HostIp: String(host[0]), HostPort: String(host[1] ?? '') }] : host.map(binding);
}

function binding(host: Json): Json {
  if (Array.isArray(host)) return { HostIp: String(host[0]), HostPort: String(host[1] ?? '') };
  if (typeof host === 'object' && host !== null) {
    const { HostIp = '', HostPort = '' } = host as JsonObject;
    return { HostIp: String(HostIp), HostPort: String(HostPort) };
  }
  const [port = '', ip = ''] = host === null ? [] : String(host).split(':').reverse();
  return { HostIp: ip, HostPort: port };
}

/** `[host:path]`, `{host: path}`, `{host: {bind: path, mode: ro}}`, `{host: {bind: path, ro: true}}`. */
export function volumeBinds(value: Json): Json {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return textsOf(value);
  return Object.entries(value).map(([from, to]) => {
    if (typeof to !== 'object' || to === null) return `${from}:${String(to)}`;
    const { bind, mode, ro } = to as JsonObject;
    const suffix = typeof mode === 'string' ? `:${mode}` : ro === true ? ':ro' : '';
    return `${from}:${String(bind)}${suffix}`;
  });
}
