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

/** Starts the loop. */
export function startLoop<I, S>(options: LoopOptions<I, S>): Off {
  const { session, mesh, game, handlers, ticker, clock, fps } = options;
  const pacer = new Pacer(fps);
  let ended = false;
  /** True while an asynchronous game is at work: its frames are not started twice. */
  let busy = false;

  const end = (): void => {
    ended = true;
    off();
  };
  const fail = (error: unknown): void => {
    end();
    options.failed(error);
  };
  const tick = (): MaybePromise<void> => {
    if (session.begin(clock.now()) === 'sample') {
      for (const slot of session.locals) session.input(slot, handlers.sample(slot));
    }
    mesh.flush();
    return perform(game, session);
  };
  const finish = (): void => {
    busy = false;
    mesh.drain();
    if (!ended) handlers.draw?.({ frame: session.frame, alpha: pacer.alpha(clock.now()) });
  };
  const runDue = (count: number): void => {
    for (let left = count; left > 0 && !ended; left--) {
      const pending = tick();
      if (pending === undefined) continue;
      busy = true;
      pending.then(() => attempt(() => runDue(left - 1))).catch(fail);
      return;
    }
    finish();
  };
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  const off = ticker.start(() => {
    if (!busy && !ended) attempt(() => runDue(pacer.due(clock.now(), session.speed)));
    return pacer.wakeAt;
  });
  return end;
}
