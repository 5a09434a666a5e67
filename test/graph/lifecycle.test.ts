import { describe, expect, test } from 'vitest';
import { installBegin, uninstallBegin } from '../../graph/begin.js';
import { installSteps, uninstallSteps } from '../../graph/lifecycle.js';
import { operationWalk } from '../../graph/operation-walks.js';
import type { NodeInstance } from '../../graph/state.js';
import { topology } from '../../graph/topology.js';
import { beginWalk, isComplete, ledgerOf, restart } from '../../graph/walk.js';
import { cleanupWalk, installWalk, rollbackWalk, uninstallWalk } from '../../graph/walks.js';
import { type PlanSketch, sketch } from './fixtures.js';
import { play } from './play.js';

const DRAIN = { on_failure: 'drain' } as const;
const ALL = ['precreate', 'create', 'configure', 'start', 'poststart', 'prestop', 'stop', 'delete', 'postdelete'];

/** An instance of a node that maps everything, left by earlier executions in some state with some facts. */
function left(state: string, attempted: readonly string[], legacy = false) {
  const { plan, instances } = sketch({ a: { operations: ALL, state } });
  const instance = { ...(instances[0] as NodeInstance), attempted };
  const top = topology(plan, [instance], legacy);
  const calls = (steps: ReturnType<typeof installSteps>) =>
    steps.flatMap((step) => step.calls.map(({ operation }) => operation.slice(operation.lastIndexOf('.') + 1)));
  return {
    install: calls(installSteps(top, instance, installBegin(instance, legacy))).join(' '),
    uninstall: calls(uninstallSteps(top, instance, uninstallBegin(instance, legacy))).join(' '),
  };
}

const FULL = 'precreate create configure start poststart';
const DOWN = 'prestop stop delete postdelete';

describe('by recorded facts', () => {
  test.each([
    ['uninitialized', [], FULL, ''],
    ['creating', ['create'], `delete postdelete ${FULL}`, 'delete postdelete'],
    ['created', ['create'], 'configure start poststart', 'delete postdelete'],
    ['configured', ['create', 'configure'], 'start poststart', 'delete postdelete'],
    ['starting', ['create', 'configure', 'start'], 'prestop stop start poststart', DOWN],
    ['started', ['create', 'configure', 'start'], '', DOWN],
    ['stopping', ['create', 'start'], `${DOWN} ${FULL}`, DOWN],
    ['stopped', ['create'], `delete postdelete ${FULL}`, 'delete postdelete'],
    ['deleting', ['create'], `delete postdelete ${FULL}`, 'delete postdelete'],
    ['deleted', [], FULL, ''],
    // Created by hand, by execute_operation.
    ['uninitialized', ['create'], `delete postdelete ${FULL}`, 'delete postdelete'],
  ])('an instance left %s with %j attempted', (state, attempted, install, uninstall) => {
    expect(left(state, attempted)).toEqual({ install, uninstall });
  });
});

describe('as the reference does it', () => {
  test.each([
    ['creating', 'create configure start poststart', DOWN],
    ['created', 'configure start poststart', DOWN],
    ['configured', 'start poststart', 'delete postdelete'],
    ['starting', 'start poststart', DOWN],
    ['stopping', FULL, DOWN],
    ['stopped', FULL, 'delete postdelete'],
    ['deleting', FULL, 'delete postdelete'],
    ['deleted', FULL, ''],
  ])('an instance left %s', (state, install, uninstall) => {
    expect(left(state, ['create', 'start'], true)).toEqual({ install, uninstall });
  });
});

function walked(nodes: PlanSketch, legacy = false) {
  const { plan, instances } = sketch(nodes);
  return {
    top: topology(plan, instances, legacy),
    all: new Set(instances.map(({ id }) => id)),
    states: new Map(instances.map(({ id, state }) => [id, state])),
  };
}

const callsOf = (trace: readonly string[]): string[] => trace.filter((line) => line.includes(':'));

