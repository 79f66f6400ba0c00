// Rollback for any number of slots, with no notion of a peer: it takes real inputs as they come, predicts what is missing, and
// plans what the game must do (load, advance, save) so that every frame is in the end simulated with the real inputs.
// There is no prediction cursor: the input that was used for each frame is kept, and only a real input that differs costs a rollback.
import { type Frame, type InputStatus, NEVER, NO_FRAME, type Slot } from './frame.js';
import type { Op } from './game.js';
import type { InputCodec } from './input-codec.js';
import { InputQueue } from './input-queue.js';
import { type Predictor, repeatLast } from './predictor.js';
import { SavedStates } from './saved-states.js';

export interface SyncLayerOptions<I> {
  readonly codec: InputCodec<I>;
  readonly slots: number;
  /** Frame f may be simulated if and only if f − confirmed ≤ window. 0: lockstep. */
  readonly window: number;
  readonly predict: Predictor<I>;
  /** Of the frames that may be gone back to, each n-th state is saved; a rollback goes on from the one before. 1: every frame's. */
  readonly saveEvery: number;
  /** The states of frames that are multiples of this are always saved, and kept until `release`, so that they can be checked once confirmed. */
  readonly checkInterval: number;
  /** The largest input delay of any slot: how far inputs may be known ahead. */
  readonly maxInputDelay: number;
}

/** What a sync layer has done so far. */
export interface SyncStats {
  /** Each is one load. */
  readonly rollbacks: number;
  readonly resimulated: number;
  /** How often the first wrong frame was d frames back, at index d, 0 to window. */
  readonly depths: readonly number[];
  readonly saves: number;
  /** Frames simulated for the first time with at least one prediction. */
  readonly predicted: number;
}

/**
 * Frames that a ring of inputs must hold. The oldest is one that another peer may still lack: 2·window + delay + 3 before
 * our frame. The newest is one that a peer may have sent before we get there: window + 2·delay + 2 after it.
 */
export function ringCapacity(window: number, maxInputDelay: number): number {
  const needed = 3 * window + 3 * maxInputDelay + 8;
  return 2 ** Math.ceil(Math.log2(needed));
}

/** How far beyond our simulation frame a peer that keeps the rules can have sent inputs. */
export function furthestAhead(window: number, maxInputDelay: number): number {
  return window + 2 * maxInputDelay + 2;
}

type MutableOps<I, S> = {
  load: { kind: 'load'; state: S };
  advance: { kind: 'advance'; inputs: I[]; step: { frame: Frame; status: InputStatus[]; resimulating: boolean } };
  save: { kind: 'save'; reuse: S | undefined; keep(state: S): void };
  free: { kind: 'free'; state: S };
};

export class SyncLayer<I, S> {
  readonly #codec: InputCodec<I>;
  readonly #window: number;
  readonly #predict: Predictor<I>;
  readonly #saveEvery: number;
  readonly #checkInterval: number;
  readonly #queues: readonly InputQueue[];
  readonly #saved = new SavedStates<S>();
  readonly #scratch: Uint16Array;
  readonly #lastWords: readonly Uint16Array[];
  readonly #ops: MutableOps<I, S>;
  readonly #depths: number[];
  /** Frames simulated so far: the frame that is simulated next, except while going over old frames again. */
  #sim: Frame = 0;
  /** The frame of the state that the game has now. Below `sim` while frames are simulated again. */
  #cursor: Frame = 0;
  /** Where the game is to be taken: `sim`, or one more once the new frame has been granted. */
  #target: Frame = 0;
  /** The first simulated frame whose used input turned out wrong. */
  #firstWrong: Frame = NEVER;
  /** While frames are simulated again: the first that comes out otherwise than before. Those before it are passed only to get there. */
  #redoFrom: Frame = 0;
  #savedCursor: Frame = NO_FRAME;
  #performing: Frame = 0;
  #rollbacks = 0;
  #resimulated = 0;
  #saves = 0;
  #predicted = 0;

