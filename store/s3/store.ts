/** An artifact store in a bucket of Amazon S3, or of a server that speaks its API. */
import { type ArtifactStore, checkKey } from '../artifact-store.js';
import { appender, isSegment, readGrown, segmentsOf } from './append.js';
import { bucketAt } from './bucket.js';
import type { S3Settings } from './settings.js';

/** @param prefix folder within the bucket, '' or ending in a slash */
export function s3Store(bucketName: string, prefix: string, settings: S3Settings): ArtifactStore {
  const bucket = bucketAt(bucketName, settings);
  const { append } = appender(bucket);
  const at = (key: string): string => {
    checkKey(key);
    return prefix + key;
  };
  return {
    async put(key, data) {
      await bucket.put(at(key), data);
    },
    create: async (key, data) => (await bucket.put(at(key), data, { condition: { absent: true } })) !== 'refused',
    get: async (key) => await readGrown(bucket, at(key)),
    has: async (key) => await bucket.has(at(key)),
    async list(beginning) {
      const keys = await bucket.list(prefix + beginning);
      return keys
        .filter((key) => !isSegment(key))
        .map((key) => key.slice(prefix.length))
        .sort();
    },
    append: async (key, data) => await append(at(key), data),
    async delete(key) {
      const whole = at(key);
      for (const segment of await segmentsOf(bucket, whole)) await bucket.delete(segment);
      await bucket.delete(whole);
    },
  };
}
