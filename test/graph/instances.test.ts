import { expect, test } from 'vitest';
import type { PlannedNodeInstance } from '../../blueprint/plan.js';
import { initialInstances } from '../../graph/instances.js';
import { deploy, deploymentOf, RELATIONSHIPS, version } from '../blueprint/compile-text.js';

const blueprint = (templates: string, more = ''): string =>
  `${version(5)}${RELATIONSHIPS}node_types: { cloudify.nodes.Compute: {}, T: {} }\nnode_templates:\n${templates}\n${more}`;

const template = (name: string, count: number, relationships = '', type = 'T'): string =>
  `  ${name}: { type: ${type}, capabilities: { scalable: { properties: { default_instances: ${count} } } }, relationships: [${relationships}] }`;

const relationship = (kind: string, target: string, properties = ''): string =>
  `{ type: cloudify.relationships.${kind}, target: ${target}${properties === '' ? '' : `, properties: { ${properties} }`} }`;

const scaling = (count: number, ...members: string[]): string =>
  `groups: { g: { members: [${members.join(', ')}] } }
policies: { p: { type: cloudify.policies.scaling, targets: [g], properties: { default_instances: ${count} } } }`;

const instancesOf = async (text: string): Promise<readonly PlannedNodeInstance[]> =>
  (await deploymentOf(text)).node_instances;

const of = (instances: readonly PlannedNodeInstance[], node: string): readonly PlannedNodeInstance[] =>
  instances.filter(({ node_id }) => node_id === node);

const targets = ({ relationships }: PlannedNodeInstance): readonly string[] =>
  relationships.map(({ target_id }) => target_id);

test('ids are the name of the node and six letters and digits, all different', async () => {
  const instances = await instancesOf(blueprint(template('web', 50)));
  for (const { id } of instances) expect(id).toMatch(/^web_[a-z0-9]{6}$/);
  expect(new Set(instances.map(({ id }) => id)).size).toBe(50);
});

test('the same random numbers give the same instances, and ids that are taken are passed over', async () => {
  const text = blueprint(template('web', 3));
  const first = await instancesOf(text);
  expect(await instancesOf(text)).toEqual(first);
  const { plan } = await deploy(text, {}, { takenIds: new Set(first.map(({ id }) => id)) });
  expect(plan?.node_instances.filter(({ id }) => first.some((one) => one.id === id))).toEqual([]);
});

test('numbers multiply down containment, and hosts are passed down', async () => {
  const instances = await instancesOf(
    blueprint(
      [
        template('host', 2, '', 'cloudify.nodes.Compute'),
        template('server', 3, relationship('contained_in', 'host')),
        template('app', 2, relationship('contained_in', 'server')),
      ].join('\n'),
    ),
  );
  expect([of(instances, 'host').length, of(instances, 'server').length, of(instances, 'app').length]).toEqual([
    2, 6, 12,
  ]);
  const hostOf = new Map(instances.map(({ id, host_id }) => [id, host_id]));
  for (const one of of(instances, 'app')) expect(hostOf.get(targets(one)[0] as string)).toBe(one.host_id);
  for (const { id, host_id } of of(instances, 'host')) expect(host_id).toBe(id);
});

test('all_to_all relates everything, all_to_one everything to the same instance', async () => {
  const connected = (properties: string): string =>
    blueprint([template('db', 2), template('web', 3, relationship('connected_to', 'db', properties))].join('\n'));
  const all = await instancesOf(connected(''));
  for (const web of of(all, 'web'))
    expect(targets(web).toSorted()).toEqual(
      of(all, 'db')
        .map(({ id }) => id)
        .toSorted(),
    );
  const one = await instancesOf(connected('connection_type: all_to_one'));
  expect(new Set(of(one, 'web').flatMap(targets)).size).toBe(1);
});