describe('a relationship that names an operation', () => {
  const nodes: PlanSketch = {
    slow: { operations: ['create', 'start', 'stop'], state: 'started' },
    early: { operations: ['create', 'stop'], targets: { slow: [] }, after: { slow: 'create' }, state: 'started' },
  };

  test('lets its source begin once the target has come that far', () => {
    const { top, all } = walked(nodes);
    const trace = play(beginWalk(installWalk(top, all, new Map()), DRAIN), { pick: (running) => running - 1 });
    expect(callsOf(trace)).toEqual(['slow_1: create', 'slow_1: start', 'early_1: create']);
    expect(trace.indexOf('early_1 = initializing')).toBeLessThan(trace.indexOf('slow_1 = started'));
  });

  test('does not let the target go first when they are uninstalled; the reference does', () => {
    const { top, all, states } = walked(nodes);
    expect(callsOf(play(beginWalk(uninstallWalk(top, all, states, false), DRAIN)))).toEqual([
      'early_1: stop',
      'slow_1: stop',
    ]);
    const legacy = walked(nodes, true);
    expect(callsOf(play(beginWalk(uninstallWalk(legacy.top, all, states, false), DRAIN)))[0]).toBe('slow_1: stop');
  });
});

test('a rollback stops what was starting, deletes what was being made, and leaves the rest', () => {
  const { top, states } = walked({
    a: { operations: ALL, state: 'started' },
    b: { operations: ALL, targets: { a: ['unlink:source'] }, state: 'starting' },
    c: { operations: ALL, targets: { a: ['unlink:source'] }, state: 'creating' },
  });
  const trace = play(beginWalk(rollbackWalk(top, new Set(['b_1', 'c_1']), states, true), DRAIN));
  expect(trace.filter((line) => line.startsWith('b_1'))).toEqual([
    'b_1 = stopping',
    'b_1: prestop',
    'b_1: stop',
    'b_1 = configured',
  ]);
  expect(trace.filter((line) => line.startsWith('c_1'))).toEqual([
    'c_1 -> a_1: unlink (source)',
    'c_1 = deleting',
    'c_1: delete',
    'c_1: postdelete',
    'c_1 = uninitialized',
  ]);
  expect(trace.filter((line) => line.startsWith('a_1'))).toEqual([]);
});

test('before a resumed install sends create or start again, what the first try left is taken down', () => {
  const { top, all, states } = walked({
    a: { operations: ALL, state: 'creating' },
    b: { operations: ALL, state: 'starting' },
    c: { operations: ALL, state: 'created' },
  });
  const trace = play(
    beginWalk(
      cleanupWalk(top, all, states, () => []),
      DRAIN,
    ),
    { outcome: () => 'failed' },
  );
  expect(callsOf(trace)).toEqual(['a_1: delete', 'b_1: prestop', 'a_1: postdelete', 'b_1: stop']);
});

test('a stop in the order of an uninstall, with states', () => {
  const { top, all, states } = walked({
    db: { operations: ['stop'], state: 'started' },
    web: { operations: ['stop'], targets: { db: [] }, state: 'started' },
    bare: { targets: { db: [] }, state: 'started' },
  });
  const walk = operationWalk(
    top,
    all,
    {
      operation: 'cloudify.interfaces.lifecycle.stop',
      order: 'uninstall',
      states: { from: 'started', while: 'stopping', after: 'stopped' },
    },
    states,
  );
  expect(play(beginWalk(walk, DRAIN))).toEqual([
    'bare_1 = stopped',
    'web_1 = stopping',
    'web_1: stop',
    'web_1 = stopped',
    'db_1 = stopping',
    'db_1: stop',
    'db_1 = stopped',
  ]);
});

test('a sequence that failed under `continue` is not tried again by the same execution, and is by a resumed one', () => {
  const { top, all } = walked({ bad: { operations: ['create'] }, good: { operations: ['create', 'start'] } });
  const walk = beginWalk(installWalk(top, all, new Map()), { on_failure: 'continue' });
  play(walk, { outcome: (line) => (line === 'bad_1: create' ? 'failed' : 'succeeded') });
  const ledger = ledgerOf(walk, {});
  const again = (sameExecution: boolean) =>
    callsOf(play(beginWalk(installWalk(top, all, new Map()), { on_failure: 'continue' }, { ledger, sameExecution })));
  expect(again(true)).toEqual([]);
  expect(again(false)).toEqual(['bad_1: create']);
});

