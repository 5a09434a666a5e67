/** A node of a blueprint on the tests' engine: operations run on it one after the other, and it keeps what they store. */
import { randomBytes } from 'node:crypto';
import Docker from 'dockerode';
import { expect, inject } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import { applyPatch } from '../../../graph/patch.js';
import plugin from '../../../plugins/docker/index.js';
import {
  type FakeContextOptions,
  type FakeSubject,
  type OperationRun,
  runOperation,
} from '../../../plugins/sdk/testing.js';

export const engine = inject('engine');
/** What it is asked behind the plugin's back. */
export const docker = new Docker({ socketPath: engine.socket, host: undefined as unknown as string });
export const IMAGE = `${engine.registry}/busybox:1`;

const local = { client_config: { docker_sock_file: engine.socket } };

export class TestNode {
  runtime: JsonObject;
  #before: JsonObject = {};
  readonly #options: FakeContextOptions;

  constructor(options: FakeContextOptions) {
    const deployment = { id: `d-${randomBytes(4).toString('hex')}`, ...options.deployment };
    this.#options = { ...options, deployment, properties: { ...local, ...options.properties } };
    this.runtime = options.runtimeProperties ?? {};
  }

  get deployment(): string {
    return String(this.#options.deployment?.id);
  }

  async run(operation: string, more: FakeContextOptions = {}): Promise<OperationRun> {
    const options = { ...this.#options, runtimeProperties: this.runtime, ...more };
    this.#before = this.runtime;
    const run = await runOperation(plugin, operation, options);
    this.runtime = run.runtimeProperties;
    return run;
  }

  /** Runs an operation that is expected to succeed. */
  async does(operation: string, more: FakeContextOptions = {}): Promise<OperationRun> {
    const run = await this.run(operation, more);
    expect(run.error).toBeUndefined();
    return run;
  }

  /** What is known when the process has died in an operation: what was there before, and what it flushed. */
  forgetUnflushed({ flushes }: OperationRun): void {
    const patches = flushes.flatMap((flush) => Object.values(flush).flat());
    this.runtime = applyPatch(this.#before, patches);
  }

  /** As the target of another node's relationship. */
  get target(): FakeSubject {
    const { name, properties = {}, type } = this.#options;
    return {
      ...(name === undefined ? {} : { name }),
      ...(type === undefined ? {} : { type }),
      properties,
      runtimeProperties: this.runtime,
    };
  }

  /** The containers that the engine has of this deployment. */
  async containers(): Promise<Docker.ContainerInfo[]> {
    return await docker.listContainers({
      all: true,
      filters: { label: [`cfy.deployment=${this.deployment}`] } as never,
    });
  }
}

/** A node of the type `cloudify.nodes.docker.container`. */
export function containerNode(
  args: JsonObject,
  more: Partial<FakeContextOptions> & { config?: JsonObject } = {},
): TestNode {
  const { config, properties, ...options } = more;
  return new TestNode({
    name: 'web',
    type: 'cloudify.nodes.docker.container',
    ...options,
    properties: {
      resource_config: { image_tag: IMAGE, container_args: args, start_grace_seconds: 0, ...config },
      ...properties,
    },
  });
}

/** What a detached container does in these tests: nothing, until it is stopped. */
export const IDLE = { detach: true, command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'] };

export async function hasImage(name: string): Promise<boolean> {
  return await docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}
