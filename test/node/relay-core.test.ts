// The relay's decisions on virtual time: what arrives, when, and where to. No sockets.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { RelayCore } from '../../src/node/relay-core.js';
import type { RelayImpairment, Side } from '../../src/node/relay-core.js';
import { stunUsername } from '../../src/node/stun-username.js';

const HOST = '127.0.0.1';
const A = 1001;
const B = 2001;

function newCore(impair: RelayImpairment, seed = 1): RelayCore {
  return new RelayCore(impair, seed, stunUsername);
}

/** Both sides have spoken at time 0, over a perfect path: their addresses are known. */
function introduced(impair: RelayImpairment, seed = 1): RelayCore {
  const core = newCore({}, seed);
  core.take('b', HOST, B, packet(0), 0);
  core.take('a', HOST, A, packet(0), 0);
  drain(core, 0);
  core.setImpairment(impair);
  return core;
}

function packet(number: number): Uint8Array {
  return Uint8Array.of(0xff, number >> 8, number & 0xff);
}

interface Arrival {
  readonly at: number;
  readonly number: number;
  readonly to: Side;
  readonly port: number;
}

/** Everything that is due until `until`, each at its own time. */
function drain(core: RelayCore, until: number): Arrival[] {
  const arrivals: Arrival[] = [];
  while (core.deadline <= until) {
    const at = core.deadline;
    for (let next = core.next(at); next !== undefined; next = core.next(at)) {
      const { to, address, bytes } = next;
      arrivals.push({ at, number: bytes[1]! * 256 + bytes[2]!, to, port: address.port });
    }
  }
  return arrivals;
}

/** A STUN binding request with a SOFTWARE attribute of odd length before the USERNAME. */
function bindingRequest(username: string): Uint8Array {
  const name = new TextEncoder().encode(username);
  const padded = (name.length + 3) & ~3;
  const bytes = new Uint8Array(20 + 8 + 4 + padded);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x0001);
  view.setUint16(2, bytes.length - 20);
  view.setUint32(4, 0x2112a442);
  view.setUint16(20, 0x8022);
  view.setUint16(22, 3);
  view.setUint16(28, 0x0006);
  view.setUint16(30, name.length);
  bytes.set(name, 32);
  return bytes;
}

