/** What an error of the API means for the operation: try again, or never. */
import { lookup } from 'node:dns/promises';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import { ApiError } from './api-error.js';
import { unknownRegion } from './regions.js';

export interface FailureScene {
  /** Node instance, for messages. */
  readonly instanceId: string;
  readonly operation: string;
  readonly retryNumber: number;
}

/** An id that was made a moment ago may be unknown to the next call; after this many retries it really is. */
const CONSISTENCY_RETRIES = 3;

/** Ids that blueprints bring along: what is not there now will not be there later. */
const GIVEN =
  /^(InvalidAMIID|InvalidKeyPair|InvalidSnapshot)\.|\.Malformed$|^(Certificate|PolicyType|SSLPolicy)NotFound$/;

/** One service may not know yet what another has just made. */
const UNKNOWN_YET = /^Invalid(SecurityGroup|Subnet|Instance|Target)$/;

const CAPACITY = /^Insufficient\w*(Capacity|Addresses\w*)$/;
const LIMIT = /(LimitExceeded|LimitReached)$|^TooMany/;

const NO_SUCH_HOST = /^(ENOTFOUND|EAI_AGAIN)$/;

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^(AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|RequestExpired)$/,
    'check the credentials in client_config',
  ],
  [/Credentials/, 'give credentials in client_config, or to the worker through its environment or profile'],
  [/^(UnauthorizedOperation|AccessDenied\w*)$/, 'the credentials need the permission for this call'],
  [/^OptInRequired$/, 'the account has to subscribe to what is asked for'],
  [/^InvalidAMIID/, 'image ids differ from region to region: check ImageId and region_name'],
  [/^InvalidKeyPair\.NotFound$/, 'check KeyName, and that the key pair is in the same region'],
  [/^InvalidKeyPair\.Duplicate$/, 'choose another KeyName, or use the existing one with use_external_resource'],
  [/^InvalidGroup\.Duplicate$/, 'choose another GroupName, or use the existing one with use_external_resource'],
  [/^InvalidSubnet\.Conflict$/, 'choose a CidrBlock that no subnet of the VPC overlaps'],
  [/^Duplicate\w+$/, 'choose another name or port, or use the existing one with use_external_resource'],
  [/^PriorityInUse$/, 'choose a Priority that no rule of the listener has'],
  [/^CertificateNotFound$/, 'check the ARN of the certificate, and that it is in the same region'],
  [LIMIT, 'ask for a higher quota, or release what is not used'],
  [CAPACITY, 'another AvailabilityZone or InstanceType may have capacity'],
  [/Region/, 'set client_config.region_name'],
  [NO_SUCH_HOST, 'check client_config.region_name, and that the worker has a network'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/, 'is there an AWS API, and can the worker reach it?'],
  [
    /^HTTP /,
    'what answers is no AWS API, or one without that region: check client_config.endpoint_url and region_name',
  ],
];

/** @returns an error of the SDK for plugins; whatever is not an ApiError comes back as it is */
export async function operationError(error: unknown, scene: FailureScene): Promise<unknown> {
  if (!(error instanceof ApiError)) return error;
  const { code } = error;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
  const bare = `${scene.operation} of ${scene.instanceId}: ${error.message}`;
  const message = remedy ? `${bare} (${remedy})` : bare;
  const options = { cause: error };
  const unknown = NO_SUCH_HOST.test(code) ? unknownRegion(error.reason) : undefined;
  if (unknown !== undefined)
    return new NonRecoverableError(`${bare} (${unknown}: check client_config.region_name)`, options);
  if (code === 'ENOTFOUND' && (await otherRegionsAnswer()))
    return new NonRecoverableError(`${bare} (there is no such region: check client_config.region_name)`, options);
  const passing = error.throttled || error.ambiguous || error.unreachable || error.busy || CAPACITY.test(code);
  const missing = (error.gone && !GIVEN.test(code)) || UNKNOWN_YET.test(code);
  const settling = missing && scene.retryNumber < CONSISTENCY_RETRIES;
  if (passing || settling) return new RecoverableError(message, options);
  return new NonRecoverableError(message, options);
}

/** Tells a region that does not exist from a network that does not work. */
async function otherRegionsAnswer(): Promise<boolean> {
  return await lookup('ec2.us-east-1.amazonaws.com').then(
    () => true,
    () => false,
  );
}
