/** Starts one Temporal dev server for all tests that need one, and tells them its address. */
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../temporal/dev-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
  }
}

export default async function startServer(project: TestProject): Promise<() => Promise<void>> {
  const server = await startDevServer();
  project.provide('temporalAddress', server.address);
  return async () => await server.kill();
}
