/**
 * The language as a table: every section, every key, its form, the version it came with. The one source of truth for the
 * compiler's checks of form and for the JSON Schema that editors use.
 */
import {
  any,
  boolean,
  type Field,
  integer,
  list,
  listOrObject,
  mapping,
  number,
  object,
  type RecordShape,
  record,
  sequence,
  shortOr,
  text,
  textOrObject,
} from './shape.js';
import type { Version } from './version.js';

const V1_1: Version = [1, 1];
const V1_2: Version = [1, 2];
const V1_3: Version = [1, 3];
const V1_4: Version = [1, 4];
const V1_5: Version = [1, 5];

/** What runs operations: a central worker, or the agent on the node's host. */
export const EXECUTORS: readonly string[] = ['central_deployment_agent', 'host_agent'];

const description: Field = { shape: text, description: 'For people to read.' };

const PROPERTY: Readonly<Record<string, Field>> = {
  type: { shape: text, names: 'types', description: 'A primitive type or the name of a data type; absent: any value.' },
  default: { shape: any },
  description,
  required: { shape: boolean, since: V1_2, description: 'Absent: true.' },
};

const CONSTRAINED: Readonly<Record<string, Field>> = {
  ...PROPERTY,
  constraints: { shape: sequence(object), description: 'What a value must satisfy, e.g. `- greater_than: 0`.' },
  item_type: { shape: text, since: V1_4, description: 'Type of the items, when the type is list.' },
};

const INPUT: Readonly<Record<string, Field>> = {
  ...CONSTRAINED,
  display_label: { shape: text, since: V1_3 },
  hidden: { shape: boolean, since: V1_3 },
  display: { shape: record({ rows: { shape: integer } }) },
};

const properties = mapping(record(PROPERTY));

const OPERATION_SETTINGS: Readonly<Record<string, Field>> = {
  implementation: { shape: text, description: '`plugin.operation`, or the path of a script in the blueprint.' },
  executor: { shape: text, oneOf: EXECUTORS, description: 'Where it runs.' },
  max_retries: { shape: integer, since: V1_1, description: '-1: for ever.' },
  retry_interval: { shape: number, since: V1_1, description: 'Seconds.' },
  timeout: { shape: number, description: 'Seconds.' },
  timeout_recoverable: { shape: boolean },
};

const typeInterfaces = mapping(
  mapping(shortOr(record({ ...OPERATION_SETTINGS, inputs: { shape: mapping(record(INPUT)) } }))),
);
const templateInterfaces = mapping(mapping(shortOr(record({ ...OPERATION_SETTINGS, inputs: { shape: object } }))));

const INSTANCE_NUMBERS: Readonly<Record<string, Field>> = {
  default_instances: { shape: any },
  min_instances: { shape: any },
  max_instances: { shape: any },
};

const values = mapping(record({ description, value: { shape: any, required: true } }));
const labels = mapping(record({ values: { shape: list, required: true } }));

const node_template = record({
  type: { shape: text, required: true, description: 'A node type.' },
  properties: { shape: object },
  interfaces: { shape: templateInterfaces },
  relationships: {
    shape: sequence(
      record({
        type: { shape: text, required: true, description: 'A relationship type.' },
        target: { shape: text, required: true, description: 'Name of another node template.' },
        properties: { shape: object },
        source_interfaces: { shape: templateInterfaces },
        target_interfaces: { shape: templateInterfaces },
      }),
    ),
  },
  instances: { shape: record({ deploy: { shape: any } }), description: 'Old form; see capabilities.' },
  capabilities: {
    shape: record({ scalable: { shape: record({ properties: { shape: record(INSTANCE_NUMBERS) } }) } }),
    since: V1_3,
  },
});

