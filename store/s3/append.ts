/**
 * Appending to objects, which buckets do not know: the object is written anew with more at its end, on the condition that
 * it is still the one that was read. So that this does not grow dear, an object that has become long is left, and its
 * next segment begun: `KEY`, `KEY@000001`, …
 *
 * What is added while a write is under way goes with the next one.
 */
import type { Bucket } from './bucket.js';

const LONGEST_SEGMENT = 256 * 1024;
/** Objects of which the end is remembered. */
const MOST_REMEMBERED = 64;
const MOST_TRIES = 20;
/** Marks objects that may have further segments. */
const GROWS = { caisson: 'grows' };

export interface Appender {
  append(key: string, data: Uint8Array): Promise<void>;
}

/** @returns whether a key is that of a further segment */
export const isSegment = (key: string): boolean => /@\d{6}$/.test(key);

/** Everything under a key, with its further segments. */
export async function readGrown(bucket: Bucket, key: string): Promise<Uint8Array | undefined> {
  const first = await bucket.get(key);
  if (!first || first.metadata.caisson !== GROWS.caisson) return first?.body;
  const parts = [first.body];
  for (const segment of await segmentsOf(bucket, key)) {
    const object = await bucket.get(segment);
    if (object) parts.push(object.body);
  }
  return parts.length === 1 ? first.body : Buffer.concat(parts);
}

export async function segmentsOf(bucket: Bucket, key: string): Promise<string[]> {
  return (await bucket.list(`${key}@`)).filter((one) => isSegment(one) && one.length === key.length + 7).sort();
}

interface End {
  readonly segment: number;
  readonly body: Uint8Array;
  /** Undefined: the segment is to be made. */
  readonly etag: string | undefined;
}

export function appender(bucket: Bucket): Appender {
  const ends = new Map<string, End>();
  /** What goes with the next write, and the write that is under way. */
  const waiting = new Map<string, { data: Uint8Array[]; writing: Promise<void> }>();
  const last = new Map<string, Promise<void>>();

  async function write(key: string, data: Uint8Array): Promise<void> {
    let sent: { readonly segment: number; readonly body: Uint8Array } | undefined;
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const known = ends.get(key);
      const end = known ?? (await endOf(bucket, key));
      // Refused, or cut off, and yet it is there: our own write had come through.
      if (sent && sent.segment === end.segment && same(end.body, sent.body)) return remember(key, end);
      const full = end.body.length > 0 && end.body.length + data.length > LONGEST_SEGMENT;
      const target: End = full ? { segment: end.segment + 1, body: new Uint8Array(), etag: undefined } : end;
      const body = Buffer.concat([target.body, data]);
      ends.delete(key);
      sent = { segment: target.segment, body };
      const etag = await bucket.put(segmentKey(key, target.segment), body, {
        condition: target.etag === undefined ? { absent: true } : { etag: target.etag },
        metadata: GROWS,
      });
      if (etag !== 'refused') return remember(key, { segment: target.segment, body, etag });
    }
    throw new Error(`${key} is being appended to by others all the time`);
  }

  function remember(key: string, end: End): void {
    ends.set(key, end);
    for (const oldest of ends.keys()) {
      if (ends.size <= MOST_REMEMBERED) return;
      ends.delete(oldest);
    }
  }

  return {
    async append(key, data) {
      const line = waiting.get(key);
      if (line) {
        line.data.push(data);
        // Several may wait for one write: it is begun once, by whoever comes first.
        await line.writing;
        return;
      }
      const own = { data: [data], writing: Promise.resolve() };
      waiting.set(key, own);
      own.writing = (async () => {
        await (last.get(key) ?? Promise.resolve()).catch(() => undefined);
        waiting.delete(key);
        const writing = write(key, Buffer.concat(own.data));
        last.set(key, writing);
        try {
          await writing;
        } finally {
          if (last.get(key) === writing) last.delete(key);
        }
      })();
      await own.writing;
    },
  };
}

async function endOf(bucket: Bucket, key: string): Promise<End> {
  const segment = Number((await segmentsOf(bucket, key)).at(-1)?.slice(-6) ?? 0);
  const object = await bucket.get(segmentKey(key, segment));
  return { segment, body: object?.body ?? new Uint8Array(), etag: object?.etag };
}

const segmentKey = (key: string, segment: number): string =>
  segment === 0 ? key : `${key}@${String(segment).padStart(6, '0')}`;

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;