  constructor(options: SyncLayerOptions<I>) {
    const { codec, slots, window, predict, saveEvery, checkInterval, maxInputDelay } = options;
    this.#codec = codec;
    this.#window = window;
    this.#predict = predict;
    this.#saveEvery = saveEvery;
    this.#checkInterval = checkInterval;
    const capacity = ringCapacity(window, maxInputDelay);
    this.#queues = Array.from({ length: slots }, () => new InputQueue(codec.words, capacity));
    this.#scratch = new Uint16Array(codec.words);
    this.#depths = Array.from({ length: window + 1 }, () => 0);
    this.#lastWords = this.#queues.map(() => new Uint16Array(codec.words));
    this.#ops = {
      load: { kind: 'load', state: undefined as S },
      advance: {
        kind: 'advance',
        inputs: this.#lastWords.map((words) => codec.decode(words)),
        step: { frame: 0, status: this.#queues.map(() => 'predicted'), resimulating: false },
      },
      save: { kind: 'save', reuse: undefined, keep: (state) => this.#keep(state) },
      free: { kind: 'free', state: undefined as S },
    };
  }

  /** The frame that is simulated next. */
  get sim(): Frame {
    return this.#sim;
  }

  /** The last frame for which all slots' inputs are here. */
  get confirmed(): Frame {
    let confirmed = NEVER;
    for (const queue of this.#queues) if (queue.confirmed < confirmed) confirmed = queue.confirmed;
    return confirmed;
  }

  /** The last frame that was simulated with real inputs, as were all before it: it will not be simulated again. */
  get final(): Frame {
    return Math.min(this.confirmed, this.#goodUntil - 1, this.#firstWrong - 1);
  }

  /** The first frame that was not simulated with the inputs that are known, as far as nothing new has come. */
  get #goodUntil(): Frame {
    return Math.max(this.#cursor, this.#redoFrom);
  }

  /** Whether the window allows another frame. */
  get mayAdvance(): boolean {
    return this.#sim - this.confirmed <= this.#window;
  }

  /** The frame of the last operation that was handed out. */
  get performing(): Frame {
    return this.#performing;
  }

  queue(slot: Slot): InputQueue {
    return this.#queues[slot]!;
  }

  /** Takes the real input of a slot's next frame. */
  append(slot: Slot, words: ArrayLike<number>, at: number): void {
    const queue = this.#queues[slot]!;
    const frame = queue.append(words, at);
    if (frame < this.#goodUntil && !queue.usedRight(frame)) this.#wrong(frame);
  }

  /** Ends a slot after `last`: from then on it is neutral and absent, also in frames that were already simulated. */
  cut(slot: Slot, last: Frame): void {
    this.#queues[slot]!.cut(last);
    if (last + 1 < this.#goodUntil) this.#wrong(last + 1);
  }

  /** Allows the next new frame to be simulated. Ask `mayAdvance` first. */
  grant(): void {
    this.#target = this.#sim + 1;
  }

  /** What the game must do next; undefined when it is where it should be. The object is reused. */
  op(): Op<I, S> | undefined {
    if (this.#firstWrong < this.#cursor) return this.#load();
    if (this.#cursor >= this.#target) return undefined;
    this.#performing = this.#cursor;
    if (this.#savedCursor !== this.#cursor && this.#needsSave(this.#cursor)) return this.#save();
    return this.#advance();
  }

  /** After the last operation: hands out the states that are left, one at a time, to be freed. */
  free(): Op<I, S> | undefined {
    if (this.#saved.size === 0) return undefined;
    const state = this.#saved.take();
    // A save that failed leaves a place without a state.
    if (state === undefined) return this.free();
    this.#ops.free.state = state;
    return this.#ops.free;
  }

  /** The state of a check frame has been compared, and is not needed for that any more. */
  release(frame: Frame): void {
    this.#saved.unpin(frame);
  }

  /** Whether the state of this frame is final and kept: nothing that could still come changes it. */
  stateFinal(frame: Frame): boolean {
    return frame - 1 <= this.final && this.#saved.has(frame);
  }

  /** A state for which `stateFinal` is true. Stale after the next operation. */
  state(frame: Frame): S {
    return this.#saved.get(frame);
  }

  stats(): SyncStats {
    return {
      rollbacks: this.#rollbacks,
      resimulated: this.#resimulated,
      depths: [...this.#depths],
      saves: this.#saves,
      predicted: this.#predicted,
    };
  }

  /** What is to be checked is saved, and whatever may be the last saved state before a frame that is not confirmed. */
  #needsSave(frame: Frame): boolean {
    return this.#isCheck(frame) || (frame % this.#saveEvery === 0 && frame > this.confirmed + 1 - this.#saveEvery);
  }

  #isCheck(frame: Frame): boolean {
    return frame % this.#checkInterval === 0;
  }

  #wrong(frame: Frame): void {
    // Frames that are still to be passed again take the right inputs then.
    if (frame >= this.#cursor) this.#redoFrom = Math.min(this.#redoFrom, frame);
    else if (frame < this.#firstWrong) this.#firstWrong = frame;
  }

  #load(): Op<I, S> {
    const wrong = this.#firstWrong;
    const depth = this.#sim - wrong;
    const frame = this.#saved.latest(wrong);
    // While frames before the last wrong one are passed again, that one is not right either.
    this.#redoFrom = wrong;
    this.#firstWrong = NEVER;
    this.#saved.dropAfter(frame);
    this.#cursor = frame;
    this.#savedCursor = frame;
    this.#performing = frame;
    this.#rollbacks++;
    this.#depths[depth]!++;
    const op = this.#ops.load;
    op.state = this.#saved.get(frame);
    return op;
  }

  #save(): Op<I, S> {
    this.#savedCursor = this.#cursor;
    this.#saves++;
    const op = this.#ops.save;
    op.reuse = this.#saved.reusable(this.#cursor, this.#saved.latest(this.final + 1));
    return op;
  }

  #keep(state: S): void {
    this.#saved.keep(this.#savedCursor, state);
    // Frame 0 is nobody's doing: it is not checked.
    if (this.#savedCursor > 0 && this.#isCheck(this.#savedCursor)) this.#saved.pin(this.#savedCursor);
  }

  #advance(): Op<I, S> {
    const frame = this.#cursor;
    const { inputs, step } = this.#ops.advance;
    let predicted = false;
    for (let slot = 0; slot < this.#queues.length; slot++) {
      const status = this.#inputFor(slot, frame, inputs);
      step.status[slot] = status;
      if (status === 'predicted') predicted = true;
    }
    step.frame = frame;
    step.resimulating = frame < this.#sim;
    this.#cursor++;
    if (step.resimulating) {
      this.#resimulated++;
    } else {
      this.#sim++;
      if (predicted) this.#predicted++;
    }
    return this.#ops.advance;
  }

  /** Puts the slot's input for the frame into `inputs` and notes which words were used. */
  #inputFor(slot: Slot, frame: Frame, inputs: I[]): InputStatus {
    const queue = this.#queues[slot]!;
    const words = this.#scratch;
    let status: InputStatus = 'confirmed';
    if (queue.absentAt(frame)) {
      this.#codec.encode(this.#codec.neutral, words);
      status = 'absent';
    } else if (frame <= queue.held) {
      queue.read(frame, words);
    } else {
      this.#guess(slot, queue, frame, words);
      status = 'predicted';
    }
    queue.use(frame, words);
    if (this.#changed(slot, words)) inputs[slot] = this.#codec.decode(words);
    return status;
  }

  #guess(slot: Slot, queue: InputQueue, frame: Frame, words: Uint16Array): void {
    const { held } = queue;
    let last = this.#codec.neutral;
    if (held !== NO_FRAME) {
      queue.read(held, words);
      // The same words again: no need to decode and encode them.
      if (this.#predict === repeatLast) return;
      last = this.#codec.decode(words);
    }
    this.#codec.encode(this.#predict(last, frame - held, slot), words);
  }

  /** Whether the slot's words differ from those last decoded; an equal input is not decoded anew, which saves its allocation. */
  #changed(slot: Slot, words: Uint16Array): boolean {
    const last = this.#lastWords[slot]!;
    let changed = false;
    for (let i = 0; i < words.length; i++) {
      if (last[i] !== words[i]) {
        last[i] = words[i]!;
        changed = true;
      }
    }
    return changed;
  }
}
