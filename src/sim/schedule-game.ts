// The game, inputs and players of scheduled matches: as small as can be, and such that any mistake shows in every later state.
import type { Game } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import { type Predictor, repeatLast } from '../core/predictor.js';
import type { Rng } from '../core/rng.js';
import { type Bot, randomButtons } from './bots.js';
import type { Schedule, ScheduledBot, ScheduledPeer } from './schedule.js';

/** An input is a number of 32 bits at the most; with one word, of 16. */
export function scheduledInput(words: number): InputCodec<number> {
  return {
    id: `scheduled:${words}`,
    words,
    neutral: 0,
    encode: (input, to) => {
      to[0] = input;
      // What the other words hold follows from the input, and all of it is compared and sent.
      for (let i = 1; i < words; i++) to[i] = i === 1 ? input >>> 16 : Math.imul(input, 2 * i + 1) >>> 16;
    },
    decode: (from) => (words === 1 ? from[0]! : (from[0]! | (from[1]! << 16)) >>> 0),
    merge: (skipped, kept) => (skipped | kept) >>> 0,
  };
}

/** A state is a number that depends on every input of every frame in order, and on who was absent. */
export class ChainGame implements Game<number, number> {
  state = 1;
  readonly #wrongAt: number;

  /** @param wrongAt The frame at which it goes wrong; −1: never. */
  constructor(wrongAt = -1) {
    this.#wrongAt = wrongAt;
  }

  advance(inputs: readonly number[], step: Parameters<Game<number, number>['advance']>[1]): void {
    let state = this.state;
    for (let slot = 0; slot < inputs.length; slot++) {
      state = Math.imul(state ^ (step.status[slot] === 'absent' ? -1 - slot : inputs[slot]!), 0x85ebca6b);
      state ^= state >>> 15;
    }
    this.state = step.frame === this.#wrongAt ? ~state : state;
  }

  save(): number {
    return this.state;
  }

  load(saved: number): void {
    this.state = saved;
  }

  checksum(saved: number): number {
    return saved >>> 0;
  }
}

/** The same game for a match that must wait for it. */
export class PromisedGame implements Game<number, number> {
  readonly chain: ChainGame;

  constructor(chain: ChainGame) {
    this.chain = chain;
  }

  async advance(...args: Parameters<ChainGame['advance']>): Promise<void> {
    await Promise.resolve();
    this.chain.advance(...args);
  }

  async save(): Promise<number> {
    return Promise.resolve(this.chain.state);
  }

  async load(saved: number): Promise<void> {
    this.chain.load(await Promise.resolve(saved));
  }

  checksum(saved: number): number {
    return this.chain.checksum(saved);
  }
}

export type ScheduledGame = ChainGame | PromisedGame;

export function scheduledGame(schedule: Schedule, peer: number): ScheduledGame {
  const { plant, promises } = schedule;
  const chain = new ChainGame(plant?.kind === 'state' && plant.peer === peer ? plant.frame : -1);
  return promises === true ? new PromisedGame(chain) : chain;
}

export function stateOf(game: Game<number, number>): number {
  return game instanceof PromisedGame ? game.chain.state : (game as ChainGame).state;
}

export function scheduledBot(bot: ScheduledBot, words: number, rng: Rng): Bot<number> {
  const wide = words === 1 ? 0xffff : 0xffff_ffff;
  switch (bot.kind) {
    case 'idle':
      return () => 0;
    case 'busy':
      return () => (rng.u32() & wide) >>> 0;
    case 'buttons': {
      if (words === 1) return randomButtons(rng, bot.p);
      let buttons = 0;
      return () => {
        if (rng() < bot.p) buttons = (buttons ^ (1 << (rng.u32() & 31))) >>> 0;
        return buttons;
      };
    }
    case 'holds': {
      let held = 0;
      return () => {
        if (rng() * bot.frames < 1) held = (rng.u32() & wide) >>> 0;
        return held;
      };
    }
  }
}

export function scheduledPredictor(kind: ScheduledPeer['predict']): Predictor<number> {
  switch (kind) {
    case 'neutral':
      return () => 0;
    case 'wild':
      return (last, ahead, slot) => (last + 977 * ahead + slot) & 0xffff;
    case 'repeat':
    case undefined:
      return repeatLast;
  }
}
