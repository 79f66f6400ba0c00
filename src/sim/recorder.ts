// Writes down what a game was made to do, frame by frame, so that peers can be compared afterwards: the last inputs with which each
// frame was simulated, the hash of the state that came out, and whether history that was already final was simulated again.
// It keeps everything: what runs for hours is watched by an oracle instead (oracle.ts).
import type { Frame } from '../core/frame.js';
import type { Game, MaybePromise } from '../core/game.js';
import { hashState } from '../core/checksum.js';

/** Stands between a session and a game, and writes down what the game is made to do. */
export class Recorder<I, S> implements Game<I, S> {
  readonly #game: Game<I, S>;
  readonly #final: () => Frame;
  /** For each frame, as text: the inputs and which slots are absent. */
  readonly inputs: string[] = [];
  /** For each frame f: the hash of state f + 1. */
  readonly hashes: number[] = [];
  /** Frames that were simulated again though they were final. */
  readonly rewritten: Frame[] = [];
  /** How often frames were simulated, in all. */
  advances = 0;
  loads = 0;
  saves = 0;

  /** @param final The last frame that must not be simulated again. */
  constructor(game: Game<I, S>, final: () => Frame) {
    this.#game = game;
    this.#final = final;
  }

  advance: Game<I, S>['advance'] = (inputs, step) => {
    // The step is valid during the call only, and a game may take its time.
    const { frame } = step;
    if (step.resimulating && frame <= this.#final()) this.rewritten.push(frame);
    this.advances++;
    this.inputs[frame] = inputs.map((input, slot) => (step.status[slot] === 'absent' ? '-' : JSON.stringify(input))).join(' ');
    return whenDone(this.#game.advance(inputs, step), () =>
      whenDone(this.#game.save(undefined), (state) => {
        this.hashes[frame] = this.#hash(state);
        this.#game.free?.(state);
      }),
    );
  };

  save: Game<I, S>['save'] = (reuse) => {
    this.saves++;
    return this.#game.save(reuse);
  };

  load: Game<I, S>['load'] = (saved) => {
    this.loads++;
    return this.#game.load(saved);
  };

  free: NonNullable<Game<I, S>['free']> = (saved) => this.#game.free?.(saved);

  #hash(state: S): number {
    return this.#game.checksum?.(state) ?? hashState(state);
  }
}

/** Goes on with a value at once, or when it has come. */
export function whenDone<T, R>(value: MaybePromise<T>, then: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(then) : then(value);
}
