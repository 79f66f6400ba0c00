// Acceptance scenarios C: a peer that does nothing for a while (a closed laptop, a phone in a pocket, a hidden tab without a timer).
// (C3, throttled timers while packets still arrive, is a matter of the loop: test/match.)
import { describe, expect, it } from 'vitest';
import { Scenario, seeds, type Setup } from './scenario.js';

const FRAME_MS = 1000 / 60;
const NETWORKS = [{ delayMs: 20 }, { delayMs: 80, jitterMs: 20, loss: 0.05 }] as const;
const FROM_MS = 3_000;

/** peer-1 does nothing for a while. */
function suspend(seed: number, forMs: number, rest: Partial<Setup> = {}): Scenario {
  return new Scenario({ seed, restless: 0.3, peers: [{}, { hitches: [[FROM_MS, FROM_MS + forMs]] }], ...rest });
}

function eventsOf(scenario: Scenario, index: number): string[] {
  return scenario.peer(index).events.map(({ type }) => type);
}

describe.each([
  ['C1', 3_000],
  ['C2', 30_000],
])('%s: suspended for %i ms', (name, forMs) => {
  it(`${name} is seen by name, stops the other only where the window ends, and goes on where it was, in bounded steps`, () => {
    for (const network of NETWORKS) {
      for (const seed of seeds(3)) {
        const scenario = suspend(seed, forMs, { network, play: { waitMs: 60_000 } });
        const { clock } = scenario.simulation;
        const { replay } = scenario;
        const [awake, asleep] = [scenario.peer(0), scenario.peer(1)];
        scenario.run(FROM_MS);
        const before = { awake: awake.session.frame, asleep: asleep.session.frame };
        scenario.run(forMs - 1);
        // The other has used up what it knows, and its window; it says who is silent.
        expect(asleep.session.frame, replay).toBe(before.asleep);
        expect(awake.session.frame, replay).toBeGreaterThan(before.awake + 4);
        expect(awake.session.frame, replay).toBeLessThanOrEqual(asleep.session.frame + 8 + 2);
        const interrupted = awake.events.filter((event) => event.type === 'interrupted');
        expect(interrupted, replay).toMatchObject([{ peer: 'peer-1' }]);
        expect(interrupted[0]!.silentMs, replay).toBeLessThan(500 + 2 * FRAME_MS);
        scenario.run(3_001);
        expect(eventsOf(scenario, 0), replay).toEqual(['started', 'interrupted', 'resumed']);
        // What the sleeper missed was its own sleep: it accuses nobody.
        expect(eventsOf(scenario, 1), replay).toEqual(['started']);
        // At the full rate again within a second of the return.
        const wokeAt = FROM_MS + forMs;
        for (const peer of [awake, asleep]) {
          const lastSecond = peer.simulatedAt.filter((at) => at > wokeAt + 1_000 && at <= wokeAt + 2_000).length;
          expect(lastSecond, replay).toBeGreaterThanOrEqual(56);
          // At no moment more than two frames at once, and no more than twice the rate: nothing is replayed in one go.
          const returning = peer.simulatedAt.filter((at) => at >= wokeAt);
          for (let i = 4; i < returning.length; i++)
            expect(returning[i]! - returning[i - 4]!, replay).toBeGreaterThanOrEqual(1.9 * FRAME_MS);
        }
        expect(clock.now()).toBe(wokeAt + 3_000);
        scenario.expectEqual({ confirmed: before.asleep + 120 });
      }
    }
  });
});

describe('C2: longer than the match waits', () => {
  it('C2 ends it by name at the limit, on both sides', () => {
    const scenario = suspend(1, 40_000, { network: { delayMs: 50 } }).run(FROM_MS + 45_000);
    const ended = scenario.peer(0).events.find((event) => event.type === 'ended');
    expect(ended).toMatchObject({ error: { code: 'peer-lost', fields: { peer: 'peer-1' } } });
    expect((ended!.error!.fields as { silentMs: number }).silentMs).toBeLessThan(30_000 + 2 * FRAME_MS);
    // The sleeper finds nobody any more.
    scenario.run(31_000);
    expect(scenario.peer(1).events.at(-1)).toMatchObject({ type: 'ended', error: { code: 'peer-lost', fields: { peer: 'peer-0' } } });
  });
});

describe('both at once', () => {
  it('go on where they were', () => {
    const hitches = [[FROM_MS, FROM_MS + 10_000]] as const;
    const scenario = new Scenario({ seed: 1, network: { delayMs: 60, loss: 0.1 }, peers: [{ hitches }, { hitches }] });
    scenario.run(FROM_MS);
    const { frame } = scenario.peer(0).session;
    scenario.run(12_000);
    expect(scenario.peer(0).session.frame).toBeGreaterThan(frame + 100);
    scenario.expectEqual({ confirmed: frame + 90 });
  });
});
