/** An answer of the API that is an error, or the lack of any answer. */
export class ApiError extends Error {
  constructor(
    readonly command: string,
    /** The API's code, e.g. `InvalidVpcID.NotFound`; for a broken connection the socket's. */
    readonly code: string,
    /** HTTP status; undefined when nothing came back. */
    readonly status: number | undefined,
    readonly reason: string,
  ) {
    super(`${command}: ${code}: ${reason.split('\n')[0]}`);
    this.name = 'ApiError';
  }

  /** The call may have been carried out all the same: nobody has said that it was not. */
  get ambiguous(): boolean {
    if (this.throttled || this.unreachable || this.unconfigured) return false;
    return this.status === undefined || this.status >= 500 || this.status < 400;
  }

  /** Nothing was sent: there was no connection. */
  get unreachable(): boolean {
    return UNREACHABLE.has(this.code);
  }

  /** Nothing was sent: region or credentials are not known. */
  get unconfigured(): boolean {
    return this.code === MISSING_REGION || this.code === 'CredentialsProviderError';
  }

  /** Nothing came of it: it was not sent, or whoever sent it is not let in. */
  get barred(): boolean {
    return this.unconfigured || this.unreachable || this.status === 401 || this.status === 403;
  }

  get throttled(): boolean {
    return THROTTLED.has(this.code);
  }

  /** What the call was about is not there (any more). */
  get gone(): boolean {
    return /NotFound$/.test(this.code) || /\.Malformed$/.test(this.code) || GONE.has(this.code);
  }

  /** Something still uses it, or it is on its way to another state. */
  get busy(): boolean {
    return BUSY.has(this.code) || /\.InUse$/.test(this.code) || /currently in use/.test(this.reason);
  }
}

const THROTTLED = new Set([
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'RequestThrottled',
  'EC2ThrottledException',
  'SnapshotCreationPerVolumeRateExceeded',
]);

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

const MISSING_REGION = 'MissingRegion';

const GONE = new Set(['Gateway.NotAttached', 'InvalidVolume.Detached', 'IncorrectState.Detached']);

const BUSY = new Set([
  'DependencyViolation',
  'VolumeInUse',
  'IncorrectState',
  'IncorrectInstanceState',
  'InvalidIPAddress.InUse',
  'Resource.AlreadyAssociated',
  'ConcurrentTagAccess',
  'ResourceInUse',
]);

/** The SDK's error as ours; anything else (a cancel, a fault of our own) as it is. */
export function apiError(command: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'AbortError') return error;
  const { $metadata, Code, code } = error as { $metadata?: { httpStatusCode?: number }; Code?: string; code?: string };
  const status = $metadata?.httpStatusCode;
  if (/Region is missing/.test(error.message)) return new ApiError(command, MISSING_REGION, status, error.message);
  const socket = code ?? (error.cause as { code?: string } | undefined)?.code;
  if (status !== undefined)
    return new ApiError(
      command,
      Code ?? (error.name === 'Error' ? `HTTP ${status}` : error.name),
      status,
      error.message,
    );
  if (socket === undefined && !/^(TimeoutError|CredentialsProviderError)$/.test(error.name)) return error;
  return new ApiError(command, socket ?? error.name, undefined, error.message);
}
