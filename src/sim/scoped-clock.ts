// The timers of one owner on a clock that others use too: counted, and stopped together. This is what a process takes with it when it dies.
import type { Clock, Off } from '../core/clock.js';

/** A clock whose timers belong to one owner: they are counted, and can be stopped together. */
export class ScopedClock implements Clock {
  readonly #clock: Clock;
  readonly #offs = new Set<Off>();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** As on any clock; after {@link stop} nothing is set. */
  after(ms: number, fn: () => void): Off {
    if (this.#stopped) return () => {};
    const stop = this.#clock.after(ms, () => {
      this.#offs.delete(off);
      fn();
    });
    const off = (): void => {
      stop();
      this.#offs.delete(off);
    };
    this.#offs.add(off);
    return off;
  }

  /** Timers that were neither fired nor stopped. */
  get pending(): number {
    return this.#offs.size;
  }

  /** Stops all timers, for good. */
  stop(): void {
    this.#stopped = true;
    for (const off of this.#offs) off();
  }
}
