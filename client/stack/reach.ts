/** Why a Temporal server cannot be used: the way to it step by step, up to the first that fails. */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { CaissonError } from '../errors.js';
import type { ConnectionSettings } from '../settings.js';
import { callGrpc, GRPC, hostOf, textField, tlsOptions } from './grpc.js';

export interface ReachStep {
  readonly step: 'name' | 'TCP' | 'TLS' | 'server' | 'namespace';
  readonly ok: boolean;
  readonly detail: string;
}

type Reached = ConnectionSettings & { readonly address: string };

const PATIENCE_MS = 5_000;

/** Tries every step; the last one is the first that failed, or all are fine. */
export async function reach(connection: Reached): Promise<readonly ReachStep[]> {
  const steps: ReachStep[] = [];
  for (const [step, attempt] of [
    ['name', resolves],
    ['TCP', connects],
    ['TLS', handshakes],
    ['server', serves],
    ['namespace', knowsNamespace],
  ] as const) {
    try {
      const detail = await attempt(connection);
      if (detail !== undefined) steps.push({ step, ok: true, detail });
    } catch (error) {
      return [...steps, { step, ok: false, detail: (error as Error).message }];
    }
  }
  return steps;
}

/** The error for a server that cannot be used: what works, what does not, and what to do. */
export async function unreachable(connection: Reached, cause?: unknown): Promise<CaissonError> {
  return refusal(connection, await reach(connection), cause);
}

/** @throws CaissonError at the first step that fails */
export async function checkReach(connection: Reached): Promise<void> {
  const steps = await reach(connection);
  if (steps.some(({ ok }) => !ok)) throw refusal(connection, steps);
}

/**
 * For who waits for a server that is away, but not for one that will never let it in.
 *
 * @throws CaissonError when the server refuses the credentials, or is not the one that is trusted
 */
export async function checkCredentials(connection: Reached): Promise<void> {
  const steps = await reach(connection);
  const error = refusal(connection, steps);
  if (error.kind === 'permission' || steps.some(({ ok, detail }) => !ok && detail.startsWith(NOT_TRUSTED))) throw error;
}

const NOT_TRUSTED = "the server's certificate is not trusted";

