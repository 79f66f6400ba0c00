// One peer of a simulation: its session and game, its player, its pace and its clock, and what befalls it.
import { type Frame, NO_FRAME } from '../core/frame.js';
import type { Off } from '../core/clock.js';
import { NetError } from '../core/errors.js';
import type { Game, Op } from '../core/game.js';
import { Pacer } from '../core/pacer.js';
import type { PeerId } from '../core/peer.js';
import type { Rng } from '../core/rng.js';
import type { OpSource } from '../match/perform.js';
import type { SessionEvent } from '../session/events.js';
import type { PlayOptions } from '../session/options.js';
import type { Session } from '../session/p2p.js';
import type { Bot } from './bots.js';
import { Recorder } from './recorder.js';
import { type ClockError, SkewedClock } from './skewed-clock.js';

/** What befalls one peer. All times are the world's, in ms. */
export interface Circumstances {
  /** When it joins. Default 0. */
  readonly startMs?: number;
  /** Frames of its display a second, at which alone it wakes up. Default: it wakes up when a frame is due. */
  readonly displayHz?: number;
  /** Spans in which it does nothing, and what arrives waits: [from, to). */
  readonly hitches?: readonly (readonly [fromMs: number, toMs: number])[];
  /** How its clock differs from the world's. */
  readonly clock?: ClockError;
  /** How long each operation of its game takes; packets arrive between two of them. Default 0. */
  readonly workMs?: number;
  /** When it sets its input delay, to how many frames; of which of its slots, counted from 0, or of all. */
  readonly delays?: readonly (readonly [atMs: number, frames: number, local?: number])[];
  /** Share of its input packets that its transport does not take, 0 to 1. */
  readonly skips?: number;
  /** When it leaves, politely; later, if the match has not begun. */
  readonly leavesMs?: number;
  /** When its process dies without a word, or later, if the match has not begun; and when it is back, with a new session under the same id. */
  readonly dies?: { readonly atMs: number; readonly backMs?: number };
}

/** What is peculiar to one peer. */
export interface SimPeerOptions<I> extends Partial<PlayOptions<I>>, Circumstances {}

/** One life of a peer: from the start of its process to its end. */
export interface Life<I, S> {
  readonly session: Session<I, S>;
  readonly game: Game<I, S>;
  /** One for each slot that it plays. */
  readonly bots: readonly Bot<I>[];
  /** Decides which packets its transport does not take. */
  readonly rng: Rng;
}

/** One peer of a simulation, with what was written down of it. */
export class SimPeer<I, S> {
  readonly id: PeerId;
  readonly index: number;
  readonly options: SimPeerOptions<I>;
  readonly clock: SkewedClock;
  /** What happened to it; empty if the simulation keeps no history, as are the next two. */
  readonly events: SessionEvent[] = [];
  /** When each frame was simulated for the first time, in ms of the world's clock. */
  readonly simulatedAt: number[] = [];
  /** Factors on the frame rate, one a tick. */
  readonly speeds: number[] = [];
  /** Inputs sampled so far. */
  sampled = 0;
  /** What arrived while it did nothing. */
  readonly inbox: { from: PeerId; bytes: Uint8Array }[] = [];
  /** The last frame that was confirmed when the last tick was done: all corrections up to it have been made. */
  final: Frame = NO_FRAME;
  /** Whether it runs, and takes packets. */
  present = false;
  /** How often its process was started; what was begun in an earlier life is not gone on with. */
  lives = 0;
  /** Hands out one operation of the session after the other. */
  readonly oneOp: OneOp<I, S>;
  /** Ends the timer that wakes it up. */
  stopTimer: Off = () => {};
  readonly #fps: number;
  readonly #history: boolean;
  #life: Life<I, S>;
  #pacer: Pacer;
  #recorder: Recorder<I, S> | undefined;

  constructor(id: PeerId, index: number, life: Life<I, S>, fps: number, options: SimPeerOptions<I>, history: boolean) {
    this.id = id;
    this.index = index;
    this.options = options;
    this.clock = new SkewedClock(options.clock);
    this.#fps = fps;
    this.#history = history;
    this.#life = life;
    this.#pacer = new Pacer(fps);
    this.oneOp = new OneOp(life.session);
    this.#record(life);
  }

  get session(): Session<I, S> {
    return this.#life.session;
  }

  /** What its player gives as the n-th input of its i-th slot. */
  sample(i: number, n: number): I {
    return this.#life.bots[i]!(n);
  }

  /** Whether its transport does not take a packet. */
  get skipsNow(): boolean {
    const { skips } = this.options;
    return skips !== undefined && this.#life.rng() < skips;
  }

  get pacer(): Pacer {
    return this.#pacer;
  }

  /** The game as the session's operations are carried out on it. */
  get game(): Game<I, S> {
    return this.#recorder ?? this.#life.game;
  }

  /** What the game was made to do. @throws NetError `call-order` if the simulation keeps no history. */
  get recorder(): Recorder<I, S> {
    if (this.#recorder === undefined) {
      throw new NetError('call-order', { call: 'recorder', expected: 'make the simulation with history' });
    }
    return this.#recorder;
  }

  /** Its process is started again. */
  revive(life: Life<I, S>): void {
    this.#life = life;
    this.#pacer = new Pacer(this.#fps);
    this.oneOp.session = life.session;
    this.sampled = 0;
    this.final = NO_FRAME;
    this.#record(life);
  }

  #record(life: Life<I, S>): void {
    this.#recorder = this.#history ? new Recorder(life.game, () => this.final) : undefined;
  }
}

/** A session's operations one at a time: after each there are no more until `next`. */
export class OneOp<I, S> implements OpSource<I, S> {
  session: Session<I, S>;
  #taken = false;

  constructor(session: Session<I, S>) {
    this.session = session;
  }

  next(): this {
    this.#taken = false;
    return this;
  }

  /** Whether there was one. */
  get taken(): boolean {
    return this.#taken;
  }

  op(): Op<I, S> | undefined {
    if (this.#taken) return undefined;
    const op = this.session.op();
    this.#taken = op !== undefined;
    return op;
  }
}