const plugin = record({
  executor: { shape: text, required: true, oneOf: EXECUTORS },
  source: { shape: text },
  install: { shape: boolean },
  install_arguments: { shape: text, since: V1_1 },
  package_name: { shape: text, since: V1_2 },
  package_version: { shape: text, since: V1_2 },
  supported_platform: { shape: text, since: V1_2 },
  distribution: { shape: text, since: V1_2 },
  distribution_version: { shape: text, since: V1_2 },
  distribution_release: { shape: text, since: V1_2 },
  properties_description: { shape: text, since: V1_5 },
  properties: {
    shape: mapping(
      record({ description, type: { shape: text }, display_label: { shape: text }, value: { shape: any } }),
    ),
    since: V1_5,
  },
});

const schedule = record({
  workflow: { shape: text, required: true },
  since: { shape: text, required: true },
  until: { shape: text },
  recurrence: { shape: text },
  timezone: { shape: text },
  weekdays: { shape: sequence(text) },
  count: { shape: integer },
  slip: { shape: integer },
  default_enabled: { shape: boolean },
  stop_after_fail: { shape: boolean },
  execution_arguments: {
    shape: record({
      force: { shape: boolean },
      is_dry_run: { shape: boolean },
      allow_custom_parameters: { shape: boolean },
      wait_after_fail: { shape: integer },
    }),
  },
  workflow_parameters: { shape: object },
});

/** Every section of a blueprint. */
export const LANGUAGE: RecordShape = record({
  tosca_definitions_version: { shape: text, required: true },
  description: { shape: text, since: V1_2 },
  metadata: { shape: object },
  imports: { shape: sequence(textOrObject) },
  dsl_definitions: { shape: listOrObject, since: V1_2, description: 'A place for anchors.' },
  inputs: { shape: mapping(record(INPUT)) },
  plugins: { shape: mapping(plugin) },
  data_types: {
    shape: mapping(
      record({
        derived_from: { shape: text },
        description,
        version: { shape: text },
        properties: { shape: properties },
      }),
    ),
    since: V1_2,
  },
  node_types: {
    shape: mapping(
      record({
        derived_from: { shape: text },
        properties: { shape: properties },
        interfaces: { shape: typeInterfaces },
        runtime_properties: { shape: properties, since: V1_5 },
      }),
    ),
  },
  relationships: {
    shape: mapping(
      record({
        derived_from: { shape: text },
        properties: { shape: properties },
        source_interfaces: { shape: typeInterfaces },
        target_interfaces: { shape: typeInterfaces },
      }),
    ),
  },
  node_templates: { shape: mapping(node_template) },
  policy_types: {
    shape: mapping(record({ properties: { shape: properties }, source: { shape: text, required: true } })),
  },
  policy_triggers: {
    shape: mapping(record({ parameters: { shape: properties }, source: { shape: text, required: true } })),
  },
  groups: {
    shape: mapping(
      record({
        members: { shape: sequence(text), required: true },
        policies: {
          shape: mapping(
            record({
              type: { shape: text, required: true },
              properties: { shape: object },
              triggers: {
                shape: mapping(record({ type: { shape: text, required: true }, parameters: { shape: object } })),
              },
            }),
          ),
        },
      }),
    ),
  },
  policies: {
    shape: mapping(
      record({
        type: { shape: text, required: true },
        properties: { shape: record(INSTANCE_NUMBERS) },
        targets: { shape: sequence(text), required: true },
      }),
    ),
    since: V1_3,
  },
  workflows: {
    shape: mapping(
      shortOr(
        record({
          mapping: { shape: text, required: true },
          parameters: { shape: mapping(record(CONSTRAINED)) },
          is_cascading: { shape: boolean },
          availability_rules: {
            shape: record({
              available: { shape: boolean },
              node_instances_active: { shape: list, oneOf: ['all', 'partial', 'none'] },
              node_types_required: { shape: sequence(text) },
            }),
            since: V1_4,
          },
        }),
      ),
    ),
  },
  outputs: { shape: values },
  capabilities: { shape: values },
  labels: { shape: labels },
  blueprint_labels: { shape: labels },
  resource_tags: { shape: mapping(any), since: V1_3 },
  deployment_settings: {
    shape: record({
      default_schedules: { shape: mapping(schedule) },
      default_groups: { shape: list },
      id_template: { shape: text },
      display_name: { shape: textOrObject },
    }),
  },
});
