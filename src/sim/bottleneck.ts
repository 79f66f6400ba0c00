// What holds packets up on a path, whoever sends them: a limited rate with a queue before it, freezes, slow spells, and that nobody
// overtakes. All streams of packets that take the same path share one of these; what loses packets is each stream's own luck.
import type { Rng } from '../core/rng.js';
import { type DelayQuantiles, delayFrom } from './quantiles.js';

/** Spans of time in ms on the path's clock: [from, to). */
export type Spans = readonly (readonly [fromMs: number, toMs: number])[];

export interface RateLimit {
  readonly bytesPerSecond: number;
  /** A packet that finds more bytes than this waiting before it is dropped. 0: only what finds nobody waiting passes. */
  readonly queueBytes: number;
}

/**
 * Freezes at random. None is shorter than `minMs`, half of them last `typicalMs` or longer, a quarter `typicalMs²/minMs` or longer, and so
 * on (a power law, as seen on Wi-Fi), and none longer than `maxMs`. They do not overlap.
 */
export interface RandomFreezes {
  /** How many begin in a minute of the time between them, on average. */
  readonly perMinute: number;
  readonly minMs: number;
  readonly typicalMs: number;
  readonly maxMs: number;
}

/** A delay on top, at random, as measured: usually little, now and then a lot. */
export interface ExtraDelay extends DelayQuantiles {
  /** The delay is drawn anew every so many ms, and all packets sent between have the same. Left out: each packet has its own. */
  readonly everyMs?: number;
}

/** The part of an impairment that holds packets up. Everything left out does nothing. */
export interface BottleneckOptions {
  /** At most so many bytes pass in a second; the others wait in a queue, for which `pass` must be told each packet's size. */
  readonly rate?: RateLimit;
  /** Spans in which nothing arrives: what would have, arrives at the end, all at once. */
  readonly freezes?: Spans;
  /** The same at random. A matter of time, not of packets, like `burstMs`. */
  readonly randomFreezes?: RandomFreezes;
  /** A delay on top of all others. */
  readonly extraDelay?: ExtraDelay;
  /** No packet overtakes another: one that would waits for it. Jitter and the like then only stretch. */
  readonly fifo?: boolean;
}

const MS_PER_MINUTE = 60_000;

export class Bottleneck {
  /** False: it never holds anything up, and need not be asked. */
  readonly active: boolean;
  readonly #bytesPerMs: number;
  readonly #queueBytes: number;
  readonly #fifo: boolean;
  readonly #freezes: Spans;
  readonly #random: RandomFreezes | undefined;
  readonly #freezeRng: Rng;
  /** Random freezes that are not over yet, in the order of their beginnings: from, to, from, to, … */
  readonly #drawn: number[] = [];
  /** When the next one begins that has not been drawn yet. */
  #nextFreeze = Infinity;
  #begun = false;
  readonly #everyMs: number;
  readonly #slowness: ((share: number) => number) | undefined;
  readonly #slowRng: Rng;
  #slowMs = 0;
  #slowUntil = 0;
  /** When the last byte that waits will have been sent. */
  #sentAt = 0;
  /** When the last packet of all arrives. */
  #newest = 0;

  constructor(options: BottleneckOptions, rng: Rng) {
    const { rate, freezes = [], randomFreezes, extraDelay, fifo = false } = options;
    this.#bytesPerMs = rate === undefined ? Infinity : rate.bytesPerSecond / 1000;
    this.#queueBytes = rate?.queueBytes ?? Infinity;
    this.#freezes = freezes;
    this.#random = randomFreezes !== undefined && randomFreezes.perMinute > 0 ? randomFreezes : undefined;
    this.#everyMs = extraDelay?.everyMs ?? 0;
    this.#slowness = extraDelay !== undefined && this.#everyMs > 0 ? delayFrom(extraDelay) : undefined;
    this.#fifo = fifo;
    this.#freezeRng = rng.fork('freezes');
    this.#slowRng = rng.fork('slow spells');
    this.active = rate !== undefined || freezes.length > 0 || this.#random !== undefined || this.#slowness !== undefined || fifo;
  }

  /** The ms that a packet sent now waits until its last byte is on its way; undefined if it finds the queue full. To be told of each packet. */
  queue(now: number, bytes: number): number | undefined {
    if (!this.#begun) this.#begin(now);
    if (this.#bytesPerMs === Infinity) return 0;
    const begins = Math.max(now, this.#sentAt);
    if ((begins - now) * this.#bytesPerMs > this.#queueBytes) return undefined;
    this.#sentAt = begins + bytes / this.#bytesPerMs;
    return this.#sentAt - now;
  }

  /** The ms that all packets take longer at this time. */
  slowMs(now: number): number {
    if (this.#slowness === undefined) return 0;
    for (; now >= this.#slowUntil; this.#slowUntil += this.#everyMs) this.#slowMs = this.#slowness(this.#slowRng());
    return this.#slowMs;
  }

  /** The delay of a packet sent at `now` that would take `ms` if nothing held it up. Ask in the order of sending. */
  hold(now: number, ms: number): number {
    const at = now + ms;
    let free = at;
    for (let before = NaN; free !== before;) {
      before = free;
      for (const [from, to] of this.#freezes) if (free >= from && free < to) free = to;
      if (this.#random !== undefined) free = this.#afterRandomFreezes(this.#random, now, free);
    }
    let delay = free === at ? ms : free - now;
    if (!this.#fifo) return delay;
    if (now + delay < this.#newest) {
      delay = this.#newest - now;
      // Rounded down, the sum would overtake by a hair.
      if (now + delay < this.#newest) delay += Number.EPSILON * this.#newest;
    }
    this.#newest = now + delay;
    return delay;
  }

  /** Time begins with the first packet, whatever becomes of it: freezes and slow spells do not depend on luck. */
  #begin(now: number): void {
    this.#begun = true;
    this.#slowUntil = now;
    if (this.#random !== undefined) this.#nextFreeze = now + this.#gapMs(this.#random.perMinute);
  }

  #gapMs(perMinute: number): number {
    return -Math.log(1 - this.#freezeRng()) * (MS_PER_MINUTE / perMinute);
  }

  #afterRandomFreezes({ perMinute, minMs, typicalMs, maxMs }: RandomFreezes, now: number, at: number): number {
    const drawn = this.#drawn;
    while (this.#nextFreeze <= at) {
      const end = this.#nextFreeze + Math.min(maxMs, minMs * (typicalMs / minMs) ** -Math.log2(1 - this.#freezeRng()));
      if (end > now) drawn.push(this.#nextFreeze, end);
      this.#nextFreeze = end + this.#gapMs(perMinute);
    }
    while (drawn.length > 0 && drawn[1]! <= now) drawn.splice(0, 2);
    let free = at;
    for (let i = 0; i < drawn.length; i += 2) if (free >= drawn[i]! && free < drawn[i + 1]!) free = drawn[i + 1]!;
    return free;
  }
}
