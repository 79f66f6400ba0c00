// One game under a sync test: calls it as a match does (inputs and step are reused objects), in surroundings that are watched, and sees
// whether it throws or changes its inputs. States go back only into the game that saved them: they may be handles into its memory.
import { hashState } from '../core/checksum.js';
import type { Frame, InputStatus } from '../core/frame.js';
import type { Game } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import type { Ambient, Ambience } from './ambient.js';
import { requireState } from './check-game.js';
import { InputsChanged, InputWatch } from './input-watch.js';
import { between, copyOfSaved } from './state-copy.js';
import { FaultFound } from './sync-fault.js';

/** How a frame is simulated, besides its inputs. */
export interface Pass extends Ambience {
  readonly resimulating: boolean;
  /** Of the inputs of all slots but the first, which is the local player. */
  readonly status: InputStatus;
}

/** Simulated for the first time. */
export const FIRST: Pass = { resimulating: false, status: 'predicted', shiftMs: 0 };
/** Simulated again, an odd while later: milliseconds, seconds and minutes are others. */
export const AGAIN: Pass = { resimulating: true, status: 'confirmed', shiftMs: 61_001 };

/** A state with what it was when it was saved. */
export interface Kept<S> {
  readonly state: S;
  readonly hash: number;
  /** A copy that shares nothing with the game; undefined if the state cannot be copied (it has functions). */
  readonly copy: unknown;
}

export class Subject<I, S> {
  readonly game: Game<I, S>;
  readonly #ambient: Ambient;
  readonly #watch: InputWatch<I>;
  readonly #codec: InputCodec<I>;
  readonly #inputs: I[];
  readonly #step: { frame: Frame; status: InputStatus[]; resimulating: boolean };

  constructor(game: Game<I, S>, codec: InputCodec<I>, players: number, ambient: Ambient) {
    this.game = game;
    this.#ambient = ambient;
    this.#watch = new InputWatch(codec);
    this.#codec = codec;
    this.#inputs = Array.from({ length: players }, () => codec.neutral);
    this.#step = { frame: 0, status: this.#inputs.map(() => 'confirmed'), resimulating: false };
  }

  /** @param words The inputs of all slots. */
  async advance(frame: Frame, words: Uint16Array, pass: Pass): Promise<void> {
    const inputs = this.#inputs;
    for (let slot = 0; slot < inputs.length; slot++) {
      inputs[slot] = this.#codec.decode(this.#wordsOf(words, slot));
      this.#step.status[slot] = slot === 0 ? 'confirmed' : pass.status;
    }
    this.#step.frame = frame;
    this.#step.resimulating = pass.resimulating;
    await this.#call(frame, () => this.#ambient.run(pass, () => this.#watch.advance(this.game, inputs, this.#step)));
  }

  load(frame: Frame, state: S): Promise<void> {
    return this.#call(frame, () => this.game.load(state));
  }

  async save(frame: Frame, reuse: S | undefined): Promise<S> {
    return requireState(await this.#call(frame, () => this.game.save(reuse)));
  }

  /** Saves, and notes what was saved. */
  async keep(frame: Frame, reuse: S | undefined): Promise<Kept<S>> {
    const state = await this.save(frame, reuse);
    return { state, hash: this.hash(state), copy: this.copy(state) };
  }

  /** The hash of the state that the game has now. @param expected If it is another, a copy comes along. */
  async look(frame: Frame, expected?: number): Promise<{ readonly hash: number; readonly copy: unknown }> {
    const state = await this.save(frame, undefined);
    const hash = this.hash(state);
    const copy = hash === expected ? undefined : this.copy(state);
    this.free(state);
    return { hash, copy };
  }

  /** Takes leave of a state that was saved. */
  free(state: S): void {
    this.game.free?.(state);
  }

  copy(state: S): unknown {
    return copyOfSaved(this.game, state);
  }

  hash(state: S): number {
    return this.game.checksum?.(state) ?? hashState(state);
  }

  /** Throws if a state that was kept is not what it was any more. */
  requireUnchanged(kept: Kept<S>, frame: Frame, fault: 'save-aliased' | 'load-aliased'): void {
    if (this.hash(kept.state) !== kept.hash) throw new FaultFound(fault, frame, { paths: between(kept.copy, this.copy(kept.state)) });
  }

  async #call<T>(frame: Frame, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InputsChanged)) throw new FaultFound('threw', frame, { error });
      throw new FaultFound('inputs-changed', frame, error.cause === undefined ? {} : { error: error.cause });
    }
  }

  #wordsOf(words: Uint16Array, slot: number): Uint16Array {
    return words.subarray(slot * this.#codec.words, (slot + 1) * this.#codec.words);
  }
}
