// Acceptance scenarios A: two peers and a bad network. Every test also asserts that it met what it is about.
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { InputPacketWriter } from '../../src/wire/input-packet.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { contentOf } from './duo.js';
import { Scenario, seeds } from './scenario.js';

const rollbacks = (scenario: Scenario): number => scenario.total((stats) => stats.rollbacks);
const stalled = (scenario: Scenario): number => scenario.total((stats) => stats.stalled);
/** Frames of 60 Hz in some ms, rounded down. */
const framesIn = (ms: number): number => Math.floor((ms * 60) / 1000);

describe('A1 to A3: a good network', () => {
  it('A1 clean, 0 ms, input delay 1, 10 000 frames: equal, no rollback after the start', () => {
    for (const seed of seeds(3)) {
      const scenario = new Scenario({ seed, play: { inputDelay: 1 } }).run(1000);
      const atStart = rollbacks(scenario);
      expect(scenario.simulation.runToFrame(10_000, 168_000), scenario.replay).toBe(true);
      expect(rollbacks(scenario) - atStart, scenario.replay).toBe(0);
      expect(stalled(scenario), scenario.replay).toBe(0);
      expect(new Set(scenario.peer(0).recorder.inputs).size, scenario.replay).toBeGreaterThan(1000);
      scenario.expectEqual({ confirmed: 10_000 });
    }
  });

  // Frame f waits for input f − 8, which is made 133 ms before it: up to there nobody stalls once both run together. Until then the
  // peer that proposed the start is ahead by the one-way delay that its "go" took.
  it.each([
    [50, 0],
    [100, 8],
    [125, 12],
  ])('A2 one way %i ms, input delay 0: equal, no stall but at most %i at the start', (delayMs, atStart) => {
    for (const seed of seeds(5)) {
      const scenario = new Scenario({ seed, play: { inputDelay: 0 }, network: { delayMs } }).run(3000);
      const stalledAtStart = stalled(scenario);
      expect(stalledAtStart, scenario.replay).toBeLessThanOrEqual(atStart);
      scenario.run(17_000);
      expect(stalled(scenario) - stalledAtStart, scenario.replay).toBe(0);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(100);
      const deepest = scenario.stats(0).depths.findLastIndex((count) => count > 0);
      expect(deepest, scenario.replay).toBeGreaterThanOrEqual(Math.floor(delayMs / 16.7));
      scenario.expectEqual({ confirmed: framesIn(20_000 - 5 * delayMs) - 20 });
    }
  });

  it('A2 one way 150 ms, input delay 0, window 8: stalls, stays equal, and 8 frames are simulated each one-way delay and 2 ticks', () => {
    for (const seed of seeds(5)) {
      const scenario = new Scenario({ seed, play: { inputDelay: 0 }, network: { delayMs: 150 } }).run(20_000);
      expect(scenario.stats(0).stalled, scenario.replay).toBeGreaterThan(100);
      expect(scenario.stats(1).stalled, scenario.replay).toBeGreaterThan(100);
      // A15, met in the wild: rollbacks as deep as the window, none deeper (`expectEqual`).
      expect(scenario.stats(0).depths[8], scenario.replay).toBeGreaterThan(10);
      scenario.expectEqual({ confirmed: Math.floor((8 * 19_000) / (150 + 2 * 16.7)) });
    }
  });

  it.each([
    [50, 10],
    [40, 10],
    [90, 10],
    [100, 50],
  ])('A3 one way %i ± %i ms, input delay a frame more: no rollback after the first 2 s', (delayMs, jitterMs) => {
    const inputDelay = Math.ceil((delayMs + jitterMs) / (1000 / 60)) + 1;
    for (const seed of seeds(8)) {
      const network = { delayMs, jitterMs };
      const scenario = new Scenario({ seed, play: { inputDelay }, network }).run(2000);
      const atStart = rollbacks(scenario);
      const stalledAtStart = stalled(scenario);
      scenario.run(18_000);
      expect(rollbacks(scenario) - atStart, scenario.replay).toBe(0);
      expect(stalled(scenario) - stalledAtStart, scenario.replay).toBe(0);
      scenario.expectEqual({ confirmed: 1100 });
      const tooShort = new Scenario({ seed, play: { inputDelay: inputDelay - 3 }, network }).run(20_000);
      expect(rollbacks(tooShort), `with 3 frames less; ${tooShort.replay}`).toBeGreaterThan(5);
    }
  });
});

