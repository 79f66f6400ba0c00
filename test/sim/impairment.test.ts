// What an impairment does to packets, each option for itself: exactly where it can be known, else as a statistic over many packets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { createRng } from '../../src/core/rng.js';
import { type Impairment, ImpairedPath } from '../../src/sim/impairment.js';

const TICK_MS = 1000 / 60;

interface Sent {
  readonly at: number;
  /** When it arrived; NaN if it was lost. */
  readonly arrived: number;
}

/** Packets sent at even intervals. */
function stream(spec: Impairment, options: { seed?: number; count?: number; everyMs?: number; bytes?: number } = {}): Sent[] {
  const { seed = 1, count = 1000, everyMs = TICK_MS, bytes = 0 } = options;
  const path = new ImpairedPath(spec, createRng(seed));
  return Array.from({ length: count }, (_, n) => {
    const at = n * everyMs;
    const [ms] = path.pass(at, bytes);
    return { at, arrived: ms === undefined ? NaN : at + ms };
  });
}

const isLost = ({ arrived }: Sent): boolean => Number.isNaN(arrived);
const delayOf = ({ at, arrived }: Sent): number => arrived - at;

function share<T>(all: readonly T[], which: (one: T) => boolean): number {
  return all.filter(which).length / all.length;
}

function quantile(values: readonly number[], at: number): number {
  return Float64Array.from(values).sort()[Math.floor(at * values.length)]!;
}

describe('what is drawn', () => {
  const rare = fc.double({ min: 0, max: 1, noNaN: true });
  const ms = fc.integer({ min: 0, max: 200 });

  it('delay, jitter, loss and reordering use four numbers a copy and nothing else: old seeds mean what they meant', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        ms,
        ms,
        rare,
        rare,
        ms,
        fc.integer({ min: 0, max: 4 }),
        (seed, delay, jitter, loss, reorder, reorderMs, copies) => {
          const spec = { delayMs: delay + jitter, jitterMs: jitter, loss, reorder, reorderMs, copies };
          const path = new ImpairedPath(spec, createRng(seed));
          const rng = createRng(seed);
          for (let n = 0; n < 30; n++) {
            const expected: number[] = [];
            for (let copy = 0; copy < copies; copy++) {
              const lost = rng() < loss;
              const spread = rng() * 2 - 1;
              const late = rng() < reorder;
              const howLate = rng();
              if (!lost) expected.push(delay + jitter + spread * jitter + (late ? howLate * reorderMs : 0));
            }
            expect([...path.pass(n)]).toEqual(expected);
          }
        },
      ),
    );
  });

  it('the same numbers are drawn whatever happens to a packet: more loss leaves the other packets as they were', () => {
    const spec: Impairment = {
      delayMs: 50,
      jitterMs: 20,
      reorder: 0.2,
      reorderMs: 80,
      extraDelay: { p50: 5, max: 100 },
      randomFreezes: { perMinute: 10, minMs: 50, typicalMs: 100, maxMs: 400 },
    };
    const whole = stream(spec);
    const losing: readonly Impairment[] = [
      { loss: 0.3 },
      { loss: 0.3, burstMs: 100, burstLoss: 0.6 },
      { outages: [[1000, 9000]] },
      { rate: { bytesPerSecond: 1e12, queueBytes: 0 }, outages: [[500, 1500]] },
    ];
    for (const more of losing) {
      const thinned = stream({ ...spec, ...more });
      expect(share(thinned, isLost)).toBeGreaterThan(0.02);
      for (const [n, packet] of thinned.entries()) if (!isLost(packet)) expect(packet.arrived).toBeCloseTo(whole[n]!.arrived, 6);
    }
  });
});

