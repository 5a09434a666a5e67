/**
 * The body of "create container" from the options that blueprints write: docker-py's names in snake_case, and the
 * API's own names as they are.
 */
import type { Json, JsonObject } from '../../../blueprint/json.js';
import { suggestion } from '../../../blueprint/suggestion.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { isTrue, listOf, numberOf, objectOf, textsOf } from '../../values.js';
import { splitWords } from '../../words.js';
import { bytes, devices, healthcheck, logConfig, mounts, restartPolicy, ulimits } from './option-values.js';
import { exposedPorts, portBindings, volumeBinds } from './ports-and-volumes.js';

type Body = Record<string, Json>;
type Convert = (value: Json, name: string) => Json;

const asIs: Convert = (value) => value;
const text: Convert = (value) => String(value);
const texts: Convert = (value) => textsOf(value);
const flag: Convert = (value) => isTrue(value);
const number: Convert = (value, name) => numberOf(value, name) ?? null;
const words: Convert = (value) => (typeof value === 'string' ? splitWords(value) : textsOf(value));

/** Top level of the body. */
const OPTIONS: Readonly<Record<string, readonly [string, Convert]>> = {
  image: ['Image', text],
  command: ['Cmd', words],
  entrypoint: ['Entrypoint', words],
  environment: ['Env', (value) => pairs(value)],
  hostname: ['Hostname', text],
  domainname: ['Domainname', text],
  user: ['User', text],
  working_dir: ['WorkingDir', text],
  stdin_open: ['OpenStdin', flag],
  tty: ['Tty', flag],
  labels: ['Labels', (value) => labels(value)],
  stop_signal: ['StopSignal', text],
  stop_timeout: ['StopTimeout', number],
  healthcheck: ['Healthcheck', healthcheck],
  mac_address: ['MacAddress', text],
  network_disabled: ['NetworkDisabled', flag],
  networking_config: ['NetworkingConfig', asIs],
  ports: ['ExposedPorts', (value) => exposedPorts(value)],
};

/** Members of `HostConfig`. */
const HOST_OPTIONS: Readonly<Record<string, readonly [string, Convert]>> = {
  auto_remove: ['AutoRemove', flag],
  binds: ['Binds', (value) => volumeBinds(value)],
  blkio_weight: ['BlkioWeight', number],
  cap_add: ['CapAdd', texts],
  cap_drop: ['CapDrop', texts],
  cgroup_parent: ['CgroupParent', text],
  cgroupns: ['CgroupnsMode', text],
  cpu_count: ['CpuCount', number],
  cpu_percent: ['CpuPercent', number],
  cpu_period: ['CpuPeriod', number],
  cpu_quota: ['CpuQuota', number],
  cpu_shares: ['CpuShares', number],
  cpuset: ['CpusetCpus', text],
  cpuset_cpus: ['CpusetCpus', text],
  cpuset_mems: ['CpusetMems', text],
  device_cgroup_rules: ['DeviceCgroupRules', texts],
  device_requests: ['DeviceRequests', asIs],
  devices: ['Devices', devices],
  dns: ['Dns', texts],
  dns_opt: ['DnsOptions', texts],
  dns_search: ['DnsSearch', texts],
  extra_hosts: ['ExtraHosts', (value) => (Array.isArray(value) ? textsOf(value) : pairs(value, ':'))],
  group_add: ['GroupAdd', texts],
  init: ['Init', flag],
  ipc_mode: ['IpcMode', text],
  isolation: ['Isolation', text],
  links: ['Links', (value) => (Array.isArray(value) ? value.map(link) : pairs(value, ':'))],
  log_config: ['LogConfig', logConfig],
  mem_limit: ['Memory', bytes],
  mem_reservation: ['MemoryReservation', bytes],
  mem_swappiness: ['MemorySwappiness', number],
  memswap_limit: ['MemorySwap', bytes],
  mounts: ['Mounts', mounts],
  nano_cpus: ['NanoCpus', number],
  network: ['NetworkMode', text],
  network_mode: ['NetworkMode', text],
  oom_kill_disable: ['OomKillDisable', flag],
  oom_score_adj: ['OomScoreAdj', number],
  pid_mode: ['PidMode', text],
  pids_limit: ['PidsLimit', number],
  port_bindings: ['PortBindings', (value) => portBindings(value)],
  privileged: ['Privileged', flag],
  publish_all_ports: ['PublishAllPorts', flag],
  read_only: ['ReadonlyRootfs', flag],
  restart_policy: ['RestartPolicy', restartPolicy],
  runtime: ['Runtime', text],
  security_opt: ['SecurityOpt', texts],
  shm_size: ['ShmSize', bytes],
  storage_opt: ['StorageOpt', asIs],
  sysctls: ['Sysctls', asIs],
  tmpfs: ['Tmpfs', (value) => (Array.isArray(value) ? asKeys(value, '') : value)],
  ulimits: ['Ulimits', ulimits],
  userns_mode: ['UsernsMode', text],
  uts_mode: ['UTSMode', text],
  volume_driver: ['VolumeDriver', text],
  volumes_from: ['VolumesFrom', texts],
};

