// A clock that stands still until it is run: timers fire in the order of their times, equal times in the order of their setting.
import type { Clock, Off } from '../core/clock.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  /** A binary heap, the earliest first. */
  readonly #timers: Timer[] = [];
  #now = 0;
  #order = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): Off {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#push(timer);
    return () => {
      timer.fn = undefined;
    };
  }

  /** Fires the next timer; false if there is none. */
  step(): boolean {
    const timer = this.#pop();
    if (timer === undefined) return false;
    if (timer.fn !== undefined) {
      this.#now = timer.at;
      timer.fn();
    }
    return true;
  }

  /** Fires all timers up to a time, and stands there then. */
  runTo(ms: number): void {
    while (this.#timers.length > 0 && this.#timers[0]!.at <= ms) this.step();
    this.#now = Math.max(this.#now, ms);
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
