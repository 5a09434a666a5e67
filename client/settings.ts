/**
 * Settings: flag, else environment, else `./caisson.toml`, else the person's `config.toml`, else the profile of
 * `temporal.toml`, else the default. Each value is known with its origin.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { S3Settings } from '../store/s3/settings.js';
import type { SecretSettings } from '../store/secrets.js';
import type { VaultSettings } from '../store/vault/settings.js';
import { CaissonError } from './errors.js';
import { type ConnectionSettings, resolveConnection } from './settings/connection.js';
import { projectSettings, type SettingsFile, settingsIn } from './settings/file.js';
import { platformFolders, temporalConfigFile } from './settings/folders.js';
import { SETTING_KEYS, SETTINGS, type SettingKey } from './settings/table.js';
import { absolute, type SettingValue, settingValue } from './settings/value.js';

export type { ConnectionSettings } from './settings/connection.js';
export type { SettingKey } from './settings/table.js';

/** All settings of Caisson, resolved: flag, environment, files, defaults. */
export interface Settings {
  /** Folder of the embedded server's database and, unless moved, of all other data. */
  readonly home: string;
  readonly cacheFolder: string;
  readonly stateFolder: string;
  readonly downloadsFolder: string;
  /** A folder's path or a location that names its kind. */
  readonly artifacts: string;
  /** For an artifact store in a bucket. */
  readonly s3?: S3Settings;
  readonly secrets: SecretSettings;
  /** Work folders of deployments on this machine. */
  readonly workFolder: string;
  readonly pluginFolders: readonly string[];
  /** Python packages that may be installed by their name. */
  readonly pythonPlugins?: string;
  /** Blueprints that others may import. */
  readonly blueprintFolders: readonly string[];
  readonly imports: { readonly network: boolean; readonly rules?: string };
  readonly embedded: boolean;
  readonly download: boolean;
  readonly temporalCli?: string;
  readonly port?: number;
  readonly uiPort?: number;
  readonly uiUrl?: string;
  /** Days for which the embedded server keeps closed workflows. */
  readonly retention: number;
  readonly taskQueue: string;
  readonly connection: ConnectionSettings;
  readonly encryption?: { readonly keys?: string; readonly keyFile?: string };
  readonly worker: WorkerLimits;
  readonly agent: AgentSettings;
}