/** Spans of 50 to 500 ms in which nothing passes, until 20 s. */
function burstsUpTo500(seed: number): readonly (readonly [number, number])[] {
  const rng = createRng(seed, 'bursts');
  const outages: (readonly [number, number])[] = [];
  for (let at = 1000; at < 20_000;) {
    const end = at + 50 + rng() * 450;
    outages.push([at, end]);
    at = end + 200 + rng() * 1500;
  }
  return outages;
}

const AT_ONCE: Impairment = { delayMs: 60, jitterMs: 30, loss: 0.15, burstMs: 60, reorder: 0.2, reorderMs: 200, copies: 3 };

describe('A4 to A8: loss, bursts, reordering, copies', () => {
  it.each([1, 5, 15, 30])('A4 loss of %i %%: equal', (percent) => {
    for (const seed of seeds(6)) {
      const loss = percent / 100;
      const scenario = new Scenario({ seed, network: { delayMs: 50, jitterMs: 10, loss } }).run(20_000);
      expect(scenario.lost, scenario.replay).toBeGreaterThan(2 * 1150 * loss * 0.5);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(100);
      expect(Math.abs(scenario.stats(0).peers[0]!.loss - loss), `measured loss; ${scenario.replay}`).toBeLessThan(0.15);
      scenario.expectEqual({ confirmed: framesIn(20_000 - scenario.startedAt) * 0.97 - 10 });
    }
  });

  it('A5 bursts up to 500 ms: equal', () => {
    for (const seed of seeds(8)) {
      const outages = burstsUpTo500(seed);
      const longest = Math.max(...outages.map(([from, to]) => to - from));
      const scenario = new Scenario({ seed, network: { delayMs: 50, jitterMs: 10, outages } }).run(21_000);
      expect(longest, scenario.replay).toBeGreaterThan(350);
      expect(scenario.lost, scenario.replay).toBeGreaterThan(200);
      expect(stalled(scenario), scenario.replay).toBeGreaterThan(20);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(50);
      scenario.expectEqual({ confirmed: 750 });
    }
  });

  it('A6 reordering within 200 ms: equal', () => {
    for (const seed of seeds(8)) {
      const scenario = new Scenario({ seed, network: { delayMs: 50, reorder: 0.4, reorderMs: 200 } }).run(20_000);
      expect(scenario.seen.overtaken, scenario.replay).toBeGreaterThan(300);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(100);
      scenario.expectEqual({ confirmed: 1150 });
    }
  });

  it('A7 each packet three times: equal', () => {
    for (const seed of seeds(8)) {
      const scenario = new Scenario({ seed, network: { delayMs: 50, jitterMs: 30, copies: 3 } }).run(20_000);
      expect(scenario.seen.doubled, scenario.replay).toBeGreaterThan(2 * 2 * 1100);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(100);
      expect(scenario.stats(0).peers[0]!.loss, scenario.replay).toBeLessThan(0.04);
      scenario.expectEqual({ confirmed: 1150 });
    }
  });

  it.each([0, 500, 2000, 3000])('A8 all of it at once, and an outage of %i ms: equal, and progress within 1 s of healing', (outageMs) => {
    for (const seed of seeds(8)) {
      const healedAt = 8000 + outageMs;
      const scenario = new Scenario({ seed, network: { ...AT_ONCE, outages: [[8000, healedAt]] } }).run(healedAt);
      const before = scenario.simulation.confirmedByAll;
      scenario.run(1000);
      expect(scenario.simulation.confirmedByAll - before, `frames in the second after healing; ${scenario.replay}`).toBeGreaterThan(20);
      scenario.run(8000);
      expect(scenario.lost, scenario.replay).toBeGreaterThan(150);
      expect(scenario.seen.overtaken, scenario.replay).toBeGreaterThan(100);
      expect(scenario.seen.doubled, scenario.replay).toBeGreaterThan(1000);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(50);
      if (outageMs >= 500) expect(stalled(scenario), scenario.replay).toBeGreaterThan(20);
      scenario.expectEqual({ confirmed: 650 });
    }
  });
});

