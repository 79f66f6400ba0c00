// Two states at hand: each place that differs, with both values.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differingPaths } from '../../src/core/state-difference.js';
import { anyState, changesOf, reversedKeys } from './state-samples.js';

class Unit {
  hp = 1;
  grow = (): number => this.hp++;
}

describe('differingPaths', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['a field', { players: [{ x: 3 }] }, { players: [{ x: 4 }] }, ['players[0].x: 3 / 4']],
    ['a missing field', { units: [{ hp: 5 }] }, { units: [{ mp: [1, 2] }] }, ['units[0].hp: 5 / nothing', 'units[0].mp: nothing / [2]']],
    ['undefined is not nothing', { a: undefined }, { a: null }, ['a: undefined / null']],
    ['a length, and what both have', [1, 2], [1, 3, 4], ['length: 2 / 3', '[1]: 2 / 3']],
    ['another kind', { a: new Map([['k', 1]]) }, { a: { k: 1 } }, ['a: Map(1) / {k}']],
    ['Maps', new Map([['a', 1n]]), new Map([['a', 2n]]), ['.get("a"): 1n / 2n']],
    [
      'the order of a Map',
      {
        m: new Map([
          [1, 1],
          [2, 2],
        ]),
      },
      {
        m: new Map([
          [2, 2],
          [1, 1],
        ]),
      },
      ['m (order of keys): 1, 2 / 2, 1'],
    ],
    ['Sets', { s: new Set(['a']) }, { s: new Set(['b', 'c']) }, ['s.size: 1 / 2', '[...s][0]: "a" / "b"']],
    ['the sign of 0, not NaN', [0, NaN], [-0, NaN], ['[0]: 0 / -0']],
    ['strings are cut off', 'x'.repeat(99), 'y', [`state: "${'x'.repeat(40)}…" / "y"`]],
    ['a byte', Uint8Array.of(1, 2, 3), Uint8Array.of(1, 9, 3), ['bytes 1: 2 / 9']],
    [
      'runs of bytes',
      { b: Uint8Array.of(1, 2, 3, 4, 5) },
      { b: Uint8Array.of(0, 0, 3, 4, 0) },
      ['b bytes 0..1: 1, 2 / 0, 0', 'b bytes 4: 5 / 0'],
    ],
    [
      'long runs are cut off',
      new Uint8Array(20),
      new Uint8Array(20).fill(1),
      ['bytes 0..19: 0, 0, 0, 0, 0, 0, 0, 0, … / 1, 1, 1, 1, 1, 1, 1, 1, …'],
    ],
    ['elements', { t: Float32Array.of(1, 2.5) }, { t: Float32Array.of(1, -3) }, ['t[1]: 2.5 / -3']],
    ['lengths in elements', Int16Array.of(1), Int16Array.of(1, 2), ['length: 1 / 2']],
    ['elements of other sizes', Int16Array.of(1), Uint8Array.of(1, 1), ['[0]: 0 / 1']],
    ['views of other kinds', new DataView(Uint8Array.of(1, 2).buffer), Uint8Array.of(1, 3).buffer, ['bytes 1: 2 / 3']],
    ['fields of instances', { u: new Unit() }, { u: Object.assign(new Unit(), { hp: 7 }) }, ['u.hp: 1 / 7']],
  ])('%s', (_, a, b, expected) => {
    expect(differingPaths(a, b)).toEqual(expected);
  });

  it('says nothing of equal states, whatever the order of their keys', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        expect(differingPaths(state, reversedKeys(structuredClone(state)))).toEqual([]);
      }),
    );
  });

  it('finds any single change and nothing else', () => {
    fc.assert(
      fc.property(anyState, fc.nat(), (state, pick) => {
        const changes = changesOf(state);
        fc.pre(changes.length > 0);
        const change = changes[pick % changes.length]!;
        const holder = { root: structuredClone(state) };
        change.apply(holder);
        const found = differingPaths(state, holder.root);
        expect(found).toHaveLength(1);
        // Bytes are named to the byte here, and by words by the hash tree.
        if (!/bytes/.test(change.path)) expect(found[0]!.startsWith(`${change.path}: `), `${change.path} in ${found[0]}`).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('stops at the limit, and comes back from circles', () => {
    expect(differingPaths([1, 2, 3], [4, 5, 6], 2)).toEqual(['[0]: 1 / 4', '[1]: 2 / 5']);
    expect(differingPaths({ a: 1, b: 2, c: 3 }, {}, 2)).toEqual(['a: 1 / nothing', 'b: 2 / nothing']);
    const a: unknown[] = [1];
    a.push(a);
    const b: unknown[] = [1];
    b.push(b);
    expect(differingPaths(a, b)).toEqual([]);
  });
});
