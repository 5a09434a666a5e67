import { expect, test } from 'vitest';
import { deploymentOf, planOf, refusalOf, version } from './compile-text.js';

test.each([
  ['there is no version', 'node_types: {}', 'C2020'],
  ['the version is a number', 'tosca_definitions_version: 1.3', 'C2010'],
  ['a label has no values', `${version(5)}labels: { k: {} }`, 'C2010'],
  [
    'a property of a plugin is of an unknown type',
    `${version(5)}plugins: { p: { executor: host_agent, source: x, properties: { a: { type: strnig } } } }`,
    'C2041',
  ],
  [
    'a constraint takes something else',
    `${version(5)}inputs: { i: { default: a, constraints: [{ valid_values: 9 }] } }`,
    'C2120',
  ],
  ['the version is unknown', 'tosca_definitions_version: cloudify_dsl_9_9', 'C2021'],
  ['a section is unknown', `${version(5)}upload_resources: {}`, 'C2010'],
  ['node_types is empty', `${version(5)}node_types:`, 'C2014'],
  ['an output has no value', `${version(5)}outputs: { o: {} }`, 'C2010'],
  ['an output has an unknown key', `${version(5)}outputs: { o: { value: 1, x: 2 } }`, 'C2010'],
  ['an output is a date', `${version(5)}outputs: { o: { value: 2020-01-01 } }`, 'C2010'],
  ['a key is a number', `${version(5)}inputs: { 5: {} }`, 'C2010'],
  ['a label is a number', `${version(5)}labels: { k: { values: [1] } }`, 'C2011'],
  ['a blueprint label is a function', `${version(5)}blueprint_labels: { k: { values: [{ get_input: i }] } }`, 'C2011'],
])('a blueprint is refused when %s', async (_, text, code) => {
  expect(await refusalOf(text)).toEqual([code]);
});

test.each([
  [1, 'description: x'],
  [1, 'dsl_definitions: {}'],
  [1, 'data_types: {}'],
  [0, 'plugins: { p: { executor: host_agent, source: x, install_arguments: x } }'],
  [1, 'plugins: { p: { executor: host_agent, package_name: x } }'],
  [4, 'plugins: { p: { executor: host_agent, source: x, properties: { a: {} } } }'],
  [2, 'resource_tags: { a: b }'],
  [2, 'policies: {}'],
  [2, 'inputs: { i: { display_label: x } }'],
  [3, 'inputs: { i: { type: list, item_type: string } }'],
  [3, 'inputs: { i: { type: deployment_id } }'],
  [4, 'inputs: { i: { type: operation_name } }'],
  [4, 'inputs: { i: { constraints: [{ equal: 1, error_message: x }] } }'],
  [4, 'node_types: { T: { runtime_properties: { a: {} } } }'],
  [0, 'node_types: { T: { interfaces: { i: { o: { max_retries: 1 } } } } }'],
])('cloudify_dsl_1_%i does not have: %s', async (minor, text) => {
  expect(await refusalOf(version(minor) + text)).toEqual(['C2013']);
  const { plan } = await (await import('./compile-text.js')).compileText(version(minor) + text, {
    validateVersion: false,
  });
  expect(plan).toBeDefined();
});

test('empty sections are as good as none', async () => {
  const plan = await planOf(`${version(5)}inputs:\noutputs:\nnode_templates:\n`);
  expect(plan).toMatchObject({ inputs: {}, outputs: {}, nodes: [], description: null, metadata: null });
});

test('labels and the settings of a deployment are evaluated when it is made', async () => {
  const plan = await deploymentOf(
    `${version(5)}inputs: { name: { default: shop } }
labels: { app: { values: [{ get_input: name }, web] } }
deployment_settings: { display_name: { concat: [the, ' ', { get_input: name }] } }`,
  );
  expect(plan.labels).toEqual({ app: { values: ['shop', 'web'] } });
  expect(plan.deployment_settings).toEqual({ display_name: 'the shop', default_schedules: {} });
});

const scheduled = (schedule: string): string =>
  `${version(5)}deployment_settings: { default_schedules: { s: { workflow: backup, ${schedule} } } }`;

test.each([
  ['since: "2021-01-01 07:40", timezone: Asia/Jerusalem', '2021-01-01 05:40:00'],
  ['since: "2021-07-01 07:40", timezone: Asia/Jerusalem', '2021-07-01 04:40:00'],
  ['since: "+1 day +4h", timezone: EST', '+1 day +4h'],
])('a schedule with %s begins at %s', async (schedule, since) => {
  const { deployment_settings } = await planOf(scheduled(schedule));
  expect(deployment_settings.default_schedules).toEqual({ s: { workflow: 'backup', since } });
});

test.each([
  ['since: "25:40"', 'C2110'],
  ['since: "2021-02-30 07:40"', 'C2110'],
  ['since: "07:40", timezone: Mars', 'C2110'],
  ['since: "07:40", recurrence: 1 fortnight', 'C2110'],
  ['since: "07:40", weekdays: [2-xx]', 'C2011'],
  ['recurrence: 1 day', 'C2010'],
])('a schedule with %s is refused', async (schedule, code) => {
  expect(await refusalOf(scheduled(schedule))).toEqual([code]);
});

test('what is named and of which nothing is said is in the plan with nothing in it', async () => {
  const text = `${version(5)}policy_types: { T: { source: x } }
node_types: { N: {} }
node_templates: { n: { type: N } }
groups:
  g: { members: [n], policies: { p:, q: { type: T, triggers: { t: } } } }
outputs: { o: }
`;
  const plan = await planOf(text);
  expect(plan.outputs).toEqual({ o: {} });
  expect(plan.groups).toMatchObject({ g: { policies: { p: {}, q: { triggers: { t: {} } } } } });
});

test('bounds of instances may be known only at run time; how many there are now may not', async () => {
  const text = (key: string) => `${version(5)}node_types: { N: {} }
node_templates:
  n: { type: N, capabilities: { scalable: { properties: { ${key}: { get_secret: k } } } } }
`;
  expect(await refusalOf(text('max_instances'), {})).toEqual([]);
  expect(await refusalOf(text('default_instances'), {})).toEqual(['C2010']);
});
