// What a match must come to: the inputs that the players really gave, put into frames by a plain reading of the rules of input delay,
// and a game that is played from them without any network. Keeps the last frames only.
import { type Frame, type InputStatus, NEVER, NO_FRAME, type Slot } from '../core/frame.js';
import type { Game } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';

/** Frames kept: more than twice what can lie between the newest input of one peer and the oldest frame that another may still correct. */
export const KEPT_FRAMES = 512;

/** Frames between two states to which the replay can go back: how far is played again is of no matter, since that is done once a match at most. */
const SNAPSHOT_EVERY = 64;

interface Given<I> {
  delay: Frame;
  /** The last frame that has its input. */
  last: Frame;
  /** The last frame at which the slot is played. */
  cut: Frame;
  /** A sample that was given while the delay was being lowered and that goes into the next one. */
  waiting: { readonly input: I } | undefined;
}

export class Truth<I, S> {
  readonly #codec: InputCodec<I>;
  readonly #game: Game<I, S>;
  readonly #fingerprint: (game: Game<I, S>) => number;
  readonly #words: number;
  readonly #given: readonly Given<I>[];
  readonly #inputs: Uint16Array;
  readonly #hashes = new Float64Array(KEPT_FRAMES);
  readonly #scratch: Uint16Array;
  readonly #decoded: I[];
  readonly #step: { frame: Frame; status: InputStatus[]; resimulating: false };
  readonly #snapshots: { readonly frame: Frame; readonly state: S }[] = [];
  #next: Frame = 0;

  /** @param delays The input delay of each slot at the start. @param game One whose functions return at once. */
  constructor(codec: InputCodec<I>, delays: readonly Frame[], game: Game<I, S>, fingerprint: (game: Game<I, S>) => number) {
    this.#codec = codec;
    this.#game = game;
    this.#fingerprint = fingerprint;
    this.#words = codec.words;
    this.#scratch = new Uint16Array(codec.words);
    this.#inputs = new Uint16Array(KEPT_FRAMES * delays.length * codec.words);
    this.#given = delays.map((delay) => ({ delay, last: NO_FRAME, cut: NEVER, waiting: undefined }));
    this.#decoded = delays.map(() => codec.neutral);
    this.#step = { frame: 0, status: delays.map(() => 'confirmed'), resimulating: false };
    // Before the first sample takes effect nobody does anything.
    delays.forEach((delay, slot) => this.#fill(slot, delay - 1));
  }

  /** A player has given an input in a tick before frame `sim`. */
  give(slot: Slot, sim: Frame, input: I): void {
    const given = this.#given[slot]!;
    const target = sim + given.delay;
    // The delay was lowered: there is an input for that frame already. Every other sample waits for the next.
    if (given.last >= target && given.waiting === undefined) {
      given.waiting = { input };
      return;
    }
    const { waiting } = given;
    given.waiting = undefined;
    // The delay was raised: the frames in between repeat what was before.
    this.#fill(slot, target - 1);
    const joined = waiting !== undefined && this.#codec.merge !== undefined ? this.#codec.merge(waiting.input, input) : input;
    this.#codec.encode(joined, this.#scratch);
    this.#put(slot, ++given.last);
  }

  setDelay(slot: Slot, delay: Frame): void {
    this.#given[slot]!.delay = delay;
  }

  /** The last frame up to which the slot's inputs are known. */
  last(slot: Slot): Frame {
    return this.#given[slot]!.last;
  }

  /**
   * Nobody plays the slot after a frame. One that died may have been further than what the others have of it: what was played with
   * inputs that they never get is played again without.
   */
  cut(slot: Slot, last: Frame): void {
    this.#given[slot]!.cut = last;
    if (this.#next <= last + 1) return;
    const snapshot = this.#snapshots.filter(({ frame }) => frame <= last + 1).at(-1)!;
    this.#snapshots.splice(this.#snapshots.indexOf(snapshot) + 1);
    void this.#game.load(snapshot.state);
    this.#next = snapshot.frame;
  }

  absentAt(slot: Slot, frame: Frame): boolean {
    return frame > this.#given[slot]!.cut;
  }

  /** The last frame of which all is known. */
  get until(): Frame {
    let until = NEVER;
    for (const { last, cut } of this.#given) if (last < cut && last < until) until = last;
    return until;
  }

  /** Whether the slot's input at a frame is what stands in `words` from `at`. */
  equals(slot: Slot, frame: Frame, words: Uint16Array, at: number): boolean {
    const base = this.#at(slot, frame);
    for (let i = 0; i < this.#words; i++) if (this.#inputs[base + i] !== words[at + i]) return false;
    return true;
  }

  /** The fingerprint of the state after a frame. Frames are asked for in any order, within the last {@link KEPT_FRAMES}. */
  hash(frame: Frame): number {
    while (this.#next <= frame) this.#advance(this.#next++);
    return this.#hashes[frame % KEPT_FRAMES]!;
  }

  /** The next frame that is to be played. */
  get next(): Frame {
    return this.#next;
  }

  #advance(frame: Frame): void {
    if (frame % SNAPSHOT_EVERY === 0 && this.#snapshots.at(-1)?.frame !== frame) {
      this.#snapshots.push({ frame, state: this.#game.save(undefined) as S });
      if (this.#snapshots.length > KEPT_FRAMES / SNAPSHOT_EVERY) this.#snapshots.shift();
    }
    const { status } = this.#step;
    for (let slot = 0; slot < this.#given.length; slot++) {
      const absent = this.absentAt(slot, frame);
      status[slot] = absent ? 'absent' : 'confirmed';
      const base = this.#at(slot, frame);
      for (let i = 0; i < this.#words; i++) this.#scratch[i] = this.#inputs[base + i]!;
      this.#decoded[slot] = absent ? this.#codec.neutral : this.#codec.decode(this.#scratch);
    }
    this.#step.frame = frame;
    void this.#game.advance(this.#decoded, this.#step);
    this.#hashes[frame % KEPT_FRAMES] = this.#fingerprint(this.#game);
  }

  #fill(slot: Slot, until: Frame): void {
    const given = this.#given[slot]!;
    if (given.last >= until) return;
    if (given.last === NO_FRAME) this.#codec.encode(this.#codec.neutral, this.#scratch);
    else this.#scratch.set(this.#inputs.subarray(this.#at(slot, given.last), this.#at(slot, given.last) + this.#words));
    while (given.last < until) this.#put(slot, ++given.last);
  }

  #put(slot: Slot, frame: Frame): void {
    this.#inputs.set(this.#scratch, this.#at(slot, frame));
  }

  #at(slot: Slot, frame: Frame): number {
    return ((frame % KEPT_FRAMES) * this.#given.length + slot) * this.#words;
  }
}
