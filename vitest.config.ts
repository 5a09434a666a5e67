import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import Sequencer from './test/sequencer.js';

const sdk = (file: string): string => fileURLToPath(new URL(`./plugins/sdk/${file}`, import.meta.url));

/** Fast tests need nothing but Node; the others a Temporal server, which their set-up starts. */
export default defineConfig({
  // Example plugins import the package by its name: here that is the source.
  resolve: {
    alias: [
      { find: /^caisson\/plugin-sdk\/testing$/, replacement: sdk('testing.ts') },
      { find: /^caisson\/plugin-sdk$/, replacement: sdk('index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    // Most wait for processes of their own; with more at once those would get in each other's way.
    maxWorkers: Math.min(4, Math.max(2, availableParallelism())),
    // A bound for what hangs, far above what anything takes on a busy machine.
    testTimeout: 30_000,
    reporters: ['default', './test/closing-line.ts'],
    sequence: { sequencer: Sequencer },
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/workflows/**',
            'test/stack/live/**',
            'test/acceptance/**',
            'test/plugins/aws/**',
            'test/plugins/docker/*.test.ts',
            'test/plugins/ansible/**',
            'test/plugins/fabric/**',
            'test/plugins/prometheus/**',
            'test/vault/**',
            'test/team/**',
            'test/agents/**',
            'test/plugins/python/**',
            // Cases that are kept elsewhere: compared where their folder is named.
            ...(process.env.CAISSON_CONFORMANCE ? [] : ['test/blueprint/recorded.test.ts']),
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: ['test/workflows/**/*.test.ts', 'test/stack/live/**/*.test.ts'],
          globalSetup: 'test/workflows/server.ts',
          testTimeout: 60_000,
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
      {
        extends: true,
        // Each starts a stack of its own through the built command line.
        test: {
          name: 'acceptance',
          include: ['test/acceptance/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'ansible',
          include: ['test/plugins/ansible/**/*.test.ts'],
          globalSetup: 'test/plugins/ansible/environment.ts',
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        // Installs packages: what it makes of them is kept in the folder for temporary files.
        test: {
          name: 'python',
          include: ['test/plugins/python/**/*.test.ts'],
          globalSetup: 'test/plugins/python/environment.ts',
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        // Starts an SSH server on the loopback address; the machine may have to get one first.
        test: { name: 'fabric', include: ['test/plugins/fabric/**/*.test.ts'], hookTimeout: 300_000 },
      },
      {
        extends: true,
        // Starts a Prometheus and an SSH server on the loopback address; the machine may have to get them first.
        test: {
          name: 'prometheus',
          include: ['test/plugins/prometheus/**/*.test.ts'],
          globalSetup: 'test/workflows/server.ts',
          hookTimeout: 300_000,
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        // A bucket and a Temporal server that several clients and workers share.
        test: {
          name: 'team',
          include: ['test/team/**/*.test.ts'],
          globalSetup: ['test/team/store.ts', 'test/workflows/server.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        // A machine for agents: an SSH server on the loopback address.
        test: {
          name: 'agents',
          include: ['test/agents/**/*.test.ts'],
          globalSetup: 'test/workflows/server.ts',
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        // A vault, fetched once and started in dev mode.
        test: { name: 'vault', include: ['test/vault/**/*.test.ts'], globalSetup: 'test/vault/server.ts' },
      },
      {
        extends: true,
        // One engine for all, used by one file after the other, beside the other projects.
        test: {
          name: 'docker',
          setupFiles: 'test/plugins/docker/turns.ts',
          include: ['test/plugins/docker/*.test.ts', 'test/acceptance/engine/*.test.ts'],
          globalSetup: 'test/plugins/docker/engine.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
