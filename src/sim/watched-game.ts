// A peer's game as the oracle sees it: notes for each frame the inputs and the state that came of them, and finds operations that
// are out of order. States get a label, so that one that was overwritten too early is found when it is loaded.
import { type Frame, NO_FRAME } from '../core/frame.js';
import type { Game, Step } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import type { FailureKind } from './failure.js';
import { whenDone } from './recorder.js';
import { KEPT_FRAMES, type Truth } from './truth.js';

/** A saved state with the frame to which it belongs. */
export interface Labelled<S> {
  frame: Frame;
  state: S;
}

export interface WatchedGameOptions<I, S> {
  readonly game: Game<I, S>;
  readonly codec: InputCodec<I>;
  readonly slots: number;
  readonly truth: Truth<I, S>;
  /** Frames that a rollback may go back beyond the first wrong one, because not every state is saved. */
  readonly sparse: number;
  readonly window: number;
  fingerprint(game: Game<I, S>): number;
  failed(kind: FailureKind, frame: Frame, text: string): void;
  /** Whether the real input of a slot at a frame was changed on its way here. */
  forged(slot: number, frame: Frame): boolean;
}

export class WatchedGame<I, S> implements Game<I, Labelled<S>> {
  readonly #options: WatchedGameOptions<I, S>;
  readonly #inputs: Uint16Array;
  readonly #absent: Uint8Array;
  readonly #hashes = new Float64Array(KEPT_FRAMES);
  readonly #scratch: Uint16Array;
  readonly checksum: (saved: Labelled<S>) => number;
  /** The frame of the state that the game has. */
  #cursor: Frame = 0;
  /** Where a rollback that has changed nothing yet began. */
  #unchangedFrom: Frame = NO_FRAME;
  /** Frames simulated so far. */
  sim: Frame = 0;
  /** The last frame that must not change any more. */
  final: Frame = NO_FRAME;
  /** In this tick. */
  loads = 0;
  /** Saved states that the engine has and has not given back. */
  held = 0;

  constructor(options: WatchedGameOptions<I, S>) {
    this.#options = options;
    const { codec, slots, game } = options;
    this.#inputs = new Uint16Array(KEPT_FRAMES * slots * codec.words);
    this.#absent = new Uint8Array(KEPT_FRAMES * slots);
    this.#scratch = new Uint16Array(codec.words);
    this.checksum = (saved) => game.checksum!(saved.state);
  }

  readonly advance: Game<I, Labelled<S>>['advance'] = (inputs, step) => {
    const { game, fingerprint, failed } = this.#options;
    const { frame } = step;
    if (frame !== this.#cursor) failed('order', frame, `frame ${frame} is simulated on the state of frame ${this.#cursor}`);
    if (step.resimulating !== frame < this.sim) failed('order', frame, `"resimulating" is ${step.resimulating} at frame ${this.sim}`);
    if (frame > this.sim) failed('order', frame, `frame ${this.sim} was left out`);
    this.#note(inputs, step);
    this.#cursor = frame + 1;
    if (frame >= this.sim) this.sim = frame + 1;
    return whenDone(game.advance(inputs, step), () => {
      this.#hashes[frame % KEPT_FRAMES] = fingerprint(game);
    });
  };

  readonly save: Game<I, Labelled<S>>['save'] = (reuse) => {
    const frame = this.#cursor;
    return whenDone(this.#options.game.save(reuse?.state), (state) => {
      if (reuse === undefined) {
        this.held++;
        return { frame, state };
      }
      reuse.frame = frame;
      reuse.state = state;
      return reuse;
    });
  };

  readonly load: Game<I, Labelled<S>>['load'] = (saved) => {
    const { game, failed, window, sparse } = this.#options;
    const { frame } = saved;
    this.loads++;
    if (frame < 0 || frame > this.#cursor) failed('order', frame, `the state of frame ${frame} is loaded at frame ${this.#cursor}`);
    if (this.sim - frame > window + sparse) failed('depth', frame, `a rollback of ${this.sim - frame} frames, window ${window}`);
    if (frame + sparse <= this.final) failed('rewritten', frame, `frame ${frame} is simulated again, though ${this.final} was final`);
    this.#cursor = frame;
    this.#unchangedFrom = frame;
    return game.load(saved.state);
  };

  readonly free: NonNullable<Game<I, Labelled<S>>['free']> = (saved) => {
    this.held--;
    this.#options.game.free?.(saved.state);
  };

  /** Whether the slot was absent, or which of its inputs was used, differs from what was given; of the frame that is being noted. */
  #note(inputs: readonly I[], { frame, status, resimulating }: Step): void {
    const { codec, slots, truth, failed, forged, sparse } = this.#options;
    const words = this.#scratch;
    let changed = false;
    for (let slot = 0; slot < slots; slot++) {
      const absent = status[slot] === 'absent' ? 1 : 0;
      codec.encode(inputs[slot]!, words);
      if (status[slot] === 'confirmed' && (frame > truth.last(slot) || !truth.equals(slot, frame, words, 0)) && !forged(slot, frame)) {
        failed('input', frame, `slot ${slot} is given ${String(inputs[slot])} as its real input, which it is not`);
      }
      const at = (frame % KEPT_FRAMES) * slots + slot;
      const base = at * codec.words;
      if (this.#absent[at] !== absent) {
        this.#absent[at] = absent;
        changed = true;
      }
      for (let i = 0; i < words.length; i++) {
        if (this.#inputs[base + i] === words[i]) continue;
        this.#inputs[base + i] = words[i]!;
        changed = true;
      }
    }
    if (resimulating && changed && frame <= this.final)
      failed('rewritten', frame, `frame ${frame} changed, though ${this.final} was final`);
    if (this.#unchangedFrom === NO_FRAME) return;
    if (changed) this.#unchangedFrom = NO_FRAME;
    else if (frame - this.#unchangedFrom >= sparse || !resimulating) {
      failed('needless', frame, `frame ${this.#unchangedFrom} is simulated again with the same inputs`);
    }
  }

  /** Checks a frame that has become final against the truth. */
  verify(frame: Frame, states: boolean): void {
    const { codec, slots, truth, failed, forged } = this.#options;
    if (frame > truth.until) {
      failed('input', frame, `frame ${frame} is confirmed, though inputs were given up to ${truth.until} only`);
      return;
    }
    for (let slot = 0; slot < slots; slot++) {
      const at = (frame % KEPT_FRAMES) * slots + slot;
      const absent = this.#absent[at] === 1;
      const right = truth.absentAt(slot, frame) ? absent : !absent && truth.equals(slot, frame, this.#inputs, at * codec.words);
      if (!right && !forged(slot, frame))
        failed('input', frame, `slot ${slot} was played ${absent ? 'as absent' : 'with another input'} in the end`);
    }
    const expected = truth.hash(frame);
    if (states && this.#hashes[frame % KEPT_FRAMES] !== expected)
      failed('state', frame, `the state after frame ${frame} is not that of a replay`);
  }
}
