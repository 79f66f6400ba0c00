// Hands a game its inputs and sees whether it leaves them as they are. The game is given a list of its own, so that what it does to
// the list reaches nobody else; of inputs that are objects it can only be seen afterwards that they are others.
import type { Game, MaybePromise, Step } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import { differingPaths } from '../core/state-difference.js';
import { whenDone } from './recorder.js';
import { copyOf } from './state-copy.js';

/** What JavaScript engines say of a write to a frozen object. */
const WRITE_REFUSED = /read-? ?only|extensible|delete property|can't be deleted|Unable to delete|define property/iu;

/** The game changed its inputs, or tried to: then `cause` is what stopped it. */
export class InputsChanged extends Error {}

export class InputWatch<I> {
  readonly #codec: InputCodec<I>;
  readonly #given: I[] = [];
  #before = new Uint16Array(0);
  readonly #after: Uint16Array;

  constructor(codec: InputCodec<I>) {
    this.#codec = codec;
    this.#after = new Uint16Array(codec.words);
  }

  /** Has the game simulate a frame. Throws, or rejects with, {@link InputsChanged} or what the game threw. */
  advance<S>(game: Game<I, S>, inputs: readonly I[], step: Step): MaybePromise<void> {
    const { words } = this.#codec;
    const given = this.#given;
    given.length = inputs.length;
    if (this.#before.length !== inputs.length * words) this.#before = new Uint16Array(inputs.length * words);
    inputs.forEach((input, slot) => {
      given[slot] = input;
      this.#codec.encode(input, this.#before.subarray(slot * words, (slot + 1) * words));
    });
    let done: MaybePromise<void>;
    try {
      done = game.advance(given, step);
    } catch (error) {
      return this.#explain(error, game, inputs, step);
    }
    if (done instanceof Promise) done = done.catch((error: unknown) => this.#explain(error, game, inputs, step));
    return whenDone(done, () => this.#requireUnchanged(inputs.length));
  }

  #requireUnchanged(players: number): void {
    const { words } = this.#codec;
    if (this.#given.length !== players) throw new InputsChanged();
    for (let slot = 0; slot < players; slot++) {
      try {
        this.#codec.encode(this.#given[slot]!, this.#after);
      } catch {
        throw new InputsChanged();
      }
      for (let i = 0; i < words; i++) if (this.#after[i] !== this.#before[slot * words + i]) throw new InputsChanged();
    }
  }

  /** Inputs of `defineInput` cannot be changed, and writing to them throws: a game that threw is given ones that can, to see whether it does. */
  async #explain<S>(error: unknown, game: Game<I, S>, inputs: readonly I[], step: Step): Promise<never> {
    const frozen = inputs.some((input) => typeof input === 'object' && input !== null && Object.isFrozen(input));
    const thawed = frozen ? copyOf(inputs) : undefined;
    if (thawed === undefined) throw error;
    // A write that changes nothing throws as well: then it must be what was thrown, and be gone now.
    let tried = error instanceof TypeError && WRITE_REFUSED.test(error.message);
    try {
      await game.advance(thawed, step);
    } catch {
      // It may have changed them before.
      tried = false;
    }
    throw tried || differingPaths(inputs, thawed).length > 0 ? new InputsChanged('', { cause: error }) : error;
  }
}
