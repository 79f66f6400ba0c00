// The one loop that calls a game. Matches, the simulator, replays and tests share it, for synchronous and asynchronous games.
import type { Game, MaybePromise, Op } from '../core/game.js';

/** Something that hands out operations one at a time until there are no more. */
export interface OpSource<I, S> {
  op(): Op<I, S> | undefined;
}

/**
 * Carries out all operations that are due. Returns a promise only if the game did; the next operation is asked for when the one
 * before is done. What the game throws, or rejects with, comes out here; the session then stands between two operations.
 */
export function perform<I, S>(game: Game<I, S>, source: OpSource<I, S>): MaybePromise<void> {
  for (let op = source.op(); op !== undefined; op = source.op()) {
    const pending = carryOut(game, op);
    if (pending !== undefined) return pending.then(() => perform(game, source));
  }
  return undefined;
}

function carryOut<I, S>(game: Game<I, S>, op: Op<I, S>): Promise<void> | undefined {
  switch (op.kind) {
    case 'advance': {
      const done = game.advance(op.inputs, op.step);
      return isThenable(done) ? done : undefined;
    }
    case 'load': {
      const done = game.load(op.state);
      return isThenable(done) ? done : undefined;
    }
    case 'free':
      game.free?.(op.state);
      return undefined;
    case 'save': {
      const state = game.save(op.reuse);
      if (isThenable(state)) return state.then((value) => op.keep(value));
      op.keep(state);
      return undefined;
    }
  }
}

function isThenable<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
