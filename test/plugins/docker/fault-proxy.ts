/**
 * Stands between the plugin and the engine and fails at one call: the engine does what it is asked and the answer is
 * lost, or the call never arrives; from then on nobody answers, as to a process that has died.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FaultProxy {
  /** 0 when it listens at a socket. */
  readonly port: number;
  /** `POST /containers/create`, in order. */
  readonly calls: string[];
  /** Fails at the n-th call from now on; undefined = never. */
  failAt(call: number | undefined, fault?: 'lost-call' | 'lost-answer'): void;
  /** Holds the n-th call from now on, before the engine gets it or before its answer goes on; resolves when it does. */
  holdAt(call: number, before: 'call' | 'answer'): Promise<void>;
  /** Called when the engine has answered a call and the caller does not know yet. */
  onAnswer: ((call: string) => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** @param at a path to listen at, instead of a port */
export async function faultProxy(socketPath: string, at?: string): Promise<FaultProxy> {
  const calls: string[] = [];
  let left: number | undefined;
  let fault: 'lost-call' | 'lost-answer' = 'lost-answer';
  let hold: { left: number; readonly before: 'call' | 'answer'; readonly held: () => void } | undefined;

  const proxy: FaultProxy = {
    port: 0,
    onAnswer: undefined,
    calls,
    failAt(call, how = 'lost-answer') {
      left = call;
      fault = how;
      calls.length = 0;
    },
    holdAt: (left, before) =>
      new Promise((held) => {
        hold = { left, before, held };
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const server = http.createServer((request, response) => {
    if (left !== undefined && left <= 0) {
      request.socket.destroy();
      return;
    }
    calls.push(`${request.method} ${request.url?.replace(/\?.*/, '')}`);
    if (left !== undefined) left -= 1;
    const fails = left === 0;
    if (fails && fault === 'lost-call') {
      request.socket.destroy();
      return;
    }
    const holding = hold !== undefined && --hold.left === 0 ? hold : undefined;
    if (holding?.before === 'call') return holding.held();
    const { method, url, headers } = request;
    const onward = http.request({ socketPath, method, path: url, headers }, (answer) => {
      const pass = (): void => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      };
      if (holding) {
        answer.resume();
        answer.on('end', holding.held);
        return;
      }
      if (!fails) {
        const call = `${method} ${url?.replace(/\?.*/, '')}`;
        void (proxy.onAnswer?.(call) ?? Promise.resolve()).then(pass);
        return;
      }
      // Read to its end, so that the engine has done all of it.
      answer.resume();
      answer.on('end', () => request.socket.destroy());
    });
    onward.on('error', () => request.socket.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    if (at === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(at, resolve);
  });
  if (at === undefined) Object.assign(proxy, { port: (server.address() as AddressInfo).port });
  return proxy;
}
