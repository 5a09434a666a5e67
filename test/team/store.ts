/** A server with Amazon's S3 API: moto's, or the one that `CAISSON_TEST_S3=URL` names, with the login of ./bucket.ts. */
import type { TestProject } from 'vitest/node';
import { moto } from '../plugins/aws/moto.js';

declare module 'vitest' {
  interface ProvidedContext {
    s3Url: string;
  }
}

export default async function startStore(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.CAISSON_TEST_S3;
  const { url, stop } = given ? { url: given, stop: async () => undefined } : await moto();
  project.provide('s3Url', url);
  return stop;
}
