// A player for any game: it holds random inputs for a few frames each, now and then nothing. It presses more than people do, and everything.
import type { InputCodec } from '../core/input-codec.js';
import type { Rng } from '../core/rng.js';
import type { Bot } from './bots.js';

/** The longest that one input is held, in frames: short and long presses both occur at 60 frames a second. */
const MAX_HELD = 12;
/** How often the player does nothing instead. */
const IDLE = 0.2;

/** Random words, decoded: any words give some valid input. */
export function randomInputs<I>(codec: InputCodec<I>, rng: Rng): Bot<I> {
  const words = new Uint16Array(codec.words);
  let input = codec.neutral;
  let until = 0;
  return (n) => {
    if (n >= until) {
      until = n + 1 + (rng.u32() % MAX_HELD);
      for (let i = 0; i < words.length; i++) words[i] = rng.u32();
      input = rng() < IDLE ? codec.neutral : codec.decode(words);
    }
    return input;
  };
}