describe('bad periods (Gilbert and Elliott)', () => {
  it.each([
    [0.05, 1, 200],
    [0.05, 0.5, 200],
    [0.02, 0.3, 1000],
    [0.3, 0.4, 100],
  ])('a loss of %d, of %d in bad periods of %i ms: that share of all, and of those in bad periods', (loss, burstLoss, burstMs) => {
    let lost = 0;
    let sent = 0;
    let pairs = 0;
    let lostPairs = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const packets = stream({ loss, burstMs, burstLoss }, { seed, count: 200_000, everyMs: 1 });
      lost += packets.filter(isLost).length;
      sent += packets.length;
      for (let n = 1; n < packets.length; n++) {
        if (!isLost(packets[n - 1]!)) continue;
        pairs++;
        if (isLost(packets[n]!)) lostPairs++;
      }
    }
    // 2000 s of bad periods and gaps: with the fewest (133 of them) 12 % by chance.
    expect(Math.abs(lost / sent / loss - 1)).toBeLessThan(0.25);
    // The packet 1 ms after a lost one is in the same bad period, but for one in burstMs.
    expect(Math.abs(lostPairs / pairs - burstLoss)).toBeLessThan(0.02 + 1 / burstMs);
  });

  it('without a share for bad periods they are outages', () => {
    const spec = { loss: 0.2, burstMs: 300 };
    expect(stream(spec).map(isLost)).toEqual(stream({ ...spec, burstLoss: 1 }).map(isLost));
  });
});

describe('a limited rate', () => {
  it('each packet waits for those before it and for its own bytes', () => {
    const path = new ImpairedPath({ delayMs: 10, rate: { bytesPerSecond: 10_000, queueBytes: 1000 } }, createRng(1));
    // 100 bytes take 10 ms.
    expect([...path.pass(0, 100)]).toEqual([20]);
    expect([...path.pass(0, 100)]).toEqual([30]);
    expect([...path.pass(5, 200)]).toEqual([45]);
    // Idle again at 40.
    expect([...path.pass(100, 100)]).toEqual([20]);
  });

  it('drops exactly what finds more waiting than the queue holds, and lets in what finds less', () => {
    const path = new ImpairedPath({ rate: { bytesPerSecond: 1000, queueBytes: 250 } }, createRng(1));
    // 1 byte a ms: 0, 100, 200 and 300 bytes are waiting.
    expect([0, 0, 0, 0, 0].map((now) => path.pass(now, 100).length)).toEqual([1, 1, 1, 0, 0]);
    expect([49, 50, 51].map((now) => path.pass(now, 100).length)).toEqual([0, 1, 0]);
  });

  it('passes its rate and no more, and nobody waits longer than a full queue lasts', () => {
    const load = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 30 }), bytes: fc.integer({ min: 1, max: 1200 }) }), {
      minLength: 50,
      maxLength: 200,
    });
    fc.assert(
      fc.property(
        load,
        fc.integer({ min: 1000, max: 100_000 }),
        fc.integer({ min: 0, max: 5000 }),
        (packets, bytesPerSecond, queueBytes) => {
          const path = new ImpairedPath({ rate: { bytesPerSecond, queueBytes } }, createRng(1));
          let now = 0;
          let passed = 0;
          let last = 0;
          for (const { gap, bytes } of packets) {
            now += gap;
            const [ms] = path.pass(now, bytes);
            if (ms === undefined) continue;
            expect(ms * bytesPerSecond).toBeLessThanOrEqual((queueBytes + bytes) * 1000 * (1 + 1e-9) + 1e-3);
            passed += bytes;
            expect(now + ms).toBeGreaterThanOrEqual(last);
            last = now + ms;
            expect(passed).toBeLessThanOrEqual((last * bytesPerSecond) / 1000 + 1e-3);
          }
        },
      ),
    );
  });

  it('of three times its rate, a third passes', () => {
    const packets = stream({ rate: { bytesPerSecond: 20_000, queueBytes: 2000 } }, { count: 6000, bytes: 1000 });
    expect(share(packets, isLost)).toBeCloseTo(2 / 3, 2);
    expect(quantile(packets.filter((packet) => !isLost(packet)).map(delayOf), 0.5)).toBeGreaterThan(100);
  });
});

