// The SCTP of the peer-connection double: what arrives, what is given up, and the stalls that real DataChannels have under loss.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { type Impairment, ImpairedPath } from '../../src/sim/impairment.js';
import type { SctpMessage } from '../../src/sim/rtc-packets.js';
import { SctpEndpoint } from '../../src/sim/sctp.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';

interface Pair {
  readonly clock: VirtualClock;
  readonly a: SctpEndpoint;
  readonly b: SctpEndpoint;
  /** Packets with something in them, and when they were sent by a. */
  readonly packets: { readonly at: number; readonly chunks: number; readonly bytes: number }[];
}

/** Two ends; what b is given. */
function pair(toB: Impairment, toA: Impairment, seed: number, got: (message: SctpMessage, now: number) => void): Pair {
  const clock = new VirtualClock();
  const rng = createRng(seed);
  const paths = { a: new ImpairedPath(toB, rng.fork('a')), b: new ImpairedPath(toA, rng.fork('b')) };
  const packets: Pair['packets'] = [];
  const a: SctpEndpoint = new SctpEndpoint(
    clock,
    (packet) => {
      if (packet.chunks.length > 0) {
        const bytes = packet.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
        packets.push({ at: clock.now(), chunks: packet.chunks.length, bytes });
      }
      for (const ms of paths.a.pass(clock.now())) clock.after(ms, () => b.receive(packet));
    },
    () => {},
  );
  const b: SctpEndpoint = new SctpEndpoint(
    clock,
    (packet) => {
      for (const ms of paths.b.pass(clock.now())) clock.after(ms, () => a.receive(packet));
    },
    (message) => got(message, clock.now()),
  );
  return { clock, a, b, packets };
}

function send(
  to: SctpEndpoint,
  text: string,
  options: { bytes?: number; ordered?: boolean; maxRetransmits?: number; stream?: number } = {},
): void {
  const { bytes = 64, ordered = false, maxRetransmits = Infinity, stream = 1 } = options;
  to.send({ stream, kind: 'data', ordered, maxRetransmits, content: text, bytes });
}

/** Sends a message a tick for some seconds over one setting. How long each number was on its way, each message telling the last eight. */
function latencies(network: Impairment, seconds: number, maxRetransmits: number | 'udp', seed: number): number[] {
  const first = new Map<number, number>();
  const take = (n: number, now: number): void => {
    for (let i = Math.max(0, n - 7); i <= n; i++) if (!first.has(i)) first.set(i, now);
  };
  const { clock, a } = pair(network, network, seed, ({ content }, now) => take(Number(content), now));
  const udp = new ImpairedPath(network, createRng(seed).fork('a'));
  const count = seconds * 60;
  for (let n = 0; n < count; n++) {
    clock.after((n * 1000) / 60, () => {
      if (maxRetransmits !== 'udp') send(a, String(n), { maxRetransmits });
      else for (const ms of udp.pass(clock.now())) clock.after(ms, () => take(n, clock.now()));
    });
  }
  clock.runTo(seconds * 1000 + 20_000);
  return Array.from({ length: count - 60 }, (_, n) => (first.get(n) ?? Infinity) - (n * 1000) / 60).sort((x, y) => x - y);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)]!;

