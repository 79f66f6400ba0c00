// Acceptance scenario B7, over real DataChannels and the system's clock: somebody sets the time of day.
import { afterEach, expect, it, vi } from 'vitest';
import { Rig } from '../match/rig.js';

let rig: Rig | undefined;

afterEach(() => {
  vi.useRealTimers();
  rig?.close();
});

it('B7 a wall-clock jump of an hour forth and two back changes nothing', async () => {
  // Only the time of day: timers and performance.now stay real.
  vi.useFakeTimers({ toFake: ['Date'] });
  rig = await Rig.start({ peers: 2 });
  const interruptions: unknown[] = [];
  for (const { match } of rig.peers) match.on('interrupted', (event) => interruptions.push(event));
  const before = Date.now();
  const jumps: number[] = [];
  const first = rig.peers[0]!.match;
  const jump = (frame: number, ms: number): void => {
    const off = setInterval(() => {
      if (first.frame < frame) return;
      clearInterval(off);
      vi.setSystemTime(before + ms);
      jumps.push(first.frame);
    }, 2);
  };
  jump(40, 3_600_000);
  jump(80, -3_600_000);
  await rig.play(130);
  expect(jumps).toHaveLength(2);
  expect(Date.now()).toBeLessThan(before);
  expect(interruptions).toEqual([]);
  for (const { match, error } of rig.peers) {
    expect(error).toBeUndefined();
    const { stalled, speed, peers } = match.stats();
    expect(stalled).toBeLessThan(60);
    expect(speed).toBeGreaterThanOrEqual(0.95);
    // A round trip in this process, not an hour.
    expect(peers[0]!.rttMs).toBeLessThan(1_000);
    expect(match.settledFrame).toBeGreaterThanOrEqual(130);
  }
  expect(rig.difference()).toBe(-1);
});
