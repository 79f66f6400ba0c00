// One direction of a bad network as a pure function of time and a seed: for each packet, when it arrives, if at all.
// The simulator and the UDP relay share it, so that one set of conditions means the same in both.
import { NetError } from '../core/errors.js';
import type { Rng } from '../core/rng.js';
import { Bottleneck, type BottleneckOptions, type Spans } from './bottleneck.js';
import { delayFrom, QUANTILES } from './quantiles.js';

/** What one direction of a path does to packets. Everything left out is 0, or does nothing. */
export interface Impairment extends BottleneckOptions {
  /** One-way delay in ms. */
  readonly delayMs?: number;
  /** Each packet's delay is spread evenly over delay ± jitter, in ms; packets overtake each other. */
  readonly jitterMs?: number;
  /** Share of packets lost, 0 to 1. */
  readonly loss?: number;
  /**
   * Mean length in ms of the bad periods that make up the loss; outside of them nothing is lost (the model of Gilbert and Elliott).
   * 0: each packet is lost on its own. Bad periods are a matter of time, not of packets, so that different protocols under the
   * same seed meet the same ones.
   */
  readonly burstMs?: number;
  /**
   * Share of packets lost within a bad period, from `loss` to 1. `loss` stays the share of all packets: the lower this is, the more of
   * the time is bad. Default 1: bad periods are outages.
   */
  readonly burstLoss?: number;
  /** Share of packets that take up to `reorderMs` longer, 0 to 1. */
  readonly reorder?: number;
  /** See `reorder`; in ms. */
  readonly reorderMs?: number;
  /** How many copies of each packet arrive, each with its own delay and loss. Default 1. */
  readonly copies?: number;
  /** Spans in which all that is sent is lost. In one direction only: a one-way block. */
  readonly outages?: Spans;
}

/** Ways into an impairment, and what may stand there. */
const RANGES: readonly (readonly [path: readonly [keyof Impairment, string?], min: number, max: number])[] = [
  [['delayMs'], 0, 60_000],
  [['jitterMs'], 0, 60_000],
  [['loss'], 0, 1],
  [['burstMs'], 0, 60_000],
  [['burstLoss'], 0, 1],
  [['reorder'], 0, 1],
  [['reorderMs'], 0, 60_000],
  [['copies'], 0, 16],
  [['rate', 'bytesPerSecond'], 1, 1e12],
  [['rate', 'queueBytes'], 0, 1e9],
  [['randomFreezes', 'perMinute'], 0, 600],
  [['randomFreezes', 'minMs'], 1, 60_000],
  [['randomFreezes', 'typicalMs'], 1, 60_000],
  [['randomFreezes', 'maxMs'], 1, 60_000],
  // Shorter spells than this would be drawn in vain.
  [['extraDelay', 'everyMs'], 1, 60_000],
  ...QUANTILES.map(([name]) => [['extraDelay', name], 0, 60_000] as const),
];

/** Every option there is: one that is spelt otherwise would do nothing, and nobody would know. */
const OPTIONS: Readonly<Record<keyof Impairment, true>> = {
  delayMs: true,
  jitterMs: true,
  loss: true,
  burstMs: true,
  burstLoss: true,
  reorder: true,
  reorderMs: true,
  copies: true,
  outages: true,
  rate: true,
  freezes: true,
  randomFreezes: true,
  extraDelay: true,
  fifo: true,
};

/** Refuses conditions that mean nothing (a loss of 5 where 0.05 was meant, a `latency`). @throws NetError `bad-option` */
export function checkImpairment(spec: Impairment): void {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    throw new NetError('bad-option', { option: 'impairment', got: spec, expected: 'an object such as { delayMs: 40, loss: 0.05 }' });
  }
  for (const [option, got] of Object.entries(spec)) {
    if (!Object.hasOwn(OPTIONS, option)) refuse(option, got, `one of ${Object.keys(OPTIONS).join(', ')}`);
  }
  for (const [[option, part], min, max] of RANGES) {
    const whole = spec[option];
    const got: unknown = part === undefined ? whole : (whole as Readonly<Record<string, unknown>> | undefined)?.[part];
    // What may be left out: an option; and of the parts of one that is there, those of a measured delay but for its largest.
    if (got === undefined && (whole === undefined || (option === 'extraDelay' && part !== 'max'))) continue;
    if (!(typeof got === 'number' && got >= min && got <= max)) {
      refuse(part === undefined ? option : `${option}.${part}`, got, `a number from ${min} to ${max}`);
    }
  }
  const { delayMs = 0, jitterMs = 0, loss = 0, burstLoss = 1, outages, freezes, randomFreezes, extraDelay } = spec;
  if (jitterMs > delayMs) refuse('jitterMs', jitterMs, 'at most delayMs: packets cannot arrive before they are sent');
  if (burstLoss < loss) refuse('burstLoss', burstLoss, 'at least loss: it is the share lost in the worst of times');
  checkSpans('outages', outages);
  checkSpans('freezes', freezes);
  if (randomFreezes !== undefined) {
    const { minMs, typicalMs, maxMs } = randomFreezes;
    if (!(minMs <= typicalMs && typicalMs <= maxMs)) refuse('randomFreezes', randomFreezes, 'minMs <= typicalMs <= maxMs');
  }
  let least = 0;
  for (const [name] of QUANTILES) {
    const ms = extraDelay?.[name] ?? least;
    if (ms < least) refuse(`extraDelay.${name}`, ms, `at least ${least}, as those below it`);
    least = ms;
  }
}

