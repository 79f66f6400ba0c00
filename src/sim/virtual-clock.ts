// A clock that stands still until it is run: what is due fires in the order of its time, equal times in the order of their setting.
// That order is total, and all that the simulator's determinism needs of time. The heap lies in flat arrays, so that a task that is
// scheduled again and again (a packet from a pool) costs no allocation.
import type { Clock, Off } from '../core/clock.js';

/** What a clock runs when it is due. */
export interface Task {
  run(): void;
  /** Of no use any more: it is passed over, and does not move the time. */
  readonly cancelled?: boolean;
}

/** So many tasks fit before the heap grows for the first time: two peers and what is on its way between them. */
const FIRST_CAPACITY = 64;

/** A clock that stands still until it is run; what is due at the same time happens in the order in which it was set up. */
export class VirtualClock implements Clock {
  // A binary heap, the earliest first: entry i is due at #at[i], was set as the #order[i]th, and runs #tasks[i].
  #at = new Float64Array(FIRST_CAPACITY);
  #order = new Float64Array(FIRST_CAPACITY);
  readonly #tasks: (Task | undefined)[] = [];
  #size = 0;
  #now = 0;
  #set = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): Off {
    const timer = new Timer(fn);
    this.schedule(ms, timer);
    return () => timer.cancel();
  }

  /** Like `after`, without a way back and without allocating: `task.run()` is called once, `ms` milliseconds from now. */
  schedule(ms: number, task: Task): void {
    if (this.#size === this.#at.length) this.#grow();
    const due = this.#now + Math.max(0, ms);
    const at = this.#at;
    const order = this.#order;
    const tasks = this.#tasks;
    // The newest has the highest order: it rises only past those that are due later.
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (at[parent]! <= due) break;
      at[i] = at[parent]!;
      order[i] = order[parent]!;
      tasks[i] = tasks[parent];
      i = parent;
    }
    at[i] = due;
    order[i] = this.#set++;
    tasks[i] = task;
  }

  /** Fires what is due next; false if there is nothing. */
  step(): boolean {
    if (this.#size === 0) return false;
    const due = this.#at[0]!;
    const task = this.#tasks[0]!;
    this.#removeFirst();
    if (task.cancelled !== true) {
      this.#now = due;
      task.run();
    }
    return true;
  }

  /** Fires all that is due up to a time, and stands there then. */
  runTo(ms: number): void {
    while (this.#size > 0 && this.#at[0]! <= ms) this.step();
    this.#now = Math.max(this.#now, ms);
  }

  /** The last entry takes the place of the first, and sinks to where it belongs. */
  #removeFirst(): void {
    const at = this.#at;
    const order = this.#order;
    const tasks = this.#tasks;
    const size = --this.#size;
    const lastAt = at[size]!;
    const lastOrder = order[size]!;
    const last = tasks[size];
    tasks[size] = undefined;
    if (size === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && (at[right]! < at[child]! || (at[right]! === at[child]! && order[right]! < order[child]!))) child = right;
      if (at[child]! > lastAt || (at[child]! === lastAt && order[child]! > lastOrder)) break;
      at[i] = at[child]!;
      order[i] = order[child]!;
      tasks[i] = tasks[child];
      i = child;
    }
    at[i] = lastAt;
    order[i] = lastOrder;
    tasks[i] = last;
  }

  #grow(): void {
    const at = new Float64Array(2 * this.#size);
    const order = new Float64Array(2 * this.#size);
    at.set(this.#at);
    order.set(this.#order);
    this.#at = at;
    this.#order = order;
  }
}

class Timer implements Task {
  #fn: (() => void) | undefined;

  constructor(fn: () => void) {
    this.#fn = fn;
  }

  get cancelled(): boolean {
    return this.#fn === undefined;
  }

  run(): void {
    this.#fn?.();
  }

  cancel(): void {
    this.#fn = undefined;
  }
}
