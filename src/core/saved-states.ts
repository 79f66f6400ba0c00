// The saved states that may be needed again, each with its frame. There are as many cells as are needed at once, and what a game gave is
// handed back to it: to be filled anew, or at the end to be freed.
import { type Frame, NO_FRAME } from './frame.js';

export class SavedStates<S> {
  /** The frame of each cell's state; none if the state is not valid any more and waits to be filled anew. */
  readonly #frames: Frame[] = [];
  readonly #states: (S | undefined)[] = [];
  readonly #pinned: boolean[] = [];
  /** The cell whose state is being made. */
  #filling = 0;

  has(frame: Frame): boolean {
    return this.#frames.includes(frame);
  }

  /** The state of a frame for which `has` is true. */
  get(frame: Frame): S {
    return this.#states[this.#frames.indexOf(frame)] as S;
  }

  /** The last frame up to this one that has a state; −1 if there is none. */
  latest(frame: Frame): Frame {
    let latest = NO_FRAME;
    for (let i = 0; i < this.#frames.length; i++) {
      if (this.#frames[i]! <= frame && this.#frames[i]! > latest) latest = this.#frames[i]!;
    }
    return latest;
  }

  /** The states of all later frames are not valid any more. */
  dropAfter(frame: Frame): void {
    for (let i = 0; i < this.#frames.length; i++) {
      if (this.#frames[i]! <= frame) continue;
      this.#frames[i] = NO_FRAME;
      this.#pinned[i] = false;
    }
  }

  /**
   * A value that the game may fill with the state of a frame, which `keep` must then be called with; undefined if it must make a new one.
   * @param oldest The first frame whose state is still needed.
   */
  reusable(frame: Frame, oldest: Frame): S | undefined {
    let cell = this.#frames.indexOf(frame);
    for (let i = 0; cell < 0 && i < this.#frames.length; i++) if (this.#frames[i]! < oldest && !this.#pinned[i]!) cell = i;
    this.#filling = cell < 0 ? this.#frames.length : cell;
    this.#frames[this.#filling] = NO_FRAME;
    this.#pinned[this.#filling] = false;
    return this.#states[this.#filling];
  }

  /** Takes the state of a frame, right after `reusable`. */
  keep(frame: Frame, state: S): void {
    this.#frames[this.#filling] = frame;
    this.#states[this.#filling] = state;
  }

  /** Keeps the state of a frame, even if it is not needed any more, until `unpin` or `dropAfter`. */
  pin(frame: Frame): void {
    this.#pinned[this.#frames.indexOf(frame)] = true;
  }

  unpin(frame: Frame): void {
    const cell = this.#frames.indexOf(frame);
    if (cell >= 0) this.#pinned[cell] = false;
  }

  /** Takes out any state; undefined if none is left. */
  take(): S | undefined {
    this.#frames.pop();
    return this.#states.pop();
  }

  /** How many states are kept or wait to be filled anew. */
  get size(): number {
    return this.#frames.length;
  }
}
