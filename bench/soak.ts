// How fast the simulator plays: peer-frames a second of one core, oracle included, of ordinary matches with a trivial game; and of the
// schedules that `npm run soak` makes from seeds, in which peers stand still, roll back deeply and send to nobody much of the time.
import { scheduleFrom } from '../src/sim/generator.js';
import { playSchedule } from '../src/sim/play-schedule.js';
import type { Schedule } from '../src/sim/schedule.js';
import { median } from './measure.js';

const TURNS = 9;
/** Turns in which the compiler is still at work. */
const WARM_UP = 3;
/** Of each kind, about as much work. */
const MATCHES_A_TURN = { ordinary: 10, hostile: 60 } as const;
const MINUTE_MS = 60_000;

export interface SoakReport {
  /** Peer-frames a second of the processor's time. */
  readonly ordinary: number;
  readonly hostile: number;
}

/** Two peers, 60 Hz, 16-bit inputs, 50 ± 10 ms one way, 5 % loss: a minute. */
function ordinaryMatch(seed: number): Schedule {
  const conditions = { delayMs: 50, jitterMs: 10, loss: 0.05 };
  return {
    seed,
    ms: MINUTE_MS,
    calmMs: MINUTE_MS - 3_000,
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
    peers: [0, 1].map(() => ({ locals: 1, inputDelay: 1, bot: { kind: 'buttons', p: 0.1 } })),
  };
}

/** Plays schedules; a failure of one is an error. */
async function speedOf(schedules: readonly Schedule[]): Promise<number> {
  let frames = 0;
  const start = process.cpuUsage();
  for (const schedule of schedules) {
    const { failure, peerFrames } = await playSchedule(schedule);
    if (failure !== undefined) throw new Error(`seed ${schedule.seed}: ${failure.text}`);
    frames += peerFrames;
  }
  const { user, system } = process.cpuUsage(start);
  return (frames * 1e6) / (user + system);
}

export async function benchSoak(): Promise<SoakReport> {
  const speeds: { ordinary: number[]; hostile: number[] } = { ordinary: [], hostile: [] };
  for (let turn = 0; turn < TURNS; turn++) {
    const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => 1 + turn * count + i);
    speeds.ordinary.push(await speedOf(seeds(MATCHES_A_TURN.ordinary).map(ordinaryMatch)));
    speeds.hostile.push(await speedOf(seeds(MATCHES_A_TURN.hostile).map((seed) => scheduleFrom(seed))));
  }
  return { ordinary: median(speeds.ordinary.slice(WARM_UP)), hostile: median(speeds.hostile.slice(WARM_UP)) };
}
