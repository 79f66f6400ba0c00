// One direction of a bad network as a pure function of time and a seed: for each packet, when it arrives, if at all.
// The simulator and the UDP relay share it, so that one set of conditions means the same in both.
import { NetError } from '../core/errors.js';
import type { Rng } from '../core/rng.js';

/** What one direction of a path does to packets. Everything left out is 0. */
export interface Impairment {
  /** One-way delay in ms. */
  readonly delayMs?: number;
  /** Each packet's delay is spread evenly over delay ± jitter, in ms; packets overtake each other. */
  readonly jitterMs?: number;
  /** Share of packets lost, 0 to 1. */
  readonly loss?: number;
  /**
   * Mean length in ms of the outages that make up the loss. 0: each packet is lost on its own. Outages are a matter of
   * time, not of packets, so that different protocols under the same seed meet the same ones.
   */
  readonly burstMs?: number;
  /** Share of packets that take up to `reorderMs` longer, 0 to 1. */
  readonly reorder?: number;
  /** See `reorder`; in ms. */
  readonly reorderMs?: number;
  /** How many copies of each packet arrive, each with its own delay and loss. Default 1. */
  readonly copies?: number;
  /** Spans of time in which nothing passes, in ms on the path's clock: [from, to). */
  readonly outages?: readonly (readonly [fromMs: number, toMs: number])[];
}

const RANGES: readonly (readonly [keyof Impairment, number, number])[] = [
  ['delayMs', 0, 60_000],
  ['jitterMs', 0, 60_000],
  ['loss', 0, 1],
  ['burstMs', 0, 60_000],
  ['reorder', 0, 1],
  ['reorderMs', 0, 60_000],
  ['copies', 0, 16],
];

/** Refuses conditions that mean nothing (a loss of 5 where 0.05 was meant). */
export function checkImpairment(spec: Impairment): void {
  for (const [option, min, max] of RANGES) {
    const got = spec[option];
    if (got !== undefined && !(typeof got === 'number' && got >= min && got <= max)) {
      throw new NetError('bad-option', { option: `impairment.${option}`, got, expected: `a number from ${min} to ${max}` });
    }
  }
  if ((spec.jitterMs ?? 0) > (spec.delayMs ?? 0)) {
    throw new NetError('bad-option', {
      option: 'impairment.jitterMs',
      got: spec.jitterMs,
      expected: 'at most delayMs: packets cannot arrive before they are sent',
    });
  }
}

/** One direction of a path. Ask it in the order in which packets are sent; `now` never goes back. */
export class ImpairedPath {
  readonly #spec: Impairment;
  readonly #rng: Rng;
  readonly #burstRng: Rng;
  #burstEnds = -1;
  #nextBurst = -1;
  readonly #arrivals: number[] = [];

  constructor(spec: Impairment, rng: Rng) {
    checkImpairment(spec);
    this.#spec = spec;
    this.#rng = rng;
    this.#burstRng = rng.fork('bursts');
  }

  /** The delays in ms after which copies of a packet sent at `now` arrive; empty if it is lost. Valid until the next call. */
  pass(now: number): readonly number[] {
    const { delayMs = 0, jitterMs = 0, loss = 0, burstMs = 0, reorder = 0, reorderMs = 0, copies = 1, outages } = this.#spec;
    const arrivals = this.#arrivals;
    arrivals.length = 0;
    const out =
      outages?.some(([from, to]) => now >= from && now < to) === true || (burstMs > 0 && loss > 0 && this.#inBurst(now, loss, burstMs));
    for (let copy = 0; copy < copies; copy++) {
      // The same numbers are drawn whatever happens to the packet: a changed loss rate leaves the other packets' fate alone.
      const lost = this.#rng() < loss;
      const spread = this.#rng() * 2 - 1;
      const late = this.#rng();
      const howLate = this.#rng();
      if (out || (burstMs === 0 && lost)) continue;
      arrivals.push(delayMs + spread * jitterMs + (late < reorder ? howLate * reorderMs : 0));
    }
    return arrivals;
  }

  /** Outages and gaps alternate, both exponentially distributed, so that outages cover `loss` of the time. */
  #inBurst(now: number, loss: number, burstMs: number): boolean {
    if (loss >= 1) return true;
    const gapMs = (burstMs * (1 - loss)) / loss;
    if (this.#nextBurst < 0) this.#nextBurst = now + this.#exponential(gapMs);
    while (now >= this.#nextBurst) {
      this.#burstEnds = this.#nextBurst + this.#exponential(burstMs);
      this.#nextBurst = this.#burstEnds + this.#exponential(gapMs);
    }
    return now < this.#burstEnds;
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#burstRng()) * mean;
  }
}
