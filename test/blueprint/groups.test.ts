import { expect, test } from 'vitest';
import { planOf, RELATIONSHIPS, refusalOf, version } from './compile-text.js';

/** `contained`: node → the node that it is contained in, or nothing. */
function blueprint(contained: Readonly<Record<string, string>>, rest: string): string {
  const nodes = Object.entries(contained).map(([name, container]) =>
    container === ''
      ? `  ${name}: { type: T }`
      : `  ${name}: { type: T, relationships: [{ type: cloudify.relationships.contained_in, target: ${container} }] }`,
  );
  return `${version(5)}${RELATIONSHIPS}node_types: { T: {} }\nnode_templates:\n${nodes.join('\n')}\n${rest}`;
}

const scaling = (...targets: string[]): string =>
  `policies: { s: { type: cloudify.policies.scaling, targets: [${targets.join(', ')}] } }`;

test.each([
  ['a member is unknown', 'groups: { g: { members: [x] } }', 'C2100'],
  ['it is empty', 'groups: { g: { members: [] } }', 'C2010'],
  ['it has the name of a template', 'groups: { n: { members: [m] } }', 'C2109'],
  ['a policy is of an unknown type', 'groups: { g: { members: [n], policies: { p: { type: x } } } }', 'C2101'],
])('a group is refused when %s', async (_, rest, code) => {
  expect(await refusalOf(blueprint({ n: '', m: '' }, rest))).toEqual([code]);
});

test.each([
  ['its type is unknown', 'policies: { p: { type: x, targets: [g] } }', 'C2106'],
  ['a target is no group', 'policies: { p: { type: cloudify.policies.scaling, targets: [n] } }', 'C2107'],
  ['it has no targets', 'policies: { p: { type: cloudify.policies.scaling, targets: [] } }', 'C2108'],
])('a policy is refused when %s', async (_, policies, code) => {
  expect(await refusalOf(blueprint({ n: '', m: '' }, `groups: { g: { members: [n] } }\n${policies}`))).toEqual([code]);
});

test('properties of group policies and parameters of triggers are completed', async () => {
  const { groups } = await planOf(
    blueprint(
      { n: '' },
      `groups: { g: { members: [n], policies: { p: { type: x, properties: { k: 5 }, triggers: { t: { type: q } } } } } }
policy_types: { x: { source: s, properties: { k: { default: 1 }, z: { default: 2 } } } }
policy_triggers: { q: { source: s, parameters: { u: { default: 7 } } } }`,
    ),
  );
  expect(groups.g).toMatchObject({
    policies: { p: { type: 'x', properties: { k: 5, z: 2 }, triggers: { t: { type: 'q', parameters: { u: 7 } } } } },
  });
});

test.each([
  ['groups hold each other', { n: '' }, 'groups: { g: { members: [h] }, h: { members: [g] } }', ['g', 'h'], 'C2103'],
  ['a node is in two groups', { n: '' }, 'groups: { g: { members: [n] }, h: { members: [n] } }', ['g', 'h'], 'C2104'],
  [
    'members are contained in different nodes',
    { a: '', b: '', n: 'a', m: 'b' },
    'groups: { g: { members: [n, m] } }',
    ['g'],
    'C2105',
  ],
])('scaling groups are refused when %s', async (_, nodes, groups, targets, code) => {
  expect(await refusalOf(blueprint(nodes as Record<string, string>, `${groups}\n${scaling(...targets)}`))).toEqual([
    code,
  ]);
});

const membersOf = async (nodes: Record<string, string>, groups: string, ...targets: string[]) => {
  const plan = await planOf(blueprint(nodes, `${groups}\n${scaling(...targets)}`));
  return Object.fromEntries(Object.entries(plan.scaling_groups).map(([name, { members }]) => [name, members]));
};

test('what is contained in another member scales with it, and is no member of its own', async () => {
  expect(await membersOf({ host: '', app: 'host' }, 'groups: { g: { members: [host, app] } }', 'g')).toEqual({
    g: ['host'],
  });
});

test('so does a group all of whose nodes are contained in other members', async () => {
  expect(
    await membersOf(
      { a: '', b: 'a', c: 'a', d: '' },
      'groups: { all: { members: [one, two, d] }, one: { members: [a] }, two: { members: [b, c] } }',
      'all',
      'one',
      'two',
    ),
  ).toEqual({ all: ['one', 'd'], one: ['a'], two: ['b', 'c'] });
});
