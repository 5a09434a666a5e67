/** Whom to talk to and as whom: `client_config` of a blueprint, in both its generations, as one set of settings. */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import { NonRecoverableError } from '../sdk/errors.js';
import type { ServiceName } from './services.js';

export interface ClientSettings {
  /** Absent = what the environment or the profile says. */
  readonly region?: string;
  readonly endpoint?: string;
  /** Absent = the SDK's default provider chain. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** ARN of the role to take on. */
  readonly assumeRole?: string;
  /** Attempts of a call that only reads. */
  readonly maxAttempts?: number;
  readonly retryMode?: 'standard' | 'adaptive';
}

const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/;
const ZONE = /^([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})[a-z]$/;

/** Merged in this order, later ones win: plugin properties, the node's property, the runtime property. */
export function clientSettings(
  pluginProperties: JsonObject,
  nodeProperties: JsonObject,
  runtimeProperties: JsonObject,
  service: ServiceName = 'ec2',
): ClientSettings {
  const merged: Record<string, Json> = {};
  for (const source of [pluginProperties, ...configsIn(nodeProperties), ...configsIn(runtimeProperties)])
    for (const [key, value] of Object.entries(source)) if (value !== null && value !== '') merged[key] = value;
  return settingsOf(merged, service);
}

/** `aws_config` is the name it once had. */
function configsIn(properties: JsonObject): JsonObject[] {
  return [properties.aws_config, properties.client_config].filter(isObject);
}

/** The old family's words for where a service is. Other services know EC2's region, but are not at its endpoint. */
const PLACES: Readonly<Record<ServiceName, { readonly endpoint: string; readonly regions: readonly string[] }>> = {
  ec2: { endpoint: 'ec2_region_endpoint', regions: ['ec2_region_name'] },
  elb: { endpoint: 'elb_region_endpoint', regions: ['elb_region_name', 'ec2_region_name'] },
  elbv2: { endpoint: 'elb_region_endpoint', regions: ['elb_region_name', 'ec2_region_name'] },
};

function settingsOf(config: JsonObject, service: ServiceName): ClientSettings {
  const text = (...keys: string[]) => keys.map((key) => config[key]).find((value) => typeof value === 'string');
  const place = PLACES[service];
  const endpoint = endpointOf(text('endpoint_url', place.endpoint));
  const region =
    text('region_name', ...place.regions, 'region') ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  if (region !== undefined && endpoint === undefined) checkRegion(region);
  const credentials = credentialsOf(
    text('aws_access_key_id'),
    text('aws_secret_access_key'),
    text('aws_session_token'),
  );
  const assumeRole = text('assume_role');
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(assumeRole === undefined ? {} : { assumeRole }),
    ...retriesOf(config.additional_config),
  };
}

function checkRegion(region: string): void {
  if (REGION.test(region)) return;
  const zone = ZONE.exec(region);
  throw new NonRecoverableError(
    zone
      ? `client_config.region_name is ${region}, which is an availability zone; its region is ${zone[1]}`
      : `client_config.region_name is ${JSON.stringify(region)}, which is no region name; one looks like us-east-1`,
  );
}

function endpointOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const url = /^https?:\/\//.test(given) ? given : `https://${given}`;
  if (URL.canParse(url)) return url;
  throw new NonRecoverableError(`client_config.endpoint_url is ${JSON.stringify(given)}, which is no URL`);
}

function credentialsOf(id?: string, secret?: string, token?: string): ClientSettings['credentials'] {
  if (id === undefined && secret === undefined) return undefined;
  if (id === undefined || secret === undefined)
    throw new NonRecoverableError(
      `client_config has ${id === undefined ? 'aws_secret_access_key but no aws_access_key_id' : 'aws_access_key_id but no aws_secret_access_key'}`,
    );
  return { accessKeyId: id, secretAccessKey: secret, ...(token === undefined ? {} : { sessionToken: token }) };
}

/** boto3's `config`, as far as it means something here. */
function retriesOf(additional: Json | undefined): Pick<ClientSettings, 'maxAttempts' | 'retryMode'> {
  const retries = isObject(additional) ? additional.retries : undefined;
  if (!isObject(retries)) return {};
  const attempts = Number(retries.max_attempts ?? retries.total_max_attempts);
  return {
    ...(Number.isInteger(attempts) && attempts > 0 ? { maxAttempts: attempts } : {}),
    ...(retries.mode === undefined ? {} : { retryMode: retries.mode === 'adaptive' ? 'adaptive' : 'standard' }),
  };
}
