/** A proxy before the endpoint of EC2 and its load balancers: notes the calls in their order, and does to them what a test asks for. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Rule {
  /** Name of the call, or several. */
  readonly action: string | RegExp;
  /** Only calls with this text among the values of their parameters. */
  readonly match?: { readonly value: string };
  /** How many calls it applies to. @default 1 */
  readonly times?: number;
  /** So many matching calls pass first. @default 0 */
  readonly after?: number;
  readonly fault:
    | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message?: string }
    /** The connection breaks before the call gets through. */
    | { readonly kind: 'reset' }
    /** The call is carried out, its answer is lost. */
    | { readonly kind: 'lost-response' }
    | { readonly kind: 'delay'; readonly ms: number }
    | { readonly kind: 'rewrite'; readonly from: string | RegExp; readonly to: string }
    /** Called when the answer is there; it is never delivered. */
    | { readonly kind: 'stop'; readonly onAnswer: () => void }
    /** Called when the call is there; it never gets through, nor is it refused. */
    | { readonly kind: 'hold'; readonly onCall: () => void };
}

/** Of its API, in each call. */
const EC2_VERSION = '2016-11-15';

export interface LoggedCall {
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface FaultProxy {
  readonly url: string;
  /** Every call that came, in order. */
  readonly log: LoggedCall[];
  /** Names of the calls that change something, in order. */
  changes(): string[];
  add(...rules: readonly Rule[]): void;
  /** Called when a call has been carried out, before its answer goes on or is lost. */
  onAnswer: ((call: LoggedCall) => Promise<void>) | undefined;
  /** Forgets rules and log. */
  reset(): void;
  close(): Promise<void>;
}

interface ActiveRule extends Rule {
  seen: number;
  used: number;
}

/** @param complete does what the endpoint leaves out of a call that it has carried out */
export async function faultProxy(
  target: string,
  complete?: (call: LoggedCall, answer: string) => Promise<void>,
): Promise<FaultProxy> {
  const log: LoggedCall[] = [];
  let rules: ActiveRule[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const parameters = Object.fromEntries(new URLSearchParams(body.toString()));
    const action = parameters.Action ?? '';
    log.push({ action, parameters });
    const fault = faultFor(action, parameters);
    if (fault?.kind === 'error') return refuse(response, parameters.Version, fault);
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'hold') return fault.onCall();
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const headers = {
      'content-type': request.headers['content-type'] ?? '',
      authorization: request.headers.authorization ?? '',
    };
    const answer = await fetch(`${target}${request.url ?? '/'}`, {
      method: request.method ?? 'POST',
      headers: { ...headers, 'x-amz-date': String(request.headers['x-amz-date'] ?? '') },
      ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    });
    const text = await answer.text();
    await complete?.({ action, parameters }, text);
    await proxy.onAnswer?.({ action, parameters });
    if (fault?.kind === 'lost-response') return void request.socket.destroy();
    if (fault?.kind === 'stop') return fault.onAnswer();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/xml' });
    response.end(fault?.kind === 'rewrite' ? text.replaceAll(new RegExp(fault.from, 'g'), fault.to) : text);
  }

  function faultFor(action: string, parameters: LoggedCall['parameters']): Rule['fault'] | undefined {
    for (const rule of rules) {
      const fits = typeof rule.action === 'string' ? rule.action === action : rule.action.test(action);
      const meant = rule.match === undefined || Object.values(parameters).includes(rule.match.value);
      if (!fits || !meant || rule.used >= (rule.times ?? 1)) continue;
      rule.seen += 1;
      if (rule.seen <= (rule.after ?? 0)) continue;
      rule.used += 1;
      return rule.fault;
    }
    return undefined;
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const proxy: FaultProxy = {
    onAnswer: undefined,
    url: `http://127.0.0.1:${port}`,
    log,
    changes: () => log.map(({ action }) => action).filter((action) => !/^(Describe|Get)/.test(action)),
    add: (...more) => void rules.push(...more.map((rule) => ({ ...rule, seen: 0, used: 0 }))),
    reset() {
      rules = [];
      log.length = 0;
      proxy.onAnswer = undefined;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** EC2 says it in a form of its own. */
function refuse(
  response: ServerResponse,
  version: string | undefined,
  { status, code, message = code }: { readonly status: number; readonly code: string; readonly message?: string },
): void {
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  const body =
    version === EC2_VERSION
      ? `<Response><Errors>${error}</Errors><RequestID>r</RequestID></Response>`
      : `<ErrorResponse>${error}<RequestId>r</RequestId></ErrorResponse>`;
  response.writeHead(status, { 'content-type': 'text/xml' });
  response.end(`<?xml version="1.0"?>${body}`);
}
