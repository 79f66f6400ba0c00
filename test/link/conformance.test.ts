// What a peer connection does, on the double and on wrtc: the double is as good as what both of them pass.
import { describe, test } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { RTCPeerConnection } from '../../src/node/wrtc.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { passTime } from '../../src/sim/pass-time.js';
import { RtcWorld } from '../../src/sim/rtc-world.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { CONFORMANCE_CASES } from './conformance-cases.js';
import type { ConformanceWorld } from './conformance-scene.js';

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

function double(network: Impairment): { world: ConformanceWorld; clock: VirtualClock; sim: RtcWorld } {
  const clock = new VirtualClock();
  const sim = new RtcWorld({ clock, rng: createRng(3), network });
  return { world: { rtc: [sim.rtc('a'), sim.rtc('b')], pass: (ms) => passTime(clock, ms, breathe) }, clock, sim };
}

describe.each([
  ['the double', {}],
  ['the double with 20 ms of delay and jitter', { delayMs: 20, jitterMs: 10 }],
  ['the double with every packet twice', { delayMs: 5, jitterMs: 5, copies: 2 }],
])('%s', (_name, network) => {
  for (const { name, run } of CONFORMANCE_CASES) {
    test(name, async ({ expect }) => {
      const { world, clock, sim } = double(network);
      await run(world);
      expect(sim.open).toBe(0);
      // Nothing goes on when all is closed but what was on its way.
      const closedAt = clock.now();
      while (clock.step());
      expect(clock.now() - closedAt).toBeLessThan(100);
    });
  }
});

describe('wrtc', () => {
  const world: ConformanceWorld = {
    rtc: [RTCPeerConnection, RTCPeerConnection],
    pass: (ms) => new Promise((done) => setTimeout(done, ms)),
  };
  for (const { name, run } of CONFORMANCE_CASES) test(name, () => run(world));
});