/** Options of the call, not of the container. */
const OF_THE_CALL = new Set([
  'name',
  'detach',
  'platform',
  'remove',
  'stdout',
  'stderr',
  'stream',
  'version',
  'volumes',
  'volumes_mapping',
  'host_config',
  'cpus',
  'use_config_proxy',
]); // prettier-ignore

/**
 * @param args as the blueprint has them; `host_config` may hold options too
 * @throws NonRecoverableError that names every option it does not know
 */
export function containerBody(args: JsonObject): Body {
  const given: JsonObject = { ...objectOf(args.host_config), ...withoutNull(args) };
  const body: Body = {};
  const host: Body = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === null) continue;
    const option = OPTIONS[name];
    const hostOption = HOST_OPTIONS[name];
    if (option) body[option[0]] = option[1](value, name);
    if (hostOption) host[hostOption[0]] = hostOption[1](value, name);
    if (option || hostOption || OF_THE_CALL.has(name)) continue;
    if (/^[A-Z]/.test(name)) (HOST_NAMES.has(name) ? host : body)[name] = value;
    else unknown.push(name);
  }
  if (unknown.length > 0) throw new NonRecoverableError(unknown.map(unknownOption).join('; '));
  publish(given, body, host);
  mountVolumes(given, body, host);
  if (given.cpus !== undefined) host.NanoCpus = Math.round((numberOf(given.cpus, 'cpus') ?? 0) * 1e9);
  if (body.OpenStdin === true && given.detach === undefined) body.AttachStdin = true;
  const raw = objectOf(body.HostConfig);
  return { ...body, HostConfig: { ...host, ...raw } };
}

const HOST_NAMES = new Set(Object.values(HOST_OPTIONS).map(([name]) => name));

/** `ports` of "run" is a mapping to host ports; of "create" a list of what is exposed. Bound ports are exposed too. */
function publish(given: JsonObject, body: Body, host: Body): void {
  const { ports } = given;
  if (typeof ports === 'object' && ports !== null && !Array.isArray(ports))
    host.PortBindings = { ...portBindings(ports), ...objectOf(host.PortBindings) };
  const bound = objectOf(host.PortBindings);
  if (Object.keys(bound).length > 0)
    body.ExposedPorts = { ...asKeys(Object.keys(bound), {}), ...objectOf(body.ExposedPorts) };
}

/**
 * `volumes` is a list of paths in the container, each bound to the host path at the same place of `volumes_mapping`;
 * without one it is an anonymous volume. It may also be written as bindings.
 */
function mountVolumes(given: JsonObject, body: Body, host: Body): void {
  const { volumes } = given;
  if (volumes === undefined || volumes === null) return;
  const binds = [...textsOf(host.Binds)];
  const anonymous: string[] = [];
  if (!Array.isArray(volumes) && typeof volumes === 'object') binds.push(...(volumeBinds(volumes) as string[]));
  else {
    const mapping = listOf(given.volumes_mapping);
    for (const [at, volume] of textsOf(volumes).entries()) {
      const from = mapping[at];
      if (from !== undefined && from !== null && from !== '') binds.push(`${String(from)}:${volume}`);
      else if (volume.includes(':')) binds.push(volume);
      else anonymous.push(volume);
    }
  }
  if (binds.length > 0) host.Binds = binds;
  if (anonymous.length > 0) body.Volumes = asKeys(anonymous, {});
}

function pairs(value: Json, separator = '='): Json {
  if (Array.isArray(value)) return textsOf(value);
  return Object.entries(objectOf(value)).map(([name, item]) => `${name}${separator}${plain(item)}`);
}

function labels(value: Json): Json {
  if (Array.isArray(value)) {
    return Object.fromEntries(
      textsOf(value).map((item) => [
        item.split('=', 1)[0] ?? '',
        item.includes('=') ? item.slice(item.indexOf('=') + 1) : '',
      ]),
    );
  }
  return Object.fromEntries(Object.entries(objectOf(value)).map(([name, item]) => [name, plain(item)]));
}

/** As Python's str() gives it: what scripts in containers have been reading. */
function plain(value: Json): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function link(value: Json): string {
  return Array.isArray(value) ? value.map(String).join(':') : String(value);
}

function asKeys(names: readonly Json[], value: Json): JsonObject {
  return Object.fromEntries(names.map((name) => [String(name), value]));
}

function withoutNull(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function unknownOption(name: string): string {
  const near = suggestion(name, [...Object.keys(OPTIONS), ...Object.keys(HOST_OPTIONS), ...OF_THE_CALL]);
  return `${name} is no option of a container${near === undefined ? '' : `; ${near}`}`;
}
