/** An HTTP proxy on loopback, for plain requests and tunnels. */
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Proxy {
  readonly url: string;
  /** `CONNECT host:port` and `GET url`, in order, with the credentials if there were any. */
  readonly requests: string[];
}

export async function startProxy(): Promise<Proxy> {
  const requests: string[] = [];
  const note = (what: string, authorization: string | undefined): void =>
    void requests.push(authorization === undefined ? what : `${what} ${authorization}`);
  const server = http.createServer((request, response) => {
    note(`GET ${request.url}`, request.headers['proxy-authorization']);
    const { 'proxy-authorization': _, ...headers } = request.headers;
    request.pipe(
      http.request(request.url ?? '', { headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on('connect', (request, socket, head) => {
    note(`CONNECT ${request.url}`, request.headers['proxy-authorization']);
    const [host, port] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const one of [socket, onward]) one.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