describe('what arrives', () => {
  const bad = fc.record({
    loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
    delayMs: fc.integer({ min: 0, max: 150 }),
    copies: fc.integer({ min: 1, max: 2 }),
    reorder: fc.double({ min: 0, max: 0.5, noNaN: true }),
  });
  const message = fc.record({
    bytes: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 9000 })),
    maxRetransmits: fc.constantFrom(0, 1, 4, Infinity),
    ordered: fc.boolean(),
    stream: fc.integer({ min: 0, max: 2 }),
    gapMs: fc.integer({ min: 0, max: 60 }),
  });

  test('each message at most once, reliable ones always, ordered ones of a stream in order; and then all is quiet', () => {
    let arrived = 0;
    let missing = 0;
    fc.assert(
      fc.property(
        bad,
        fc.array(message, { minLength: 1, maxLength: 60 }),
        fc.integer(),
        ({ loss, delayMs, copies, reorder }, messages, seed) => {
          const network: Impairment = { loss, delayMs, copies, reorder, reorderMs: 200 };
          const got: number[] = [];
          const { clock, a } = pair(network, network, seed, ({ content }) => got.push(Number(content)));
          let when = 0;
          messages.forEach((one, n) => clock.after((when += one.gapMs), () => send(a, String(n), one)));
          clock.runTo(when);
          let steps = 0;
          while (clock.step() && steps++ < 200_000);
          expect(steps).toBeLessThan(200_000);
          expect(new Set(got).size).toBe(got.length);
          messages.forEach((one, n) => {
            if (one.maxRetransmits === Infinity) expect(got).toContain(n);
          });
          for (const stream of [0, 1, 2]) {
            const ordered = got.filter((n) => messages[n]!.ordered && messages[n]!.stream === stream);
            expect(ordered).toEqual(ordered.toSorted((x, y) => x - y));
          }
          for (const stream of [0, 1, 2]) expect(a.buffered(stream)).toBe(0);
          arrived += got.length;
          missing += messages.length - got.length;
        },
      ),
      { numRuns: 300, seed: 1 },
    );
    expect(arrived).toBeGreaterThan(1000);
    expect(missing).toBeGreaterThan(20);
  });

  test('without retransmission about as much is missing as the path has lost', () => {
    let got = 0;
    const { clock, a } = pair({ loss: 0.05, delayMs: 20 }, { delayMs: 20 }, 5, () => got++);
    for (let n = 0; n < 6000; n++) clock.after(n * 16, () => send(a, String(n), { maxRetransmits: 0 }));
    clock.runTo(200_000);
    expect(got / 6000).toBeGreaterThan(0.93);
    expect(got / 6000).toBeLessThan(0.97);
  });

  test('a message over one packet is one message, and is given up as a whole', () => {
    const got: unknown[] = [];
    const lossy = pair({ outages: [[0, 1]] }, {}, 1, ({ content }) => got.push(content));
    send(lossy.a, 'large', { bytes: 30_000, maxRetransmits: 0 });
    expect(lossy.a.buffered(1)).toBeGreaterThan(0);
    lossy.clock.runTo(10_000);
    expect(lossy.a.buffered(1)).toBe(0);
    send(lossy.a, 'next', { bytes: 30_000, maxRetransmits: 0 });
    lossy.clock.runTo(20_000);
    expect(got).toEqual(['next']);
  });
});

describe('a blackout', () => {
  const blackout: Impairment = { delayMs: 40, outages: [[1000, 12_000]] };

  test('shrinks the window to one packet a timeout, each twice as long up to 3 s; the rest waits', () => {
    const { clock, a, packets } = pair(blackout, blackout, 1, () => {});
    for (let n = 0; n < 60 * 8; n++) clock.after((n * 1000) / 60, () => send(a, String(n), { bytes: 600 }));
    clock.runTo(11_900);
    const stalled = packets.filter(({ at: when }) => when > 1350);
    // The first timeout is 400 ms after the last acknowledgement.
    expect(stalled[0]!.at).toBeGreaterThan(1400);
    const gaps = stalled.slice(1).map(({ at: when }, i) => Math.round(when - stalled[i]!.at));
    expect(gaps).toEqual([800, 1600, 3000, 3000]);
    for (const { bytes } of stalled) expect(bytes).toBeLessThanOrEqual(1191);
    // 7 s of 600 bytes at 60 Hz, less the window that was open.
    expect(a.buffered(1)).toBeGreaterThan(200_000);
    clock.runTo(30_000);
    expect(a.buffered(1)).toBe(0);
  });
});

describe('loss at 60 Hz', () => {
  // 100 ms one way: gaps × RTT is 2.4, over the 0.7 at which an association chokes that never repeats.
  const heavy: Impairment = { delayMs: 100, jitterMs: 10, loss: 0.2 };

  test('stalls a channel without retransmissions for seconds, where UDP has none', () => {
    const udp = latencies(heavy, 60, 'udp', 3);
    const classic = latencies(heavy, 60, 0, 3);
    expect(at(udp, 0.99)).toBeLessThan(200);
    expect(at(classic, 0.99)).toBeGreaterThan(1000);
  });

  test('is borne with four retransmissions', () => {
    expect(at(latencies(heavy, 60, 4, 3), 0.99)).toBeLessThan(400);
  });

  test('of 5 % at 40 ms one way is borne either way', () => {
    const light: Impairment = { delayMs: 40, jitterMs: 10, loss: 0.05 };
    for (const maxRetransmits of [0, 1, 4]) expect(at(latencies(light, 60, maxRetransmits, 3), 0.99)).toBeLessThan(100);
  });
});

test('a lone message is acknowledged within a while, and nothing is repeated', () => {
  const { clock, a, packets } = pair({ delayMs: 50 }, { delayMs: 50 }, 1, () => {});
  send(a, 'lone');
  clock.runTo(5000);
  expect(packets).toHaveLength(1);
  expect(clock.step()).toBe(false);
});
