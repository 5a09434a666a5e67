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
          exclude: ['test/workflows/**', 'test/acceptance/**', 'test/plugins/aws/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: ['test/workflows/**/*.test.ts'],
          globalSetup: 'test/workflows/server.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'aws',
          include: ['test/plugins/aws/**/*.test.ts'],
          globalSetup: 'test/plugins/aws/moto.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
