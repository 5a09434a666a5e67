/** A bucket of the S3 server of the tests, of a test's own. */
import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Settings } from '../../store/s3/settings.js';

export interface TestBucket {
  readonly name: string;
  readonly settings: Required<S3Settings>;
  readonly client: S3Client;
}

export async function bucketOn(endpoint: string): Promise<TestBucket> {
  const settings = { endpoint, region: 'us-east-1', accessKeyId: 'test-key', secretAccessKey: 'test-secret' };
  const client = new S3Client({ ...settings, forcePathStyle: true, credentials: settings });
  const name = `caisson-${randomBytes(6).toString('hex')}`;
  await client.send(new CreateBucketCommand({ Bucket: name }));
  return { name, settings, client };
}
