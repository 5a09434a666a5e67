import { describe, expect, test } from 'vitest';
import { bindParameters, workflowOf } from '../../blueprint/parameters.js';
import type { JsonObject, PlanWorkflow } from '../../blueprint/plan.js';
import { planOf } from './compile-text.js';

const workflow = (parameters: JsonObject): PlanWorkflow => ({
  plugin: 'p',
  operation: 'w',
  parameters,
  is_cascading: false,
  availability_rules: null,
});

const W = workflow({
  name: { type: 'string' },
  count: { type: 'integer', default: 1, constraints: [{ greater_than: 0 }] },
  fast: { type: 'boolean', default: false },
  ids: { type: 'list', item_type: 'integer', default: [] },
  anything: { required: false },
});

describe('parameters of a workflow', () => {
  test('are completed with their defaults', () => {
    expect(bindParameters('w', W, { name: 'a' })).toEqual({
      values: { name: 'a', count: 1, fast: false, ids: [] },
      problems: [],
      unknown: [],
    });
  });

  test('are converted from text where their types say so, items of lists as well', () => {
    const { values, problems } = bindParameters('w', W, { name: 'a', count: '5', fast: 'true', ids: ['1', 2] });
    expect(problems).toEqual([]);
    expect(values).toMatchObject({ count: 5, fast: true, ids: [1, 2] });
    expect(bindParameters('w', W, { name: 'a', ids: '1, 2' }).values.ids).toEqual([1, 2]);
  });

  test('that are wrong are told all at once, as the reference tells them', () => {
    expect(bindParameters('w', W, { count: 'many', fast: 1, x: 1, y: 2 }).problems).toEqual([
      'Workflow "w" does not have the following parameters declared: x,y. Remove these parameters or use the flag for allowing custom parameters',
      'Parameter "count" must be of type integer',
      'Parameter "fast" must be of type boolean',
      'Workflow "w" must be provided with the following parameters to execute: name',
    ]);
    expect(bindParameters('w', W, { name: 5 }).problems).toEqual(['Parameter "name" must be of type string']);
    expect(bindParameters('w', W, { name: 'a', count: 0 }).problems).toEqual([expect.stringContaining('"count"')]);
  });

  test('that are not declared are passed on when that is allowed', () => {
    expect(bindParameters('w', W, { name: 'a', x: 1 }, { allowCustom: true })).toMatchObject({
      values: { x: 1 },
      problems: [],
    });
  });

  test('that hold functions are evaluated before they are checked', () => {
    const evaluate = () => '7';
    expect(bindParameters('w', W, { name: 'a', count: { get_input: 'n' } }, { evaluate }).values.count).toBe(7);
    expect(bindParameters('w', W, { name: 'a', count: { get_input: 'n' } })).toMatchObject({
      values: { count: { get_input: 'n' } },
      problems: [],
    });
  });

  test('that name what is not there are refused', () => {
    const named = workflow({ node_ids: { type: 'list', item_type: 'node_id', default: [] } });
    const objectNames = (type: string) => (type === 'node_id' ? ['web', 'db'] : ['Root']);
    const problemsOf = (given: JsonObject) => bindParameters('w', named, given, { objectNames }).problems;
    expect(problemsOf({ node_ids: ['web', 'wbe', 'wbe'] })).toEqual([
      'Parameter "node_ids": there is no node wbe; did you mean web? There are: web, db',
    ]);
    expect(problemsOf({ node_ids: ['mailserver'] })).toEqual([
      'Parameter "node_ids": there is no node mailserver; there are: web, db',
    ]);
  });

  test('by which a built-in workflow filters are refused when they name nothing, whatever the types declare', () => {
    const untyped = {
      ...workflow({ type_names: { default: [] }, node_ids: { default: [] } }),
      plugin: 'default_workflows',
    };
    const objectNames = (type: string) => (type === 'node_id' ? ['web'] : ['cloudify.nodes.Root']);
    const given = { type_names: ['cloudify.nodes.Rood'], node_ids: 'web,wbe' };
    expect(bindParameters('install', untyped, given, { objectNames }).unknown).toEqual([
      'Parameter "type_names": there is no node of type cloudify.nodes.Rood; did you mean cloudify.nodes.Root? There are: cloudify.nodes.Root',
      'Parameter "node_ids": there is no node wbe; did you mean web? There are: web',
    ]);
    const custom = { ...untyped, plugin: 'shop' };
    expect(bindParameters('audit', custom, given, { objectNames }).unknown).toEqual([]);
  });

  test('of the built-in workflows have the reference’s defaults', async () => {
    const plan = await planOf(`
tosca_definitions_version: cloudify_dsl_1_4
imports: [cloudify/types/types.yaml]
node_templates: { a: { type: cloudify.nodes.Root } }
`);
    const scale = workflowOf(plan, 'scale');
    expect(scale && bindParameters('scale', scale, { scalable_entity_name: 'a', delta: '2' })).toMatchObject({
      values: { delta: 2, rollback_if_failed: true, abort_started: false, ignore_failure: false },
      problems: [],
    });
    expect(workflowOf(plan, 'update')).toBeDefined();
    expect(workflowOf(plan, 'no_such')).toBeUndefined();
  });
});
