import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topology } from '../../graph/topology.js';
import { beginWalk, isComplete, ledgerOf } from '../../graph/walk.js';
import { installWalk, uninstallWalk } from '../../graph/walks.js';
import { type PlanSketch, sketch } from './fixtures.js';
import { play } from './play.js';

const DRAIN = { on_failure: 'drain' } as const;

function installOf(nodes: PlanSketch) {
  const { plan, instances } = sketch(nodes);
  const states = new Map(instances.map(({ id, state }) => [id, state]));
  return installWalk(topology(plan, instances), new Set(instances.map(({ id }) => id)), states);
}

function uninstallOf(nodes: PlanSketch, ignoreFailure = false) {
  const { plan, instances } = sketch(nodes);
  const states = new Map(instances.map(({ id, state }) => [id, state]));
  return uninstallWalk(topology(plan, instances), new Set(instances.map(({ id }) => id)), states, ignoreFailure);
}

const WEB_ON_DB: PlanSketch = {
  db: { operations: ['create', 'start', 'stop', 'delete'] },
  web: {
    operations: ['create', 'configure', 'start', 'stop', 'delete'],
    targets: { db: ['preconfigure:source', 'establish:source', 'establish:target', 'unlink:source'] },
  },
};

describe('an install', () => {
  test('takes each instance through its lifecycle after those it depends on', () => {
    expect(play(beginWalk(installOf(WEB_ON_DB), DRAIN))).toEqual([
      'db_1 = initializing',
      'db_1 = creating',
      'db_1: create',
      'db_1 = created',
      'db_1 = starting',
      'db_1: start',
      'db_1 = started',
      'web_1 = initializing',
      'web_1 = creating',
      'web_1: create',
      'web_1 = created',
      'web_1 -> db_1: preconfigure (source)',
      'web_1 = configuring',
      'web_1: configure',
      'web_1 = configured',
      'web_1 = starting',
      'web_1: start',
      'web_1 -> db_1: establish (source)',
      'web_1 -> db_1: establish (target)',
      'web_1 = started',
    ]);
  });

  test('starts an instance with nothing mapped without any call', () => {
    expect(play(beginWalk(installOf({ a: {} }), DRAIN))).toEqual(['a_1 = started']);
  });

  test.each([
    ['started', ['= started']],
    ['starting', ['= initializing', '= starting', ': start', '= started']],
    [
      'created',
      ['= initializing', '= configuring', ': configure', '= configured', '= starting', ': start', '= started'],
    ],
    [
      'deleted',
      [
        '= initializing',
        '= creating',
        ': create',
        '= created',
        '= configuring',
        ': configure',
        '= configured',
        '= starting',
        ': start',
        '= started',
      ],
    ],
  ])('of an instance that is %s skips what was done', (state, expected) => {
    const trace = play(beginWalk(installOf({ a: { operations: ['create', 'configure', 'start'], state } }), DRAIN));
    expect(trace.map((line) => line.replace(/^a_1 ?/, ''))).toEqual(expected);
  });

  test('waits for a host to be up before poststart', () => {
    const nodes = { vm: { host: true, operations: ['start', 'poststart', 'cloudify.interfaces.host.get_state'] } };
    const calls = play(beginWalk(installOf(nodes), DRAIN)).filter((line) => line.includes(':'));
    expect(calls).toEqual(['vm_1: start', 'vm_1: get_state', 'vm_1: poststart']);
  });

  test('runs the relationship operations to all instances of a target side by side, targets one after the other', () => {
    const trace = play(
      beginWalk(
        installOf({
          a: { instances: 2 },
          b: {},
          c: { targets: { a: ['establish:source'], b: ['establish:source'] } },
        }),
        DRAIN,
      ),
    );
    expect(trace.filter((line) => line.includes('establish'))).toEqual([
      'c_1 -> a_1: establish (source)',
      'c_1 -> a_2: establish (source)',
      'c_1 -> b_1: establish (source)',
    ]);
  });

  test('restricted to some instances lets the others that run establish their relationships to them', () => {
    const { plan, instances } = sketch({ ...WEB_ON_DB, web: { ...WEB_ON_DB.web, state: 'started' } });
    const states = new Map(instances.map(({ id, state }) => [id, state]));
    const walk = beginWalk(installWalk(topology(plan, instances), new Set(['db_1']), states), DRAIN);
    expect(play(walk).slice(-2)).toEqual(['web_1 -> db_1: establish (source)', 'web_1 -> db_1: establish (target)']);
  });
});

describe('an uninstall', () => {
  test('is the reverse: sources first, unlinked before they are deleted', () => {
    const started = Object.fromEntries(
      Object.entries(WEB_ON_DB).map(([name, node]) => [name, { ...node, state: 'started' }]),
    );
    expect(play(beginWalk(uninstallOf(started), DRAIN))).toEqual([
      'web_1 = stopping',
      'web_1: stop',
      'web_1 = stopped',
      'web_1 -> db_1: unlink (source)',
      'web_1 = deleting',
      'web_1: delete',
      'web_1 = deleted',
      'db_1 = stopping',
      'db_1: stop',
      'db_1 = stopped',
      'db_1 = deleting',
      'db_1: delete',
      'db_1 = deleted',
    ]);
  });

  test('of an instance that was never installed only marks it', () => {
    const trace = play(beginWalk(uninstallOf({ a: { operations: ['stop', 'delete'] } }), DRAIN));
    expect(trace).toEqual(['a_1 = stopped', 'a_1 = deleted']);
  });

  test('that ignores failures goes on past them', () => {
    const walk = beginWalk(uninstallOf({ a: { operations: ['stop', 'delete'], state: 'started' } }, true), DRAIN);
    expect(play(walk, { outcome: (line) => (line === 'a_1: stop' ? 'failed' : 'succeeded') })).toEqual([
      'a_1 = stopping',
      'a_1: stop',
      'a_1 = stopped',
      'a_1 = deleting',
      'a_1: delete',
      'a_1 = deleted',
    ]);
    expect(isComplete(walk)).toBe(true);
  });

  test('that ignores failures does not call deleted what could not be deleted', () => {
    const walk = beginWalk(uninstallOf({ a: { operations: ['stop', 'delete'], state: 'started' } }, true), DRAIN);
    expect(play(walk, { outcome: () => 'failed' }).at(-1)).toBe('a_1: delete');
    expect(isComplete(walk)).toBe(true);
  });
});