function checkSpans(option: 'outages' | 'freezes', spans: Spans = []): void {
  for (const [from, to] of spans) {
    if (!(from <= to) || (option === 'freezes' && to === Infinity))
      refuse(option, `[${from}, ${to})`, 'spans [from, to) that end after they begin');
  }
}

function refuse(option: string, got: unknown, expected: string): never {
  throw new NetError('bad-option', { option: `impairment.${option}`, got, expected });
}

/** One stream of packets in one direction of a path. Ask it in the order in which packets are sent; `now` never goes back. */
export class ImpairedPath {
  /** What other streams on the same path must share: hand it to theirs. */
  readonly bottleneck: Bottleneck;
  readonly #rng: Rng;
  readonly #burstRng: Rng;
  readonly #delayMs: number;
  readonly #jitterMs: number;
  readonly #loss: number;
  readonly #burstMs: number;
  readonly #burstLoss: number;
  readonly #reorder: number;
  readonly #reorderMs: number;
  readonly #copies: number;
  readonly #outages: Spans;
  /** The extra delay of each packet; undefined if there is none, or all packets of a time share it. */
  readonly #extraDelay: ((share: number) => number) | undefined;
  readonly #extraRng: Rng;
  #burstEnds = -1;
  #nextBurst = -1;
  readonly #arrivals: number[] = [];

  /** @throws NetError `bad-option` */
  constructor(spec: Impairment, rng: Rng, bottleneck?: Bottleneck) {
    checkImpairment(spec);
    this.#rng = rng;
    this.#burstRng = rng.fork('bursts');
    this.#extraRng = rng.fork('extra delay');
    this.bottleneck = bottleneck ?? new Bottleneck(spec, rng);
    this.#delayMs = spec.delayMs ?? 0;
    this.#jitterMs = spec.jitterMs ?? 0;
    this.#loss = spec.loss ?? 0;
    this.#burstMs = spec.burstMs ?? 0;
    this.#burstLoss = spec.burstLoss ?? 1;
    this.#reorder = spec.reorder ?? 0;
    this.#reorderMs = spec.reorderMs ?? 0;
    this.#copies = spec.copies ?? 1;
    this.#outages = spec.outages ?? [];
    const { extraDelay } = spec;
    this.#extraDelay = extraDelay !== undefined && extraDelay.everyMs === undefined ? delayFrom(extraDelay) : undefined;
  }

  /**
   * The delays in ms after which copies of a packet sent at `now` arrive; empty if it is lost. Valid until the next call.
   * @param bytes The packet's size, which matters only where the rate is limited.
   */
  pass(now: number, bytes = 0): readonly number[] {
    const arrivals = this.#arrivals;
    const rng = this.#rng;
    const { bottleneck } = this;
    arrivals.length = 0;
    let out = this.#inOutage(now);
    const bad = !out && this.#burstMs > 0 && this.#loss > 0 && this.#inBurst(now);
    let heldMs = 0;
    if (bottleneck.active) {
      const queuedMs = bottleneck.queue(now, bytes);
      out ||= queuedMs === undefined;
      heldMs = (queuedMs ?? 0) + bottleneck.slowMs(now);
    }
    for (let copy = 0; copy < this.#copies; copy++) {
      // The same numbers are drawn whatever happens to the packet: a changed loss rate leaves the other packets' fate alone.
      const fate = rng();
      const spread = rng() * 2 - 1;
      const late = rng();
      const howLate = rng();
      const extraMs = this.#extraDelay === undefined ? 0 : this.#extraDelay(this.#extraRng());
      const lost = this.#burstMs > 0 ? bad && fate < this.#burstLoss : fate < this.#loss;
      if (out || lost) continue;
      const reorderedMs = late < this.#reorder ? howLate * this.#reorderMs : 0;
      const ms = this.#delayMs + spread * this.#jitterMs + reorderedMs + extraMs + heldMs;
      arrivals.push(bottleneck.active ? bottleneck.hold(now, ms) : ms);
    }
    return arrivals;
  }

  #inOutage(now: number): boolean {
    for (const [from, to] of this.#outages) if (now >= from && now < to) return true;
    return false;
  }

  /** Bad periods and gaps alternate, both exponentially distributed, so that `loss` of the packets are lost in all. */
  #inBurst(now: number): boolean {
    const badShare = this.#loss / this.#burstLoss;
    if (badShare >= 1) return true;
    const gapMs = (this.#burstMs * (1 - badShare)) / badShare;
    if (this.#nextBurst < 0) this.#nextBurst = now + this.#exponential(gapMs);
    while (now >= this.#nextBurst) {
      this.#burstEnds = this.#nextBurst + this.#exponential(this.#burstMs);
      this.#nextBurst = this.#burstEnds + this.#exponential(gapMs);
    }
    return now < this.#burstEnds;
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#burstRng()) * mean;
  }
}
