// Two states on two machines: one is summarized, the other compared with the summary. A change is found under its own name, at once if the
// summary had room for it, and otherwise by following addresses; and no list of integers does harm.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, type DifferentPlace, summarize } from '../../src/core/state-tree.js';
import { anyState, changesOf, reversedKeys } from './state-samples.js';

const paths = (places: readonly DifferentPlace[] | null): string[] | undefined => places?.map(({ path }) => path);
const between = (a: unknown, b: unknown, budget?: number, limit?: number): string[] | undefined =>
  paths(compare(a, summarize(b, budget)!, limit));

describe('equal states', () => {
  it('have no different places, whatever the budget and the order of keys', () => {
    fc.assert(
      fc.property(anyState, fc.integer({ min: 1, max: 600 }), (state, budget) => {
        expect(compare(reversedKeys(structuredClone(state)), summarize(state, budget)!)).toEqual([]);
      }),
    );
  });
});

describe('a single change', () => {
  const changed = fc
    .record({ state: anyState, pick: fc.nat() })
    .map(({ state, pick }) => ({ state, changes: changesOf(state), pick }))
    .filter(({ changes }) => changes.length > 0)
    .map(({ state, changes, pick }) => {
      const change = changes[pick % changes.length]!;
      const holder = { root: structuredClone(state) };
      change.apply(holder);
      return { before: state, after: holder.root, path: change.path };
    });

  it('is found under its own path, in both directions', () => {
    fc.assert(
      fc.property(changed, ({ before, after, path }) => {
        expect(between(before, after, 100_000)).toEqual([path]);
        expect(between(after, before, 100_000)).toEqual([path]);
      }),
      { numRuns: 500 },
    );
  });

  it('is found under its own path by following addresses, with room for one level of a container a round', () => {
    let rounds = 0;
    fc.assert(
      fc.property(changed, ({ before, after, path }) => {
        let places = compare(before, summarize(after, 33)!)!;
        while (places[0]?.at !== undefined) {
          expect(places).toHaveLength(1);
          rounds++;
          places = compare(before, summarize(after, 33, places[0].at)!, 16, places[0].at)!;
        }
        expect(paths(places)).toEqual([path]);
      }),
      { numRuns: 500 },
    );
    expect(rounds).toBeGreaterThan(30);
  });
});

describe('places are called', () => {
  const units = [{ hp: 1 }, { hp: 2 }, { hp: 3 }, { hp: 4, x: 0 }];
  const bytes = (length: number, ...changed: number[]): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => (changed.includes(i) ? 99 : i & 15));

  it.each<[string, unknown, unknown, string[]]>([
    ['a field', { players: [{ x: 1 }] }, { players: [{ x: 2 }] }, ['players[0].x']],
    ['a length', { units }, { units: units.slice(1, 1) }, ['units.length']],
    ['a key that one side has', { units }, { units: [...units.slice(0, 3), { x: 0 }] }, ['units[3].hp only here']],
    [
      'a key that the other has',
      { units },
      { units: [...units.slice(0, 3), { hp: 4, x: 0, y: 5, z: 6 }] },
      ['units[3] (2 keys only there)'],
    ],
    [
      'what both have beside such a key',
      { a: 1, b: [1, 2], c: 3 },
      { b: [1, 3], d: 4 },
      ['a only here', 'c only here', 'state (a key only there)', 'b[1]'],
    ],
    ['a value of another kind', { a: [1], b: 2 }, { a: new Set([1]), b: 2 }, ['a']],
    ['a list for a number', { a: 1, b: 2 }, { a: [1, [2, 3]], b: 3 }, ['a', 'b']],
    ['an item of a Map', { map: new Map([['a', { n: 1 }]]) }, { map: new Map([['a', { n: 2 }]]) }, ['map.get("a").n']],
    [
      'the order of a Map',
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
      ['state (order of keys)'],
    ],
    ['an item of a Set', { seen: new Set(['a', 'b']) }, { seen: new Set(['a', 'c']) }, ['[...seen][1]']],
    ['one value', 1, 2, ['state']],
    ['a word of bytes', bytes(2_000), bytes(2_000, 1202), ['bytes 1200..1203']],
    ['a run of bytes', { map: bytes(400) }, { map: bytes(400, 99, 101, 102, 105, 200) }, ['map bytes 96..107', 'map bytes 200..203']],
    ['runs of neighbours', [bytes(8), bytes(8)], [bytes(8, 1), bytes(8, 5)], ['[0] bytes 0..3', '[1] bytes 4..7']],
    ['the end of bytes', bytes(7), bytes(7, 6), ['bytes 4..6']],
    ['the length of bytes', bytes(7), bytes(8), ['byteLength']],
    ['elements of a typed array', { tiles: new Int16Array(100) }, { tiles: new Int16Array(100).fill(7, 40, 44) }, ['tiles[40..43]']],
    ['an element of eight bytes', new Float64Array([1, 2]), new Float64Array([1, -3.7]), ['[1]']],
    [
      'bytes behind other views',
      [bytes(8).buffer, new DataView(bytes(8).buffer)],
      [bytes(8, 5).buffer, new DataView(bytes(8, 2).buffer)],
      ['[0] bytes 4..7', '[1] bytes 0..3'],
    ],
    ['0 and -0, not NaN and NaN', [0, NaN], [-0, NaN], ['[0]']],
  ])('%s', (_, here, there, expected) => {
    expect(between(here, there)).toEqual(expected);
  });

  it('a place below keys that differ has no address: indices mean something else there', () => {
    const [added, changed] = compare({ a: 1, b: { c: [1, 2] } }, summarize({ b: { c: [1, 3] } }, 2)!)!;
    expect([added, changed]).toEqual([{ path: 'a only here' }, { path: 'b' }]);
  });

  it('many keys: one that only one side has changes the name of all together', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`e${i}`, i]));
    expect(between({ many }, { many: { ...many, f: 1 } })).toEqual(['many (keys)']);
    expect(between({ many }, { many: { ...many, e7: 1 } })).toEqual(['many.e7']);
    expect(between(new Map([[1, 1]]), new Map(Object.entries(many)))).toEqual(['size']);
  });
});

