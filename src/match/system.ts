// The real clock and real randomness, for whoever is not handed others.
import type { Clock } from '../core/clock.js';

/** The time of `performance.now()` and timers of the environment. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, fn) => {
    // Timers cut fractions off; waking up too early would only mean waking up twice.
    const timer = setTimeout(fn, Math.max(0, Math.ceil(ms)));
    return () => clearTimeout(timer);
  },
};

/** 32 random bits that nobody can guess. */
export function systemRandom(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
