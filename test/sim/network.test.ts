// The simulated network: a total order of deliveries, memory that is lent and not given, and a reliable channel that repairs losses at
// the times at which SCTP would.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { randomButtons } from '../../src/sim/bots.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { Network } from '../../src/sim/network.js';
import { Simulation } from '../../src/sim/simulation.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { buttons, chainGame, type ChainState } from '../games.js';

interface Setup {
  readonly clock: VirtualClock;
  readonly network: Network;
  /** What reached b: the first byte, and when. */
  readonly got: { readonly id: number; readonly at: number }[];
}

function setup(forth: Impairment, back: Impairment = forth, seed = 1): Setup {
  const clock = new VirtualClock();
  const network = new Network(clock, createRng(seed), (from) => (from === 'a' ? forth : back));
  const got: { id: number; at: number }[] = [];
  network.attach('b', (_, bytes) => got.push({ id: bytes[0]!, at: clock.now() }));
  return { clock, network, got };
}

/** Sends messages reliably, each at its time. */
function sendAt({ clock, network }: Setup, times: readonly number[]): void {
  times.forEach((at, id) => clock.after(at, () => network.sendReliable('a', 'b', Uint8Array.of(id))));
}

describe('packets', () => {
  it('are copied when they are sent, also from a Node Buffer, and lent: the same memory comes again', () => {
    const { clock, network } = setup({ delayMs: 10 });
    const seen = new Set<Uint8Array>();
    const values: number[] = [];
    network.attach('b', (_, bytes) => {
      seen.add(bytes);
      values.push(bytes[1]!);
      // Whatever is done with it afterwards must not reach the next one.
      bytes.fill(0xee);
    });
    const bytes = Buffer.alloc(24);
    for (let n = 0; n < 100; n++) {
      bytes[1] = n;
      network.send('a', 'b', bytes);
      bytes.fill(0xff);
      clock.runTo(clock.now() + 4);
    }
    clock.runTo(1000);
    expect(values).toEqual(Array.from({ length: 100 }, (_, n) => n));
    // Three are on their way at once.
    expect(seen.size).toBe(3);
  });

  it('of any length arrive whole, and one sent from within a delivery does not disturb it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), fc.integer({ min: 0, max: 3000 }), (packets, long) => {
        const { clock, network } = setup({ delayMs: 5, copies: 2 });
        const sent = [...packets, new Uint8Array(long).fill(7)];
        const got: number[][] = [];
        network.attach('b', (_, bytes) => {
          network.send('b', 'a', new Uint8Array(bytes.length).fill(9));
          got.push([...bytes]);
        });
        for (const bytes of sent) network.send('a', 'b', bytes);
        clock.runTo(100);
        expect(got).toEqual(sent.flatMap((bytes) => [[...bytes], [...bytes]]));
        expect(network.counters('b', 'a')).toMatchObject({ sent: got.length, delivered: 0, undelivered: 2 * got.length });
      }),
    );
  });

  it('that are due at the same time arrive in the order of sending, over all paths, timers among them', () => {
    const clock = new VirtualClock();
    const network = new Network(clock, createRng(1), () => ({ delayMs: 50, freezes: [[0, 100]] }));
    const got: string[] = [];
    for (const peer of ['a', 'b', 'c']) network.attach(peer, (from, bytes) => got.push(`${from}>${peer} ${bytes[0]}`));
    const expected: string[] = [];
    for (let n = 0; n < 60; n++) {
      const [from, to] = [
        ['a', 'b'],
        ['b', 'a'],
        ['c', 'b'],
        ['a', 'c'],
      ][n % 4] as [string, string];
      if (n % 10 === 9) {
        clock.after(100 - clock.now(), () => got.push(`timer ${n}`));
        expected.push(`timer ${n}`);
      } else {
        network.send(from, to, Uint8Array.of(n));
        expected.push(`${from}>${to} ${n}`);
      }
    }
    clock.runTo(99);
    expect(got).toEqual([]);
    clock.runTo(100);
    expect(got).toEqual(expected);
  });

  it('each end up in one counter', () => {
    const { clock, network } = setup({ loss: 0.3, delayMs: 10 });
    for (let n = 0; n < 400; n++) {
      network.send('a', 'b', new Uint8Array(3));
      if (n === 200) network.detach('b');
      clock.runTo(clock.now() + 20);
    }
    const { sent, bytes, lost, delivered, undelivered } = network.counters('a', 'b');
    expect([sent, bytes, delivered + undelivered + lost]).toEqual([400, 1200, 400]);
    for (const count of [lost, delivered, undelivered]) expect(count).toBeGreaterThan(80);
  });

  it('have a fate that follows from the seed and their path: other paths, made before or after, change nothing', () => {
    const run = (seed: number, others: boolean): unknown => {
      const { clock, network, got } = setup({ delayMs: 30, jitterMs: 30, loss: 0.2, burstMs: 50, extraDelay: { max: 50 } }, {}, seed);
      for (let n = 0; n < 200; n++) {
        if (others) network.send('c', 'a', Uint8Array.of(n));
        network.send('a', 'b', Uint8Array.of(n));
        if (others) network.sendReliable('a', 'c', Uint8Array.of(n));
        clock.runTo(n * 10);
      }
      clock.runTo(5000);
      return got;
    };
    expect(run(1, true)).toEqual(run(1, false));
    expect(run(1, false)).not.toEqual(run(2, false));
  });
});