describe('the budget', () => {
  it('bounds the summary, and every part of a large state can still be told apart', () => {
    const large = new Uint8Array(300_000);
    const summary = summarize(large)!;
    // A hash, or a kind and a length, for each of at most 512 nodes.
    expect(summary.length).toBeLessThanOrEqual(2 * 512);
    expect(summary.length).toBeGreaterThan(300);
    const changed = large.slice();
    changed[250_000] = 1;
    const [place, ...others] = compare(changed, summary)!;
    expect(others).toEqual([]);
    const [, from, to] = /^bytes (\d+)\.\.(\d+)$/.exec(place!.path)!;
    expect([Number(from) <= 250_000, Number(to) >= 250_000, Number(to) - Number(from) < 1_024]).toEqual([true, true, true]);
    expect(paths(compare(changed, summarize(large, 512, place!.at)!, 16, place!.at))).toEqual(['bytes 250000..250003']);
  });

  it('a summary of one node is one hash', () => {
    expect(summarize({ a: [1, 2] }, 1)).toHaveLength(1);
    expect(compare({ a: [1, 3] }, summarize({ a: [1, 2] }, 1)!)).toEqual([{ path: 'state', at: [] }]);
  });

  it('long lists are looked into in stretches', () => {
    const list = Array.from({ length: 1_000 }, (_, i) => i);
    const [place] = compare(list.with(700, -1), summarize(list, 100)!)!;
    expect(place!.path).toBe('[688..703]');
    expect(paths(compare(list.with(700, -1), summarize(list, 100, place!.at)!, 1, place!.at))).toEqual(['[700]']);
  });

  it('no more places than the limit are given', () => {
    const list = Array.from({ length: 100 }, (_, i) => i);
    expect(
      between(
        list,
        list.map((n) => -n - 1),
        512,
        3,
      ),
    ).toEqual(['[0]', '[1]', '[2]']);
    // The rest of the summary cannot be read any more then: that is no fault of the summary.
    expect(between({ a: 1, b: { c: 1 } }, { b: { d: [] } }, 512, 1)).toEqual(['a only here']);
    expect(between({ a: 1, b: 2, c: 3 }, { d: 4 }, 512, 2)).toEqual(['a only here', 'b only here']);
  });
});

