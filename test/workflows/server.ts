/**
 * Starts one Temporal dev server for all tests that need one, and tells them its address. `CAISSON_TEST_TEMPORAL=HOST:PORT`
 * names another server, to see the same on one of a production set-up: docs/operations.md.
 */
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../temporal/dev-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
  }
}

export default async function startServer(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.CAISSON_TEST_TEMPORAL;
  if (given) {
    project.provide('temporalAddress', given);
    return async () => undefined;
  }
  const server = await startDevServer();
  project.provide('temporalAddress', server.address);
  return async () => await server.kill();
}