export interface WorkerLimits {
  readonly operations: number;
  /** MiB; undefined: Node's own limit. */
  readonly memory?: number;
  /** HOST:PORT */
  readonly metrics?: string;
  /** Address of the Prometheus that policies ask which name none. */
  readonly prometheus?: string;
  /** HOST:PORT */
  readonly health?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export interface AgentSettings {
  /** HOST:PORT */
  readonly address?: string;
  /** TOML that agents get instead of the worker's own settings. */
  readonly settingsFile?: string;
  /** A command on the hosts. */
  readonly program?: string;
  readonly packageUrl?: string;
}

export interface SettingOrigin {
  readonly key: SettingKey;
  /** Undefined when nothing gives it and it has no default value. Secrets too are in clear here. */
  readonly value: SettingValue | undefined;
  /** `flag`, `environment NAME`, `PATH`, `PATH [profile NAME]` or `default`. */
  readonly origin: string;
}

/** Settings, and where each of them comes from. */
export interface LoadedSettings {
  readonly settings: Settings;
  readonly origins: readonly SettingOrigin[];
  /** The person's own file, whether it is there or not. */
  readonly userFile: string;
}

export type SettingFlags = Readonly<Partial<Record<SettingKey, string | boolean | number | undefined>>>;

export interface SettingSources {
  readonly flags: SettingFlags;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homedir: string;
  readonly platform: NodeJS.Platform;
  readonly project?: SettingsFile | undefined;
  readonly user?: SettingsFile | undefined;
  readonly temporalConfig?: SettingsFile | undefined;
}

/**
 * The settings of this process.
 *
 * @param flags what was given on the command line; it wins over everything
 * @throws CaissonError of kind `usage` for a wrong value, key or file
 */
export async function loadSettings(
  flags: SettingFlags = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): Promise<LoadedSettings> {
  const platform = { name: process.platform, homedir: environment.HOME ?? homedir(), environment };
  const userFile = userSettingsFile(platform.homedir, environment);
  const namedConfig = flags.temporal_config ?? environment.TEMPORAL_CONFIG_FILE;
  const [project, user, temporalConfig] = await Promise.all([
    fileIfThere(path.join(cwd, 'caisson.toml')),
    fileIfThere(userFile),
    fileIfThere(namedConfig === undefined ? temporalConfigFile(platform) : path.resolve(cwd, String(namedConfig))),
  ]);
  if (namedConfig !== undefined && temporalConfig === undefined)
    throw new CaissonError('usage', 'C1005', `there is no file ${namedConfig} (TEMPORAL_CONFIG_FILE)`);
  const loaded = await resolveSettings({
    flags,
    environment,
    cwd,
    homedir: platform.homedir,
    platform: platform.name,
    project,
    user,
    temporalConfig,
  });
  return { ...loaded, userFile };
}

function userSettingsFile(home: string, environment: SettingSources['environment']): string {
  if (environment.CAISSON_CONFIG !== undefined && environment.CAISSON_CONFIG !== '')
    return path.resolve(environment.CAISSON_CONFIG);
  const { configuration } = platformFolders({ name: process.platform, homedir: home, environment });
  return path.join(configuration, 'config.toml');
}

/** The settings that the sources give. Reads nothing but certificates that they name. */
export async function resolveSettings(sources: SettingSources): Promise<Omit<LoadedSettings, 'userFile'>> {
  const given = givenSettings(sources);
  const connectionGiven = new Map([...given].map(([key, { value }]) => [key, value]));
  const { connection, fromProfile } = await resolveConnection({ ...sources, given: connectionGiven });
  const profile = connectionGiven.get('profile') ?? 'default';
  for (const [key, value] of fromProfile)
    given.set(key, { value, origin: `${sources.temporalConfig?.path} [profile ${profile}]` });
  const fallbacks = fallbackValues(sources, given);
  const origins = SETTING_KEYS.map(
    (key): SettingOrigin => ({ key, ...(given.get(key) ?? { value: fallbacks[key], origin: 'default' }) }),
  );
  return { settings: settingsOf(origins, connection), origins };
}

interface Given {
  readonly value: SettingValue;
  readonly origin: string;
}

function givenSettings(sources: SettingSources): Map<SettingKey, Given> {
  const { flags, environment, cwd } = sources;
  const project = sources.project && projectSettings(sources.project);
  const user = sources.user && settingsIn(sources.user);
  const given = new Map<SettingKey, Given>();
  for (const key of SETTING_KEYS) {
    const take = (value: SettingValue, origin: string, base: string): void =>
      void given.set(key, { value: absolute(key, value, base, sources.homedir), origin });
    const variable = SETTINGS[key].variable;
    const flag = flags[key];
    const own = environment[variable];
    const ofProject = project?.get(key);
    const ofUser = user?.get(key);
    if (flag !== undefined) take(settingValue(key, flag, 'flag'), 'flag', cwd);
    else if (own !== undefined && own !== '') take(settingValue(key, own, variable), `environment ${variable}`, cwd);
    else if (ofProject !== undefined) take(ofProject, sources.project!.path, path.dirname(sources.project!.path));
    else if (ofUser !== undefined) take(ofUser, sources.user!.path, path.dirname(sources.user!.path));
  }
  return given;
}

function fallbackValues(
  { environment, homedir: home, platform }: SettingSources,
  given: ReadonlyMap<SettingKey, Given>,
): Readonly<Partial<Record<SettingKey, SettingValue>>> {
  const folders = platformFolders({ name: platform, homedir: home, environment });
  const data = given.get('home')?.value as string | undefined;
  const root = data ?? folders.data;
  return {
    home: root,
    cache: data === undefined ? folders.cache : path.join(data, 'cache'),
    state: data === undefined ? folders.state : path.join(data, 'state'),
    downloads: folders.cache,
    artifacts: path.join(root, 'artifacts'),
    secrets: path.join(root, 'secrets'),
    plugins: [path.join(root, 'plugins')],
    blueprints: [path.join(root, 'blueprints')],
    'import_resolver.network': true,
    embedded: true,
    download: true,
    retention: 30,
    task_queue: 'caisson',
    'worker.operations': 200,
    'worker.log_level': 'info',
    namespace: 'default',
  };
}

function settingsOf(origins: readonly SettingOrigin[], connection: ConnectionSettings): Settings {
  const values = Object.fromEntries(origins.map(({ key, value }) => [key, value])) as Record<SettingKey, never>;
  const keys: string | undefined = values.encryption_keys;
  const keyFile: string | undefined = values.encryption_key_file;
  return {
    home: values.home,
    cacheFolder: values.cache,
    stateFolder: values.state,
    downloadsFolder: values.downloads,
    artifacts: values.artifacts,
    ...optional('s3', s3Of(values)),
    secrets: {
      location: values.secrets,
      ...optional('keys', values.secrets_key),
      ...optional('keyFile', values.secrets_key_file),
      ...optional('vault', vaultOf(values)),
    },
    workFolder: path.join(values.home, 'work'),
    pluginFolders: values.plugins,
    blueprintFolders: values.blueprints,
    imports: { network: values['import_resolver.network'], ...optional('rules', values['import_resolver.rules']) },
    embedded: values.embedded,
    download: values.download,
    retention: values.retention,
    taskQueue: values.task_queue,
    ...optional('pythonPlugins', values.python_plugins),
    ...optional('temporalCli', values.temporal_cli),
    ...optional('port', values.port),
    ...optional('uiPort', values.ui_port),
    ...optional('uiUrl', values.ui_url),
    connection,
    ...(keys === undefined && keyFile === undefined
      ? {}
      : { encryption: { ...optional('keys', keys), ...optional('keyFile', keyFile) } }),
    worker: {
      operations: values['worker.operations'],
      logLevel: values['worker.log_level'],
      ...optional('memory', values['worker.memory']),
      ...optional('metrics', values['worker.metrics']),
      ...optional('prometheus', values['worker.prometheus']),
      ...optional('health', values['worker.health']),
    },
    agent: {
      ...optional('address', values['agent.address']),
      ...optional('settingsFile', values['agent.settings_file']),
      ...optional('program', values['agent.program']),
      ...optional('packageUrl', values['agent.package_url']),
    },
  };
}

function s3Of(values: Record<SettingKey, never>): S3Settings | undefined {
  if (!String(values.artifacts).startsWith('s3:')) return undefined;
  return {
    ...optional('endpoint', values['s3.endpoint']),
    ...optional('region', values['s3.region']),
    ...optional('accessKeyId', values['s3.access_key_id']),
    ...optional('secretAccessKey', values['s3.secret_access_key']),
  };
}

function vaultOf(values: Record<SettingKey, never>): VaultSettings | undefined {
  if (!String(values.secrets).startsWith('vault:')) return undefined;
  return {
    ...optional('address', values['vault.address']),
    ...optional('namespace', values['vault.namespace']),
    ...optional('token', values['vault.token']),
    ...optional('tokenFile', values['vault.token_file']),
    ...optional('roleId', values['vault.role_id']),
    ...optional('secretId', values['vault.secret_id']),
    ...optional('secretIdFile', values['vault.secret_id_file']),
    ...optional('authMount', values['vault.auth_mount']),
    ...optional('caFile', values['vault.ca_file']),
    ...optional('certFile', values['vault.cert_file']),
    ...optional('certKeyFile', values['vault.cert_key_file']),
    ...optional('serverName', values['vault.server_name']),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

async function fileIfThere(file: string): Promise<SettingsFile | undefined> {
  try {
    return { path: file, text: await readFile(file, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CaissonError('usage', 'C1002', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
