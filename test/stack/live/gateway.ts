/** What stands before a Temporal server in a company: TLS, client certificates, API keys. Real ones, on loopback. */
import { spawn } from 'node:child_process';
import http2 from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { onTestFinished } from 'vitest';
import { freePort } from '../../../client/stack/ports.js';
import type { Certificates } from '../certificates.js';

/** Ends TLS and passes on what is inside. @returns its address */
export async function startTlsGateway(
  { server: own, ca }: Certificates,
  target: string,
  { clientCertificate = false }: { readonly clientCertificate?: boolean } = {},
): Promise<string> {
  const [host, port] = target.split(':');
  const gateway = tls.createServer(
    { ...own, ca, requestCert: clientCertificate, rejectUnauthorized: clientCertificate, ALPNProtocols: ['h2'] },
    (socket) => {
      const onward = connectTcp(Number(port), host);
      socket.pipe(onward).pipe(socket);
      for (const one of [socket, onward]) one.on('error', () => one.destroy());
      socket.on('close', () => onward.destroy());
    },
  );
  const sockets = new Set<tls.TLSSocket>();
  gateway.on('secureConnection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    gateway.close();
  });
  return `127.0.0.1:${(gateway.address() as AddressInfo).port}`;
}

/**
 * Demands a certificate of its own authority and tells a client what is wrong with another one, as Temporal's own server
 * does and Node's does not.
 */
export async function startRefusingServer({ folder, caFile }: Certificates): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const server = spawn(
    'openssl',
    [
      ...[
        's_server',
        '-accept',
        address,
        '-cert',
        'server.pem',
        '-key',
        'server.key',
        '-CAfile',
        path.basename(caFile),
      ],
      ...['-Verify', '1', '-verify_return_error', '-alpn', 'h2', '-quiet'],
    ],
    { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  onTestFinished(() => void server.kill('SIGKILL'));
  for (let open = false; !open; )
    open = await new Promise((resolve) => {
      const [host, port] = address.split(':');
      const socket = connectTcp(Number(port), host, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => setTimeout(resolve, 50, false));
    });
  return address;
}

export interface KeyGateway {
  readonly address: string;
  /** Methods that were called with the key, the health check aside. */
  readonly calls: string[];
}

/** A TLS gateway that lets only calls with the API key through; what has none is UNAUTHENTICATED. */
export async function startKeyGateway({ server: own }: Certificates, target: string, key: string): Promise<KeyGateway> {
  const calls: string[] = [];
  const onward = http2.connect(`http://${target}`);
  const gateway = http2.createSecureServer(own);
  const sessions = new Set<http2.Http2Session>();
  gateway.on('session', (session) => sessions.add(session));
  gateway.on('stream', (stream, headers) => {
    const { authorization, ':path': path = '' } = headers;
    stream.on('error', () => undefined);
    if (authorization !== `Bearer ${key}` && !path.startsWith('/grpc.health')) {
      const refusal = { 'grpc-status': '16', 'grpc-message': 'Request unauthorized' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
      return;
    }
    calls.push(path.slice(path.lastIndexOf('/') + 1));
    const { ':authority': _, ...passed } = headers;
    const request = onward.request(passed);
    request.on('error', () => stream.destroy());
    request.on('response', (answer) => {
      stream.respond(answer, { waitForTrailers: true });
      request.pipe(stream);
    });
    let trailers: http2.IncomingHttpHeaders = {};
    request.on('trailers', (sent) => {
      trailers = sent;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => request.close());
    stream.pipe(request);
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    onward.destroy();
    gateway.close();
  });
  return { address: `127.0.0.1:${(gateway.address() as AddressInfo).port}`, calls };
}