describe('a session keeps no packet', () => {
  /** All that the peers send in 6 s, on a bad network, with a peer that sleeps through packets. */
  function transcript(spoil: boolean): string[] {
    const simulation = new Simulation<number, ChainState>({
      seed: 4,
      play: { input: buttons, gameId: 'chain@1', players: 2, inputDelay: 0 },
      game: chainGame,
      bot: (_, rng) => randomButtons(rng, 0.2),
      network: { delayMs: 50, jitterMs: 20, loss: 0.1, copies: 2 },
      peers: [{ hitches: [[2000, 2300]] }],
    });
    const { network, clock } = simulation;
    const sent: string[] = [];
    let asleep = 0;
    const send = network.send.bind(network);
    const sendReliable = network.sendReliable.bind(network);
    const attach = network.attach.bind(network);
    network.send = (from, to, bytes) => {
      sent.push(`${clock.now()} ${from} ${Buffer.from(bytes).toString('hex')}`);
      send(from, to, bytes);
    };
    network.sendReliable = (from, to, bytes) => {
      sent.push(`${clock.now()} ${from} reliably ${Buffer.from(bytes).toString('hex')}`);
      sendReliable(from, to, bytes);
    };
    network.attach = (peer, receive) => {
      attach(peer, (from, bytes) => {
        receive(from, bytes);
        if (spoil) bytes.fill(0xee);
        asleep = Math.max(asleep, simulation.peers[0]!.inbox.length);
      });
    };
    simulation.run(6000);
    expect(asleep).toBeGreaterThan(20);
    for (const { session } of simulation.peers) expect(session.stats().badPackets).toEqual({});
    expect(simulation.difference()).toBeUndefined();
    expect(simulation.confirmedByAll).toBeGreaterThan(250);
    return sent;
  }

  it('the match is the same to the byte when the bytes are spoilt after each delivery', () => {
    const sent = transcript(true);
    expect(sent.length).toBeGreaterThan(600);
    expect(sent).toEqual(transcript(false));
  });
});

