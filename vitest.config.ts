import { defineConfig } from 'vitest/config';

/** Fast tests need nothing but Node; the others a Temporal server, which their set-up starts. */
export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workflows/**', 'test/stack/live/**', 'test/acceptance/**', 'test/plugins/docker/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: ['test/workflows/**/*.test.ts', 'test/stack/live/**/*.test.ts'],
          globalSetup: 'test/workflows/server.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['test/plugins/docker/*.test.ts'],
          globalSetup: 'test/plugins/docker/engine.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