describe('A9 to A12: particular packets', () => {
  it.each([20, 130])('A9 %i packets in a row lost in both directions: equal, and the measured round trip is still right', (count) => {
    for (const seed of seeds(6)) {
      const dropped = { 'peer-0': 0, 'peer-1': 0 };
      const scenario = new Scenario({ seed, network: { delayMs: 50, jitterMs: 5 } });
      scenario.tapInputs((from, n, bytes) => {
        if (n < 200 || n >= 200 + count) return bytes;
        dropped[from as keyof typeof dropped]++;
        return undefined;
      });
      scenario.run(12_000);
      expect(dropped, scenario.replay).toEqual({ 'peer-0': count, 'peer-1': count });
      expect(stalled(scenario), scenario.replay).toBeGreaterThan(10);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(30);
      expect(Math.abs(scenario.stats(0).peers[0]!.rttMs - 100), `rtt; ${scenario.replay}`).toBeLessThan(12);
      scenario.expectEqual({ confirmed: framesIn(11_000) - count });
    }
  });

  it('A10 only the acknowledgements of one direction lost for 2 s: equal, and nobody stalls', () => {
    for (const seed of seeds(5)) {
      const scenario = new Scenario({ seed, network: { delayMs: 50, jitterMs: 10 } });
      const writer = new InputPacketWriter(new Msgpack(), 1);
      let frozen: number | undefined;
      let rewritten = 0;
      let longest = 0;
      scenario.tapInputs((from, n, bytes) => {
        const packet = contentOf(bytes);
        if (from === 'peer-0') longest = Math.max(longest, packet.count);
        if (from !== 'peer-1' || n < 200 || n >= 320) return bytes;
        frozen ??= packet.received[0]!;
        packet.received[0] = frozen;
        rewritten++;
        return writer.encode(packet, (frame) => packet.words[frame - packet.first]!);
      });
      scenario.run(10_000);
      expect(rewritten, scenario.replay).toBe(120);
      expect(longest, `frames of input in one packet; ${scenario.replay}`).toBeGreaterThan(115);
      expect(stalled(scenario), scenario.replay).toBe(0);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(30);
      scenario.expectEqual({ confirmed: 540 });
    }
  });

  it('A11 the very first packets lost: the first one that comes brings everything from frame 0, below the input delay neutral', () => {
    for (const inputDelay of [0, 3]) {
      for (const seed of seeds(5)) {
        const scenario = new Scenario({ seed, play: { inputDelay }, player: 'busy', network: { delayMs: 50, jitterMs: 10 } });
        const first: number[] = [];
        scenario.tapInputs((from, n, bytes) => {
          if (n < (from === 'peer-0' ? 30 : 45)) return undefined;
          if (first.length === 0) first.push(n, contentOf(bytes).first, contentOf(bytes).count);
          return bytes;
        });
        scenario.run(8000);
        expect(first, scenario.replay).toEqual([30, 0, 8 + inputDelay]);
        const { recorder } = scenario.peer(0);
        expect(recorder.inputs.slice(0, inputDelay), scenario.replay).toEqual(Array.from({ length: inputDelay }, () => '0 0'));
        expect(recorder.inputs[inputDelay], scenario.replay).not.toMatch(/\b0\b/);
        expect(stalled(scenario), scenario.replay).toBeGreaterThan(20);
        expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(100);
        scenario.expectEqual({ confirmed: 400 });
      }
    }
  });

  it('A11 the "go" is late: the first input packet stands for it', () => {
    for (const seed of seeds(4)) {
      const scenario = new Scenario({ seed, network: { delayMs: 50 } });
      let held = 0;
      scenario.tapControl((from, bytes, pass) => {
        // Kind 2, step 2 of the control channel: "go".
        const isGo = from === 'peer-0' && (bytes[1]! & 7) === 2 && bytes[2] === 2;
        if (isGo) held++;
        if (isGo) scenario.simulation.clock.after(2000, () => pass(bytes));
        else pass(bytes);
      });
      scenario.run(8000);
      expect(held, scenario.replay).toBe(1);
      expect(scenario.peer(1).simulatedAt[0], scenario.replay).toBeLessThan(400);
      expect(rollbacks(scenario), scenario.replay).toBeGreaterThan(20);
      scenario.expectEqual({ confirmed: 440 });
    }
  });

  it('A12 a misprediction at frame 0: it is simulated again with the real input', () => {
    for (const seed of seeds(8)) {
      const scenario = new Scenario({ seed, play: { inputDelay: 0 }, player: 'busy', network: { delayMs: 50, jitterMs: 10 } }).run(5000);
      expect(scenario.loads[0]![0]!.to, `the first load of peer-0; ${scenario.replay}`).toBe(0);
      scenario.expectEqual({ confirmed: 270 });
    }
  });
});