describe('what arrives, and when', () => {
  test('a packet arrives exactly after the delay of its direction, and nothing before', () => {
    const core = introduced({ aToB: { delayMs: 40 }, bToA: { delayMs: 10 } });
    core.take('a', HOST, A, packet(1), 100);
    core.take('b', HOST, B, packet(2), 100);
    expect(core.next(109.999)).toBeUndefined();
    expect(drain(core, 1000)).toEqual([
      { at: 110, number: 2, to: 'a', port: A },
      { at: 140, number: 1, to: 'b', port: B },
    ]);
    expect(core.deadline).toBe(Infinity);
  });

  test('without jitter packets keep their order, also within one moment', () => {
    const core = introduced({ delayMs: 25 });
    for (let i = 0; i < 50; i++) core.take('a', HOST, A, packet(i), Math.floor(i / 5));
    expect(drain(core, 1000).map((arrival) => arrival.number)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  test('jitter makes packets overtake each other, in the order of their due times', () => {
    const core = introduced({ delayMs: 30, jitterMs: 20 });
    for (let i = 0; i < 200; i++) core.take('a', HOST, A, packet(i), i);
    const arrivals = drain(core, 1000);
    const times = arrivals.map((arrival) => arrival.at);
    const numbers = arrivals.map((arrival) => arrival.number);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(numbers).not.toEqual([...numbers].sort((x, y) => x - y));
    for (const { at, number } of arrivals) expect(Math.abs(at - number - 30)).toBeLessThanOrEqual(20);
  });

  test('the same seed gives the same fates, whatever the other direction does; another seed gives others', () => {
    const impair = { delayMs: 50, jitterMs: 30, loss: 0.2, reorder: 0.1, reorderMs: 40, copies: 2 };
    const run = (seed: number, chatty: boolean): Arrival[] => {
      const core = introduced(impair, seed);
      for (let i = 0; i < 300; i++) {
        if (chatty && i % 3 === 0) core.take('b', HOST, B, packet(i), i);
        core.take('a', HOST, A, packet(i), i);
      }
      return drain(core, 10_000).filter((arrival) => arrival.to === 'b');
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (seed) => {
        expect(run(seed, true)).toEqual(run(seed, false));
        expect(run(seed, false)).not.toEqual(run(seed === 0 ? 1 : seed - 1, false));
      }),
      { numRuns: 20 },
    );
  });

  test('the two directions do not share their fates', () => {
    const core = introduced({ delayMs: 50, jitterMs: 50 });
    core.take('a', HOST, A, packet(1), 0);
    core.take('b', HOST, B, packet(2), 0);
    const [first, second] = drain(core, 100);
    expect(first?.at).not.toBe(second?.at);
  });

  test('a limited rate counts the bytes of each packet; what finds the queue full is dropped', () => {
    const core = introduced({ aToB: { rate: { bytesPerSecond: 1000, queueBytes: 5 } }, bToA: {} });
    for (let i = 0; i < 4; i++) core.take('a', HOST, A, packet(i), 100);
    expect(drain(core, 1000).map(({ number, at }) => [number, at])).toEqual([
      [0, 103],
      [1, 106],
    ]);
    expect(core.stats().aToB.dropped).toBe(2);
  });

  test('changed conditions apply to new packets only', () => {
    const core = introduced({ delayMs: 20 });
    core.take('a', HOST, A, packet(1), 0);
    core.setImpairment({ loss: 1 });
    core.take('a', HOST, A, packet(2), 1);
    core.setImpairment({ delayMs: 5 });
    core.take('a', HOST, A, packet(3), 2);
    expect(drain(core, 100).map(({ number, at }) => [number, at])).toEqual([
      [3, 7],
      [1, 20],
    ]);
    expect(core.stats().aToB.dropped).toBe(1);
  });

  test('conditions that mean nothing are refused and change nothing', () => {
    const core = introduced({ delayMs: 20 });
    expect(() => core.setImpairment({ aToB: { delayMs: 1 }, bToA: { loss: 5 } })).toThrow(NetError);
    core.take('a', HOST, A, packet(1), 0);
    expect(drain(core, 100)[0]?.at).toBe(20);
    expect(() => newCore({ loss: -1 })).toThrow(NetError);
    expect(() => newCore({}, 0.5)).toThrow(/seed/);
  });
});

describe('counters', () => {
  test('every packet is in exactly one of them, at any moment', () => {
    const step = fc.record({ from: fc.constantFrom<Side>('a', 'b'), wait: fc.integer({ min: 0, max: 30 }), deliver: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.nat(), (steps, seed) => {
        const core = newCore({ delayMs: 20, jitterMs: 20, loss: 0.3 }, seed);
        const arrived = { a: 0, b: 0 };
        let now = 0;
        for (const { from, wait, deliver } of steps) {
          now += wait;
          core.take(from, HOST, from === 'a' ? A : B, packet(1), now);
          if (deliver) for (const { to } of drain(core, now)) arrived[to]++;
          const { aToB, bToA } = core.stats();
          for (const counters of [aToB, bToA]) {
            const { received, dropped, forwarded, unaddressed, inFlight, bytes } = counters;
            expect(dropped + forwarded + unaddressed + inFlight).toBe(received);
            expect(bytes).toBe(forwarded * 3);
          }
          expect({ a: bToA.forwarded, b: aToB.forwarded }).toEqual(arrived);
        }
        expect(core.stats().aToB.received).toBe(steps.filter((each) => each.from === 'a').length);
      }),
    );
  });

  test('each copy is forwarded', () => {
    const core = introduced({ copies: 3 });
    core.take('a', HOST, A, packet(1), 5);
    expect(drain(core, 5)).toHaveLength(3);
    expect(core.stats().aToB).toMatchObject({ received: 2, forwarded: 1 + 3, unaddressed: 0, dropped: 0 });
  });

  test('lateness is the time between due and delivered', () => {
    const core = introduced({ delayMs: 10 });
    for (let i = 0; i < 100; i++) core.take('a', HOST, A, packet(i), i);
    for (let i = 0; i < 100; i++) core.next(i + 10 + (i < 98 ? 0.5 : 7));
    const { p50Ms, p99Ms, maxMs } = core.stats().lateness;
    expect(p50Ms).toBeCloseTo(0.5, 2);
    expect(p99Ms).toBeCloseTo(7, 1);
    expect(maxMs).toBeCloseTo(7, 1);
  });

  test('all are zero at first', () => {
    const none = { received: 0, forwarded: 0, dropped: 0, unaddressed: 0, inFlight: 0, failed: 0, bytes: 0, moves: 0 };
    expect(newCore({}).stats()).toEqual({ aToB: none, bToA: none, lateness: { p50Ms: 0, p99Ms: 0, maxMs: 0 } });
  });

  test('abandoned packets stay in flight', () => {
    const core = introduced({ delayMs: 10 });
    core.take('a', HOST, A, packet(1), 0);
    core.abandon();
    expect(drain(core, 1000)).toEqual([]);
    expect(core.stats().aToB.inFlight).toBe(1);
  });
});

describe('addresses', () => {
  test('what comes due before the other side has spoken is counted and lost', () => {
    const core = newCore({ delayMs: 10 });
    core.take('a', HOST, A, packet(1), 0);
    core.take('a', HOST, A, packet(2), 5);
    core.next(10);
    core.take('b', HOST, B, packet(3), 12);
    expect(drain(core, 15)).toEqual([{ at: 15, number: 2, to: 'b', port: B }]);
    expect(core.stats().aToB).toMatchObject({ unaddressed: 1, forwarded: 1 });
  });

  test('an address is learned from a packet that is lost', () => {
    const core = newCore({ aToB: {}, bToA: { loss: 1 } });
    core.take('b', HOST, B, packet(1), 0);
    core.take('a', HOST, A, packet(2), 1);
    expect(drain(core, 1)).toEqual([{ at: 1, number: 2, to: 'b', port: B }]);
  });

  /** Where a packet to side A goes. */
  function portOfA(core: RelayCore, now: number): number | undefined {
    core.take('b', HOST, B, packet(9), now);
    return drain(core, now).find((arrival) => arrival.to === 'a')?.port;
  }

  test("an agent's second local address is forwarded, but does not take over while the first is alive", () => {
    const core = introduced({});
    for (let now = 0; now <= 20_000; now += 2500) {
      core.take('a', HOST, A, bindingRequest('bbbb:aaaa'), now);
      core.take('a', '192.0.2.1', A + 1, bindingRequest('bbbb:aaaa'), now + 1);
      expect(drain(core, now + 1)).toHaveLength(2);
      expect(portOfA(core, now + 2)).toBe(A);
    }
    expect(core.stats().aToB.moves).toBe(0);
  });

  test('an address that is silent for 5 s gives way to one that speaks', () => {
    const core = introduced({});
    core.take('a', HOST, A + 1, packet(1), 4999);
    expect(portOfA(core, 4999)).toBe(A);
    core.take('a', HOST, A + 1, packet(1), 5000);
    expect(portOfA(core, 5000)).toBe(A + 1);
    expect(core.stats().aToB.moves).toBe(1);
  });

  test('a restarted agent takes over at once, and the old one does not take it back', () => {
    const core = introduced({});
    core.take('a', HOST, A, bindingRequest('bbbb:old'), 100);
    core.take('a', HOST, A + 1, bindingRequest('bbbb:new'), 150);
    expect(portOfA(core, 151)).toBe(A + 1);
    core.take('a', HOST, A, bindingRequest('bbbb:old'), 200);
    core.take('a', HOST, A, packet(1), 201);
    expect(portOfA(core, 202)).toBe(A + 1);
  });
});

describe('the USERNAME of a binding request', () => {
  test('is read, also behind padded attributes', () => {
    expect(stunUsername(bindingRequest('GKf0:IHgn'))).toBe('GKf0:IHgn');
    expect(stunUsername(bindingRequest('odd'))).toBe('odd');
  });

  test('is not found in a response, without the magic cookie, or cut off', () => {
    const response = bindingRequest('a:b');
    response[0] = 1;
    expect(stunUsername(response)).toBeUndefined();
    const cookieless = bindingRequest('a:b');
    cookieless[4] = 0;
    expect(stunUsername(cookieless)).toBeUndefined();
    const whole = bindingRequest('abcd:efgh');
    for (let length = 0; length < whole.length - 3; length++) expect(stunUsername(whole.subarray(0, length))).toBeUndefined();
  });

  test('never throws, whatever the bytes', () => {
    const start = bindingRequest('').subarray(0, 20);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        stunUsername(bytes);
        stunUsername(Uint8Array.from([...start, ...bytes]));
      }),
    );
  });
});
