// The inputs of the slots played here: asked for once a tick, put into the frame that the input delay says, and never changed again.
// A delay that is raised fills the frames in between with the input before; one that is lowered joins samples, two at a time.
import { type Frame, NO_FRAME, type Slot } from '../core/frame.js';
import { NetError } from '../core/errors.js';
import type { InputCodec } from '../core/input-codec.js';
import type { SyncLayer } from '../core/sync-layer.js';

interface Local<I> {
  readonly slot: Slot;
  /** Frames between sampling and applying, as wanted; while it is being lowered inputs are known further ahead than that. */
  delay: Frame;
  /** Whether its input of this tick is still to be given. */
  wanted: boolean;
  /** A sample that has no frame of its own because the delay is being lowered: it is joined to the next. */
  skipped: { readonly input: I } | undefined;
}

export class LocalInputs<I, S> {
  readonly #sync: SyncLayer<I, S>;
  readonly #codec: InputCodec<I>;
  /** The sample that is being given, and the input that fills the frames up to it. */
  readonly #sample: Uint16Array;
  readonly #before: Uint16Array;
  /** Told of each frame for which an input has been put in. */
  readonly #created: (frame: Frame) => void;
  #locals: readonly Local<I>[] = [];
  #slots: readonly Slot[] = [];
  #wantedCount = 0;

  constructor(sync: SyncLayer<I, S>, codec: InputCodec<I>, created: (frame: Frame) => void) {
    this.#sync = sync;
    this.#codec = codec;
    this.#sample = new Uint16Array(codec.words);
    this.#before = new Uint16Array(codec.words);
    this.#created = created;
  }

  /** The slots played here; empty until started. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** How many inputs of this tick are still to be given. */
  get wanted(): number {
    return this.#wantedCount;
  }

  /** Frames of input delay as last set, the largest of all slots. */
  get delay(): Frame {
    let delay = 0;
    for (const local of this.#locals) delay = Math.max(delay, local.delay);
    return delay;
  }

  /** The match begins: the frames before the first sample takes effect are neutral. */
  start(slots: readonly Slot[], delay: Frame): void {
    this.#slots = slots;
    this.#locals = slots.map((slot) => ({ slot, delay, wanted: false, skipped: undefined }));
    for (const slot of slots) this.#repeat(slot, delay - 1);
  }

  /** A tick begins; nothing is wanted yet. @throws NetError `call-order` if only some of the last inputs were given. */
  begin(): void {
    if (this.#wantedCount > 0 && this.#wantedCount < this.#locals.length) {
      throw new NetError('call-order', { call: 'begin()', expected: 'give the input of all local slots first, or of none' });
    }
    this.#wantedCount = 0;
  }

  /** The input of each slot is wanted. */
  want(): void {
    this.#wantedCount = this.#locals.length;
    for (const local of this.#locals) local.wanted = true;
  }

  /** Takes a slot's sample; false while others are wanted. @throws NetError `call-order` if it is not wanted. */
  give(slot: Slot, input: I): boolean {
    const local = this.#locals[slot - (this.#slots[0] ?? 0)];
    if (this.#wantedCount === 0 || local?.wanted !== true) {
      throw new NetError('call-order', {
        call: `input(${slot})`,
        expected: 'give the input of each local slot once, after begin() has answered "sample"',
      });
    }
    this.#take(local, input);
    local.wanted = false;
    return --this.#wantedCount === 0;
  }

  /** Sets the delay of one slot, or of all. */
  setDelay(delay: Frame, slot?: Slot): void {
    for (const local of this.#locals) if (slot === undefined || local.slot === slot) local.delay = delay;
  }

  #take(local: Local<I>, input: I): void {
    const { slot, skipped } = local;
    const { merge } = this.#codec;
    // First: an input that cannot be encoded is refused before anything has changed.
    this.#codec.encode(skipped !== undefined && merge !== undefined ? merge(skipped.input, input) : input, this.#sample);
    const target = this.#sync.sim + local.delay;
    // Not twice in a row: a sample is joined to one other at most, so that presses with more than a frame between them stay two.
    if (this.#sync.queue(slot).held >= target && skipped === undefined) {
      // A copy: a game may give the same object again, changed.
      local.skipped = { input: this.#codec.decode(this.#sample) };
      return;
    }
    local.skipped = undefined;
    this.#repeat(slot, target - 1);
    this.#append(slot, this.#sample);
  }

  /** Puts the last input into all frames up to one. */
  #repeat(slot: Slot, until: Frame): void {
    const queue = this.#sync.queue(slot);
    if (queue.held >= until) return;
    if (queue.held === NO_FRAME) this.#codec.encode(this.#codec.neutral, this.#before);
    else queue.read(queue.held, this.#before);
    while (queue.held < until) this.#append(slot, this.#before);
  }

  #append(slot: Slot, words: Uint16Array): void {
    this.#sync.append(slot, words, 0);
    this.#created(this.#sync.queue(slot).held);
  }
}
