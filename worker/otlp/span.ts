/** A span as OTLP has it, in as much as there is of it here. */
export type AttributeValue = string | number | boolean;

export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  /** Set for what failed. */
  readonly error?: string;
}

export interface SpanBatch {
  readonly resource: Readonly<Record<string, AttributeValue>>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly spans: readonly Span[];
}
