/** A lean request and the begin of the run tell a worker as much as the whole request would. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../blueprint/plan.js';
import type { NodeInstance } from '../../graph/state.js';
import type { OperationCall } from '../../graph/steps.js';
import { topology } from '../../graph/topology.js';
import { type LeanSource, leanRequest, RunAtBegin } from '../../workflows/lean-request.js';
import { DEFAULT_OPTIONS, type ExecutionInput } from '../../workflows/messages.js';
import { requestFor } from '../../workflows/request.js';
import { type PlanSketch, sketch } from './fixtures.js';

const LIFECYCLE = 'cloudify.interfaces.lifecycle';
const RELATIONSHIP = 'cloudify.interfaces.relationship_lifecycle';
const wired = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A run that began with these nodes, and what has become of its instances since. */
class Run implements LeanSource {
  readonly input: ExecutionInput;
  readonly begin: ReadonlyMap<string, NodeInstance>;
  readonly topology;
  readonly #now: Map<string, NodeInstance>;

  constructor(nodes: PlanSketch, adapt: (input: ExecutionInput) => void = () => undefined) {
    const { plan, instances } = sketch(nodes);
    this.input = {
      deployment_id: 'd',
      blueprint: { id: 'b', main_file: 'blueprint.yaml', archive: 'abc' },
      plan: { ...plan, resource_tags: { team: 'a' } },
      instances,
      request: { id: 'e', workflow_id: 'install', parameters: { p: 1 }, options: DEFAULT_OPTIONS },
    } as unknown as ExecutionInput;
    adapt(this.input);
    this.topology = topology(this.input.plan, instances);
    this.#now = this.topology.instances as Map<string, NodeInstance>;
    this.begin = new Map(this.#now);
  }

  readonly id = 'e';
  get options() {
    return this.input.request.options;
  }
  get blueprint() {
    return this.input.blueprint;
  }
  get plan() {
    return this.input.plan;
  }
  instance(id: string): NodeInstance {
    return this.#now.get(id) as NodeInstance;
  }
  instancesOf(node: string): readonly NodeInstance[] {
    return [...this.#now.values()].filter(({ node_id }) => node_id === node);
  }
  change(id: string, change: Partial<NodeInstance>): void {
    const own = this.instance(id);
    this.#now.set(id, { ...own, ...change, version: own.version + 1 });
  }

  /** The request as a worker makes it of what crossed the wire. */
  atWorker(call: OperationCall) {
    return new RunAtBegin(wired(this.input)).request(wired(leanRequest(this, call, 'e/7')));
  }
}

const NODES: PlanSketch = {
  host: { host: true, operations: ['create'] },
  db: { operations: ['create', 'start'], instances: 2 },
  web: { operations: ['create'], instances: 2, targets: { db: ['establish:source', 'establish:target'], host: [] } },
};
const create = (instance_id: string): OperationCall => ({ key: 'k', instance_id, operation: `${LIFECYCLE}.create` });
const establish = (side: 'source' | 'target'): OperationCall => ({
  key: 'k',
  instance_id: side === 'source' ? 'web_1' : 'db_2',
  operation: `${RELATIONSHIP}.establish`,
  relationship: { side, source_id: 'web_1', target_id: 'db_2', index: 0 },
});

test('whatever has changed since the run began', () => {
  const properties = fc.dictionary(fc.constantFrom('ip', 'port', '__proto__'), fc.oneof(fc.integer(), fc.string()));
  const change = fc.record({
    id: fc.constantFrom('host_1', 'db_1', 'db_2', 'web_1', 'web_2'),
    change: fc.oneof(
      fc.record({ state: fc.constantFrom('creating', 'started') }),
      properties.map((runtime_properties) => ({ runtime_properties: wired(runtime_properties) })),
    ),
  });
  const call = fc.oneof(
    fc.constantFrom('host_1', 'db_1', 'web_1', 'web_2').map(create),
    fc.constantFrom('source' as const, 'target' as const).map(establish),
  );
  const settings = fc.record(
    {
      poll: fc.boolean(),
      ignore_failure: fc.boolean(),
      max_retries: fc.integer({ min: -1, max: 3 }),
      kwargs: fc.constant({ size: 'big' } as JsonObject),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(change), call, settings, (changes, asked, more) => {
      const run = new Run(NODES);
      for (const { id, change: own } of changes) run.change(id, own);
      const full = { ...asked, ...more };
      expect(run.atWorker(full)).toEqual(wired(requestFor(run, full, 'e/7')));
    }),
  );
});

test('functions are evaluated by the workflow, which alone knows of all instances', () => {
  const far = { get_attribute: ['db', 'port'] };
  const run = new Run({ db: {}, web: { mapped: { create: ['test.create', { port: far }] } } }, ({ plan }) => {
    (plan.nodes[1] as { properties: JsonObject }).properties = { url: { concat: ['db:', far] } };
  });
  run.change('db_1', { runtime_properties: { port: 5432 } });
  const request = run.atWorker(create('web_1'));
  expect(request.inputs).toEqual({ port: 5432 });
  expect(request.snapshot.nodes.web?.properties).toEqual({ url: 'db:5432' });
  expect(Object.keys(request.snapshot.instances)).toEqual(['web_1']);
});

test('of a hub only what an operation is about is told', () => {
  const run = new Run({
    hub: { targets: { leaf: ['establish:source'] } },
    leaf: { instances: 100 },
  });
  for (let number = 1; number <= 100; number += 1) run.change(`leaf_${number}`, { state: 'started' });
  const call: OperationCall = {
    key: 'k',
    instance_id: 'hub_1',
    operation: `${RELATIONSHIP}.establish`,
    relationship: { side: 'source', source_id: 'hub_1', target_id: 'leaf_3', index: 0 },
  };
  expect(Object.keys(leanRequest(run, call, 't').changed)).toEqual(['leaf_3']);
  expect(run.atWorker(call)).toEqual(wired(requestFor(run, call, 'e/7')));
});

test('what holds since the begin of the run does not cross the wire', () => {
  const run = new Run(NODES);
  expect(leanRequest(run, create('web_1'), 't')).toEqual({
    task_id: 't',
    instance_id: 'web_1',
    operation: `${LIFECYCLE}.create`,
    changed: {},
  });
});