test('within a scaling group instances are related in the same instance of the group', async () => {
  const instances = await instancesOf(
    blueprint(
      [template('db', 2), template('web', 3, relationship('connected_to', 'db'))].join('\n'),
      scaling(2, 'db', 'web'),
    ),
  );
  expect(instances).toHaveLength(10);
  const groupOf = new Map(instances.map(({ id, scaling_groups }) => [id, scaling_groups?.[0]?.id]));
  for (const web of of(instances, 'web')) {
    expect(targets(web)).toHaveLength(2);
    for (const target of targets(web)) expect(groupOf.get(target)).toBe(groupOf.get(web.id));
  }
});

test('what is contained in a member of a group scales with it, and is in no group itself', async () => {
  const instances = await instancesOf(
    blueprint(
      [template('host', 1), template('app', 1, relationship('contained_in', 'host'))].join('\n'),
      scaling(3, 'host'),
    ),
  );
  expect(of(instances, 'app')).toHaveLength(3);
  expect(of(instances, 'app').every(({ scaling_groups }) => scaling_groups === undefined)).toBe(true);
});

test('of two relationships between the same instances the last stays', async () => {
  const both = `${relationship('contained_in', 'a')}, ${relationship('connected_to', 'a')}`;
  const instances = await instancesOf(blueprint([template('a', 1), template('b', 1, both)].join('\n')));
  expect(of(instances, 'b')[0]?.relationships).toMatchObject([{ type: 'cloudify.relationships.connected_to' }]);
});

test('a relationship to its own container takes a node out of it, unless it is in a scaling group', async () => {
  const host = template('host', 2, '', 'cloudify.nodes.Compute');
  const app = template('app', 2, `${relationship('contained_in', 'host')}, ${relationship('depends_on', 'host')}`);
  const alone = await instancesOf(blueprint(`${host}\n${app}`));
  expect(of(alone, 'app').map(({ relationships }) => relationships.map(({ type }) => type.split('.').at(-1)))).toEqual([
    ['depends_on', 'depends_on'],
    ['depends_on', 'depends_on'],
  ]);
  const deployed = initialInstances(await deploymentOf(blueprint(`${host}\n${app}`)));
  const hosts = new Set(deployed.map(({ id }) => id));
  expect(deployed.every(({ host_id }) => host_id === undefined || hosts.has(host_id))).toBe(true);
  const grouped = await instancesOf(blueprint(`${host}\n${app}`, scaling(1, 'app')));
  expect(of(grouped, 'app')).toHaveLength(4);
  expect(of(grouped, 'app')[0]?.relationships).toHaveLength(3);
});

test('all_to_one within a scaling group is refused where there are instances', async () => {
  const text = (count: number) =>
    blueprint(
      `${template('a', count)}\n${template('b', 1, relationship('connected_to', 'a', 'connection_type: all_to_one'))}`,
      scaling(1, 'a', 'b'),
    );
  expect((await deploy(text(1))).diagnostics.map(({ code }) => code)).toEqual(['C3007']);
  expect((await deploy(text(0))).diagnostics).toEqual([]);
});

test('no instances, no relationships', async () => {
  const instances = await instancesOf(
    blueprint([template('a', 0), template('b', 1, relationship('connected_to', 'a'))].join('\n')),
  );
  expect(instances.map(({ node_id, relationships }) => [node_id, relationships])).toEqual([['b', []]]);
});

test.each([
  ['its connection type is unknown', relationship('connected_to', 'a', 'connection_type: some'), '', 'C3005'],
  [
    'it is all_to_one in a group',
    relationship('connected_to', 'a', 'connection_type: all_to_one'),
    scaling(1, 'a', 'b'),
    'C3007',
  ],
])('a relationship is refused when %s', async (_, own, more, code) => {
  const { diagnostics } = await deploy(blueprint([template('a', 1), template('b', 1, own)].join('\n'), more));
  expect(diagnostics.map((one) => one.code)).toEqual([code]);
});

test('a relationship must be of a kind that is known', async () => {
  const { diagnostics } = await deploy(`${version(5)}node_types: { T: {} }
relationships: { near: {} }
node_templates: { a: { type: T, relationships: [{ type: near, target: b }] }, b: { type: T } }`);
  expect(diagnostics.map(({ code }) => code)).toEqual(['C3006']);
});
