// The same seed gives the same numbers everywhere and for ever: replays of failing seeds depend on it.
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.js';

const draw = (rng: ReturnType<typeof createRng>, n: number): number[] => Array.from({ length: n }, () => rng.u32());

describe('createRng', () => {
  it('gives the frozen numbers', () => {
    const rng = createRng(1);
    expect(draw(rng, 3)).toEqual([169027658, 2804757544, 775322339]);
    expect(rng()).toBe(0.12969815265387297);
    expect(createRng(1, 'a').u32()).toBe(1386092486);
    expect(createRng(1).fork('a').u32()).toBe(4173925418);
    expect(createRng(-1).u32()).toBe(1136061724);
    expect(createRng(0).u32()).toBe(2543064892);
  });

  it('can be saved and loaded, as a game does in a rollback, also through JSON', () => {
    const rng = createRng(5, 'game');
    draw(rng, 10);
    const saved = JSON.parse(JSON.stringify(rng.save())) as ReturnType<typeof rng.save>;
    const after = draw(rng, 10);
    expect(draw(rng, 10)).not.toEqual(after);
    rng.load(saved);
    expect(draw(rng, 10)).toEqual(after);
    const other = createRng(99);
    other.load(saved);
    expect(draw(other, 10)).toEqual(after);
  });

  it('takes a seed as 32 bits', () => {
    expect(draw(createRng(-1), 4)).toEqual(draw(createRng(0xffff_ffff), 4));
    expect(draw(createRng(1), 4)).not.toEqual(draw(createRng(2), 4));
  });

  it('is spread evenly over [0, 1)', () => {
    const rng = createRng(3);
    const bins = new Uint32Array(64);
    for (let i = 0; i < 64_000; i++) bins[Math.floor(rng() * 64)]!++;
    // A number outside of [0, 1) falls into no bin.
    expect(bins.reduce((sum, count) => sum + count, 0)).toBe(64_000);
    // Chi squared with 63 degrees of freedom: over 120 happens once in 50 000 times.
    expect(bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(120);
  });

  it('children depend on the seed and their name alone, not on what the parent or a brother has drawn', () => {
    const parent = createRng(9);
    const early = draw(parent.fork('network'), 4);
    draw(parent, 100);
    draw(parent.fork('bot'), 100);
    expect(draw(parent.fork('network'), 4)).toEqual(early);
    const untouched = createRng(9);
    untouched.fork('x');
    expect(draw(untouched, 4)).toEqual(draw(createRng(9), 4));
  });

  it('children of different names, seeds or depths have nothing in common', () => {
    const root = createRng(9);
    const families = [
      root,
      root.fork('a'),
      root.fork('b'),
      root.fork('a').fork('b'),
      root.fork('b').fork('a'),
      createRng(10).fork('a'),
      root.fork(''),
    ];
    const numbers = families.flatMap((rng) => draw(rng, 1_000));
    // 7 000 random 32-bit numbers hold 0.006 pairs on average.
    expect(new Set(numbers).size).toBeGreaterThan(6_995);
  });

  it('names are paths: a name with a slash is the grandchild of that path', () => {
    expect(draw(createRng(9).fork('a/b'), 4)).toEqual(draw(createRng(9).fork('a').fork('b'), 4));
  });
});
