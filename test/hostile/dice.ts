// Random numbers for hostile input: each item has its own sequence from the seed and its index, so that any one can be made again alone.

/** Numbers with few set bits, none or all: where lengths, signs and sizes change on the wire. */
const EDGES: readonly number[] = [
  0, 1, 2, 7, 15, 16, 31, 32, 63, 64, 69, 70, 71, 78, 79, 127, 128, 129, 255, 256, 257, 1000, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7ffe_ffff,
  0x7fff_0000, 0x7fff_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

/** splitmix32: small state, no warm-up, fast to start again for each item. */
export class Dice {
  #state = 0;

  /** From here on the numbers of item `index`. */
  start(seed: number, index: number): this {
    // An index may have more than 32 bits.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index >>> 0, 0xc2b2ae35) ^ Math.floor(index / 4294967296);
    this.u32();
    return this;
  }

  u32(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** 0 to n − 1. */
  below(n: number): number {
    return this.u32() % n;
  }

  /** True once in n times. */
  oneIn(n: number): boolean {
    return this.u32() % n === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.u32() % from.length]!;
  }

  /** An integer of −2^31 to 2^32 − 1 at which something changes. */
  edge(): number {
    const value = this.pick(EDGES);
    return this.below(3) === 0 && value <= 0x8000_0000 ? -value : value;
  }
}