describe('freezes', () => {
  const inside = ({ arrived }: Sent, [from, to]: readonly [number, number]): boolean => arrived >= from && arrived < to;

  it('nothing arrives within one; what would have, comes at its end; all else is untouched', () => {
    const spec: Impairment = { delayMs: 60, jitterMs: 40 };
    const freezes = [[2000, 2500] as const, [1000, 1100] as const, [700, 1000] as const];
    const plain = stream(spec);
    const frozen = stream({ ...spec, freezes });
    let held = 0;
    for (const [n, packet] of frozen.entries()) {
      const without = plain[n]!;
      expect(freezes.some((span) => inside(packet, span))).toBe(false);
      if (inside(without, [700, 1100])) expect(packet.arrived).toBeCloseTo(1100, 9);
      else if (inside(without, [2000, 2500])) expect(packet.arrived).toBeCloseTo(2500, 9);
      else expect(packet.arrived).toBe(without.arrived);
      if (packet.arrived > without.arrived + 1e-6) held++;
    }
    expect(held).toBeGreaterThan(40);
  });

  /** Freezes as an observer sees them: packets each ms, and gaps between arrivals. */
  function observed(everyMs: number, seed: number, minutes: number): { from: number; ms: number }[] {
    const randomFreezes = { perMinute: 12, minMs: 80, typicalMs: 160, maxMs: 640 };
    const packets = stream({ delayMs: 5, randomFreezes }, { seed, everyMs, count: (minutes * 60_000) / everyMs });
    const gaps: { from: number; ms: number }[] = [];
    for (let n = 1; n < packets.length; n++) {
      const ms = packets[n]!.arrived - packets[n - 1]!.arrived;
      if (ms > 40) gaps.push({ from: packets[n - 1]!.arrived, ms });
    }
    return gaps;
  }

  it('random ones: so many a minute, half of them typical or longer, a quarter twice that, none shorter or longer than said', () => {
    const lengths = Array.from({ length: 10 }, (_, seed) => observed(1, seed, 10))
      .flat()
      .map(({ ms }) => ms);
    // Of 100 minutes some 5 are frozen. 1150 freezes: 3 % by chance.
    expect(Math.abs(lengths.length / (100 * 12 * 0.955) - 1)).toBeLessThan(0.09);
    expect(Math.min(...lengths)).toBeGreaterThan(78);
    expect(Math.max(...lengths)).toBeLessThan(642);
    expect(Math.abs(share(lengths, (ms) => ms >= 160) - 0.5)).toBeLessThan(0.05);
    expect(Math.abs(share(lengths, (ms) => ms >= 320) - 0.25)).toBeLessThan(0.04);
    expect(Math.abs(share(lengths, (ms) => ms > 638) - 0.125)).toBeLessThan(0.03);
  });

  it('random ones are a matter of time: whoever sends more meets the same', () => {
    const dense = observed(1, 5, 10);
    const sparse = observed(7, 5, 10);
    expect(dense.length).toBeGreaterThan(80);
    expect(sparse.length).toBe(dense.length);
    for (const [n, { from, ms }] of sparse.entries()) expect(Math.abs(from + ms - dense[n]!.from - dense[n]!.ms)).toBeLessThan(15);
  });
});

describe('first in, first out', () => {
  it('packets never overtake, and each comes as without it or later, to the moment of the one before', () => {
    const spec: Impairment = {
      delayMs: 100,
      jitterMs: 100,
      reorder: 0.2,
      reorderMs: 300,
      loss: 0.1,
      extraDelay: { p90: 10, max: 500 },
      freezes: [[1000, 1800]],
    };
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.001, max: 30, noNaN: true }), (seed, everyMs) => {
        const free = stream(spec, { seed, everyMs, count: 300 });
        const ordered = stream({ ...spec, fifo: true }, { seed, everyMs, count: 300 });
        let newest = 0;
        let stretched = 0;
        for (const [n, packet] of ordered.entries()) {
          expect(isLost(packet)).toBe(isLost(free[n]!));
          if (isLost(packet)) continue;
          expect(packet.arrived).toBeGreaterThanOrEqual(newest);
          const latest = Math.max(newest, free[n]!.arrived);
          expect(packet.arrived).toBeCloseTo(latest, 9);
          if (packet.arrived > free[n]!.arrived + 1e-6) stretched++;
          newest = packet.arrived;
        }
        expect(stretched).toBeGreaterThan(10);
      }),
    );
  });
});

