// A running match as a game sees it.
import type { Clock, Off } from '../core/clock.js';
import { DEFAULTS } from '../core/defaults.js';
import { NetError } from '../core/errors.js';
import type { Frame, Slot } from '../core/frame.js';
import type { Game } from '../core/game.js';
import type { PeerId } from '../core/peer.js';
import type { LinkStats } from '../link/link-stats.js';
import { pushBounded, type SessionEvent, type SessionEvents } from '../session/events.js';
import type { Session } from '../session/p2p.js';
import type { SessionStats } from '../session/stats.js';
import { Loop, type LoopHandlers } from './loop.js';
import type { Mesh } from './mesh.js';
import type { Progress } from './options.js';
import { perform } from './perform.js';
import { defaultTicker, type Ticker } from './ticker.js';

/** How often the others are told that we are here while `run` has not been called yet: well below what counts as an interruption. */
const IDLE_MS = DEFAULTS.interruptedMs / 5;

/** What can happen in a match; see {@link SessionEvents}. */
export type MatchEvents = Omit<SessionEvents, 'started'>;

/** Who plays a slot. */
export interface SlotInfo {
  readonly slot: Slot;
  readonly peer: PeerId;
  /** Played here. */
  readonly local: boolean;
}

export interface MatchStats extends SessionStats {
  /** For each linked peer, what its channels did. */
  readonly links: Readonly<Record<PeerId, LinkStats>>;
  /** ms of time that this loop let go after hitches, because they were more than can be made up. */
  readonly skippedMs: number;
  /** Signals of peers that have no place in this match. */
  readonly straySignals: number;
}

export interface MatchParts<I, S> {
  readonly self: PeerId;
  readonly session: Session<I, S>;
  readonly mesh: Mesh<I, S>;
  readonly game: Game<I, S>;
  readonly clock: Clock;
  readonly fps: number;
  readonly timeline: readonly Progress[];
  /** Gives back what `joinMatch` took: the signaling room. */
  release(): void;
}

/** A match that has begun: who plays, how far it is, what happens in it. Made by `joinMatch`; `run` plays it. */
export class Match<I, S> {
  readonly #parts: MatchParts<I, S>;
  readonly #handlers = new Map<keyof MatchEvents, Set<(event: never) => void>>();
  /** Events that came before anybody listened for them. */
  readonly #unheard: SessionEvent[] = [];
  #unheardDropped = 0;
  #loop: Loop<I, S> | undefined;
  /** The last loop that was stopped: an asynchronous game may still be at work for it. */
  #stoppedLoop: Loop<I, S> | undefined;
  #stopIdle: Off = () => {};
  #closed = false;

  /** Made by `joinMatch`. */
  constructor(parts: MatchParts<I, S>) {
    this.#parts = parts;
    this.#idle();
  }

  /** This peer's id. */
  get self(): PeerId {
    return this.#parts.self;
  }

  /** Who plays which slot, in their order. */
  get slots(): readonly SlotInfo[] {
    const { session, self } = this.#parts;
    return session.seats.flatMap(({ peer, slots }) => slots.map((slot) => ({ slot, peer, local: peer === self })));
  }

  /** The slots played here. */
  get locals(): readonly Slot[] {
    return this.#parts.session.locals;
  }

  /** 32 bits, the same on all peers and different in each match: for the game's own random numbers (see `createRng`). */
  get seed(): number {
    return this.#parts.session.seed;
  }

  /** The frame that is simulated next. */
  get frame(): Frame {
    return this.#parts.session.frame;
  }

  /** The last frame that will not be simulated again; −1 if none. */
  get confirmedFrame(): Frame {
    return this.#parts.session.confirmedFrame;
  }

  /** The last confirmed frame of which every other peer has all our inputs too; −1 if none. */
  get settledFrame(): Frame {
    return this.#parts.session.settledFrame;
  }

  /** How the match came about, step by step, with times. */
  get timeline(): readonly Progress[] {
    return this.#parts.timeline;
  }

