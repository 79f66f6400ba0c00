// Games whose functions return promises, in the scenarios of the simulator: they are driven by the same loop as all others, so everything that
// the network sees, and all numbers, must be those of the same game without promises.
import { expect, it } from 'vitest';
import { scheduleFrom } from '../../src/sim/generator.js';
import { playSchedule } from '../../src/sim/play-schedule.js';
import type { Schedule } from '../../src/sim/schedule.js';
import { seeds } from './scenario.js';

it('the same schedules with and without promises come out the same, number by number', async () => {
  let rollbacks = 0;
  let befell = 0;
  for (const seed of seeds(40)) {
    const { promises: _, ...generated } = scheduleFrom(seed);
    const schedule: Schedule = { ...generated, calmMs: Math.min(generated.calmMs, 7_000), ms: Math.min(generated.ms, 10_000) };
    const atOnce = await playSchedule(schedule);
    const later = await playSchedule({ ...schedule, promises: true });
    expect(later.stats, `seed ${seed}`).toEqual(atOnce.stats);
    expect({ ...later, stats: [] }, `seed ${seed}`).toEqual({ ...atOnce, stats: [] });
    for (const stats of later.stats) rollbacks += stats.rollbacks;
    befell += later.events.dropped + later.events.interrupted + later.events.desync;
  }
  expect(rollbacks).toBeGreaterThan(2_000);
  expect(befell).toBeGreaterThan(10);
});

it('with time between the operations of a tick, packets arrive in the middle of rollbacks, and nothing breaks', async () => {
  for (const seed of seeds(6)) {
    const { failure, stats } = await playSchedule({
      seed,
      waitMs: 30_000,
      promises: true,
      fps: 60,
      window: 8,
      words: 1,
      ms: 10_000,
      calmMs: 7_000,
      calm: { delayMs: 20 },
      checkInterval: 60,
      paths: [
        [0, 1, { delayMs: 60, jitterMs: 40, loss: 0.1 }],
        [1, 0, { delayMs: 60, jitterMs: 40, loss: 0.1 }],
      ],
      peers: [0, 1].map(() => ({ locals: 1, inputDelay: 0, bot: { kind: 'buttons', p: 0.3 }, workMs: 0.8 })),
    });
    expect(failure, `seed ${seed}`).toBeUndefined();
    for (const { rollbacks, checksPassed } of stats) {
      expect(rollbacks).toBeGreaterThan(80);
      expect(checksPassed).toBeGreaterThan(4);
    }
  }
});
