import { expect, test } from 'vitest';
import type { Operation } from '../../blueprint/plan.js';
import { type Files, nodeOf, PLUGINS, planOf, refusalOf, version } from './compile-text.js';

/** A node whose type declares one interface, which its template overrides. */
const overriding = (type: string, template: string, plugins = PLUGINS): string =>
  `${version(5)}${plugins}node_types: { T: { interfaces: { l: ${type} } } }
node_templates: { n: { type: T, interfaces: { l: ${template} } } }`;

const operationOf = async (files: Files): Promise<Operation> => (await nodeOf(files, 'n')).operations.o as Operation;

test.each([
  ['has no executor', '{ p: { install: false } }', 'C2010'],
  ['has an unknown executor', '{ p: { executor: x, install: false } }', 'C2083'],
  ['is to be installed from nowhere', '{ p: { executor: host_agent } }', 'C2085'],
])('a plugin is refused that %s', async (_, plugins, code) => {
  expect(await refusalOf(`${version(5)}plugins: ${plugins}`)).toEqual([code]);
});

test.each([
  ['nothing serves it', '{ o: q.x }', 'C2080'],
  ['its executor is unknown', '{ o: { implementation: p.x, executor: x } }', 'C2084'],
  ['it is retried less than never', '{ o: { implementation: p.x, max_retries: -2 } }', 'C2012'],
  ['it is retried in the past', '{ o: { implementation: p.x, retry_interval: -1 } }', 'C2012'],
  ['an input has no value', '{ o: { implementation: p.x, inputs: { a: { required: false } } } }', 'C2045'],
  ['it has an unknown key', '{ o: { implementation: p.x, retries: 1 } }', 'C2010'],
])('an operation is refused when %s', async (_, type, code) => {
  expect(await refusalOf(overriding(type, '{}'))).toEqual([code]);
});

test('what an unused node type maps is not looked at; of relationships and workflows it is', async () => {
  await planOf(`${version(5)}node_types: { T: { interfaces: { l: { o: q.x } } } }`);
  expect(await refusalOf(`${version(5)}relationships: { r: { source_interfaces: { l: { o: q.x } } } }`)).toEqual([
    'C2081',
  ]);
  expect(await refusalOf(`${version(5)}workflows: { w: q.x }`)).toEqual(['C2082']);
});

test('a plugin whose name begins like another makes an implementation ambiguous', async () => {
  const plugins = '\nplugins: { a: { executor: host_agent, source: x }, a.b: { executor: host_agent, source: x } }\n';
  expect(await refusalOf(overriding('{ o: a.b.c }', '{}', plugins))).toEqual(['C2088']);
});

test("a template's inputs are laid over the type's, whose settings stay", async () => {
  const type = '{ o: { implementation: p.x, max_retries: 3, inputs: { a: { default: 1 }, b: {} } } }';
  expect(await operationOf(overriding(type, '{ o: { inputs: { b: 2, c: 3 } } }'))).toMatchObject({
    plugin: 'p',
    operation: 'x',
    executor: 'central_deployment_agent',
    inputs: { a: 1, b: 2, c: 3 },
    max_retries: 3,
  });
});

test("another implementation takes nothing over from the type's operation", async () => {
  const type = '{ o: { implementation: p.x, max_retries: 3, inputs: { a: { default: 1 } } } }';
  expect(await operationOf(overriding(type, '{ o: p.y }'))).toMatchObject({
    operation: 'y',
    inputs: {},
    max_retries: null,
  });
});

test('an empty operation does nothing, whatever the type does', async () => {
  expect(await operationOf(overriding('{ o: p.x }', '{ o: {} }'))).toMatchObject({ plugin: '', operation: '' });
  const derived = `${version(5)}${PLUGINS}node_types:
  A: { interfaces: { l: { o: p.x } } }
  T: { derived_from: A, interfaces: { l: { o: {} } } }
node_templates: { n: { type: T } }`;
  expect(await operationOf(derived)).toMatchObject({ plugin: '' });
});