describe('a measured delay on top', () => {
  const measured = { p50: 5, p90: 20, p99: 80, p999: 300, max: 900 };

  it('has the given quantiles and lies between them in between', () => {
    const delays = stream({ delayMs: 30, extraDelay: measured }, { count: 300_000, everyMs: 1 }).map((packet) => delayOf(packet) - 30);
    for (const [at, ms, tolerance] of [
      [0.25, 2.5, 0.03],
      [0.5, 5, 0.02],
      [0.7, 12.5, 0.02],
      [0.9, 20, 0.03],
      // 3000 and 300 packets beyond: 2 % and 6 % by chance, on slopes that make more of it.
      [0.99, 80, 0.08],
      [0.999, 300, 0.15],
    ] as const) {
      expect(Math.abs(quantile(delays, at) / ms - 1), `quantile ${at}`).toBeLessThan(tolerance);
    }
    expect(Math.max(...delays.slice(0, 100_000))).toBeGreaterThan(600);
    expect(delays.every((ms) => ms > -1e-6 && ms < 900)).toBe(true);
  });

  it('what is left out lies on a line: of a largest delay alone, all are equally likely', () => {
    const delays = stream({ extraDelay: { max: 100 } }, { count: 20_000 }).map(delayOf);
    for (const at of [0.1, 0.5, 0.9, 0.99]) expect(Math.abs(quantile(delays, at) - 100 * at)).toBeLessThan(2);
  });

  it('drawn anew every so often: the same for all packets between, with the same quantiles over time', () => {
    const delays = stream({ extraDelay: { ...measured, everyMs: 250 } }, { count: 400_000, everyMs: 25 }).map((packet) => delayOf(packet));
    for (let n = 0; n < 10_000; n += 10) for (let i = 1; i < 10; i++) expect(delays[n + i]).toBeCloseTo(delays[n]!, 6);
    expect(new Set(delays.slice(0, 10_000).map((ms) => ms.toFixed(5))).size).toBeGreaterThan(900);
    // 40 000 spells.
    expect(Math.abs(quantile(delays, 0.5) / 5 - 1)).toBeLessThan(0.05);
    expect(Math.abs(quantile(delays, 0.9) / 20 - 1)).toBeLessThan(0.1);
  });
});

describe('conditions that mean nothing are refused by name', () => {
  const freezes = { perMinute: 5, minMs: 100, typicalMs: 200, maxMs: 500 };

  it.each<readonly [string, unknown]>([
    ['loss', { loss: 5 }],
    ['loss', { loss: NaN }],
    ['burstLoss', { loss: 0.5, burstMs: 10, burstLoss: 0.4 }],
    ['burstLoss', { burstLoss: 1.5 }],
    ['jitterMs', { delayMs: 5, jitterMs: 6 }],
    ['rate.bytesPerSecond', { rate: { bytesPerSecond: 0, queueBytes: 0 } }],
    ['rate.queueBytes', { rate: { bytesPerSecond: 1000, queueBytes: -1 } }],
    ['rate.queueBytes', { rate: { bytesPerSecond: 1000 } }],
    ['randomFreezes.perMinute', { randomFreezes: { ...freezes, perMinute: -1 } }],
    ['randomFreezes.minMs', { randomFreezes: { ...freezes, minMs: 0 } }],
    ['randomFreezes.maxMs', { randomFreezes: { ...freezes, maxMs: Infinity } }],
    ['randomFreezes', { randomFreezes: { ...freezes, typicalMs: 600 } }],
    ['randomFreezes', { randomFreezes: { ...freezes, minMs: 300 } }],
    ['extraDelay.max', { extraDelay: { p50: 5 } }],
    ['extraDelay.p99', { extraDelay: { p50: 5, p99: 4, max: 10 } }],
    ['extraDelay.max', { extraDelay: { p999: 11, max: 10 } }],
    ['extraDelay.everyMs', { extraDelay: { max: 10, everyMs: 0 } }],
    ['outages', { outages: [[5, 4]] }],
    ['outages', { outages: [[NaN, 4]] }],
    ['freezes', { freezes: [[0, Infinity]] }],
  ])('%s: %j', (option, spec) => {
    const make = (): ImpairedPath => new ImpairedPath(spec as Impairment, createRng(1));
    expect(make).toThrow(NetError);
    expect(make).toThrow(new RegExp(`impairment\\.${option.replace('.', '\\.')} `));
  });

  it('and all at once at their limits are taken', () => {
    const spec: Impairment = {
      delayMs: 60_000,
      jitterMs: 60_000,
      loss: 1,
      burstMs: 60_000,
      burstLoss: 1,
      reorder: 1,
      reorderMs: 60_000,
      copies: 16,
      outages: [[0, Infinity]],
      freezes: [[0, 0]],
      randomFreezes: { perMinute: 600, minMs: 60_000, typicalMs: 60_000, maxMs: 60_000 },
      rate: { bytesPerSecond: 1, queueBytes: 0 },
      extraDelay: { p50: 0, p90: 0, p99: 0, p999: 0, max: 0, everyMs: 60_000 },
      fifo: true,
    };
    expect(stream(spec, { count: 10 }).every(isLost)).toBe(true);
  });
});
