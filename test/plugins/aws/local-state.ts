/** What an execution knows of its deployment, as far as requests are made of it; for walks in the test's own process. */
import type { Patches } from '../../../activities/request.js';
import { applyPatch } from '../../../graph/patch.js';
import type { NodeInstance } from '../../../graph/state.js';
import type { Mark } from '../../../graph/steps.js';
import { type Topology, topology } from '../../../graph/topology.js';
import type { ExecutionInput } from '../../../workflows/messages.js';
import type { RequestSource } from '../../../workflows/request-source.js';

export class LocalState implements RequestSource {
  readonly plan: ExecutionInput['plan'];
  readonly options: ExecutionInput['request']['options'];
  readonly topology: Topology;
  readonly id: string;
  readonly blueprint: ExecutionInput['blueprint'];
  readonly #instances: Map<string, NodeInstance>;

  constructor(readonly input: ExecutionInput) {
    this.plan = input.plan;
    this.options = input.request.options;
    this.topology = topology(input.plan, input.instances);
    this.id = input.request.id;
    this.blueprint = input.blueprint;
    this.#instances = this.topology.instances as Map<string, NodeInstance>;
  }

  get instances(): readonly NodeInstance[] {
    return [...this.#instances.values()];
  }

  instancesOf(nodeId: string): readonly NodeInstance[] {
    return this.instances.filter(({ node_id }) => node_id === nodeId);
  }

  instance(id: string): NodeInstance {
    const found = this.#instances.get(id);
    if (!found) throw new Error(`there is no instance ${id}`);
    return found;
  }

  change(id: string, change: Partial<NodeInstance>): void {
    const instance = this.instance(id);
    this.#instances.set(id, { ...instance, ...change, version: instance.version + 1 });
  }

  applyMark(id: string, { state }: Mark): void {
    if (state !== undefined) this.change(id, { state, ...(state === 'deleted' ? { attempted: [] } : {}) });
  }

  applyPatches(patches: Patches | undefined): void {
    for (const [id, patch] of Object.entries(patches ?? {}))
      this.change(id, { runtime_properties: applyPatch(this.instance(id).runtime_properties, patch) });
  }
}
