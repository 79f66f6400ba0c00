// How far ahead we are, and what is done about it.
import { describe, expect, it } from 'vitest';
import { MAX_SPEED_CHANGE, speedFor, TimeSync } from '../../src/core/time-sync.js';

describe('TimeSync', () => {
  it('knows nothing at first and after it was cleared: 0', () => {
    const sync = new TimeSync();
    expect(sync.offset(0)).toBe(0);
    sync.sample(0, 10, 0);
    expect(sync.offset(0)).toBe(5);
    sync.clear();
    expect(sync.offset(0)).toBe(0);
  });

  it('is half the difference of the two views, so that delay cancels', () => {
    // 3 frames ahead, 5 frames of delay each way: the other's frame looks 8 behind from here; ours looks 2 ahead from there.
    const sync = new TimeSync();
    sync.sample(0, 3 + 5, -3 + 5);
    expect(sync.offset(0)).toBe(3);
    const other = new TimeSync();
    other.sample(0, -3 + 5, 3 + 5);
    expect(other.offset(0)).toBe(-3);
  });

  it('is the mean of the samples of the last half second, never of others', () => {
    const sync = new TimeSync();
    sync.sample(0, 200, 0);
    sync.sample(100, 2, 0);
    sync.sample(200, 4, 0);
    expect(sync.offset(500)).toBe((100 + 1 + 2) / 3);
    expect(sync.offset(501)).toBe(1.5);
    expect(sync.offset(601)).toBe(2);
    expect(sync.offset(701)).toBe(0);
  });

  it('is 0 after a silence, not the last value', () => {
    const sync = new TimeSync();
    for (let now = 0; now < 1_000; now += 16) sync.sample(now, 6, 0);
    expect(sync.offset(1_000)).toBe(3);
    expect(sync.offset(1_600)).toBe(0);
  });

  it('forgets old samples when there are many', () => {
    const sync = new TimeSync();
    for (let i = 0; i < 64; i++) sync.sample(i, 100, 0);
    for (let i = 0; i < 64; i++) sync.sample(64 + i, 2, 0);
    expect(sync.offset(128)).toBe(1);
  });
});

describe('speedFor', () => {
  it('slows down who is ahead and hurries who is behind, as much as takes it back in about a second', () => {
    expect(speedFor(1.2, 60)).toBeCloseTo(0.98);
    expect(speedFor(-1.2, 60)).toBeCloseTo(1.02);
  });

  it('leaves small distances alone', () => {
    for (const offset of [0, 0.09, -0.09]) expect(speedFor(offset, 60)).toBe(1);
    expect(speedFor(0.1, 60)).toBeLessThan(1);
  });

  it('changes by 5 % at the most', () => {
    expect(speedFor(1_000, 60)).toBe(1 - MAX_SPEED_CHANGE);
    expect(speedFor(-1_000, 60)).toBe(1 + MAX_SPEED_CHANGE);
    expect(speedFor(Infinity, 60)).toBe(1 - MAX_SPEED_CHANGE);
    expect(speedFor(5, 1)).toBe(1 - MAX_SPEED_CHANGE);
  });

  it('two peers that both follow it meet in the middle, without overshooting', () => {
    let [ahead, behind] = [8, 0];
    let previous = 8;
    for (let tick = 0; tick < 180; tick++) {
      const offset = ahead - behind;
      expect(offset).toBeLessThanOrEqual(previous);
      expect(offset).toBeGreaterThanOrEqual(0);
      previous = offset;
      ahead += speedFor(offset, 60);
      behind += speedFor(-offset, 60);
    }
    expect(previous).toBeLessThan(0.2);
  });
});