describe('frozen summaries: peers of different builds must agree on them', () => {
  const list = Array.from({ length: 300 }, (_, i) => i);
  it.each<[string, unknown, number, number[]]>([
    ['a value', 1, 1, [1866517936]],
    [
      'containers',
      { list: [1, 'x'], map: new Map([['k', 2]]), set: new Set([3]) },
      512,
      [-5, 3, 4023329083, 2847204509, 1017106882, -2, 2, 1866517936, 707911178, -4, 1, 632367266, 4047611869, -3, 1, 64682948],
    ],
    ['a long list', list, 3, [-2, 300, 2201501990, 1919186298]],
    ['bytes', Uint8Array.of(1, 2, 3, 4, 5), 512, [-1, 5, 1156536490, 687735171]],
    [
      'many keys',
      Object.fromEntries(list.slice(0, 40).map((n) => [`k${n}`, n])),
      4,
      [-5, 40, 1777786598, 75160057, 3463870634, 3053514610],
    ],
  ])('%s', (_, state, budget, frozen) => {
    expect(summarize(state, budget)).toEqual(frozen);
  });

  it('bytes are the same wherever they lie in their buffer', () => {
    const moved = (from: number): Uint8Array => Uint8Array.from({ length: 1_200 }, (_, i) => (i - from) & 255).subarray(from, from + 1_000);
    for (const budget of [1, 20, 512]) expect(summarize([moved(0)], budget)).toEqual(summarize([moved(7)], budget));
  });
});

describe('states that are not made of plain values', () => {
  class Unit {
    hp = 1;
  }
  const circle: unknown[] = [];
  circle.push(circle);
  it.each<[string, unknown]>([
    ['an instance', new Unit()],
    ['an instance within', { a: [{ b: new Unit() }] }],
    ['a function', { f: () => 1 }],
    ['a Date', [new Date(0)]],
    ['a circle', circle],
  ])('%s: no summary and no comparison', (_, state) => {
    expect(summarize(state)).toBeNull();
    expect(summarize(state, 1)).toBeNull();
    expect(compare(state, summarize([{ b: 1 }], 1)!)).toBeNull();
  });
});

describe('hostile summaries', () => {
  const nasty = fc.oneof(
    fc.integer({ min: -9, max: 40 }),
    fc.integer(),
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.double(),
    fc.constant(undefined as never),
  );

  it('never throw: any numbers give places or null', () => {
    fc.assert(
      fc.property(anyState, fc.array(nasty, { maxLength: 60 }), (state, numbers) => {
        const places = compare(state, numbers);
        expect(places === null || places.length <= 16).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never throw: real ones of other states, cut off, prolonged or with a number changed', () => {
    let nulls = 0;
    let found = 0;
    fc.assert(
      fc.property(anyState, anyState, fc.nat(), nasty, fc.constantFrom('cut', 'add', 'change'), (state, other, at, number, how) => {
        const numbers = summarize(other)!;
        if (how === 'cut') numbers.length = at % numbers.length;
        else if (how === 'add') numbers.push(number);
        else numbers[at % numbers.length] = number;
        const places = compare(state, numbers);
        if (places === null) nulls++;
        else if (places.length > 0) found++;
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(nulls, found)).toBeGreaterThan(50);
  });

  it('are refused when they end early, go on, or name no kind', () => {
    const state = { a: 1 };
    const good = summarize(state)!;
    expect(compare(state, good)).toEqual([]);
    for (const bad of [[], good.slice(0, -1), [...good, 0], [-8, 0], [0.5], [2 ** 32], [-2, -1], [-2, 2 ** 33]])
      expect(compare(state, bad), String(bad)).toBeNull();
  });

  it('cost no more than the state: lengths that are claimed, and depths, are not believed', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(
      compare(
        circle,
        Array.from({ length: 60_000 }, (_, i) => (i % 2 === 0 ? -2 : 1)),
      ),
    ).toBeNull();
    expect(
      compare(
        [1],
        Array.from({ length: 60_000 }, (_, i) => (i % 2 === 0 ? -6 : 0xffff_ffff)),
      ),
    ).toBeNull();
    expect(compare([1, 2], [-2, 0xffff_ffff, ...Array.from({ length: 16 }, () => 1)])).toEqual([{ path: 'length' }]);
  });

  it('addresses of nothing give null', () => {
    fc.assert(
      fc.property(anyState, fc.array(fc.oneof(fc.integer(), fc.double(), fc.nat(40)), { maxLength: 6 }), (state, at) => {
        const summary = summarize(state, 100, at);
        if (summary !== null) expect(compare(state, summary, 16, at)).toEqual([]);
      }),
    );
    expect(summarize({ a: 1 }, 100, [1])).toBeNull();
    expect(compare({ a: 1 }, [0], 16, [0, 0])).toBeNull();
  });
});
