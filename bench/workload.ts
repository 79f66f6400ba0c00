// The workload of the netcode bench, made once before anything is timed: which input each peer gives in each frame, and which packets
// arrive in which tick. Both contenders get the same.
import { randomButtons, recordedButtons } from '../src/sim/bots.js';
import { ImpairedPath } from '../src/sim/impairment.js';
import { createRng } from '../src/core/rng.js';

export interface Workload {
  readonly ticks: number;
  /** For each peer and tick, the input. */
  readonly inputs: readonly [Uint16Array, Uint16Array];
  /** For each direction and tick: in how many ticks the packet that is sent in it arrives; 0 if it is lost. */
  readonly delays: readonly [Uint8Array, Uint8Array];
}

/** ms of a tick. */
export const TICK_MS = 1000 / 60;
export const WINDOW = 8;
export const PEERS = [0, 1] as const;

/** 2 peers, 60 Hz, 16-bit inputs, 50 ± 10 ms one way, 5 % loss. @param recording Human inputs; without, one bit flips with p = 0.1. */
export function makeWorkload(ticks: number, seed: number, recording?: Uint8Array): Workload {
  const rng = createRng(seed);
  const inputs = [0, 1].map((peer) => {
    const bot = recording === undefined ? randomButtons(rng.fork(`bot ${peer}`), 0.1) : recordedButtons(recording, peer, 2);
    return Uint16Array.from({ length: ticks }, (_, tick) => bot(tick));
  });
  const delays = [0, 1].map((direction) => {
    const path = new ImpairedPath({ delayMs: 50, jitterMs: 10, loss: 0.05 }, rng.fork(`path ${direction}`));
    return Uint8Array.from({ length: ticks }, (_, tick) => {
      const [ms] = path.pass(tick * TICK_MS);
      return ms === undefined ? 0 : Math.max(1, Math.ceil(ms / TICK_MS));
    });
  });
  return { ticks, inputs: [inputs[0]!, inputs[1]!], delays: [delays[0]!, delays[1]!] };
}

/**
 * No two inputs in a row are equal, so that every prediction is wrong; and each packet takes so many ticks, so that each frame rolls
 * back by as many.
 */
export function makeWrongWorkload(ticks: number, depth: number): Workload {
  const inputs = PEERS.map((peer) => Uint16Array.from({ length: ticks }, (_, tick) => 2 * tick + peer));
  const delays = PEERS.map(() => new Uint8Array(ticks).fill(depth));
  return { ticks, inputs: [inputs[0]!, inputs[1]!], delays: [delays[0]!, delays[1]!] };
}

/** Packets under way, by the tick in which they arrive. Nothing is allocated once the rings have grown. */
export class Wire<T> {
  readonly #cells: T[][] = Array.from({ length: 32 }, () => []);
  readonly #counts = new Uint8Array(32);

  send(tick: number, delay: number, packet: T): void {
    if (delay === 0) return;
    const cell = (tick + delay) % 32;
    this.#cells[cell]![this.#counts[cell]!++] = packet;
  }

  /** Hands out what arrives in this tick. */
  arrive(tick: number, take: (packet: T) => void): void {
    const cell = tick % 32;
    for (let i = 0; i < this.#counts[cell]!; i++) take(this.#cells[cell]![i]!);
    this.#counts[cell] = 0;
  }
}