describe('a failure', () => {
  const nodes: PlanSketch = {
    bad: { operations: ['create'] },
    after: { operations: ['create'], targets: { bad: [] } },
    other: { operations: ['create', 'start'] },
    afterOther: { operations: ['create'], targets: { other: [] } },
  };
  const failBad = (line: string) => (line === 'bad_1: create' ? ('failed' as const) : ('succeeded' as const));

  test('drains by default: what runs ends, nothing new begins', () => {
    const trace = play(beginWalk(installOf(nodes), DRAIN), { outcome: failBad });
    expect(trace.filter((line) => line.includes(':'))).toEqual(['bad_1: create', 'other_1: create']);
    expect(trace.at(-1)).toBe('other_1 = created');
  });

  test('under `continue` stops only what depends on it', () => {
    const walk = beginWalk(installOf(nodes), { on_failure: 'continue' });
    const calls = play(walk, { outcome: failBad }).filter((line) => line.includes(':'));
    expect(calls).toEqual(['bad_1: create', 'other_1: create', 'other_1: start', 'afterOther_1: create']);
    expect(walk.failed).toBe(true);
  });
});

describe('a walk given a ledger', () => {
  test('runs what the ledger does not name, and nothing twice', () => {
    const first = beginWalk(installOf(WEB_ON_DB), DRAIN);
    const before = play(first, { outcome: (line) => (line === 'web_1: configure' ? 'failed' : 'succeeded') });
    const resumed = beginWalk(installOf(WEB_ON_DB), DRAIN, { ledger: ledgerOf(first, {}) });
    const after = play(resumed);
    expect(before.filter((line) => line.includes(':')).at(-1)).toBe('web_1: configure');
    expect(after).toEqual([
      'web_1 = configuring',
      'web_1: configure',
      'web_1 = configured',
      'web_1 = starting',
      'web_1: start',
      'web_1 -> db_1: establish (source)',
      'web_1 -> db_1: establish (target)',
      'web_1 = started',
    ]);
    expect(isComplete(resumed)).toBe(true);
  });
});

/** Random acyclic plans: each node may be related to nodes before it. */
const plans = fc
  .array(
    fc.record({
      operations: fc.subarray(['create', 'configure', 'start']),
      targets: fc.array(fc.nat(7), { maxLength: 3 }),
      instances: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map(
    (nodes): PlanSketch =>
      Object.fromEntries(
        nodes.map(({ operations, targets, instances }, at) => [
          `n${at}`,
          {
            operations,
            instances,
            targets: Object.fromEntries(
              targets.filter((target) => target < at).map((target) => [`n${target}`, ['establish:source']]),
            ),
          },
        ]),
      ),
  );

describe('whatever the plan, the order in which calls end, and the bound on calls in flight', () => {
  test('each instance begins after all its targets are started, and all are started in the end', () => {
    fc.assert(
      fc.property(plans, fc.infiniteStream(fc.nat()), fc.integer({ min: 1, max: 5 }), (nodes, picks, capacity) => {
        const walk = beginWalk(installOf(nodes), DRAIN);
        const trace = play(walk, { capacity, pick: (running) => (picks.next().value as number) % running });
        expect(isComplete(walk)).toBe(true);
        for (const { id, relationships } of sketch(nodes).instances) {
          const begun = trace.indexOf(`${id} = initializing`);
          for (const { target_id } of relationships)
            expect(trace.indexOf(`${target_id} = started`)).toBeLessThan(begun);
          expect(trace.filter((line) => line === `${id} = started`)).toHaveLength(1);
        }
      }),
    );
  });

  test('an interrupted walk and its resumption make the same calls as an undisturbed one', () => {
    fc.assert(
      fc.property(plans, fc.nat(30), (nodes, stopAfter) => {
        let ended = 0;
        const first = beginWalk(installOf(nodes), DRAIN);
        const interrupted = new Set<string>();
        const before = play(first, {
          outcome: (line) => {
            ended += 1;
            if (ended <= stopAfter) return 'succeeded';
            interrupted.add(line);
            return 'cancelled';
          },
        });
        const resumed = beginWalk(installOf(nodes), DRAIN, { ledger: ledgerOf(first, {}) });
        const after = play(resumed);
        const calls = (trace: string[]) => trace.filter((line) => line.includes(':'));
        const together = [...calls(before).filter((line) => !interrupted.has(line)), ...calls(after)];
        expect(together.sort()).toEqual(calls(play(beginWalk(installOf(nodes), DRAIN))).sort());
      }),
    );
  });
});
