// A peer's own clock: it never goes back, its timers fire when it shows their time, and it errs by what was asked for.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { SkewedClock } from '../../src/sim/skewed-clock.js';

const errors = fc.record({
  offsetMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  skewPpm: fc.double({ min: -50_000, max: 50_000, noNaN: true }),
  driftPpm: fc.double({ min: 0, max: 40_000, noNaN: true }),
});

describe('a skewed clock', () => {
  it('without an error shows the very time of the world', () => {
    const clock = new SkewedClock();
    expect([clock.at(123.456), clock.until(200.25, 100.125)]).toEqual([123.456, 100.125]);
  });

  it('gains what it is to gain: 300 millionths of a minute are 18 ms; a drift is gained in half a minute and lost in the next', () => {
    expect(new SkewedClock({ offsetMs: 5, skewPpm: 300 }).at(60_000)).toBeCloseTo(60_000 + 5 + 18, 6);
    const drifting = new SkewedClock({ driftPpm: 1000 });
    expect(drifting.at(30_000)).toBeCloseTo(30_030, 6);
    expect(drifting.at(60_000)).toBeCloseTo(60_000, 6);
  });

  it('never goes back, and a timer that is set again until it shows its time fires then, not much later', () => {
    fc.assert(
      fc.property(
        errors,
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1000, noNaN: true }),
        (error, start, ms) => {
          const clock = new SkewedClock(error);
          expect(clock.at(start + ms)).toBeGreaterThanOrEqual(clock.at(start));
          const due = clock.at(start) + ms;
          let now = start;
          let wakes = 0;
          while (clock.at(now) < due && wakes < 100) {
            now += clock.until(due, now);
            wakes++;
          }
          expect(wakes).toBeLessThan(100);
          expect(clock.at(now) - due).toBeLessThan(0.01);
        },
      ),
    );
  });

  it('refuses an offset below 0 and a skew that is no clock any more', () => {
    expect(() => new SkewedClock({ offsetMs: -1 })).toThrowError(/offsetMs/);
    expect(() => new SkewedClock({ skewPpm: 1e6 })).toThrowError(/skewPpm/);
  });
});
