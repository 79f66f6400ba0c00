// When frames are due: at displays of any rate, after hitches, and at a changed speed.
import { describe, expect, it } from 'vitest';
import { Pacer } from '../../src/core/pacer.js';
import { createRng } from '../../src/core/rng.js';

/** Wakes a pacer at a display's frames for some seconds. @returns how often 0, 1 and 2 frames were due. */
function display(hz: number, speed = 1, seconds = 60): [none: number, one: number, two: number] {
  const pacer = new Pacer(60);
  const counts: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < hz * seconds; i++) counts[pacer.due((i * 1000) / hz, speed) as 0 | 1 | 2]++;
  return counts;
}
const frames = ([, one, two]: readonly [number, number, number]): number => one + 2 * two;

describe('at a display of', () => {
  it('60 Hz every wake-up is one frame, also when the timestamps jitter', () => {
    expect(display(60)).toEqual([0, 3_600, 0]);
    const pacer = new Pacer(60);
    const rng = createRng(1);
    const counts = Array.from({ length: 6_000 }, (_, i) => pacer.due((i * 1000) / 60 + (rng() - 0.5) * 4, 1));
    expect(new Set(counts)).toEqual(new Set([1]));
  });

  it('59 Hz one wake-up in 59 makes up for the missing one', () => {
    const counts = display(59);
    expect(counts[0]).toBe(0);
    expect(counts[2]).toBeGreaterThanOrEqual(58);
    expect(counts[2]).toBeLessThanOrEqual(60);
  });

  it('144 Hz there are still 60 frames a second, never two at once', () => {
    const counts = display(144);
    expect(counts[2]).toBe(0);
    expect(Math.abs(frames(counts) - 3_600)).toBeLessThanOrEqual(1);
  });

  it('30 Hz each wake-up is two frames', () => {
    const counts = display(30);
    expect(Math.abs(frames(counts) - 3_600)).toBeLessThanOrEqual(2);
    expect(counts[0]).toBe(0);
  });

  it.each([
    [60, 20],
    [144, 60],
    [240, 60],
    [240, 30],
  ])('frames at %i a second keep their rate on a display of %i Hz', (fps, hz) => {
    const pacer = new Pacer(fps);
    let frames = 0;
    for (let i = 0; i < hz * 10; i++) frames += pacer.due((i * 1000) / hz, 1);
    expect(Math.abs(frames - fps * 10)).toBeLessThanOrEqual(fps / 10);
  });

  it('240 frames a second are too many for a display of 20 Hz: it says how much time it let go', () => {
    const pacer = new Pacer(240);
    for (let i = 0; i < 20 * 60; i++) expect(pacer.due(i * 50, 1)).toBeLessThanOrEqual(8);
    expect(pacer.skippedMs).toBeGreaterThan(15_000);
  });
});

describe('with a timer at wakeAt', () => {
  const run = (speed: number, lateMs: number): number[] => {
    const pacer = new Pacer(60);
    const at: number[] = [];
    for (let now = 0; now < 9_999; now = Math.max(now, pacer.wakeAt) + lateMs) {
      expect(pacer.due(now, speed)).toBe(1);
      at.push(now);
    }
    return at;
  };

  it('every wake-up is one frame, at exactly the rate', () => {
    expect(run(1, 0)).toHaveLength(601);
  });

  it('late timers do not slow the game down', () => {
    expect(run(1, 3)).toHaveLength(601);
  });

  it('the speed changes the rate', () => {
    expect(run(1.05, 0)).toHaveLength(631);
    expect(run(0.95, 0)).toHaveLength(571);
  });
});

describe('after a hitch', () => {
  const after = (ms: number): { pacer: Pacer; counts: number[] } => {
    const pacer = new Pacer(60);
    let now = 0;
    for (; now < 100; now = pacer.wakeAt) pacer.due(now, 1);
    now += ms;
    const counts: number[] = [];
    for (let i = 0; i < 40; i++) {
      counts.push(pacer.due(now, 1));
      expect(pacer.wakeAt).toBeGreaterThan(now);
      now = pacer.wakeAt;
    }
    return { pacer, counts };
  };

  it('of 50 ms all frames are made up, two at a time, and nothing is let go', () => {
    const { pacer, counts } = after(50);
    expect(counts.slice(0, 3)).toEqual([2, 2, 2]);
    expect(counts.slice(4)).toEqual(Array.from({ length: 36 }, () => 1));
    expect(pacer.skippedMs).toBe(0);
  });

  it('of 10 s it makes up some frames and lets the rest go', () => {
    const { pacer, counts } = after(10_000);
    const doubled = counts.filter((count) => count === 2).length;
    expect(doubled).toBeGreaterThanOrEqual(3);
    expect(doubled).toBeLessThanOrEqual(6);
    expect(counts.every((count) => count === 1 || count === 2)).toBe(true);
    expect(counts.at(-1)).toBe(1);
    expect(pacer.skippedMs).toBeGreaterThan(9_850);
    expect(pacer.skippedMs).toBeLessThan(9_950);
  });
});

describe('alpha', () => {
  it('goes from a half, at a wake-up that came on time, to 1, and stays there', () => {
    const pacer = new Pacer(50);
    expect(pacer.alpha(5)).toBe(0);
    pacer.due(100, 1);
    expect([100, 105, 115, 120, 130].map((now) => pacer.alpha(now))).toEqual([0.5, 0.75, 1, 1, 1]);
  });
});
