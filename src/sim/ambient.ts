// Sees whether a function asks its surroundings for randomness or the time, and lets other time pass, or makes both stand still: so a
// test finds a clock that matters at once, not only when a millisecond happens to end. The globals are replaced while the function
// runs and put back when it returns, before anything else can run; what an asynchronous function does after its first await is not seen.

/** What the surroundings answer. */
export interface Ambience {
  /** Added to the time, in ms. */
  readonly shiftMs: number;
  /** All random numbers are this one, from 0 to 1, and the time stands still with it. Left out: they are what they are. */
  readonly fixed?: number;
}

/** What is filled with random bytes: any array of integers, treated alike. */
type Filled = Uint8Array<ArrayBuffer>;

/** The span of time that `fixed` stands for, in ms. */
const YEAR_MS = 31_536_000_000;

export class Ambient {
  /** How often each function was called. */
  readonly calls: Record<string, number> = {};
  #ambience: Ambience = { shiftMs: 0 };

  /** Calls a function in some surroundings. */
  run<T>(ambience: Ambience, work: () => T): T {
    const { random } = Math;
    const { Date: RealDate } = globalThis;
    const now = performance.now.bind(performance);
    const fill = crypto.getRandomValues.bind(crypto);
    const uuid = crypto.randomUUID?.bind(crypto);
    this.#ambience = ambience;
    const restore = [
      replace(Math, 'random', () => this.#note('Math.random') ?? random()),
      replace(globalThis, 'Date', this.#date(RealDate)),
      replace(performance, 'now', () => this.#time('performance.now', now)),
      replace(crypto, 'getRandomValues', (to: Filled) => this.#fill(to, fill)),
      replace(crypto, 'randomUUID', () => {
        const fixed = this.#note('crypto.randomUUID');
        return fixed === undefined ? uuid() : uuidOf(fixed);
      }),
    ];
    try {
      return work();
    } finally {
      for (const putBack of restore) putBack();
    }
  }

  /** Counts a call; answers the fixed number, if there is one. */
  #note(name: string): number | undefined {
    this.calls[name] = (this.calls[name] ?? 0) + 1;
    return this.#ambience.fixed;
  }

  #time(name: string, real: () => number): number {
    const fixed = this.#note(name);
    return fixed === undefined ? real() + this.#ambience.shiftMs : Math.floor(fixed * YEAR_MS);
  }

  #fill(to: Filled, real: (to: Filled) => Filled): Filled {
    const fixed = this.#note('crypto.getRandomValues');
    return fixed === undefined ? real(to) : to.fill(Math.floor(fixed * 256));
  }

  /** A Date whose present is ours; given times stay what they are. */
  #date(real: DateConstructor): DateConstructor {
    const present = (name: string): number => this.#time(name, () => real.now());
    return new Proxy(real, {
      construct: (target, given: unknown[], newTarget) =>
        Reflect.construct(target, given.length === 0 ? [present('new Date')] : given, newTarget) as Date,
      apply: (target) => String(Reflect.construct(target, [present('Date')])),
      get: (target, key, receiver) => (key === 'now' ? () => present('Date.now') : (Reflect.get(target, key, receiver) as unknown)),
    });
  }
}

/** An identifier of which every part differs from another number's. */
function uuidOf(fixed: number): string {
  const digits = fixed
    .toString(16)
    .slice(2, 2 + 12)
    .padEnd(12, '0');
  return `${digits.slice(4)}-${digits.slice(0, 4)}-4${digits.slice(0, 3)}-8${digits.slice(3, 6)}-${digits}`;
}

/** Puts another value in place of a property; returns what undoes that. Where it is not allowed nothing happens. */
function replace(owner: object, key: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, key);
  if (!Reflect.defineProperty(owner, key, { value, configurable: true, writable: true, enumerable: own?.enumerable ?? true }))
    return () => {};
  return () => {
    if (own === undefined) Reflect.deleteProperty(owner, key);
    else Object.defineProperty(owner, key, own);
  };
}
