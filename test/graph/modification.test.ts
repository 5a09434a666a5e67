import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeploymentPlan } from '../../blueprint/plan.js';
import { initialInstances } from '../../graph/instances.js';
import { countOf, planModification, withCount, withoutInstances } from '../../graph/modification.js';
import type { NodeInstance } from '../../graph/state.js';
import { deploymentOf, sequence } from '../blueprint/compile-text.js';

const BLUEPRINT = `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml]
node_templates:
  vm:
    type: cloudify.nodes.Compute
    capabilities: { scalable: { properties: { default_instances: 2 } } }
  app:
    type: cloudify.nodes.Root
    capabilities: { scalable: { properties: { default_instances: 2 } } }
    relationships: [{ type: cloudify.relationships.contained_in, target: vm }]
  db: { type: cloudify.nodes.Root }
  client:
    type: cloudify.nodes.Root
    relationships:
      - { type: cloudify.relationships.connected_to, target: app }
      - { type: cloudify.relationships.connected_to, target: db, properties: { connection_type: all_to_one } }
groups:
  inner: { members: [db] }
  outer: { members: [inner, vm] }
policies:
  scale: { type: cloudify.policies.scaling, targets: [inner, outer] }
`;

const ENTITIES = ['vm', 'app', 'db', 'client', 'inner', 'outer'];

interface Model {
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
}

async function model(): Promise<Model> {
  const plan = await deploymentOf(BLUEPRINT);
  return { plan, instances: initialInstances(plan) };
}

function changed({ plan, instances }: Model, entity: string, count: number, hints: object = {}) {
  const next = withCount(plan, entity, count);
  return { plan: next, change: planModification({ plan: next, instances, random: sequence(), ...hints }) };
}

const ofNode = (instances: readonly NodeInstance[], node: string): number =>
  instances.filter(({ node_id }) => node_id === node).length;

describe('a modification', () => {
  test('adds what is contained with its container, in every container', async () => {
    const { change } = changed(await model(), 'vm', 3);
    expect(change.added.map((id) => id.replace(/_\w+$/, '')).sort()).toEqual(['app', 'app', 'vm']);
    expect(change.removed).toEqual([]);
    const more = changed(await model(), 'app', 3);
    expect(more.change.added).toHaveLength(2);
  });

  test('relates instances that stay to those that come, and numbers the new ones on', async () => {
    const before = await model();
    const { change } = changed(before, 'app', 3);
    const client = before.instances.find(({ node_id }) => node_id === 'client') as NodeInstance;
    expect(change.extended[client.id]?.slice().sort()).toEqual([...change.added].sort());
    const indexes = change.instances.filter(({ node_id }) => node_id === 'app').map(({ index }) => index);
    expect(indexes.sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('removes what is named first, keeps what is excluded as long as it can', async () => {
    const before = await model();
    const [first, second] = before.instances.filter(({ node_id }) => node_id === 'vm').map(({ id }) => id) as [
      string,
      string,
    ];
    expect(changed(before, 'vm', 1, { include: new Set([second]) }).change.removed).toContain(second);
    expect(changed(before, 'vm', 1, { exclude: new Set([first]) }).change.removed).toContain(second);
    expect(changed(before, 'vm', 0, { exclude: new Set([first]) }).change.removed).toContain(first);
  });

  test('takes an instance inside a group instance for the group instance', async () => {
    const grown = changed(await model(), 'outer', 2);
    const now = { plan: grown.plan, instances: grown.change.instances };
    const inSecond = grown.change.added.find((id) => id.startsWith('db_')) as string;
    const { change } = changed(now, 'outer', 1, { include: new Set([inSecond]) });
    expect([...change.removed].sort()).toEqual([...grown.change.added].sort());
  });

  test('keeps the one target of relationships that are all to one', async () => {
    const before = await model();
    const client = before.instances.find(({ node_id }) => node_id === 'client') as NodeInstance;
    const target = client.relationships.find(({ target_name }) => target_name === 'db')?.target_id;
    const { change } = changed(before, 'db', 5);
    const after = change.instances.find(({ id }) => id === client.id);
    expect(
      after?.relationships.filter(({ target_name }) => target_name === 'db').map((edge) => edge.target_id),
    ).toEqual([target]);
  });
});

describe('whatever is scaled, and in whatever order', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...ENTITIES), fc.integer({ min: 0, max: 3 })), { maxLength: 6 });

  test('counts multiply down containment, ids are unique, edges lead to what is there, and what can stay stays', async () => {
    const start = await model();
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 2_147_483_646 }), (changes, seed) => {
        let state = seed;
        const random = (): number => {
          state = (state * 48_271) % 2_147_483_647;
          return state / 2_147_483_647;
        };
        let now = start;
        for (const [entity, count] of changes) {
          const plan = withCount(now.plan, entity, count);
          const change = planModification({ plan, instances: now.instances, random });
          expect(change.problems).toEqual([]);
          const gone = new Set(change.removed);
          const instances = withoutInstances(
            change.instances,
            gone,
            new Map(plan.nodes.map((node) => [node.id, node])),
          );
          const ids = new Set(instances.map(({ id }) => id));
          expect(ids.size).toBe(instances.length);
          for (const { relationships } of instances)
            for (const { target_id } of relationships) expect(ids.has(target_id)).toBe(true);
          const count_ = (name: string): number => countOf(plan, name) ?? 0;
          expect(ofNode(instances, 'vm')).toBe(count_('outer') * count_('vm'));
          expect(ofNode(instances, 'app')).toBe(count_('outer') * count_('vm') * count_('app'));
          expect(ofNode(instances, 'db')).toBe(count_('outer') * count_('inner') * count_('db'));
          expect(ofNode(instances, 'client')).toBe(count_('client'));
          // Nothing comes and goes of one node in one change of a count.
          for (const node of ['vm', 'app', 'db', 'client'])
            expect(
              change.added.some((id) => id.startsWith(`${node}_`)) &&
                change.removed.some((id) => id.startsWith(`${node}_`)),
            ).toBe(false);
          now = { plan, instances };
        }
      }),
      { numRuns: 60 },
    );
  });
});