test('the declared type of an input is written into mappings, as the return type of functions is', async () => {
  const type = '{ o: { implementation: p.x, inputs: { a: { type: dict, default: { get_secret: s } } } } }';
  expect((await operationOf(overriding(type, '{}'))).inputs).toEqual({ a: { get_secret: 's', type: 'dict' } });
});

test.each([
  ['a file of the blueprint', 'scripts/x.sh', { script_path: 'scripts/x.sh' }],
  ['an address', 'http://example.com/x.sh', { script_path: 'http://example.com/x.sh' }],
  ['text of several lines', '"#!/bin/sh\\necho"', { script_source: '#!/bin/sh\necho' }],
])('%s is run by the script plugin', async (_, implementation, inputs) => {
  const files = { 'main.yaml': overriding(`{ o: ${implementation} }`, '{}'), 'scripts/x.sh': '' };
  expect(await operationOf(files)).toMatchObject({
    plugin: 'script',
    operation: 'script_runner.tasks.run',
    executor: 'auto',
    inputs,
  });
});

test('a script needs the script plugin, and one path only', async () => {
  const files = (main: string) => ({ 'main.yaml': main, 'x.sh': '' });
  expect(await refusalOf(files(overriding('{ o: x.sh }', '{}', '\n')))).toEqual(['C2087']);
  const twice = '{ o: { implementation: x.sh, inputs: { script_path: { default: y.sh } } } }';
  expect(await refusalOf(files(overriding(twice, '{}')))).toEqual(['C2086']);
});

test('a bare name stands for an operation that one interface has', async () => {
  const text = `${version(5)}${PLUGINS}node_types: { T: { interfaces: { l: { o: p.x, q: p.z }, m: { o: p.y } } } }
node_templates: { n: { type: T } }`;
  expect(Object.keys((await nodeOf(text, 'n')).operations)).toEqual(['l.o', 'l.q', 'm.o', 'q']);
});

test('a workflow is a mapping, or has one, and parameters', async () => {
  const plan = await planOf({
    'main.yaml': `${version(5)}${PLUGINS}workflows:
  short: p.x
  long: { mapping: p.y, is_cascading: true, parameters: { a: { default: 1 } }, availability_rules: { available: true } }
  script: run.py`,
    'run.py': '',
  });
  expect(plan.workflows).toMatchObject({
    short: { plugin: 'p', operation: 'x', parameters: {}, is_cascading: false, availability_rules: null },
    long: { operation: 'y', parameters: { a: { default: 1 } }, is_cascading: true },
    script: { operation: 'script_runner.tasks.execute_workflow', parameters: { script_path: { default: 'run.py' } } },
  });
  expect(plan.workflow_plugins_to_install.map(({ name }) => name)).toEqual(['p', 'script']);
});

test('nodes need plugins once per executor, hosts those of what is contained in them', async () => {
  const plan = await planOf(`${version(5)}
plugins: { far: { executor: host_agent, source: x }, near: { executor: central_deployment_agent, source: x } }
relationships: { cloudify.relationships.contained_in: {} }
node_types: { cloudify.nodes.Compute: {}, T: { interfaces: { l: { a: far.x, b: near.x, c: { implementation: near.y, executor: host_agent } } } } }
node_templates:
  host: { type: cloudify.nodes.Compute }
  app: { type: T, relationships: [{ type: cloudify.relationships.contained_in, target: host }] }`);
  const [host, app] = plan.nodes;
  expect(app?.plugins.map(({ name, executor }) => `${name} ${executor}`)).toEqual([
    'far host_agent',
    'near central_deployment_agent',
    'near host_agent',
  ]);
  expect(host?.plugins_to_install?.map(({ name }) => name)).toEqual(['far', 'near']);
  expect(app?.host_id).toBe('host');
});

test('a plugin on the host needs a host', async () => {
  const text = `${version(5)}plugins: { far: { executor: host_agent, source: x } }
node_types: { T: { interfaces: { l: { o: far.x } } } }
node_templates: { n: { type: T } }`;
  expect(await refusalOf(text)).toEqual(['C2065']);
});
