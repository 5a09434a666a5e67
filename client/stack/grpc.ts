/**
 * Single gRPC calls by hand: to ask whether a server serves, and step by step why it does not. Loading Temporal's
 * client takes longer than all the rest of a short command.
 */
import { connect as connectHttp2 } from 'node:http2';
import { isIP } from 'node:net';
import type { ConnectionSettings } from '../settings.js';

export interface GrpcAnswer {
  /** 0 is fine; else the gRPC status. */
  readonly status: number;
  readonly message: string;
  readonly body: Buffer;
}

export const GRPC = {
  ok: 0,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
};

export interface Host {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[ipv6]:port`; the port is 7233 when it is missing. */
export function hostOf(address: string): Host {
  const bare = address.replace(/^[a-z]+:\/\//i, '').replace(/\/$/, '');
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(bare) ?? [];
  return { host: bracketed ?? plain ?? bare, port: Number(port ?? 7233) };
}

/** TLS as Node's sockets take it; undefined when the connection is plain. */
export function tlsOptions({ tls, address = '' }: ConnectionSettings) {
  if (tls === undefined || tls === false) return undefined;
  const { serverRootCACertificate, clientCertPair, serverNameOverride } = tls === true ? {} : tls;
  const name = serverNameOverride ?? hostOf(address).host;
  return {
    // The TLS rules know no addresses as server names.
    servername: isIP(name) === 0 ? name : '',
    ALPNProtocols: ['h2'],
    ...(serverRootCACertificate ? { ca: Buffer.from(serverRootCACertificate) } : {}),
    ...(clientCertPair ? { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) } : {}),
  };
}

/**
 * Calls a method with an encoded message.
 *
 * @param path `/package.Service/Method`
 * @throws Error when no answer comes
 */
export async function callGrpc(
  connection: ConnectionSettings & { readonly address: string },
  path: string,
  message: Uint8Array,
  timeoutMs: number,
): Promise<GrpcAnswer> {
  const { host, port } = hostOf(connection.address);
  const tls = tlsOptions(connection);
  const session = connectHttp2(`${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`, tls);
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      session.once('error', reject);
      session.once('close', () => clearTimeout(timer));
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...connection.metadata,
        ...(connection.apiKey === undefined ? {} : { authorization: `Bearer ${connection.apiKey}` }),
      });
      const chunks: Buffer[] = [];
      let outcome: Record<string, unknown> = {};
      stream.on('response', (headers) => {
        outcome = headers;
      });
      stream.on('trailers', (headers) => {
        outcome = headers;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('error', reject);
      stream.once('end', () => {
        const status = outcome['grpc-status'];
        if (Object.keys(outcome).length === 0)
          reject(Object.assign(new Error('it hangs up without an answer'), { code: 'ECONNRESET' }));
        else if (status === undefined)
          reject(new Error(`something answers at ${connection.address}, but it speaks no gRPC`));
        else
          resolve({
            status: Number(status),
            message: decodeURIComponent(String(outcome['grpc-message'] ?? '')),
            body: Buffer.concat(chunks).subarray(5),
          });
      });
      stream.end(framed(message));
    });
  } finally {
    session.destroy();
  }
}

/** Whether the server serves workflows now. */
export async function isServing(
  connection: ConnectionSettings & { readonly address: string },
  timeoutMs = 2_000,
): Promise<boolean> {
  const service = textField(1, 'temporal.api.workflowservice.v1.WorkflowService');
  try {
    const { status, body } = await callGrpc(connection, '/grpc.health.v1.Health/Check', service, timeoutMs);
    // status = SERVING
    return status === GRPC.ok && body.equals(Buffer.from([0x08, 0x01]));
  } catch {
    return false;
  }
}

/** A text field of a protobuf message. */
export function textField(number: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}

function framed(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
