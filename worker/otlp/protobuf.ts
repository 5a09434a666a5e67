/**
 * OTLP's protobuf, as opentelemetry/proto/collector/trace/v1/trace_service.proto has it. Written by hand: there are five
 * messages, and an encoder for all of protobuf is a dependency with versions of its own.
 */
import type { AttributeValue, Span, SpanBatch } from './span.js';

export function protobufOf({ resource, scope, spans }: SpanBatch): Buffer {
  const scopeSpans = message([
    [
      1,
      message([
        [1, text(scope.name)],
        [2, text(scope.version)],
      ]),
    ],
    ...spans.map((span): Field => [2, spanOf(span)]),
  ]);
  const resourceSpans = message([
    [1, message(attributesOf(resource, 1))],
    [2, scopeSpans],
  ]);
  return message([[1, resourceSpans]]);
}

function spanOf({ traceId, spanId, parentSpanId, name, start, end, attributes, links = [], error }: Span): Buffer {
  return message([
    [1, id(traceId)],
    [2, id(spanId)],
    ...(parentSpanId === undefined ? [] : ([[4, id(parentSpanId)]] as Field[])),
    [5, text(name)],
    [6, 1],
    [7, nanoseconds(start)],
    [8, nanoseconds(end)],
    ...attributesOf(attributes, 9),
    ...links.map(
      (link): Field => [
        13,
        message([
          [1, id(link.traceId)],
          [2, id(link.spanId)],
        ]),
      ],
    ),
    [
      15,
      message(
        error === undefined
          ? [[3, 1]]
          : [
              [2, text(error)],
              [3, 2],
            ],
      ),
    ],
  ]);
}

function attributesOf(attributes: Readonly<Record<string, AttributeValue>>, number: number): Field[] {
  return Object.entries(attributes).map(([key, value]) => [
    number,
    message([
      [1, text(key)],
      [2, message([anyValueOf(value)])],
    ]),
  ]);
}

function anyValueOf(value: AttributeValue): Field {
  if (typeof value === 'string') return [1, text(value)];
  if (typeof value === 'boolean') return [2, value ? 1 : 0];
  if (Number.isInteger(value)) return [3, BigInt(value)];
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  return [4, { fixed: double }];
}

/** Bytes are length-delimited, numbers are varints, `fixed` are eight bytes as they are. */
type Field = readonly [number: number, value: Buffer | number | bigint | { readonly fixed: Buffer }];

function message(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (Buffer.isBuffer(value)) return [varint(BigInt(number << 3) | 2n), varint(BigInt(value.length)), value];
      if (typeof value === 'object') return [varint(BigInt(number << 3) | 1n), value.fixed];
      return [varint(BigInt(number << 3)), varint(BigInt.asUintN(64, BigInt(value)))];
    }),
  );
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

const text = (value: string): Buffer => Buffer.from(value);
const id = (digits: string): Buffer => Buffer.from(digits, 'hex');

function nanoseconds(milliseconds: number): { readonly fixed: Buffer } {
  const fixed = Buffer.alloc(8);
  fixed.writeBigUInt64LE(BigInt(Math.round(milliseconds)) * 1_000_000n);
  return { fixed };
}
