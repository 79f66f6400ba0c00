// One slot's inputs: the real ones as far as they have come, and the one that was used for each simulated frame.
// Two rings of 16-bit words; nothing is allocated after construction.
import { type Frame, NEVER, NO_FRAME } from './frame.js';

export class InputQueue {
  readonly #words: number;
  readonly #mask: number;
  readonly #real: Uint16Array;
  readonly #used: Uint16Array;
  #held: Frame = NO_FRAME;
  #cut: Frame = NEVER;

  /** @param capacity Frames kept; a power of two (see `ringCapacity` in sync-layer.ts for how many and why). */
  constructor(words: number, capacity: number) {
    this.#words = words;
    this.#mask = capacity - 1;
    this.#real = new Uint16Array(words * capacity);
    this.#used = new Uint16Array(words * capacity);
  }

  /** The last frame up to which all real inputs are here. */
  get held(): Frame {
    return this.#held;
  }

  /** The last frame for which this slot's input cannot change any more: `held`, or never-ending once the slot's end is reached. */
  get confirmed(): Frame {
    return this.#held >= this.#cut ? NEVER : this.#held;
  }

  /** Whether nobody plays the slot at this frame. */
  absentAt(frame: Frame): boolean {
    return frame > this.#cut;
  }

  /** Ends the slot: after `last` it is absent, for good. */
  cut(last: Frame): void {
    this.#cut = last;
  }

  /** Takes the real input of the frame after `held` from `words`, starting at `at`. Returns that frame. */
  append(words: ArrayLike<number>, at: number): Frame {
    const frame = ++this.#held;
    const base = (frame & this.#mask) * this.#words;
    for (let i = 0; i < this.#words; i++) this.#real[base + i] = words[at + i]!;
    return frame;
  }

  /** One word of a real input that is still kept. */
  word(frame: Frame, index: number): number {
    return this.#real[(frame & this.#mask) * this.#words + index]!;
  }

  /** Copies a real input that is still kept. */
  read(frame: Frame, to: Uint16Array): void {
    const base = (frame & this.#mask) * this.#words;
    for (let i = 0; i < this.#words; i++) to[i] = this.#real[base + i]!;
  }

  /** Notes with which input a frame is simulated. */
  use(frame: Frame, words: Uint16Array): void {
    const base = (frame & this.#mask) * this.#words;
    for (let i = 0; i < this.#words; i++) this.#used[base + i] = words[i]!;
  }

  /** Whether the frame was simulated with the input that is now known to be real. */
  usedRight(frame: Frame): boolean {
    const base = (frame & this.#mask) * this.#words;
    for (let i = 0; i < this.#words; i++) if (this.#used[base + i] !== this.#real[base + i]) return false;
    return true;
  }
}
