import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { applyPatch, isPatch } from '../../graph/patch.js';
import { track } from '../../plugins/sdk/tracked.js';

describe('a patch', () => {
  test('sets a nested path and makes the containers it needs', () => {
    expect(applyPatch({ a: 1 }, [['set', ['b', 'c'], 2]])).toEqual({ a: 1, b: { c: 2 } });
  });

  test('replaces a scalar that stands in the way of a path', () => {
    expect(applyPatch({ a: 1 }, [['set', ['a', 'b'], 2]])).toEqual({ a: { b: 2 } });
  });

  test('sets and appends items of lists', () => {
    const patched = applyPatch({ l: ['x', 'y'] }, [
      ['set', ['l', 0], 'z'],
      ['set', ['l', 9], 'end'],
    ]);
    expect(patched).toEqual({ l: ['z', 'y', 'end'] });
  });

  test('deletes keys and list items, and ignores what is not there', () => {
    const patched = applyPatch({ a: { b: 1, c: 2 }, l: [1, 2, 3] }, [
      ['delete', ['a', 'b']],
      ['delete', ['l', 1]],
      ['delete', ['no', 'such']],
    ]);
    expect(patched).toEqual({ a: { c: 2 }, l: [1, 3] });
  });

  test('replaces the whole with the empty path', () => {
    expect(applyPatch({ a: 1 }, [['set', [], { b: 2 }]])).toEqual({ b: 2 });
    expect(applyPatch({ a: 1 }, [['delete', []]])).toEqual({});
  });

  test('never reaches a prototype', () => {
    applyPatch({}, [['set', ['__proto__', 'polluted'], true]]);
    expect(({} as JsonObject).polluted).toBeUndefined();
  });

  test('leaves its input as it was', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(key, { minLength: 1, maxLength: 3 });
    const operation = fc.oneof(
      fc.tuple(fc.constant('set' as const), path, fc.integer()),
      fc.tuple(fc.constant('delete' as const), path),
    );
    fc.assert(
      fc.property(fc.array(operation), (patch) => {
        const before: JsonObject = { a: { b: { c: 1 } }, b: [1, { c: 2 }] };
        applyPatch(before, patch);
        expect(before).toEqual({ a: { b: { c: 1 } }, b: [1, { c: 2 }] });
      }),
    );
  });

  test('to different paths commutes', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (x, y) => {
        const first = ['set', ['m', 'x'], x] as const;
        const second = ['set', ['m', 'y'], y] as const;
        expect(applyPatch({}, [first, second])).toEqual(applyPatch(applyPatch({}, [second]), [first]));
      }),
    );
  });
});

test('of two writers that both found an object missing, neither empties it', () => {
  const first = applyPatch({}, [
    ['ensure', ['backends']],
    ['set', ['backends', 'a'], 1],
  ]);
  expect(
    applyPatch(first, [
      ['ensure', ['backends']],
      ['set', ['backends', 'b'], 2],
    ]),
  ).toEqual({ backends: { a: 1, b: 2 } });
  expect(isPatch([['ensure', ['backends']]])).toBe(true);
});

test('of several writers that add to one list, all keep what they added', () => {
  const added = applyPatch({ backends: ['a'] }, [['append', ['backends'], ['b']]]);
  expect(applyPatch(added, [['append', ['backends'], ['c']]])).toEqual({ backends: ['a', 'b', 'c'] });
  const begun = applyPatch({}, [['begin', ['lb', 'members'], ['a']]]);
  expect(applyPatch(begun, [['begin', ['lb', 'members'], ['b']]])).toEqual({ lb: { members: ['a', 'b'] } });
  expect(applyPatch(begun, [['begin', ['lb', 'members'], ['a']]])).toEqual(begun);
  expect(isPatch([['append', ['backends'], ['c']]])).toBe(true);
  expect(isPatch([['begin', ['backends'], 'c']])).toBe(false);
});

test('what is recorded of changes makes the same of the properties as the changes did', () => {
  const keys = fc.constantFrom('a', 'b');
  const step = fc.oneof(
    fc.record({ do: fc.constant('push' as const), key: keys, value: fc.integer() }),
    fc.record({
      do: fc.constant('set' as const),
      key: keys,
      value: fc.constantFrom<Json>([], [1], [1, 2], { a: [1] }, 3),
    }),
    fc.record({ do: fc.constant('delete' as const), key: keys, value: fc.constant(0) }),
    fc.record({ do: fc.constant('take' as const), key: keys, value: fc.constant(0) }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom<JsonObject>({}, { a: [1] }, { a: { a: [1] }, b: [] }),
      fc.array(step),
      (begin, steps) => {
        const { view, takePatch } = track(begin);
        let applied = begin;
        for (const { do: what, key, value } of steps) {
          const known = view[key];
          if (what === 'take') applied = applyPatch(applied, takePatch());
          else if (what === 'delete') delete view[key];
          else if (what === 'set') view[key] = value;
          else if (Array.isArray(known)) known.push(value);
          else if (typeof known === 'object' && known !== null) (known as Record<string, Json>)[key] = [value];
        }
        expect(applyPatch(applied, takePatch())).toEqual(JSON.parse(JSON.stringify(view)));
      },
    ),
  );
});
