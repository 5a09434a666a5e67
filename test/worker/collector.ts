/** A collector of the tests' own: receives OTLP over HTTP, as JSON or protobuf, and reads it with a decoder that is not ours. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly string[];
  readonly status: number;
  readonly message: string;
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

export interface Collector {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly status: number }[];
  /** Answers the next requests with these. */
  answer(...statuses: readonly number[]): void;
  close(): Promise<void>;
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Scope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    repeated Link links = 13; Status status = 15;
  }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const Request = root.lookupType('Request');

export async function startCollector(port = 0): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const requests: { headers: IncomingMessage['headers']; status: number }[] = [];
  let answers: readonly number[] = [];
  const server = createServer(async (request, response) => {
    const [status = 200, ...rest] = answers;
    answers = rest;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ headers: request.headers, status });
    if (status === 200) spans.push(...read(request.headers, Buffer.concat(chunks)));
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    answer: (...statuses) => {
      answers = statuses;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Key {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly boolValue?: boolean;
    readonly intValue?: string | number;
    readonly doubleValue?: number;
  };
}

interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Key[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

interface Wire {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes?: readonly Key[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

function read(headers: IncomingMessage['headers'], sent: Buffer): ReceivedSpan[] {
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  const isJson = headers['content-type'] === 'application/json';
  const wire = (isJson ? JSON.parse(body.toString()) : decoded(body)) as Wire;
  const id = (text: string | undefined): string =>
    isJson ? (text ?? '') : Buffer.from(text ?? '', 'base64').toString('hex');
  return wire.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: id(span.traceId),
        spanId: id(span.spanId),
        parentSpanId: id(span.parentSpanId),
        name: span.name,
        start: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
        end: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
        attributes: attributesOf(span.attributes),
        links: (span.links ?? []).map((link) => `${id(link.traceId)}/${id(link.spanId)}`),
        status: span.status.code,
        message: span.status.message ?? '',
        resource: attributesOf(resource.attributes),
      })),
    ),
  );
}

function decoded(body: Buffer): object {
  return Request.toObject(Request.decode(body), { longs: String, bytes: String });
}

function attributesOf(keys: readonly Key[] = []): Record<string, string | number | boolean> {
  return Object.fromEntries(
    keys.map(({ key, value }) => [
      key,
      value.stringValue ??
        value.boolValue ??
        (value.intValue === undefined ? (value.doubleValue ?? '') : Number(value.intValue)),
    ]),
  );
}
