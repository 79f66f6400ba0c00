import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { connectError } from '../../src/negotiation/verdict.js';
import { runTwo } from './two-machines.js';
import type { Faults, Peer } from './two-machines.js';

const FAULTLESS: Faults = { drop: 0, duplicate: 0, reorder: 0, refuse: 0, noise: 0 };
const CODES = ['no-offer', 'no-answer', 'no-candidates', 'no-pair'];

const seeds = fc.integer({ min: 0, max: 0xffffffff });
const percent = fc.integer({ min: 0, max: 60 });

function run(seed: number, faults: Faults, candidates: readonly [number, number]): readonly [Peer, Peer] {
  const rng = createRng(seed);
  return runTwo((n) => Math.floor(rng() * n), faults, candidates);
}

test('whatever the order in which things happen, a faithful signaling connects', () => {
  fc.assert(
    fc.property(seeds, fc.nat(8), fc.integer({ min: 1, max: 8 }), (seed, ofA, ofB) => {
      const [a, b] = run(seed, FAULTLESS, [ofA, ofB]);
      expect([a.connected, b.connected]).toEqual([true, true]);
      expect([a.connection.added, b.connection.added]).toEqual([ofB, ofA]);
      for (const { machine } of [a, b]) {
        expect(machine.timeline.map(({ stage }) => stage)).toEqual(['peer', 'offer', 'answer', 'candidates', 'pairs', 'dtls', 'channels']);
        expect(Object.values(machine.counts).every((n) => n === 0)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test('doubled, overtaken and foreign signals do not prevent it', () => {
  fc.assert(
    fc.property(seeds, percent, percent, percent, (seed, duplicate, reorder, noise) => {
      const [a, b] = run(seed, { ...FAULTLESS, duplicate, reorder, noise }, [3, 3]);
      expect([a.connected, b.connected]).toEqual([true, true]);
      expect([a.end, b.end]).toEqual([null, null]);
    }),
    { numRuns: 2000 },
  );
});

test('under every fault each side ends connected, or ended with a reason, or at a stage that has an error', () => {
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(seeds, percent, percent, percent, fc.nat(10), percent, (seed, drop, duplicate, reorder, refuse, noise) => {
      for (const peer of run(seed, { drop, duplicate, reorder, refuse, noise }, [2, 2])) {
        expect(peer.inFlight).toBeNull();
        if (peer.connected) outcomes.add('connected');
        else if (peer.end !== null) {
          outcomes.add(peer.end.why);
          expect(['bye', 'refused']).toContain(peer.end.why);
        } else {
          const { code } = connectError(peer.machine.evidence('them', 1000), 1000);
          outcomes.add(code);
          expect(CODES).toContain(code);
        }
      }
    }),
    { numRuns: 3000 },
  );
  // All of these were really seen, or the test would prove little.
  expect([...outcomes].sort()).toEqual(['bye', 'connected', 'no-answer', 'no-candidates', 'no-offer', 'no-pair', 'refused']);
});