describe('the reliable channel', () => {
  it('sends a lost message again when three later ones are reported: about a round trip later, not a timeout', () => {
    const scene = setup({ delayMs: 50, outages: [[0, 1]] }, { delayMs: 20 });
    sendAt(scene, [0, 10, 20, 30, 40]);
    scene.clock.runTo(5000);
    // The third report is there at 30 + 50 + 20, the message 50 later, and those behind it at once.
    expect(scene.got.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
    for (const { at } of scene.got) expect(at).toBeCloseTo(150, 9);
    expect(scene.network.counters('a', 'b')).toMatchObject({ repeatedFast: 1, repeatedLate: 0, delivered: 5 });
  });

  it.each([
    ['only two are reported', { delayMs: 20 }, [0, 10, 20]],
    ['the reports are lost', { delayMs: 20, outages: [[0, 1000]] as const }, [0, 10, 20, 30, 40]],
  ])('waits for the timeout when %s', (_, back, times) => {
    const scene = setup({ delayMs: 50, outages: [[0, 1]] }, back);
    sendAt(scene, times);
    scene.clock.runTo(5000);
    expect(scene.got.map(({ id, at }) => [id, at])).toEqual(times.map((__, id) => [id, 450]));
    expect(scene.network.counters('a', 'b')).toMatchObject({ repeatedFast: 0, repeatedLate: 1 });
  });

  it('sends fast again when what was sent after the repetition is reported, and not for what was sent before it', () => {
    const lostAt0And100 = [
      [0, 1],
      [99, 101],
    ] as const;
    const scene = setup({ delayMs: 50, outages: lostAt0And100 }, { delayMs: 20 });
    sendAt(scene, [0, 10, 20, 30, 40, 50, 60, 70, 110, 120, 130]);
    scene.clock.runTo(5000);
    // Sent at 0, 100 and, reported thrice, 130 + 50 + 20.
    expect(new Set(scene.got.map(({ at }) => at))).toEqual(new Set([250]));
    expect(scene.network.counters('a', 'b')).toMatchObject({ repeatedFast: 2, repeatedLate: 0 });
    // With two reported, the timeout repairs it. It began anew at 100.
    const late = setup({ delayMs: 50, outages: lostAt0And100 }, { delayMs: 20 });
    sendAt(late, [0, 10, 20, 30, 40, 50, 60, 70, 110, 120]);
    late.clock.runTo(5000);
    expect(new Set(late.got.map(({ at }) => at))).toEqual(new Set([550]));
    expect(late.network.counters('a', 'b')).toMatchObject({ repeatedFast: 1, repeatedLate: 1 });
  });

  it('has a timeout that repairs of later messages do not put off', () => {
    const outages = [
      [0, 1],
      [99, 101],
      [70, 71],
    ] as const;
    const scene = setup({ delayMs: 50, outages }, { delayMs: 20 });
    sendAt(scene, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95]);
    scene.clock.runTo(5000);
    // The first is sent at 0, 100 and 500; the eighth at 70 and, reported thrice, 165.
    expect(new Set(scene.got.map(({ at }) => at))).toEqual(new Set([550]));
    expect(scene.network.counters('a', 'b')).toMatchObject({ repeatedFast: 2, repeatedLate: 1 });
  });

  it('has a timeout for what is still lost when the oldest message was repaired', () => {
    const outages = [
      [0, 1],
      [40, 41],
    ] as const;
    const scene = setup({ delayMs: 50, outages }, { delayMs: 20 });
    sendAt(scene, [0, 10, 20, 30, 40]);
    scene.clock.runTo(5000);
    expect(scene.got.map(({ id, at }) => [id, at])).toEqual([
      [0, 150],
      [1, 150],
      [2, 150],
      [3, 150],
      [4, 550],
    ]);
  });

  // Measured between browsers: 60 messages a second of 64 bytes, 40 ± 10 ms one way (median, p99): 5 % 47, 203; 10 % 85, 248; 20 % 156, 403.
  it.each([
    [0.05, 47, 203],
    [0.1, 85, 248],
    [0.2, 156, 403],
  ])('at a loss of %d it is about as slow as the real one', (loss, p50, p99) => {
    const times = Array.from({ length: 255 }, (_, n) => (n * 1000) / 60);
    const ages: number[] = [];
    for (let seed = 1; seed <= 100; seed++) {
      const scene = setup({ delayMs: 40, jitterMs: 10, loss }, undefined, seed);
      sendAt(scene, times);
      scene.clock.runTo(30_000);
      // The last ones have nobody after them who could be reported.
      for (const { id, at } of scene.got) if (id < 225) ages.push(at - times[id]!);
    }
    ages.sort((a, b) => a - b);
    const at = (share: number): number => ages[Math.floor(share * ages.length)]!;
    expect(Math.abs(at(0.5) / p50 - 1)).toBeLessThan(0.15);
    // Longer by a third: a real packet carries several messages, and a report is not lost on its own. On the safe side, and no further.
    expect(at(0.99) / p99).toBeGreaterThan(1);
    expect(at(0.99) / p99).toBeLessThan(1.5);
  });

  it('doubles the timeout to 3 s while nothing passes', () => {
    const scene = setup({ delayMs: 50, outages: [[0, 9000]] });
    sendAt(scene, [0, 100]);
    scene.clock.runTo(20_000);
    // Sent at 0, 400, 1200, 2800, 5800, 8800, 11 800: both each time.
    expect(scene.got.map(({ id, at }) => [id, at])).toEqual([
      [0, 11_850],
      [1, 11_850],
    ]);
    expect(scene.network.counters('a', 'b').repeatedLate).toBe(12);
  });

  it('has a short timeout at once, in place of a long one that runs', () => {
    const scene = setup({ delayMs: 50, outages: [[0, 1250]] });
    sendAt(scene, [0, 1300]);
    scene.clock.runTo(20_000);
    // Sent at 0, 400, 1200 and not at 2800, but 400 after the report of the second, which is there at 1400.
    expect(scene.got.map(({ id, at }) => [id, at])).toEqual([
      [0, 1850],
      [1, 1850],
    ]);
  });

  it('has a short timeout again once something was heard', () => {
    const scene = setup({
      delayMs: 50,
      outages: [
        [0, 1000],
        [2000, 2100],
      ],
    });
    sendAt(scene, [0, 2000]);
    scene.clock.runTo(20_000);
    expect(scene.got.map(({ at }) => at)).toEqual([1250, 2450]);
  });

  it('hands over everything once and in order, whatever the network does', () => {
    const spec = fc.record({
      delayMs: fc.constant(60),
      jitterMs: fc.integer({ min: 0, max: 60 }),
      loss: fc.double({ min: 0, max: 0.6, noNaN: true }),
      burstMs: fc.constantFrom(0, 0, 200),
      reorder: fc.constantFrom(0, 0.3),
      reorderMs: fc.constant(300),
      copies: fc.constantFrom(1, 3),
      fifo: fc.boolean(),
      outages: fc.constantFrom([], [[500, 2500] as const]),
      freezes: fc.constantFrom([], [[300, 900] as const]),
      rate: fc.constant({ bytesPerSecond: 2000, queueBytes: 100 }),
    });
    let repeatedFast = 0;
    let repeatedLate = 0;
    fc.assert(
      fc.property(
        spec,
        spec,
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 2500 }), { minLength: 30, maxLength: 60 }),
        (forth, back, seed, times) => {
          const scene = setup(forth, back, seed);
          sendAt(
            scene,
            [...times].sort((a, b) => a - b),
          );
          scene.clock.runTo(600_000);
          expect(scene.got.map(({ id }) => id)).toEqual(times.map((_, id) => id));
          const counters = scene.network.counters('a', 'b');
          repeatedFast += counters.repeatedFast;
          repeatedLate += counters.repeatedLate;
        },
      ),
    );
    expect(repeatedFast).toBeGreaterThan(0);
    expect(repeatedLate).toBeGreaterThan(0);
  });

  it('shares the rate with the packets beside it: a large message holds up inputs', () => {
    const { clock, network, got } = setup({ rate: { bytesPerSecond: 10_000, queueBytes: 20_000 } });
    network.sendReliable('a', 'b', new Uint8Array(1000).fill(1));
    network.send('a', 'b', new Uint8Array(10).fill(2));
    clock.runTo(1000);
    expect(got).toEqual([
      { id: 1, at: 100 },
      { id: 2, at: 101 },
    ]);
  });
});
