/**
 * Calls of the API by name, EC2's and other services'.
 *
 * A call that changes something is sent once: the SDK would send it again after a lost answer, and there would be two.
 */
import { createHash } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import { suggestion } from '../../blueprint/suggestion.js';
import { NonRecoverableError } from '../sdk/errors.js';
import type { Logger } from '../sdk/logger.js';
import { ApiError, apiError } from './api-error.js';
import type { ClientSettings } from './client-config.js';
import { toJson, withoutEmpty } from './json.js';
import { loadSdk, namedCall, openClient, type Sdk, type ServiceClient, type ServiceName } from './services.js';
import { checkInput, inputShape, parametersOf, type Shape, withoutSensitive } from './shapes.js';
import { pause, timings } from './wait.js';

export interface Api {
  /**
   * @param command name of the call, e.g. `DescribeVpcs`, or of another service `elbv2.DescribeTargetGroups`
   * @throws ApiError when the API refuses or does not answer; NonRecoverableError for parameters it does not have
   */
  send(command: string, input: JsonObject): Promise<JsonObject>;
  /** Names of the parameters of a call. */
  parameters(command: string): Promise<readonly string[]>;
  /** The input without what must not be stored. */
  storable(command: string, input: JsonObject): Promise<JsonObject>;
}

interface Clients {
  readonly reading: ServiceClient;
  readonly changing: ServiceClient;
}

const READS = /^(Describe|Get|List|Search)/;
const REQUEST_LIMITS = { connectionTimeout: 10_000, requestTimeout: 120_000 };
const THROTTLED_TRIES = 5;
/** Longer than the five minutes at which the SDK asks for new ones. */
const RENEW_BEFORE_MS = 6 * 60_000;
const MOST_CLIENTS = 50;

const clients = new Map<string, Clients>();

/** @param settings asked for when there is something to send: nothing to do needs no region and no credentials */
export function openApi(settings: (service: ServiceName) => ClientSettings, logger: Logger, signal: AbortSignal): Api {
  async function sendOnce(command: string, input: Record<string, unknown>): Promise<JsonObject> {
    const { service, name } = namedCall(command);
    const sdk = await loadSdk(service);
    const { reading, changing } = clientsFor(service, sdk, settings(service));
    const Command = sdk[`${name}Command`] as new (input: object) => object;
    const client = READS.test(name) ? reading : changing;
    try {
      return toJson(await client.send(new Command(input), { abortSignal: signal })) as JsonObject;
    } catch (error) {
      signal.throwIfAborted();
      throw apiError(command, error);
    }
  }

  return {
    async send(command, given) {
      const shape = await shapeOf(command);
      const { input, problems } = checkInput(shape, given);
      if (problems.length > 0)
        throw new NonRecoverableError(`${command} would not accept these parameters: ${problems.join('; ')}`);
      const { service, name } = namedCall(command);
      logger.debug('%s %s %j', service, name, masked(withoutSensitive(shape, given)));
      for (let tried = 1; ; tried += 1) {
        try {
          return await sendOnce(command, input);
        } catch (error) {
          // A throttled call was not carried out, so sending it again is safe whatever it does.
          if (!(error instanceof ApiError) || !error.throttled || tried >= THROTTLED_TRIES) throw error;
          await pause(timings().backoffMs * 2 ** tried * (0.5 + Math.random() / 2), signal);
        }
      }
    },
    parameters: async (command) => parametersOf(await shapeOf(command)),
    storable: async (command, input) => masked(withoutSensitive(await shapeOf(command), withoutEmpty(input))),
  };
}

async function shapeOf(command: string): Promise<Shape> {
  const { service, title, name } = namedCall(command);
  const sdk = await loadSdk(service);
  if (/^[A-Z]\w+$/.test(name) && sdk[`${name}Command`] !== undefined) return inputShape(sdk[`${name}$`]);
  const known = Object.keys(sdk).flatMap((key) => (key.endsWith('Command') ? [key.slice(0, -7)] : []));
  throw new NonRecoverableError(
    `the ${title} API has no call ${name}; ${suggestion(name, known) ?? 'see its reference'}`,
  );
}

function clientsFor(service: ServiceName, sdk: Sdk, settings: ClientSettings): Clients {
  const key = createHash('sha256')
    .update(JSON.stringify([service, settings, process.env.AWS_PROFILE]))
    .digest('hex');
  const known = clients.get(key);
  if (known) return known;
  const { region, endpoint, credentials, assumeRole, maxAttempts = 5, retryMode = 'standard' } = settings;
  const shared = {
    ...(region === undefined ? (endpoint === undefined ? {} : { region: 'us-east-1' }) : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // A copy: the SDK writes into what it is given.
    ...(credentials === undefined ? {} : { credentials: { ...credentials } }),
    ...(assumeRole === undefined ? {} : { credentials: remembered(() => roleCredentials(assumeRole, settings)) }),
    requestHandler: REQUEST_LIMITS,
  };
  const made = {
    reading: openClient(service, sdk, { ...shared, maxAttempts, retryMode }),
    changing: openClient(service, sdk, { ...shared, maxAttempts: 1 }),
  };
  if (clients.size >= MOST_CLIENTS) clients.clear();
  clients.set(key, made);
  return made;
}

type RoleCredentials = Awaited<ReturnType<typeof roleCredentials>>;

/** Both clients ask, and the SDK asks again when the credentials are about to expire. */
function remembered(take: () => Promise<RoleCredentials>): () => Promise<RoleCredentials> {
  let taken: Promise<RoleCredentials> | undefined;
  let renewAt = 0;
  async function renewed(): Promise<RoleCredentials> {
    try {
      const credentials = await take();
      renewAt = (credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - RENEW_BEFORE_MS;
      return credentials;
    } catch (error) {
      taken = undefined;
      throw error;
    }
  }
  return async () => {
    if (taken === undefined || Date.now() > renewAt) {
      renewAt = Number.POSITIVE_INFINITY;
      taken = renewed();
    }
    return await taken;
  };
}

async function roleCredentials(role: string, { region, endpoint, credentials }: ClientSettings) {
  const { STSClient, AssumeRoleCommand } = await import('@aws-sdk/client-sts');
  const sts = new STSClient({
    region: region ?? 'us-east-1',
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials: { ...credentials } }),
  });
  const name = `caisson-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: name }));
  if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey)
    throw new NonRecoverableError(`the role ${role} gave no credentials`);
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    ...(Credentials.SessionToken ? { sessionToken: Credentials.SessionToken } : {}),
    ...(Credentials.Expiration ? { expiration: Credentials.Expiration } : {}),
  };
}

const SECRET_PARAMETERS = new Set([
  'UserData',
  'PublicKeyMaterial',
  'KeyMaterial',
  'PreSharedKey',
  'PasswordData',
  'ClientSecret',
]);

/** At any depth: launch specifications have them inside. */
function masked(input: JsonObject): JsonObject {
  const shown = Object.entries(input).filter(([key]) => !SECRET_PARAMETERS.has(key));
  return Object.fromEntries(shown.map(([key, value]) => [key, maskedValue(value)]));
}

function maskedValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(maskedValue);
  return isObject(value) ? masked(value) : value;
}
