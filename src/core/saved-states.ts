// The saved states of the last frames, in a ring of cells whose values are handed back to the game for reuse.
import { type Frame, NO_FRAME } from './frame.js';

export class SavedStates<S> {
  readonly #frames: Int32Array;
  readonly #states: (S | undefined)[];

  /** @param size How many frames are kept: the state of frame f makes room for that of frame f + size. */
  constructor(size: number) {
    this.#frames = new Int32Array(size).fill(NO_FRAME);
    this.#states = Array.from({ length: size });
  }

  has(frame: Frame): boolean {
    return this.#frames[frame % this.#frames.length] === frame;
  }

  /** The state of a frame for which `has` is true. */
  get(frame: Frame): S {
    return this.#states[frame % this.#states.length] as S;
  }

  /** What stands where this frame's state will stand: the game may fill it anew. From now on the frame has no state until `keep`. */
  reusable(frame: Frame): S | undefined {
    this.#frames[frame % this.#frames.length] = NO_FRAME;
    return this.#states[frame % this.#states.length];
  }

  keep(frame: Frame, state: S): void {
    this.#frames[frame % this.#frames.length] = frame;
    this.#states[frame % this.#states.length] = state;
  }
}
