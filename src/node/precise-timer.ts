// One timer that fires within a fraction of a millisecond, never early: setTimeout for the coarse part, setImmediate for the last
// millisecond. The trade-off: about 0.7 ms of a core for each firing, so it is for hundreds of firings a second, not thousands.
import type { Off } from '../core/clock.js';

/**
 * How late `setTimeout` is on an idle event loop: 0.15 ms at the median, 0.3 ms at p99 (Node 20, Linux). It is asked for that
 * much less, so that the spinning that follows, and not the timeout, meets the moment.
 */
const TIMEOUT_LATE_MS = 0.3;

/** Calls `fire` when a moment has come. Idle it costs nothing. */
export class PreciseTimer {
  readonly #now: () => number;
  readonly #fire: () => void;
  #due = Infinity;
  #cancel: Off | undefined;

  /** `now`: a monotonic clock in ms that runs in real time. `fire` must not throw. */
  constructor(now: () => number, fire: () => void) {
    this.#now = now;
    this.#fire = fire;
  }

  /** Sets the one moment, in ms of the clock, in place of any before it. Infinity: never. */
  set(due: number): void {
    if (due === this.#due) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due = due;
    if (due !== Infinity) this.#wait();
  }

  #wait(): void {
    const wholeMs = Math.floor(this.#due - this.#now() - TIMEOUT_LATE_MS);
    if (wholeMs >= 1) {
      const timeout = setTimeout(() => this.#check(), wholeMs);
      this.#cancel = () => clearTimeout(timeout);
    } else {
      const immediate = setImmediate(() => this.#check());
      this.#cancel = () => clearImmediate(immediate);
    }
  }

  #check(): void {
    if (this.#now() < this.#due) {
      this.#wait();
      return;
    }
    this.#due = Infinity;
    this.#cancel = undefined;
    this.#fire();
  }
}