test('a lifecycle that was begun anew goes on with its own steps after an interruption', () => {
  const { top, all } = walked({ a: { operations: ['create', 'start', 'stop', 'delete'] } });
  const instance = top.instances.get('a_1') as NodeInstance;
  const again = () => [
    ...uninstallSteps(top, instance, 'started').map((step) => ({
      ...step,
      calls: step.calls.map((call) => ({ ...call, key: `undo:${call.key}` })),
    })),
    ...installSteps(top, instance, 'uninitialized'),
  ];
  const walk = beginWalk(installWalk(top, all, new Map()), DRAIN);
  play(walk, { outcome: (line) => (line === 'a_1: start' ? 'failed' : 'succeeded') });
  walk.draining = false;
  restart(walk, 'install_a_1', again(), { tries: 1, from: 'started' });
  const first = callsOf(play(walk, { outcome: (line) => (line === 'a_1: delete' ? 'cancelled' : 'succeeded') }));
  expect(first).toEqual(['a_1: stop', 'a_1: delete']);
  const next = beginWalk(installWalk(top, all, new Map()), DRAIN, { ledger: ledgerOf(walk, {}), again });
  expect(callsOf(play(next))).toEqual(['a_1: delete', 'a_1: create', 'a_1: start']);
  expect(isComplete(next)).toBe(true);
});

describe('monitoring', () => {
  const MONITORED = ['create', 'start', 'poststart', 'prestop', 'stop', 'delete'].concat(
    ['validation.delete', 'monitoring.start', 'monitoring.stop'].map((name) => `cloudify.interfaces.${name}`),
  );
  const AGENT = ['install', 'start', 'stop', 'uninstall'].map((name) => `cloudify.interfaces.monitoring_agent.${name}`);
  const nodes = (state: string): PlanSketch => ({
    db: { state },
    vm: {
      operations: [...MONITORED, ...AGENT],
      host: true,
      targets: { db: ['establish:source', 'unlink:source'] },
      state,
    },
  });
  /** Operations of the host in their order, with as much of their names as tells them apart. */
  const ofHost = (sequences: Parameters<typeof beginWalk>[0]): string[] =>
    sequences.flatMap(({ instance_id, steps }) =>
      instance_id === 'vm_1'
        ? steps.flatMap(({ calls }) =>
            calls.map(({ operation }) =>
              operation.replace(/^cloudify.interfaces.(lifecycle.|relationship_lifecycle.)?/, ''),
            ),
          )
        : [],
    );

  test('begins after the node has started (on a host: with its agent first), before its relationships are established', () => {
    const { top, all, states } = walked(nodes('uninitialized'));
    expect(ofHost(installWalk(top, all, states))).toEqual([
      ...['create', 'start', 'monitoring_agent.install', 'monitoring_agent.start', 'poststart', 'monitoring.start'],
      'establish',
    ]);
  });

  test('ends before anything of the node is stopped, and on a host its agent goes before the host does', () => {
    const { top, all, states } = walked(nodes('started'));
    expect(ofHost(uninstallWalk(top, all, states, false))).toEqual([
      ...[
        'validation.delete',
        'monitoring.stop',
        'prestop',
        'monitoring_agent.stop',
        'monitoring_agent.uninstall',
        'stop',
      ],
      ...['unlink', 'delete'],
    ]);
  });

  test('ends when a start is rolled back', () => {
    const { top, all, states } = walked(nodes('starting'));
    expect(ofHost(rollbackWalk(top, all, states, false))).toEqual([
      ...[
        'validation.delete',
        'monitoring.stop',
        'prestop',
        'monitoring_agent.stop',
        'monitoring_agent.uninstall',
        'stop',
      ],
    ]);
  });
});
