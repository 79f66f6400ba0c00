// Acceptance scenarios B: the peers' clocks. Measured by the oracle on the virtual clock: where each peer's simulation really was
// at each ms, whatever the packets told.
import { describe, expect, it } from 'vitest';
import type { SimPeerOptions } from '../../src/sim/sim-peer.js';
import { Scenario, seeds, type Setup } from './scenario.js';

/** The acceptance page's limit: within a frame of each other after so many ms. */
const LIMIT_MS = 3000;
/** The documented bound on the change of speed. */
const MAX_SPEED_CHANGE = 0.05;
const NETWORKS = [{ delayMs: 20 }, { delayMs: 50, jitterMs: 10 }, { delayMs: 100, jitterMs: 20 }] as const;

interface Course {
  readonly scenario: Scenario;
  /** Frames by which peer-0 was ahead, at each ms since the disturbance. */
  readonly offsets: readonly number[];
}

/** Plays on for 10 s after a disturbance that ended at `disturbedMs`. */
function courseAfter(setup: Setup, disturbedMs: number): Course {
  const scenario = new Scenario(setup).run(disturbedMs + 10_000);
  return { scenario, offsets: scenario.offsets(disturbedMs, disturbedMs + 9_900) };
}

/** The first ms from which on the offset stays within a frame. */
function convergedAt(offsets: readonly number[]): number {
  return offsets.findLastIndex((offset) => Math.abs(offset) > 1) + 1;
}

/** ms after a disturbance in which up to four missed frames are made up at twice the rate. */
const CATCH_UP_MS = 150;

/** How far the offset changes its sign, in frames, once the catch-up is over. */
function oscillation(offsets: readonly number[]): number {
  const settling = offsets.slice(CATCH_UP_MS);
  const sign = Math.sign(settling[0]!);
  return Math.max(0, ...settling.map((offset) => -sign * offset));
}

function expectTogether({ scenario, offsets }: Course, disturbed: number): void {
  const { replay } = scenario;
  expect(Math.max(...offsets.map(Math.abs)), `frames apart at first; ${replay}`).toBeGreaterThan(disturbed);
  expect(convergedAt(offsets), `ms until within a frame; ${replay}`).toBeLessThanOrEqual(LIMIT_MS);
  expect(Math.max(...offsets.map(Math.abs)), `frames apart at most; ${replay}`).toBeLessThanOrEqual(9.5);
  expect(oscillation(offsets), `frames to the other side; ${replay}`).toBeLessThanOrEqual(1);
  for (const peer of scenario.simulation.peers) {
    expect(Math.min(...peer.speeds), replay).toBeGreaterThanOrEqual(1 - MAX_SPEED_CHANGE);
    expect(Math.max(...peer.speeds), replay).toBeLessThanOrEqual(1 + MAX_SPEED_CHANGE);
  }
  // Never both waiting for each other: together they did run all the time.
  const { simulatedAt } = scenario.peer(0);
  expect(simulatedAt.at(-1), replay).toBeGreaterThan(scenario.simulation.clock.now() - 100);
}

describe('B1: a peer comes late', () => {
  it.each([0, 1])('B1 peer-%i starts 2 s late: within a frame in 3 s', (late) => {
    for (const network of NETWORKS) {
      for (const seed of seeds(4)) {
        const peers = [0, 1].map((index): SimPeerOptions<number> => (index === late ? { startMs: 2000 } : {}));
        // Both begin when the late one is there; one of them is told so a one-way delay later than the other knows it.
        const startedAt = 2000 + Math.ceil(4 * network.delayMs);
        const course = courseAfter({ seed, network, peers }, startedAt + 50);
        expectTogether(course, network.delayMs / 16.7 / 2);
        course.scenario.expectEqual({ confirmed: 540 });
      }
    }
  });

  it.each([0, 1])('B1 peer-%i sleeps 2 s right after the start: within a frame in 3 s', (sleeper) => {
    for (const network of NETWORKS) {
      for (const seed of seeds(4)) {
        const from = 5 * network.delayMs + 50;
        const peers = [0, 1].map((index): SimPeerOptions<number> => (index === sleeper ? { hitches: [[from, from + 2000]] } : {}));
        const course = courseAfter({ seed, network, peers }, from + 2000);
        expectTogether(course, 3);
        expect(course.scenario.stats(1 - sleeper).stalled, course.scenario.replay).toBeGreaterThan(90);
        course.scenario.expectEqual({ confirmed: 540 });
      }
    }
  });
});

