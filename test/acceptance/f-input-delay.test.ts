// Acceptance scenario F1: the input delay raised and lowered in play, under loss, with several local players. The oracle knows which samples
// were given and what must come of them: each in its frame, repeated where the delay grew, joined to the next where it shrank.
import { describe, expect, it } from 'vitest';
import { playSchedule } from '../../src/sim/play-schedule.js';
import type { Schedule, ScheduledPeer } from '../../src/sim/schedule.js';
import { seeds } from './scenario.js';

const MS = 20_000;

function schedule(seed: number, peers: readonly Partial<ScheduledPeer>[], rest: Partial<Schedule> = {}): Schedule {
  const conditions = { delayMs: 60, jitterMs: 25, loss: 0.1 };
  return {
    seed,
    ms: MS + 3_000,
    calmMs: MS,
    calm: { delayMs: 20 },
    fps: 60,
    window: 8,
    checkInterval: 60,
    waitMs: 30_000,
    words: 1,
    paths: [
      [0, 1, conditions],
      [1, 0, conditions],
    ],
    ...rest,
    peers: peers.map((peer) => ({ locals: 1, inputDelay: 1, bot: { kind: 'buttons', p: 0.3 }, ...peer })),
  };
}

/** Up and down again and again, in big steps and small ones; of all local players, and of the second alone. */
const CHANGES: readonly (readonly [number, number, number?])[] = [
  [3_000, 4],
  [4_000, 0],
  [5_000, 30],
  [5_300, 2],
  [8_000, 9, 1],
  [9_000, 1, 1],
  [9_100, 6],
  [9_150, 3],
  [9_200, 7, 1],
  [12_000, 0],
  [15_000, 12],
  [15_010, 0],
];
const OF_ONE = CHANGES.map(([atMs, frames]) => [atMs, frames] as const);

describe('F1: input delay in play', () => {
  it('F1 raised and lowered under loss, with several local players: equal, no press lost, no freeze', async () => {
    for (const seed of seeds(8)) {
      const outcome = await playSchedule(
        schedule(seed, [
          { locals: 2, delays: CHANGES, bot: { kind: 'busy' } },
          { locals: 1, delays: OF_ONE },
        ]),
      );
      expect(outcome.failure, `seed ${seed}`).toBeUndefined();
      expect(outcome.lost).toBeGreaterThan(100);
      for (const stats of outcome.stats) {
        expect(stats.rollbacks).toBeGreaterThan(100);
        expect(stats.checksPassed).toBeGreaterThan(15);
        // A standstill of every change would be 12 × the frames in between.
        expect(stats.stalled).toBeLessThan(60);
      }
      expect(outcome.peerFrames).toBeGreaterThan(2 * 0.93 * 60 * (MS / 1000 + 3 - 1));
    }
  });

  it('F1 in lockstep a longer delay hides the path, and a shorter one makes the match wait', async () => {
    const lockstep = (delays: readonly (readonly [number, number])[]): Schedule =>
      schedule(3, [{ delays }, { delays }], {
        window: 0,
        paths: [
          [0, 1, { delayMs: 50 }],
          [1, 0, { delayMs: 50 }],
        ],
      });
    const [short, long] = [await playSchedule(lockstep([])), await playSchedule(lockstep([[2_500, 6]]))];
    expect([short.failure, long.failure]).toEqual([undefined, undefined]);
    expect(short.stats[0]!.stalled).toBeGreaterThan(400);
    expect(long.stats[0]!.stalled).toBeLessThan(250);
    expect([short.stats[0]!.rollbacks, long.stats[0]!.rollbacks]).toEqual([0, 0]);
  });

  it('F1 chosen by itself: it follows the path, changes seldom, and the peers stay equal', async () => {
    const outcome = await playSchedule(schedule(4, [{ inputDelay: 'auto' }, { inputDelay: { min: 0, max: 6 }, locals: 2 }]));
    expect(outcome.failure).toBeUndefined();
    expect(outcome.stats[0]!.inputDelay).toBeGreaterThanOrEqual(2);
    expect(outcome.stats[1]!.inputDelay).toBeGreaterThanOrEqual(3);
  });
});
