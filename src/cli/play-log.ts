// What one peer of `rollwire play` saw, frame by frame: with which inputs each frame was last simulated, what came out, and when
// inputs were sampled and became available.
import type { Game } from '../core/game.js';
import type { Match } from '../match/match.js';
import type { Duel, Input } from '../../examples/duel/duel.js';
import type { PeerResult } from './play-messages.js';

/** ms on a clock that all processes of the machine share. */
function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What this peer saw, frame by frame. */
export class PlayLog {
  readonly rttMs: number[] = [];
  readonly #frames: number;
  readonly #inputDelay: number;
  readonly #inputs: number[];
  readonly #hashes: number[];
  readonly #sampledAt: (number | null)[];
  readonly #heldAt: (number | null)[];

  constructor(frames: number, inputDelay: number) {
    this.#frames = frames;
    this.#inputDelay = inputDelay;
    this.#inputs = Array.from({ length: frames }, () => -1);
    this.#hashes = Array.from({ length: frames }, () => -1);
    this.#sampledAt = Array.from({ length: frames }, () => null);
    this.#heldAt = Array.from({ length: frames }, () => null);
  }

  /** The same game; what each frame was last simulated with, and what came out, is written down. */
  watch(game: Duel): Game<Input, Int32Array> {
    return {
      ...game,
      advance: (inputs, step) => {
        const { frame } = step;
        void game.advance(inputs, step);
        if (frame >= this.#frames) return;
        this.#inputs[frame] = inputs[0]!.pad + 65_536 * inputs[1]!.pad;
        this.#hashes[frame] = game.hash;
      },
    };
  }

  /** The n-th input was just sampled. */
  sampled(n: number): void {
    const frame = n + this.#inputDelay;
    if (frame < this.#frames) this.#sampledAt[frame] = machineTime();
  }

  /** The other's input for the frame is here. */
  held(frame: number): void {
    if (frame < this.#frames) this.#heldAt[frame] = machineTime();
  }

  result(match: Match<Input, Int32Array>, connectMs: number): PeerResult {
    const stats = match.stats();
    const [peer] = stats.peers;
    return {
      type: 'result',
      connectMs,
      confirmedFrame: match.confirmedFrame,
      rollbacks: stats.rollbacks,
      resimulatedFrames: stats.resimulated,
      maxRollbackDepth: Math.max(
        0,
        stats.depths.findLastIndex((count) => count > 0),
      ),
      stalledFrames: stats.stalled,
      inputPacketsSent: peer?.inputPacketsSent ?? 0,
      otherPacketsSent: peer?.otherPacketsSent ?? 0,
      sendsSkipped: peer?.sendsSkipped ?? 0,
      inputBytesSent: peer?.inputBytesSent ?? 0,
      checksPassed: stats.checksPassed,
      loss: peer?.loss ?? 0,
      rttMs: this.rttMs,
      inputs: this.#inputs,
      hashes: this.#hashes,
      sampledAt: this.#sampledAt,
      heldAt: this.#heldAt,
    };
  }
}