describe('B2: displays', () => {
  it.each([
    [59, undefined],
    [undefined, 144],
    [59, 144],
    [144, 59],
  ])('B2 displays of %s and %s Hz: within a frame in 3 s, for half a minute', (first, second) => {
    for (const network of NETWORKS) {
      for (const seed of seeds(2)) {
        const peers = [first, second].map((displayHz) => (displayHz === undefined ? {} : { displayHz }));
        const scenario = new Scenario({ seed, network, peers }).run(30_000);
        const offsets = scenario.offsets(Math.round(scenario.startedAt) + LIMIT_MS, 29_900);
        expect(Math.max(...offsets.map(Math.abs)), scenario.replay).toBeLessThanOrEqual(1);
        // Frames come with the display: that was exercised.
        [first, second].forEach((hz, index) => {
          const fractions = scenario.peer(index).simulatedAt.map((at) => ((at * (hz ?? 60)) / 1000) % 1);
          const onTheGrid = fractions.filter((fraction) => Math.min(fraction, 1 - fraction) < 1e-6).length;
          if (hz !== undefined) expect(onTheGrid, scenario.replay).toBe(fractions.length);
          else expect(onTheGrid, scenario.replay).toBeLessThan(fractions.length / 2);
        });
        scenario.expectEqual({ confirmed: 1700 });
      }
    }
  });
});

describe('B3: hitches', () => {
  it.each([
    [200, 0],
    [200, 1],
    [400, 0],
    [3000, 1],
  ])('B3 a hitch of %i ms of peer-%i: within a frame in 3 s, without oscillating', (ms, index) => {
    for (const network of NETWORKS) {
      for (const seed of seeds(4)) {
        const peers = [0, 1].map((peer): SimPeerOptions<number> => (peer === index ? { hitches: [[6000, 6000 + ms]] } : {}));
        const course = courseAfter({ seed, network, peers }, 6000 + ms);
        expectTogether(course, 2);
        expect(course.scenario.stats(1 - index).stalled, course.scenario.replay).toBeGreaterThan(0);
        course.scenario.expectEqual({ confirmed: 880 });
      }
    }
  });
});

describe('B4, B5: paths and delays', () => {
  it('B4 one way 10 and 200 ms: both predict the same number of frames, ± 1, in 3 s, which is all that can be known', () => {
    for (const seed of seeds(4)) {
      const scenario = new Scenario({ seed, play: { inputDelay: 0, window: 12 }, network: [{ delayMs: 10 }, { delayMs: 200 }] }).run(6000);
      const predictedFrames: number[][] = [[], []];
      for (let ms = 0; ms < 8000; ms += 5) {
        scenario.run(5);
        for (const index of [0, 1]) {
          const { session } = scenario.peer(index);
          predictedFrames[index]!.push(session.frame - 1 - session.confirmedFrame);
        }
      }
      const [first, second] = predictedFrames.map((all) => all.reduce((sum, n) => sum + n, 0) / all.length) as [number, number];
      expect(Math.abs(first - second), `${first} and ${second} frames; ${scenario.replay}`).toBeLessThanOrEqual(1);
      expect(first, scenario.replay).toBeGreaterThan(4);
      const offsets = scenario.offsets(6000, 13_900);
      expect(Math.max(...offsets) - Math.min(...offsets), `the distance rests; ${scenario.replay}`).toBeLessThan(1);
      scenario.expectEqual({ confirmed: 750 });
    }
  });

  it('B5 unequal input delays: within a frame in 3 s', () => {
    for (const network of NETWORKS) {
      for (const seed of seeds(4)) {
        const course = courseAfter({ seed, network, peers: [{ inputDelay: 0 }, { inputDelay: 6 }] }, 5 * network.delayMs + 50);
        expectTogether(course, 0.5);
        course.scenario.expectEqual({ confirmed: 540 });
      }
    }
  });
});

describe('B6: jitter that alternates', () => {
  it('B6 a path that takes 30 and 130 ms by turns, and one that changes between calm and jittery each second', () => {
    for (const seed of seeds(3)) {
      for (const span of [100, 1000]) {
        const scenario = new Scenario({ seed, network: { delayMs: 30 }, play: { window: 12 } });
        // Every packet of an odd span takes 100 ms longer, or up to that.
        let odd = 0;
        scenario.delayInputs((from, now) => {
          if (Math.floor(now / span) % 2 === 0) return 0;
          odd++;
          return span === 100 ? 100 : from === 'peer-0' ? (odd * 37) % 100 : (odd * 61) % 100;
        });
        scenario.run(2_000);
        const { clock } = scenario.simulation;
        const disturbedMs = clock.now();
        scenario.run(10_000);
        const offsets = scenario.offsets(disturbedMs, disturbedMs + 9_900);
        const { replay } = scenario;
        expect(odd, replay).toBeGreaterThan(500);
        // Together after 3 s, and for good: no oscillation with the jitter.
        expect(Math.max(...offsets.slice(LIMIT_MS).map(Math.abs)), `frames apart; ${replay}`).toBeLessThanOrEqual(1);
        for (const [index, peer] of scenario.simulation.peers.entries()) {
          expect(Math.min(...peer.speeds), replay).toBeGreaterThanOrEqual(1 - MAX_SPEED_CHANGE);
          expect(Math.max(...peer.speeds), replay).toBeLessThanOrEqual(1 + MAX_SPEED_CHANGE);
          expect(scenario.stats(index).rollbacks, replay).toBeGreaterThan(50);
        }
        scenario.expectEqual({ confirmed: 650 });
      }
    }
  });
});
