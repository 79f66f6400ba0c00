// The automatic input delay: what it chooses, and how seldom it changes.
import { describe, expect, it } from 'vitest';
import { AutoDelay } from '../../src/core/auto-delay.js';

const FRAME = 1000 / 60;

/** Feeds a path for some seconds, ten times a second. @returns the delays that were chosen, with the second of each change. */
function follow(auto: AutoDelay, fromS: number, toS: number, oneWayMs: (second: number) => number): [number, number][] {
  const changes: [number, number][] = [];
  for (let now = fromS * 1000; now < toS * 1000; now += 100) {
    if (auto.measured(now, oneWayMs(now / 1000))) changes.push([now / 1000, auto.delay]);
  }
  return changes;
}

describe('automatic input delay', () => {
  it.each([
    [10, 1],
    [1.5 * FRAME + FRAME, 1],
    [1.5 * FRAME + FRAME + 0.1, 2],
    [50, 2],
    [60, 3],
    [400, 3],
  ])('a path of %f ms one way gets %i frames', (oneWay, frames) => {
    const auto = new AutoDelay({ min: 1, max: 3 }, 60);
    follow(auto, 0, 5, () => oneWay);
    expect(auto.delay).toBe(frames);
  });

  it('stays within its bounds, also before anything is known', () => {
    expect(new AutoDelay({ min: 2, max: 4 }, 60).delay).toBe(2);
    expect(new AutoDelay({ min: 0, max: 0 }, 60).delay).toBe(0);
    const fixed = new AutoDelay({ min: 5, max: 5 }, 60);
    expect(follow(fixed, 0, 60, (s) => (s % 20) * 20)).toEqual([]);
    expect(fixed.delay).toBe(5);
  });

  it('goes up when the path has been worse for 2 s, to the least that was wanted in them', () => {
    const auto = new AutoDelay({ min: 0, max: 9 }, 60);
    expect(follow(auto, 0, 10, (s) => (s < 1 ? 20 : 60 + 10 * Math.sin(s * 20)))).toEqual([[3, 2]]);
  });

  it('a burst of a second changes nothing', () => {
    const auto = new AutoDelay({ min: 1, max: 9 }, 60);
    expect(follow(auto, 0, 60, (s) => (s % 10 < 1.5 ? 200 : 30))).toEqual([]);
  });

  it('a sleep of ours is no time in which the path was better', () => {
    const auto = new AutoDelay({ min: 1, max: 9 }, 60);
    follow(auto, 0, 5, () => 100);
    expect(follow(auto, 5, 6, () => 50)).toEqual([]);
    expect(follow(auto, 30, 35, () => 50)).toEqual([]);
    expect(follow(auto, 35, 41, () => 50)).toEqual([[40, 2]]);
  });

  it('goes down only when the path has been better for 10 s, and a worse moment starts them anew', () => {
    const auto = new AutoDelay({ min: 1, max: 9 }, 60);
    follow(auto, 0, 5, () => 100);
    expect(auto.delay).toBe(5);
    expect(follow(auto, 5, 40, (s) => (s >= 14 && s < 14.5 ? 100 : 50))).toEqual([[24.5, 2]]);
  });
});
