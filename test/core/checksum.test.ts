// Hashes: equal for equal states, different for different ones, and the same in every build.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Hasher, hashBytes, hashState } from '../../src/core/checksum.js';
import { NetError } from '../../src/core/errors.js';

describe('frozen hashes: peers of different builds must agree on them', () => {
  it.each<[string, number, number]>([
    ['no bytes', hashBytes(new Uint8Array(0)), 1806386445692546],
    ['five bytes', hashBytes(Uint8Array.of(1, 2, 3, 4, 5)), 4954580619072988],
    ['a value of all kinds', hashState({ b: 1, a: [1, -0, NaN, 'x', null, undefined, true, 10n] }), 2346831898269195],
    ['a Map with a Set', hashState(new Map([[1, new Set([2])]])), 6630098931459539],
    ['0', hashState(0), 8939175670286520],
    ['-0', hashState(-0), 7268240654349882],
  ])('%s', (_, hash, frozen) => {
    expect(hash).toBe(frozen);
  });
});

describe('hashState', () => {
  it('does not see the order of keys, at any depth, nor the prototype of a bare object', () => {
    expect(hashState({ a: 1, b: { c: 2, d: [3] } })).toBe(hashState({ b: { d: [3], c: 2 }, a: 1 }));
    expect(hashState(Object.assign(Object.create(null) as object, { a: 1 }))).toBe(hashState({ a: 1 }));
  });

  it('sees the order of arrays, Maps and Sets', () => {
    expect(hashState([1, 2])).not.toBe(hashState([2, 1]));
    expect(hashState(new Set([1, 2]))).not.toBe(hashState(new Set([2, 1])));
    const ab = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    expect(hashState(ab)).not.toBe(hashState(new Map([...ab].reverse())));
  });

  it('counts every NaN as the same, and 0 and −0 as different: a game can tell them apart', () => {
    const strange = new Float64Array(new BigUint64Array([0xfff8_0000_dead_beefn]).buffer)[0]!;
    expect(Number.isNaN(strange)).toBe(true);
    expect(hashState({ x: strange })).toBe(hashState({ x: NaN }));
    expect(hashState(0)).not.toBe(hashState(-0));
  });

  it('sees bytes through whatever view, also into the middle of a buffer', () => {
    const bytes = Uint8Array.of(9, 9, 9, 9, 1, 2, 3, 4, 9);
    expect(hashState({ b: bytes.subarray(4, 8) })).toBe(hashState({ b: Uint8Array.of(1, 2, 3, 4) }));
    expect(hashState(bytes.subarray(4, 8))).toBe(hashBytes(Uint8Array.of(1, 2, 3, 4)));
    expect(hashState([new Float32Array([1.5])])).not.toBe(hashState([new Float32Array([1.25])]));
    expect(hashState([bytes.buffer])).toBe(hashState([new DataView(bytes.buffer)]));
  });

  it('tells apart what looks alike', () => {
    const values = [
      [0, '0', false, 0n, null, undefined, [], {}, '', new Map(), new Set(), new Uint8Array(0)],
      [[[]], [[], []], [''], [null], [undefined], ['', ''], { a: undefined }, { a: null }, { '': '' }],
      [['a', 'b'], ['ab'], { a: 'b' }, new Map([['a', 'b']]), new Set(['a', 'b']), [1, 2], [12], 12, '12', 12n],
      [true, 1, 2 ** 32, 2 ** 32 + 1, 1.5, -1, 255, 256, Infinity, -Infinity, Number.MIN_VALUE],
      [Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(0, 0, 0, 0), Uint8Array.of(0, 0, 0, 0, 0)],
    ].flat();
    expect(new Set(values.map((value) => hashState(value))).size).toBe(values.length);
  });

  it('is an integer of at most 53 bits, the same for a copy', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withTypedArray: true, withMap: true, withSet: true }), (value) => {
        fc.pre(!hasRefused(value));
        const hash = hashState(value);
        expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true);
        expect(hashState(structuredClone(value))).toBe(hash);
      }),
    );
  });

  class Player {
    hp = 1;
  }
  const circle: unknown[] = [];
  circle.push({ circle });
  const bush: Record<string, unknown> = {};
  Object.assign(bush, { a: bush, b: bush, c: bush });
  it.each<[string, unknown, RegExp]>([
    ['a function', { f: () => 1 }, /function/u],
    ['a symbol', [Symbol('s')], /symbol/u],
    ['an instance of a class', { p: new Player() }, /Player/u],
    ['a Date', [new Date(0)], /Date/u],
    ['a promise', Promise.resolve(1), /Promise/u],
    ['an object of a nameless prototype', Object.create(Object.create(null) as object), /undefined/u],
    ['a circle', circle, /200 levels/u],
    ['a circle with branches', bush, /200 levels/u],
  ])('refuses %s and says what to do', (_, value, names) => {
    const hash = (): number => hashState(value);
    expect(hash).toThrow(NetError);
    expect(hash).toThrow(names);
    expect(hash).toThrow(/checksum function/u);
  });

  it('takes 200 levels', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200; i++) deep = [deep];
    expect(hashState(deep)).toBeGreaterThanOrEqual(0);
    expect(() => hashState([deep])).toThrow(NetError);
  });
});

describe('distribution', () => {
  it('40 000 states that differ in little have 40 000 hashes, with every bit set half of the time', () => {
    const hashes = new Set<number>();
    const bits = new Uint32Array(53);
    let n = 0;
    const add = (hash: number): void => {
      n++;
      hashes.add(hash);
      for (let bit = 0; bit < 53; bit++) bits[bit]! += Math.floor(hash / 2 ** bit) % 2;
    };
    for (let i = 0; i < 10_000; i++) {
      add(hashState({ x: i, y: 0 }));
      add(hashState({ x: 0, y: i + 0.5 }));
      add(hashBytes(Uint8Array.of(i & 255, i >> 8, 0, 0, 0)));
      add(new Hasher().int(i).int(7).value());
    }
    expect(hashes.size).toBe(n);
    // Five standard deviations of a fair coin thrown 40 000 times.
    for (const set of bits) expect(Math.abs(set / n - 0.5)).toBeLessThan((5 * 0.5) / Math.sqrt(n));
  });

  it('a flipped bit changes half of the bits of the hash on average', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 255);
    const before = hashBytes(bytes);
    let changed = 0;
    for (let bit = 0; bit < 512; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const after = hashBytes(bytes);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      for (let i = 0; i < 53; i++) if (Math.floor(before / 2 ** i) % 2 !== Math.floor(after / 2 ** i) % 2) changed++;
    }
    expect(changed / 512 / 53).toBeGreaterThan(0.47);
    expect(changed / 512 / 53).toBeLessThan(0.53);
  });

  it('a hasher starts afresh after reset', () => {
    const hasher = new Hasher();
    const empty = hasher.value();
    expect(hasher.int(5).float(1.5).value()).not.toBe(empty);
    expect(hasher.reset().value()).toBe(empty);
  });
});

/** Dates, class instances and the like, at any depth. */
function hasRefused(value: unknown): boolean {
  if (typeof value === 'symbol' || typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value) || value instanceof Set) return [...(value as Iterable<unknown>)].some(hasRefused);
  if (value instanceof Map) return [...value].flat().some(hasRefused);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype !== null && prototype !== Object.prototype) || Object.values(value).some(hasRefused);
}