  /**
   * Starts playing. Returns a function that stops the loop (not the match: `close` does).
   * What `sample`, `draw` or the game throws ends the match with `game-failed`; so does a handler of an event.
   * @param ticker What wakes the loop up. Default: the display's frames in a page, a timer elsewhere.
   */
  run(handlers: LoopHandlers<I> & { readonly ticker?: Ticker }): Off {
    if (this.#closed || this.#loop !== undefined) {
      throw new NetError('call-order', { call: 'run()', expected: 'call it once, before close(), or stop the loop that runs' });
    }
    const { session, mesh, game, clock, fps } = this.#parts;
    this.#stopIdle();
    const loop = new Loop({
      session,
      mesh,
      game,
      handlers,
      ticker: handlers.ticker ?? defaultTicker(clock),
      clock,
      fps,
      failed: (error) => this.#gameFailed(error),
    });
    this.#loop = loop;
    loop.start(this.#stoppedLoop);
    return () => {
      if (this.#loop !== loop) return;
      loop.stop();
      this.#stoppedLoop = loop;
      this.#loop = undefined;
      if (!this.#closed) this.#idle();
    };
  }

  /** Calls `handler` with each such event, also with those that came before anybody listened. Returns a function that ends it. */
  on<K extends keyof MatchEvents>(name: K, handler: (event: MatchEvents[K]) => void): Off {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers);
    handlers.add(handler);
    for (const event of this.#unheard.filter(({ type }) => type === name)) {
      this.#unheard.splice(this.#unheard.indexOf(event), 1);
      this.emit(event);
    }
    return () => handlers.delete(handler);
  }

  /**
   * Sets the input delay from now on, of one slot played here or of all, and ends an automatic one: see `Session.setInputDelay`.
   * @throws NetError `bad-option`
   */
  setInputDelay(frames: number, slot?: Slot): void {
    this.#parts.session.setInputDelay(frames, slot);
  }

  stats(): MatchStats {
    const { session, mesh } = this.#parts;
    // Not by assignment: a peer may be called `__proto__`.
    const links = Object.fromEntries(mesh.peers.map((peer) => [peer, mesh.linkStats(peer)!]));
    const stats = session.stats();
    return {
      ...stats,
      eventsDropped: stats.eventsDropped + this.#unheardDropped,
      links,
      skippedMs: this.#loop?.skippedMs ?? 0,
      straySignals: mesh.straySignals,
    };
  }

  /** Leaves the match and releases everything. The others are told why. Calling it again does nothing. */
  close(reason = 'left'): void {
    this.#close(reason);
  }

  /** @internal A packet has come. */
  received(): void {
    this.#loop?.received();
  }

  /** @internal Takes an event of the session. */
  emit(event: SessionEvent): void {
    if (event.type === 'started') return;
    const handlers = this.#handlers.get(event.type);
    if (handlers === undefined || handlers.size === 0) {
      this.#unheardDropped += pushBounded(this.#unheard, event);
    } else {
      for (const handler of handlers) this.#call(handler as (event: SessionEvent) => void, event);
    }
    // The other side is told why, if it can still hear it.
    if (event.type === 'ended') this.close(event.error === undefined ? 'left' : `gave up (${event.error.code})`);
  }

  #call(handler: (event: SessionEvent) => void, event: SessionEvent): void {
    try {
      handler(event);
    } catch (error) {
      this.#gameFailed(error);
    }
  }

  #close(reason: string, error?: NetError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loop?.stop();
    this.#stopIdle();
    try {
      this.#parts.mesh.close(reason, error);
    } finally {
      this.#parts.release();
    }
    // Not at once: it may be the game that closes the match, in the middle of a call with a state in its hands.
    queueMicrotask(() => {
      const work = (this.#loop ?? this.#stoppedLoop)?.work;
      if (work === undefined) this.#freeStates();
      else void work.then(() => this.#freeStates());
    });
  }

  /** The game is handed the saved states that are left, also those after one that it failed to free. */
  #freeStates(): void {
    const failed = (error: unknown): void => {
      this.#gameFailed(error);
      this.#freeStates();
    };
    try {
      perform(this.#parts.game, this.#parts.session)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** An error of the application ends the match; it is told with `ended`, and thrown where nobody listens for that or nobody is told any more. */
  #gameFailed(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    const failure = new NetError('game-failed', { frame: this.#parts.session.performing, cause }, error);
    const told = !this.#closed && (this.#handlers.get('ended')?.size ?? 0) > 0;
    this.#close('its game failed', failure);
    if (told) return;
    queueMicrotask(() => {
      throw failure;
    });
  }

  /** Until the loop runs, keeps the others from taking us for lost. */
  #idle(): void {
    const { session, mesh, clock } = this.#parts;
    this.#stopIdle = clock.after(IDLE_MS, () => {
      this.#idle();
      try {
        session.begin(clock.now(), true);
        mesh.flush();
        mesh.drain();
      } catch (error) {
        this.#gameFailed(error);
      }
    });
  }
}
