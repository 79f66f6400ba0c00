// Players for simulations and benchmarks: functions from the number of a sampled input to the input.
import type { Rng } from '../core/rng.js';

/** The n-th input that a player gives, from 0. */
export type Bot<I> = (n: number) => I;

/** A player of 16 buttons: with probability `p` one random button changes from one frame to the next. */
export function randomButtons(rng: Rng, p: number): Bot<number> {
  let buttons = 0;
  return () => {
    if (rng() < p) buttons ^= 1 << (rng.u32() & 15);
    return buttons;
  };
}

/**
 * A player from a recording: little-endian 16-bit words, frame by frame, in a frame player by player. It starts anew at its end.
 */
export function recordedButtons(recording: Uint8Array, player: number, players: number): Bot<number> {
  const frames = Math.floor(recording.length / (2 * players));
  return (n) => {
    const at = ((n % frames) * players + player) * 2;
    return recording[at]! | (recording[at + 1]! << 8);
  };
}