function refusal(connection: Reached, steps: readonly ReachStep[], cause?: unknown): CaissonError {
  const list = steps.map(({ step, ok, detail }) => `\n  ${ok ? '✓' : '✗'} ${step}: ${detail}`).join('');
  const failed = steps.find(({ ok }) => !ok);
  const remedy = failed && REFUSALS.find(({ words }) => words.test(failed.detail))?.remedy;
  const refused = remedy !== undefined;
  const why = failed ? '' : `\n  but: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new CaissonError(
    refused ? 'permission' : 'unreachable',
    refused ? 'C5009' : 'C5001',
    `the Temporal server at ${connection.address} cannot be used:${list}${why}`,
    {
      cause,
      hint: remedy ?? WAYS_OUT[failed?.step ?? 'server'],
      details: { steps: steps.map((step) => ({ ...step })) },
    },
  );
}

/** What is a matter of who one is, by the words in which the steps tell it. */
const REFUSALS = [
  {
    words: /^(the|a) client certificate/,
    remedy:
      'give TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (client_cert_path, client_key_path of the ' +
      'profile): a certificate of an authority that the server trusts, which has not expired, and its key',
  },
  {
    words: /permission|credentials/,
    remedy: 'check TEMPORAL_API_KEY (api_key of the profile), and that it is for the namespace (TEMPORAL_NAMESPACE)',
  },
];

const EMBEDDED = 'or unset TEMPORAL_ADDRESS and type: caisson up';

const WAYS_OUT: Readonly<Record<ReachStep['step'], string>> = {
  name: `check the host in TEMPORAL_ADDRESS or the profile (caisson config list --origin), ${EMBEDDED}`,
  TCP: `start the server, check host and port and what lies between (VPN, firewall), ${EMBEDDED}`,
  TLS: 'check TEMPORAL_TLS and the files of TEMPORAL_TLS_SERVER_CA_CERT_PATH, …_CLIENT_CERT_PATH, …_CLIENT_KEY_PATH',
  server:
    'check that the address is that of a Temporal frontend, and TEMPORAL_TLS and TEMPORAL_API_KEY; see: caisson doctor',
  namespace: 'check TEMPORAL_NAMESPACE, or make it: temporal operator namespace create --namespace NAME',
};

async function resolves({ address }: Reached): Promise<string | undefined> {
  const { host } = hostOf(address);
  if (isIP(host) !== 0) return undefined;
  try {
    const found = await lookup(host, { all: true });
    return `${host} is ${found.map((one) => one.address).join(', ')}`;
  } catch {
    throw new Error(`${host} is not known to the name service`);
  }
}

async function connects({ address }: Reached): Promise<string> {
  const { host, port } = hostOf(address);
  await new Promise<void>((resolve, reject) => {
    const socket = connectTcp({ host, port, timeout: PATIENCE_MS });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error(`${host}:${port} does not answer (a firewall?)`)));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ECONNREFUSED' ? new Error(`nothing listens at ${host}:${port}`) : error);
    });
  });
  return `${host}:${port} is open`;
}

async function handshakes(connection: Reached): Promise<string | undefined> {
  const options = tlsOptions(connection);
  if (!options) return undefined;
  const { host, port } = hostOf(connection.address);
  checkPair(options);
  return await new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, timeout: PATIENCE_MS, ...options }, () => {
      const { issuer } = socket.getPeerCertificate();
      socket.destroy();
      resolve(
        `certificate for ${options.servername || host} by ${[issuer?.CN ?? issuer?.O].flat()[0] ?? 'an unnamed authority'}`,
      );
    });
    socket.once('timeout', () =>
      socket.destroy(new Error('no answer to the handshake: is this a server without TLS?')),
    );
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        /WRONG_VERSION_NUMBER|ECONNRESET|EPROTO/.test(error.code ?? '')
          ? new Error(`no TLS is spoken there (${error.message})`)
          : /CERT|SIGNATURE|ISSUER/.test(error.code ?? '')
            ? new Error(`${NOT_TRUSTED}: ${error.message}`)
            : error,
      );
    });
  });
}

/** @throws Error for a certificate and a key that are none, or not of each other */
function checkPair(options: NonNullable<ReturnType<typeof tlsOptions>>): void {
  try {
    createSecureContext(options);
  } catch (error) {
    if (options.cert === undefined) throw error;
    throw new Error(`the client certificate and its key cannot be used: ${briefly((error as Error).message)}`, {
      cause: error,
    });
  }
}

/** `80DC…:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:…` → what it says. */
const briefly = (message: string): string => /error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/.exec(message)?.[1] ?? message;

async function serves(connection: Reached): Promise<string> {
  try {
    const { status, message } = await callGrpc(
      connection,
      '/grpc.health.v1.Health/Check',
      Buffer.alloc(0),
      PATIENCE_MS,
    );
    if (status === GRPC.unauthenticated || status === GRPC.permissionDenied)
      throw new Error(`it refuses the credentials: ${message}`);
    if (status === GRPC.unavailable) throw new Error(`it is not ready: ${message}`);
    return 'answers';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const needsTls = connection.tls === undefined || connection.tls === false;
    if (needsTls && /ERR_HTTP2|ECONNRESET|no gRPC/.test(`${code} ${message}`))
      throw new Error(`it does not talk to us; it may want TLS (TEMPORAL_TLS=true) (${message})`);
    // What a server thinks of a client's certificate it says after the handshake, in TLS 1.3.
    if (!needsTls && /certificate|ALERT_UNKNOWN_CA|ALERT_ACCESS_DENIED/i.test(`${code} ${message}`))
      throw new Error(clientCertificate(connection, message));
    if (!needsTls && /ECONNRESET|EPIPE|ERR_HTTP2/.test(`${code}`))
      throw new Error(`it hangs up after the handshake: it is not ready, or accepts no such client certificate`);
    throw error;
  }
}

function clientCertificate({ tls }: Reached, message: string): string {
  const isGiven = typeof tls === 'object' && tls.clientCertPair !== undefined;
  const what = isGiven
    ? 'the client certificate is not accepted'
    : 'a client certificate is required, and none is given';
  return `${what} (${briefly(message)})`;
}

async function knowsNamespace(connection: Reached): Promise<string> {
  const { namespace } = connection;
  const path = '/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace';
  const { status, message } = await callGrpc(connection, path, textField(1, namespace), PATIENCE_MS);
  if (status === GRPC.ok) return namespace;
  if (status === GRPC.notFound) throw new Error(`there is no namespace ${namespace}`);
  if (status === GRPC.unauthenticated || status === GRPC.permissionDenied)
    throw new Error(`no permission for the namespace ${namespace}: ${message}`);
  throw new Error(`the namespace ${namespace} cannot be looked up: ${message} (gRPC status ${status})`);
}
