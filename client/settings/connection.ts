/** How to reach Temporal: what was given, over the profile of `temporal.toml`, as Temporal's own command resolves it. */
import { CaissonError } from '../errors.js';
import type { SettingsFile } from './file.js';
import { SETTINGS, type SettingKey } from './table.js';
import type { SettingValue } from './value.js';

export interface TlsSettings {
  readonly serverRootCACertificate?: Uint8Array;
  readonly clientCertPair?: { readonly crt: Uint8Array; readonly key: Uint8Array };
  readonly serverNameOverride?: string;
}

export interface ConnectionSettings {
  /** Undefined: the embedded server's. */
  readonly address?: string;
  readonly namespace: string;
  readonly apiKey?: string;
  readonly tls?: TlsSettings | boolean;
  /** Further gRPC headers (`TEMPORAL_GRPC_META_*`). */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ConnectionSources {
  /** Connection settings by flag, variable or Caisson's own files. */
  readonly given: ReadonlyMap<SettingKey, SettingValue>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly temporalConfig?: SettingsFile | undefined;
}

export interface ResolvedConnection {
  readonly connection: ConnectionSettings;
  /** What came out of the profile, not having been given otherwise. */
  readonly fromProfile: ReadonlyMap<SettingKey, SettingValue>;
}

/** @throws CaissonError for a profile that is not there or a file that cannot be read */
export async function resolveConnection(sources: ConnectionSources): Promise<ResolvedConnection> {
  const { given, temporalConfig } = sources;
  const variables = temporalVariables(sources);
  if (Object.keys(variables).length === 0 && temporalConfig === undefined)
    return { connection: { namespace: 'default' }, fromProfile: new Map() };
  const { loadClientConfigProfile, loadClientConnectConfig } = await import('@temporalio/envconfig');
  const options = {
    profile: variables.TEMPORAL_PROFILE,
    // The reader expects the table of profiles, which a file may well lack.
    configSource: { data: hasProfiles(temporalConfig) ? temporalConfig.text : '[profile]' },
    overrideEnvVars: variables,
  };
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig(defined(options));
    const { address, apiKey, tls, metadata } = connectionOptions;
    const profile = temporalConfig ? loadClientConfigProfile({ ...defined(options), disableEnv: true }) : {};
    const fromProfile = new Map<SettingKey, SettingValue>();
    const note = (key: SettingKey, value: SettingValue | undefined): void => {
      if (value !== undefined && !given.has(key)) fromProfile.set(key, value);
    };
    note('address', profile.address);
    note('namespace', profile.namespace);
    note('api_key', profile.apiKey);
    note('tls', profile.tls ? profile.tls.disabled !== true : undefined);
    note('tls_server_name', profile.tls?.serverName);
    note('tls_ca_file', pathOf(profile.tls?.serverCACert));
    note('tls_cert_file', pathOf(profile.tls?.clientCert));
    note('tls_key_file', pathOf(profile.tls?.clientKey));
    const connection = { address, apiKey, tls, metadata, namespace: namespace ?? 'default' };
    return { connection: defined(connection) as ConnectionSettings, fromProfile };
  } catch (error) {
    const from = temporalConfig ? ` (${temporalConfig.path})` : '';
    throw new CaissonError('usage', 'C1005', `the connection settings are wrong: ${(error as Error).message}${from}`, {
      hint: 'see: caisson config list --origin',
      cause: error,
    });
  }
}

/** The TEMPORAL_ variables as if everything that was given had been given by them. */
function temporalVariables({ given, environment }: ConnectionSources): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (name.startsWith('TEMPORAL_') && !OTHERS.includes(name) && value !== undefined) variables[name] = value;
  for (const [key, value] of given) {
    const { connection, variable } = SETTINGS[key];
    if (connection && key !== 'temporal_config') variables[variable] = String(value);
  }
  return variables;
}

const hasProfiles = (file: SettingsFile | undefined): file is SettingsFile =>
  /^\s*\[+\s*profile\b/m.test(file?.text ?? '');

/** Variables that do not say how to reach a server. */
const OTHERS = ['TEMPORAL_CLI_PATH', 'TEMPORAL_CONFIG_FILE', 'TEMPORAL_TEST_SERVER_PATH'];

function pathOf(source: { path: string } | { data: unknown } | undefined): string | undefined {
  if (source === undefined) return undefined;
  return 'path' in source ? source.path : 'given as data';
}

/** Without the fields that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}
