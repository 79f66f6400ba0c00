// Small games for tests.
import { Hasher } from '../src/core/checksum.js';
import type { Game } from '../src/core/game.js';
import type { InputCodec } from '../src/core/input-codec.js';

/** One 16-bit word, as a number. */
export const buttons: InputCodec<number> = {
  id: 'test:u16',
  words: 1,
  neutral: 0,
  encode: (input, to) => {
    to[0] = input;
  },
  decode: (from) => from[0]!,
};

export interface ChainState {
  frame: number;
  chain: number;
}

/** A game whose state depends on every input of every frame in order: any mistake shows for ever. */
export function chainGame(): Game<number, ChainState> {
  let frame = 0;
  let chain = 1;
  const hasher = new Hasher();
  return {
    advance: (inputs, step) => {
      if (step.frame !== frame) throw new Error(`advance of frame ${step.frame} on state ${frame}`);
      hasher.reset().int(chain).int(frame);
      inputs.forEach((input, slot) => hasher.int(step.status[slot] === 'absent' ? -1 : input));
      chain = hasher.value() % 4294967296;
      frame++;
    },
    save: () => ({ frame, chain }),
    load: (saved) => {
      ({ frame, chain } = saved);
    },
    checksum: (saved) => saved.chain * 2 + (saved.frame % 2),
  };
}
