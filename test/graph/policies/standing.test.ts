import { expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import type { DeploymentPlan } from '../../../blueprint/plan.js';
import { type PolicyRule, policyRules } from '../../../graph/policies/rules.js';
import {
  acted,
  acting,
  judge,
  type Look,
  refused,
  type Standing,
  unknownStanding,
} from '../../../graph/policies/standing.js';
import { deploymentOf } from '../../blueprint/compile-text.js';

const TRIGGER = { type: 'cloudify.policies.triggers.execute_workflow', parameters: { workflow: 'heal' } };

function rule(type: string, properties: JsonObject, more: JsonObject = { heal: TRIGGER }): PolicyRule {
  const policies = { own: { type, properties, triggers: more } };
  const plan = { nodes: [{ id: 'app' }], groups: { g: { members: ['app'], policies } } };
  return policyRules(plan as unknown as DeploymentPlan)[0] as PolicyRule;
}

/** Looks every ten seconds; each firing succeeds at once. Tells the phase after each look, `!` where it fired. */
function play(
  own: PolicyRule,
  looks: readonly Look[],
  outcome = true,
): { readonly phases: string; standing: Standing } {
  let standing = unknownStanding(0);
  const phases = looks.map((look, at) => {
    const now = at * 10_000;
    const verdict = judge(own, standing, look, now);
    standing = verdict.fires ? acted(acting(verdict.standing, 'e'), outcome, now) : verdict.standing;
    return verdict.fires ? 'fires' : verdict.standing.phase;
  });
  return { phases: phases.join(' '), standing };
}

const health = (pattern: string): Look[] =>
  [...pattern].map((sign) => (sign === '?' ? { text: 'unknown' } : { ok: sign === '+', text: sign }));
const values = (...list: readonly number[]): Look[] => list.map((value) => ({ value, text: String(value) }));

test('a health policy fires after so many bad looks in a row, and a good one between them begins the count anew', () => {
  const own = rule('caisson.policies.Health', { failures: 3, interval_between_workflows: 0 });
  expect(play(own, health('+--+---+')).phases).toBe('well suspect suspect well suspect suspect fires well');
});

test('what cannot be told changes nothing', () => {
  const own = rule('caisson.policies.Health', { failures: 2 });
  expect(play(own, health('?+-?-')).phases).toBe('unknown well suspect suspect fires');
});

test('after it fired it does not fire again before it has cooled down', () => {
  const own = rule('caisson.policies.Health', { failures: 1, interval_between_workflows: 30 });
  expect(play(own, health('-----')).phases).toBe('fires cooling cooling fires cooling');
});

test('a subject that flaps is given up after so many firings, until it was well for the whole window', () => {
  const own = rule('caisson.policies.Health', {
    failures: 1,
    interval_between_workflows: 0,
    limit: 2,
    limit_window: 60,
  });
  const flapping = play(own, health('-+-+-+-'));
  expect(flapping.phases).toBe('fires well fires well exhausted exhausted exhausted');
  const mended = play(own, health('-+-+-+++++++-'));
  expect(mended.phases.split(' ').slice(4)).toEqual([
    ...['exhausted', 'exhausted', 'exhausted', 'exhausted', 'exhausted', 'exhausted', 'exhausted', 'well'],
    'fires',
  ]);
});

test('a metric policy fires when its value stays beyond the threshold for the stability time', () => {
  const own = rule('cloudify.policies.types.threshold', { service: 'cpu', threshold: 80, stability_time: 20 });
  expect(play(own, values(90, 70, 90, 90, 90)).phases).toBe('suspect well suspect suspect fires');
});

test('a lower bound fires below the threshold', () => {
  const own = rule('cloudify.policies.types.threshold', { service: 'cpu', threshold: 10, upper_bound: false });
  expect(play(own, values(11, 9)).phases).toBe('well fires');
});

test('a moving average does not fire on a spike', () => {
  const own = rule('cloudify.policies.types.ewma_stabilized', { service: 'cpu', threshold: 50, ewma_timeless_r: 0.2 });
  expect(play(own, values(10, 100, 10, 10)).phases).toBe('well well well well');
  expect(play(own, values(10, 100, 100, 100, 100)).phases).toBe(
    'well well well fires cooling'.replace('suspect', 'cooling'),
  );
});

test('a value that trembles around the threshold is one crossing: it has to come back to rearm_at', () => {
  const properties = { query: 'cpu', threshold: 80, rearm_at: 60, stability_time: 40 };
  const own = rule('caisson.policies.Metric', properties);
  expect(play(own, values(81, 79, 81, 79, 79)).phases).toBe('suspect suspect suspect suspect fires');
  expect(play(own, values(81, 59, 81, 79, 79)).phases).toBe('suspect well suspect suspect suspect');
});

test('nothing is judged while what it fired runs', () => {
  const own = rule('caisson.policies.Health', { failures: 1 });
  const running = acting(judge(own, unknownStanding(0), { ok: false, text: '-' }, 0).standing, 'e1');
  expect(judge(own, running, { ok: false, text: '-' }, 10)).toMatchObject({
    fires: false,
    standing: { phase: 'acting' },
  });
});

test('a firing that the deployment refused does not count', () => {
  const own = rule('caisson.policies.Health', { failures: 1, limit: 1 });
  const fired = judge(own, unknownStanding(0), { ok: false, text: '-' }, 0).standing;
  expect(judge(own, refused(fired), { ok: false, text: '-' }, 10).fires).toBe(true);
});

test('the types of Cloudify are known, also under a namespace; another language is not', () => {
  expect(rule('cloudify.policies.types.host_failure', { interval_between_workflows: 20 })).toMatchObject({
    watches: 'health',
    cool_down: 20,
    failures: 2,
    limit: 5,
  });
  expect(rule('ns--caisson.policies.Health', {}).watches).toBe('health');
  expect(rule('acme.policies.clojure', {}).watches).toBe('unsupported');
});

test('members are nodes, also those of groups in the group, and groups may hold each other', () => {
  const groups = {
    a: { members: ['b', 'x'], policies: { p: { type: 't', properties: {}, triggers: {} } } },
    b: { members: ['a', 'y'] },
  };
  const nodes = [{ id: 'x' }, { id: 'y' }, { id: 'z' }];
  expect(policyRules({ groups, nodes } as unknown as DeploymentPlan)[0]?.nodes).toEqual(['x', 'y']);
});

test('a blueprint of the past is read as its author wrote it', async () => {
  const plan = await deploymentOf(`
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml]
node_templates:
  vm: { type: cloudify.nodes.Compute, properties: { ip: 192.0.2.1, agent_config: { install_method: none } } }
groups:
  vms:
    members: [vm]
    policies:
      simple_autoheal_policy:
        type: cloudify.policies.types.host_failure
        properties: { service: [example], interval_between_workflows: 20 }
        triggers:
          auto_heal_trigger:
            type: cloudify.policies.triggers.execute_workflow
            parameters:
              workflow: heal
              workflow_parameters: { node_instance_id: { get_property: [SELF, node_id] } }
      auto_scale_policy:
        type: cloudify.policies.types.ewma_stabilized
        properties: { policy_operates_on_group: true, service: cpu.total.user, threshold: 75, stability_time: 60 }
        triggers:
          out:
            type: cloudify.policies.triggers.execute_workflow
            parameters: { workflow: scale, workflow_parameters: { scalable_entity_name: vm } }
`);
  expect(policyRules(plan)).toMatchObject([
    {
      id: 'vms/simple_autoheal_policy',
      watches: 'health',
      nodes: ['vm'],
      cool_down: 20,
      triggers: [{ workflow: 'heal', parameters: { node_instance_id: { get_property: ['SELF', 'node_id'] } } }],
    },
    {
      watches: 'metric',
      on_group: true,
      cool_down: 300,
      limit: -1,
      metric: { query: 'cpu.total.user', threshold: 75, upper_bound: true, stability_time: 60, smoothing: 0.5 },
      triggers: [{ workflow: 'scale', parameters: { scalable_entity_name: 'vm' } }],
    },
  ]);
});
