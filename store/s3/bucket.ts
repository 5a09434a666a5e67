/** The few requests to a bucket that a store is made of, and what their failures mean. */
import type { S3Client } from '@aws-sdk/client-s3';
import { StoreUnavailable } from '../artifact-store.js';
import type { S3Settings } from './settings.js';

export interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** On what a write depends: nothing there, or exactly this version. */
export type Condition = { readonly absent: true } | { readonly etag: string };

export interface Bucket {
  put(
    key: string,
    body: Uint8Array,
    options?: { readonly condition?: Condition; readonly metadata?: Readonly<Record<string, string>> },
  ): Promise<string | 'refused'>;
  get(key: string): Promise<StoredObject | undefined>;
  has(key: string): Promise<boolean>;
  /** Keys that begin with `prefix`, in the order of their bytes. */
  list(prefix: string): Promise<string[]>;
  delete(key: string): Promise<void>;
}

const CONNECT_MS = 5_000;
const REQUEST_MS = 60_000;
const MOST_ATTEMPTS = 5;
/** Tries of a conditional write that met another one half-way. */
const MOST_CONFLICTS = 10;
/** Versions of objects that grow: who reads on is not sent again what has not changed. */
const MOST_KEPT = 64;
const LARGEST_KEPT = 512 * 1024;

export function bucketAt(name: string, settings: S3Settings): Bucket {
  let opened: Promise<{ client: S3Client; sdk: typeof import('@aws-sdk/client-s3') }> | undefined;
  const kept = new Map<string, StoredObject>();

  async function send<Result>(
    what: string,
    request: (client: S3Client, sdk: typeof import('@aws-sdk/client-s3')) => Promise<Result>,
  ): Promise<Result | 'missing' | 'refused' | 'unchanged'> {
    opened ??= open(settings);
    const { client, sdk } = await opened;
    for (let conflicts = 0; ; conflicts += 1) {
      try {
        return await request(client, sdk);
      } catch (error) {
        const { name: code, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
        const status = $metadata?.httpStatusCode;
        if (status === 304) return 'unchanged';
        if (status === 412) return 'refused';
        if (status === 409 && conflicts < MOST_CONFLICTS) continue;
        if (code === 'NoSuchKey' || code === 'NotFound' || (status === 404 && code !== 'NoSuchBucket'))
          return 'missing';
        throw new StoreUnavailable(
          `the artifact store s3://${name}${settings.endpoint === undefined ? '' : ` at ${settings.endpoint}`} cannot ${what}: ${(error as Error).message || code}${status === undefined ? '' : ` (${status} ${code})`}`,
          { cause: error },
        );
      }
    }
  }

  function keep(key: string, object: StoredObject): StoredObject {
    kept.delete(key);
    if (object.body.length <= LARGEST_KEPT) kept.set(key, object);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return object;
  }

  return {
    async put(key, body, { condition, metadata } = {}) {
      const answer = await send(`store ${key}`, async (client, sdk) => {
        const input = {
          Bucket: name,
          Key: key,
          Body: body,
          ContentType: 'application/octet-stream',
          ...(metadata ? { Metadata: { ...metadata } } : {}),
          ...(condition === undefined ? {} : 'etag' in condition ? { IfMatch: condition.etag } : { IfNoneMatch: '*' }),
        };
        return (await client.send(new sdk.PutObjectCommand(input))).ETag ?? '';
      });
      // Who asked for a version that is gone altogether is refused as well.
      return answer === 'missing' || answer === 'unchanged' ? 'refused' : answer;
    },
    async get(key) {
      const before = kept.get(key);
      const answer = await send(`read ${key}`, async (client, sdk) => {
        const { Body, ETag, Metadata } = await client.send(
          new sdk.GetObjectCommand({ Bucket: name, Key: key, ...(before ? { IfNoneMatch: before.etag } : {}) }),
        );
        return {
          body: (await Body?.transformToByteArray()) ?? new Uint8Array(),
          etag: ETag ?? '',
          metadata: Metadata ?? {},
        };
      });
      if (answer === 'unchanged') return before;
      if (typeof answer === 'string') return undefined;
      return Object.keys(answer.metadata).length > 0 ? keep(key, answer) : answer;
    },
    async has(key) {
      const answer = await send(`look for ${key}`, async (client, sdk) => {
        await client.send(new sdk.HeadObjectCommand({ Bucket: name, Key: key }));
        return true;
      });
      return answer === true;
    },
    async list(prefix) {
      const found: string[] = [];
      let from: string | undefined;
      do {
        const page = await send(`list ${prefix}`, async (client, sdk) =>
          client.send(
            new sdk.ListObjectsV2Command({
              Bucket: name,
              Prefix: prefix,
              ...(from ? { ContinuationToken: from } : {}),
            }),
          ),
        );
        if (typeof page === 'string') break;
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) found.push(Key);
        from = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (from !== undefined);
      return found;
    },
    async delete(key) {
      kept.delete(key);
      await send(`delete ${key}`, async (client, sdk) => {
        await client.send(new sdk.DeleteObjectCommand({ Bucket: name, Key: key }));
      });
    },
  };
}

/** Loaded when it is first needed: commands that touch no store do not wait for it. */
async function open({ endpoint, region, accessKeyId, secretAccessKey }: S3Settings) {
  // It would write about Node's version into the output of every command.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region: region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    maxAttempts: MOST_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    // Servers that are not Amazon's know neither buckets as host names nor, all of them, its newer checksums.
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED' as const,
          responseChecksumValidation: 'WHEN_REQUIRED' as const,
        }),
  });
  return { client, sdk };
}
