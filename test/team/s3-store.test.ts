/** Artifact stores in buckets, on moto's S3 server. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { ArtifactStore } from '../../store/artifact-store.js';
import { openArtifactStore } from '../../store/open.js';
import { describeArtifactStore } from '../store/artifact-store.js';
import { bucketOn, type TestBucket } from './bucket.js';

const url = inject('s3Url');
const open = ({ name, settings }: TestBucket, namespace = 'default', prefix = 'prod/caisson'): ArtifactStore =>
  openArtifactStore(`s3://${name}/${prefix}`, { namespace, s3: settings });

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (data: Uint8Array | undefined): string | undefined => data && Buffer.from(data).toString('utf8');

async function keysIn({ client, name }: TestBucket): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name }));
  return Contents.map(({ Key = '' }) => Key).sort();
}

describeArtifactStore('a bucket', async () => open(await bucketOn(url)));

describe('what grows', () => {
  test('is kept in segments, which only its own store sees', async () => {
    const bucket = await bucketOn(url);
    const store = open(bucket);
    const line = `${'x'.repeat(99_999)}\n`;
    for (let count = 0; count < 7; count += 1) await store.append('logs/e/w.ndjson', bytes(line));
    expect(text(await store.get('logs/e/w.ndjson'))).toBe(line.repeat(7));
    expect(await store.list('logs/')).toEqual(['logs/e/w.ndjson']);
    expect((await keysIn(bucket)).map((key) => key.slice('prod/caisson/logs/e/'.length))).toEqual([
      'w.ndjson',
      'w.ndjson@000001',
      'w.ndjson@000002',
      'w.ndjson@000003',
    ]);
    expect(text(await open(bucket).get('logs/e/w.ndjson'))).toBe(line.repeat(7));
    await store.delete('logs/e/w.ndjson');
    expect(await keysIn(bucket)).toEqual([]);
  });

  test('is continued by another process, and by two at once', async () => {
    const bucket = await bucketOn(url);
    const [one, other] = [open(bucket), open(bucket)];
    await one.append('log', bytes('a\n'));
    await other.append('log', bytes('b\n'));
    const both = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : other).append('log', bytes(`${at}\n`)));
    await Promise.all(both);
    const lines =
      text(await one.get('log'))
        ?.trim()
        .split('\n') ?? [];
    expect(lines.slice(0, 2)).toEqual(['a', 'b']);
    expect(
      lines
        .slice(2)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  test('is added once, also where the answer to a write is lost', async () => {
    const bucket = await bucketOn(url);
    let lost = 0;
    const proxy = createServer((incoming, response) => {
      const { hostname, port } = new URL(url);
      const { method = 'GET', url: path = '/', headers } = incoming;
      // With the host that was signed.
      const onward = request({ hostname, port, method, path, headers }, (answer) => {
        // It was done, and nobody is told.
        if (method === 'PUT' && lost++ % 2 === 0) {
          answer.resume();
          response.destroy();
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const store = open({ ...bucket, settings: { ...bucket.settings, endpoint } });
    for (const line of ['a\n', 'b\n', 'c\n']) await store.append('log', bytes(line));
    expect(lost).toBeGreaterThan(3);
    expect(text(await open(bucket).get('log'))).toBe('a\nb\nc\n');
  });
});

test('each namespace has a part of its own, and sees no other', async () => {
  const bucket = await bucketOn(url);
  const [red, blue] = [open(bucket, 'red'), open(bucket, 'blue')];
  await red.put('snapshots/web/1.json', bytes('red'));
  await blue.put('snapshots/web/1.json', bytes('blue'));
  expect(text(await red.get('snapshots/web/1.json'))).toBe('red');
  expect(await blue.list('')).toEqual(['snapshots/web/1.json']);
  expect(await keysIn(bucket)).toEqual([
    'prod/caisson/namespaces/blue/snapshots/web/1.json',
    'prod/caisson/namespaces/red/snapshots/web/1.json',
  ]);
});

test('a listing of several pages is whole', async () => {
  const page = (keys: readonly string[], next?: string): string =>
    `<ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}<IsTruncated>${next !== undefined}</IsTruncated>${next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}</ListBucketResult>`;
  const server = createServer((request, response) => {
    const token = new URL(request.url ?? '', url).searchParams.get('continuation-token');
    const pages = { first: page(['c'], 'second'), second: page(['d', 'e@000001', 'e']) } as Record<string, string>;
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(token === null ? page(['a', 'b'], 'first') : pages[token]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store = openArtifactStore('s3://paged', { s3: { endpoint, accessKeyId: 'a', secretAccessKey: 'b' } });
  expect(await store.list('')).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('objects are stored as they are, for other tools to read', async () => {
  const bucket = await bucketOn(url);
  await open(bucket, 'default', '').put('a.json', bytes('{}'));
  const { Body } = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key: 'a.json' }));
  expect(await Body?.transformToString()).toBe('{}');
});

describe('what cannot be used is told', () => {
  test('a bucket that is not there', async () => {
    const bucket = await bucketOn(url);
    const store = open({ ...bucket, name: 'no-such-bucket-here' });
    await expect(store.put('a', bytes('x'))).rejects.toThrow(
      /s3:\/\/no-such-bucket-here at .* cannot store prod\/caisson\/a: .*bucket/,
    );
    await expect(store.get('a')).rejects.toThrow('NoSuchBucket');
  });

  test.each(['s3://', 's3:bucket', 's3://_/x'])('%s names no bucket', (location) => {
    expect(() => openArtifactStore(location)).toThrow('names no bucket');
  });

  test('another kind of store', () => {
    expect(() => openArtifactStore('gs://bucket')).toThrow('s3://BUCKET/PREFIX');
  });
});
