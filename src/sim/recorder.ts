// Writes down what a game was made to do, frame by frame, so that an oracle can compare peers: the last inputs with which each
// frame was simulated, the hash of the state that came out, and whether history that was already final was simulated again.
import type { Frame } from '../core/frame.js';
import { NetError } from '../core/errors.js';
import type { Game, MaybePromise } from '../core/game.js';
import { hashState } from '../core/checksum.js';

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
    if (step.resimulating && step.frame <= this.#final()) this.rewritten.push(step.frame);
    this.advances++;
    atOnce(this.#game.advance(inputs, step));
    this.inputs[step.frame] = inputs.map((input, slot) => (step.status[slot] === 'absent' ? '-' : JSON.stringify(input))).join(' ');
    this.hashes[step.frame] = this.#hash(atOnce(this.#game.save(undefined)));
  };

  save: Game<I, S>['save'] = (reuse) => {
    this.saves++;
    return atOnce(this.#game.save(reuse));
  };

  load: Game<I, S>['load'] = (saved) => {
    this.loads++;
    atOnce(this.#game.load(saved));
  };

  #hash(state: S): number {
    return this.#game.checksum?.(state) ?? hashState(state);
  }
}

/** On a virtual clock nothing can be waited for. */
function atOnce<T>(value: MaybePromise<T>): T {
  if (!(value instanceof Promise)) return value;
  throw new NetError('bad-option', { option: 'game', got: 'a promise', expected: 'a game whose functions return at once' });
}
