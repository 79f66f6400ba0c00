// The loop of a running match: wakes up, runs the frames that are due, lets the game draw. One frame is one tick of the session,
// in its order: receive* (as packets come) → begin → sample → send → load/advance/save → events.
import type { Clock, Off } from '../core/clock.js';
import type { Frame, Slot } from '../core/frame.js';
import type { Game, MaybePromise } from '../core/game.js';
import { Pacer } from '../core/pacer.js';
import type { Session } from '../session/p2p.js';
import type { Mesh } from './mesh.js';
import { perform } from './perform.js';
import type { Ticker } from './ticker.js';

/** What a game does in each round of the loop. */
export interface LoopHandlers<I> {
  /** The input of a local slot now. Called once for each frame, unless the match stalls. */
  sample(slot: Slot): I;
  /** Draws the game as it stands. `alpha`: how far the next frame has come, 0 to 1. Called with each wake-up. */
  draw?(at: { readonly frame: Frame; readonly alpha: number }): void;
}

export interface LoopOptions<I, S> {
  readonly session: Session<I, S>;
  readonly mesh: Mesh<I, S>;
  readonly game: Game<I, S>;
  readonly handlers: LoopHandlers<I>;
  readonly ticker: Ticker;
  readonly clock: Clock;
  readonly fps: number;
  /** The game or a handler threw. The loop has ended. */
  failed(error: unknown): void;
}

/**
 * ms without a wake-up after which packets wake the loop up instead: six frames of a display at 60 Hz. A hidden tab is woken up once a
 * second at the most, but packets reach it as ever.
 */
const ASLEEP_MS = 100;

export class Loop<I, S> {
  readonly #options: LoopOptions<I, S>;
  readonly #pacer: Pacer;
  #stopTicker: Off = () => {};
  #ended = false;
  /** When the ticker last woke us up. */
  #wokeAt = 0;
  #work: Promise<void> | undefined;
  #before: Loop<I, S> | undefined;

  constructor(options: LoopOptions<I, S>) {
    this.#options = options;
    this.#pacer = new Pacer(options.fps);
  }

  /**
   * Starts to run frames.
   * @param before An earlier loop over the same game: no frame begins before the game is done with what it does for that one.
   */
  start(before?: Loop<I, S>): void {
    const { ticker, clock, session } = this.#options;
    this.#before = before;
    this.#wokeAt = clock.now();
    const stop = ticker.start(() => {
      this.#wokeAt = clock.now();
      if (this.#isFree()) this.#attempt(() => this.#run(this.#pacer.due(clock.now(), session.speed), true));
      return this.#pacer.wakeAt;
    });
    this.#stopTicker = stop;
    // The first wake-up may have come from within the ticker's start, and ended the loop.
    if (this.#ended) stop();
  }

  /** A packet has come: runs what is due if the ticker has been asleep. Nothing is drawn, since nobody can be looking. */
  received(): void {
    const { clock, session } = this.#options;
    const now = clock.now();
    if (!this.#isFree() || now < this.#wokeAt + ASLEEP_MS || now < this.#pacer.wakeAt) return;
    this.#attempt(() => this.#run(this.#pacer.due(now, session.speed), false));
  }

  /** No more frames begin. */
  stop(): void {
    this.#ended = true;
    this.#stopTicker();
  }

  /** What an asynchronous game is still doing, for this loop or one before it; undefined if nothing. */
  get work(): Promise<void> | undefined {
    return this.#work ?? this.#before?.work;
  }

  /** ms of time that were let go after hitches, because they were more than can be made up. */
  get skippedMs(): number {
    return this.#pacer.skippedMs;
  }

  /** Whether a frame may begin. */
  #isFree(): boolean {
    if (this.#ended || this.work !== undefined) return false;
    this.#before = undefined;
    return true;
  }

  /** @param draws Whether what came out is to be seen. */
  #run(count: number, draws: boolean): void {
    for (let left = count; left > 0 && !this.#ended; left--) {
      const pending = this.#tick();
      if (pending !== undefined) return this.#await(pending, () => this.#run(left - 1, draws));
    }
    this.#finish(draws);
  }

  #tick(): MaybePromise<void> {
    const { session, mesh, game, handlers, clock } = this.#options;
    mesh.prepare();
    if (session.begin(clock.now()) === 'sample') {
      for (const slot of session.locals) session.input(slot, handlers.sample(slot));
    }
    mesh.flush();
    return perform(game, session);
  }

  /** Goes on once the game is done. Until then no other frame begins, not even in a later loop. */
  #await(pending: Promise<void>, then: () => void): void {
    this.#work = pending.then(
      () => {
        this.#work = undefined;
        this.#attempt(then);
      },
      (error: unknown) => {
        this.#work = undefined;
        this.#fail(error);
      },
    );
  }

  #finish(draws: boolean): void {
    const { session, mesh, handlers, clock } = this.#options;
    mesh.drain();
    if (draws && !this.#ended) handlers.draw?.({ frame: session.frame, alpha: this.#pacer.alpha(clock.now()) });
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.stop();
    this.#options.failed(error);
  }
}
