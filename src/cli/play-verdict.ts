// Proves, or refutes, that both peers of `rollwire play` saw the same game: each frame of one is compared with the other's and with
// a third computation, a replay of the recorded inputs without any netcode.
import { createDuel } from '../../examples/duel/duel.js';
import { recordedButtons } from '../sim/bots.js';
import type { PlaySettings } from './play-flags.js';
import type { PeerResult } from './play-messages.js';

/** What the players did at each frame and what came of it. */
export interface Truth {
  /** Slot 0 + 65536 · slot 1. */
  readonly inputs: readonly number[];
  /** For each frame f, the checksum of state f + 1. */
  readonly hashes: readonly number[];
}

export interface Verdict {
  readonly equal: boolean;
  /** In words, what differs first; or that nothing does. */
  readonly text: string;
  /** The first frame that differs; null if none. */
  readonly firstDifference: number | null;
}

/** The game as it must be: recorded inputs, applied `inputDelay` frames after they were sampled. */
export function replay(recording: Uint8Array, { frames, inputDelay, seed }: PlaySettings): Truth {
  const game = createDuel(seed);
  const pads = [0, 1].map((player) => recordedButtons(recording, player, 2));
  const inputs: number[] = [];
  const hashes: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const given = pads.map((pad) => ({ pad: frame < inputDelay ? 0 : pad(frame - inputDelay) }));
    void game.advance(given, { frame, status: ['confirmed', 'confirmed'], resimulating: false });
    inputs.push(given[0]!.pad + 65_536 * given[1]!.pad);
    hashes.push(game.hash);
  }
  return { inputs, hashes };
}

/** Compares what two peers saw with the truth, and so with each other. */
export function judge(truth: Truth, results: readonly (PeerResult & { readonly name: string })[]): Verdict {
  for (let frame = 0; frame < truth.hashes.length; frame++) {
    for (const { name, inputs, hashes } of results) {
      for (const [what, seen, right] of [
        ['inputs', inputs[frame], truth.inputs[frame]],
        ['state', hashes[frame], truth.hashes[frame]],
      ] as const) {
        if (seen === right) continue;
        const text = `${name}'s ${what} at frame ${frame} is ${String(seen)}, and ${String(right)} in the replay without a network`;
        return { equal: false, text, firstDifference: frame };
      }
    }
  }
  const text = `equal: inputs and states of ${results.length} peers and of a replay without a network, at all ${truth.hashes.length} frames`;
  return { equal: true, text, firstDifference: null };
}
