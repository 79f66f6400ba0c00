// A game in a simulated match, so that what it does wrong by itself is told from what goes wrong around it: it throws, it changes its
// inputs, it returns no state. Whose game it was and at which frame comes along.
import type { Frame } from '../core/frame.js';
import { NetError } from '../core/errors.js';
import type { Game, MaybePromise } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import type { PeerId } from '../core/peer.js';
import { requireState } from './check-game.js';
import { InputWatch } from './input-watch.js';
import { whenDone } from './recorder.js';

/** A game failed; `cause` is what it threw, or that its inputs were changed. */
export class GameFailed extends Error {
  readonly peer: PeerId;
  /** The frame that was simulated last, or is being. */
  readonly frame: Frame;

  constructor(peer: PeerId, frame: Frame, cause: unknown) {
    super('', { cause });
    this.peer = peer;
    this.frame = frame;
  }
}

/** The same game. Whatever comes out of it is a {@link GameFailed}; `bad-option` is about the options, and stays what it is. */
export function guarded<I, S>(game: Game<I, S>, codec: InputCodec<I>, peer: PeerId): Game<I, S> {
  const watch = new InputWatch(codec);
  let frame = 0;
  const failed = (error: unknown): never => {
    throw error instanceof NetError && error.code === 'bad-option' ? error : new GameFailed(peer, frame, error);
  };
  const now = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      return failed(error);
    }
  };
  const call = <T>(work: () => MaybePromise<T>): MaybePromise<T> => {
    const done = now(work);
    return done instanceof Promise ? done.catch(failed) : done;
  };
  return {
    advance: (inputs, step) => {
      ({ frame } = step);
      return call(() => watch.advance(game, inputs, step));
    },
    save: (reuse) => call(() => whenDone(game.save(reuse), requireState)),
    load: (saved) => call(() => game.load(saved)),
    ...(game.free === undefined ? {} : { free: (saved: S) => now(() => game.free!(saved)) }),
    ...(game.checksum === undefined ? {} : { checksum: (saved: S) => now(() => game.checksum!(saved)) }),
  };
}
