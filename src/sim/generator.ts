// Makes a schedule from a seed: hostile, but such that peers that keep the rules must get through it. Each thing that can happen comes
// with a probability that lets it meet each other thing within some thousand seeds; corners are likelier than what lies between them.
import { createRng, type Rng } from '../core/rng.js';
import type { Impairment } from './impairment.js';
import { type ProfileName, profiles } from './profiles.js';
import type { Schedule, ScheduledBot, ScheduledPeer } from './schedule.js';

/** How long the quiet end lasts at the least: a second until all is well, and two to see it. */
const TAIL_MS = 3_000;
/** The same where a message of the control channel must arrive, which on a bad path may be repeated several times. */
const LONG_TAIL_MS = 9_000;
/** The longest silences: of most matches well below what ends one. */
const SILENCE_MS = 4_000;
const LONG_SILENCE_MS = 12_000;
/** When nothing is left of the start: what befalls a running match comes later. */
const STARTED_MS = 2_500;

/** What a schedule leaves open for its paths. */
interface Hostile {
  /** Up to where a delay does not make the peers stand still all the time. */
  readonly mostMs: number;
  readonly calmMs: number;
  readonly fps: number;
  /** Whether messages of the control channel may take for ever. */
  readonly slowControl: boolean;
}

/** @param peers How many peers, or between how many. */
export function scheduleFrom(seed: number, peers: number | readonly [number, number] = 2): Schedule {
  const rng = createRng(seed, 'schedule');
  const [least, most] = typeof peers === 'number' ? [peers, peers] : peers;
  const count = least + (rng.u32() % (most - least + 1));
  const window = pick(rng, [8, 8, 8, 8, 0, 1, 2, 3, 5, 12, 20, 30]);
  const fps = pick(rng, [60, 60, 60, 60, 60, 30, 20, 50, 120, 144, 240]);
  const two = count === 2;
  const fate = two ? rng() : 1;
  const leaves = fate < 0.1;
  const dies = fate >= 0.1 && fate < 0.2;
  const planted = fate >= 0.2 && fate < 0.3;
  const promises = rng() < 0.04;
  const activeMs = promises ? between(rng, 2_000, 5_000) : pick(rng, [4_000, 8_000, 15_000, 30_000]);
  const calmMs = STARTED_MS + activeMs;
  const localsOf = localCounts(rng, count);
  const players = localsOf.reduce((sum, locals) => sum + locals, 0);
  const checkInterval = pick(rng, [60, 60, 60, 60, 60, 60, 30, 30, 1, 2, 7, 13, 240]);
  const schedule: Schedule = {
    seed,
    ms: Math.round(calmMs + (leaves || dies || planted ? LONG_TAIL_MS : TAIL_MS)),
    calmMs: Math.round(calmMs),
    calm: { delayMs: window >= 3 && fps <= 60 ? 20 : 1 },
    fps,
    window,
    checkInterval,
    waitMs: pick(rng, [30_000, 30_000, 30_000, 30_000, 6_000, 6_000, 1_500]),
    words: pick(rng, players === count ? [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 32] : [1, 1, 1, 2, 3]),
    peers: localsOf.map((locals) => makePeer(rng, { locals, window, fps, calmMs })),
    paths: makePaths(rng, count, {
      mostMs: rng() < 0.85 ? ((window + 3) * 1000) / fps : Infinity,
      calmMs,
      fps,
      slowControl: !leaves && !dies && !planted,
    }),
  };
  const index = rng.u32() % count;
  if (leaves) return befall(schedule, index, { leavesMs: Math.round(between(rng, STARTED_MS, calmMs)) });
  if (dies) {
    const atMs = Math.round(between(rng, STARTED_MS, calmMs));
    const backMs = Math.round(atMs + between(rng, 10, pick(rng, [500, 3_000])));
    return befall(schedule, index, { dies: rng() < 0.7 ? { atMs, backMs } : { atMs } });
  }
  return {
    ...schedule,
    ...(promises ? { promises } : {}),
    ...(rng() < 0.08 ? { junkMs: Math.round(between(rng, 20, 500)) } : {}),
    ...(rng() < 0.08 ? { strayMs: Math.round(between(rng, 20, 500)) } : {}),
    ...(planted
      ? {
          plant: {
            kind: rng() < 0.5 ? 'state' : 'inputs',
            peer: index,
            frame: Math.round(between(rng, 1, (activeMs / 2000) * fps)),
          } as const,
        }
      : {}),
  };
}

function befall(schedule: Schedule, index: number, what: Partial<ScheduledPeer>): Schedule {
  return { ...schedule, peers: schedule.peers.map((peer, i) => (i === index ? { ...peer, ...what } : peer)) };
}

function localCounts(rng: Rng, count: number): number[] {
  const counts = Array.from({ length: count }, () => 1);
  if (rng() < 0.75) return counts;
  for (let free = 8 - count; free > 0; free--) if (rng() < 0.4) counts[rng.u32() % count]!++;
  return counts;
}

function makePeer(rng: Rng, match: { locals: number; window: number; fps: number; calmMs: number }): ScheduledPeer {
  const { locals, window, fps, calmMs } = match;
  const least = window === 0 ? 1 : 0;
  const delay = (): number => Math.max(least, pick(rng, [0, 0, 1, 1, 1, 2, 3, 4, 8, 15, 30]));
  const inputDelay = pick(rng, [delay(), delay(), delay(), delay(), delay(), delay(), delay(), 'auto', { min: least, max: 12 }] as const);
  const peer: { -readonly [K in keyof ScheduledPeer]: ScheduledPeer[K] } = { locals, inputDelay, bot: makeBot(rng) };
  if (rng() < 0.25) peer.saveEvery = pick(rng, [2, 3, 5, 8, 30]);
  if (rng() < 0.25) peer.predict = pick(rng, ['neutral', 'wild']);
  if (rng() < 0.2) peer.startMs = Math.round(between(rng, 0, 2_000));
  if (rng() < 0.4)
    peer.displayHz = pick(
      rng,
      [60, 59, 59.94, 75, 120, 144, 30].filter((hz) => hz * 8 >= fps),
    );
  if (rng() < 0.3)
    peer.hitches = spans(
      rng,
      1 + (rng.u32() % 4),
      STARTED_MS / 4,
      calmMs,
      pick(rng, [60, 150, 400, 400, 1_500, SILENCE_MS, LONG_SILENCE_MS]),
    );
  if (rng() < 0.35) {
    peer.clock = {
      offsetMs: Math.round(between(rng, 0, pick(rng, [100, 1e5, 1e9]))),
      skewPpm: Math.round(between(rng, -1, 1) * pick(rng, [50, 300, 10_000])),
      driftPpm: Math.round(between(rng, 0, pick(rng, [0, 200, 2_000]))),
    };
  }
  if (rng() < 0.12) peer.workMs = round3(between(rng, 0.01, 1000 / fps / 12));
  if (rng() < 0.3) {
    peer.delays = Array.from({ length: 1 + (rng.u32() % 5) }, () => {
      const change = [Math.round(between(rng, 500, calmMs)), delay()] as const;
      return rng() < 0.5 ? change : ([...change, rng.u32() % locals] as const);
    });
  }
  if (rng() < 0.08) peer.skips = round3(between(rng, 0.02, 0.3));
  return peer;
}

function makeBot(rng: Rng): ScheduledBot {
  const kind = pick(rng, ['busy', 'buttons', 'buttons', 'holds', 'holds', 'idle'] as const);
  if (kind === 'buttons') return { kind, p: pick(rng, [0.02, 0.1, 0.5]) };
  return kind === 'holds' ? { kind, frames: pick(rng, [2, 6, 30]) } : { kind };
}

function makePaths(rng: Rng, count: number, hostile: Hostile): Schedule['paths'] {
  const paths: (readonly [number, number, Impairment])[] = [];
  const shared = makeConditions(rng, hostile);
  const symmetric = rng() < 0.6;
  const blocked = rng() < 0.25;
  // Both directions at the same time, or one alone.
  const outages = blocked
    ? spans(rng, 1 + (rng.u32() % 3), STARTED_MS / 5, hostile.calmMs, pick(rng, [300, 300, 1_000, SILENCE_MS, LONG_SILENCE_MS]))
    : [];
  const oneWay = rng() < 0.5;
  for (let from = 0; from < count; from++) {
    for (let to = 0; to < count; to++) {
      if (from === to) continue;
      const conditions = symmetric ? shared : makeConditions(rng, hostile);
      const isBlocked = blocked && (!oneWay || from < to);
      paths.push([from, to, isBlocked ? { ...conditions, outages } : conditions]);
    }
  }
  return paths;
}

/** One direction: delay and what comes on top of it, or a recorded kind of network. @param hostile What the schedule leaves open. */
function makeConditions(rng: Rng, hostile: Hostile): Impairment {
  const { mostMs, calmMs, fps, slowControl } = hostile;
  if (rng() < 0.15) return profiles[pick(rng, Object.keys(profiles) as ProfileName[])];
  const delayMs = pick(
    rng,
    [0, 5, 10, 20, 20, 50, 50, 50, 80, 120, 200].filter((ms) => ms <= mostMs),
  );
  const conditions: { -readonly [K in keyof Impairment]: Impairment[K] } = { delayMs };
  if (rng() < 0.5) conditions.jitterMs = round3(rng() * delayMs);
  if (rng() < 0.5) conditions.loss = pick(rng, slowControl ? [0.01, 0.05, 0.15, 0.3] : [0.01, 0.05]);
  if (conditions.loss !== undefined && rng() < 0.4) {
    conditions.burstMs = pick(rng, [20, 60, 200]);
    if (rng() < 0.4) conditions.burstLoss = pick(rng, [0.4, 0.8]);
  }
  if (rng() < 0.25) {
    conditions.reorder = pick(rng, [0.01, 0.2, 0.6]);
    conditions.reorderMs = pick(rng, [20, 100, 300]);
  }
  if (rng() < 0.15) conditions.copies = pick(rng, [2, 3]);
  if (rng() < 0.15) conditions.fifo = true;
  if (rng() < 0.12) conditions.freezes = spans(rng, 1 + (rng.u32() % 3), STARTED_MS / 5, calmMs, pick(rng, [200, 1_000, 3_000]));
  // From hardly enough for one short packet a tick to plenty.
  if (slowControl && rng() < 0.1) {
    conditions.rate = { bytesPerSecond: Math.max(4_000, fps * pick(rng, [20, 60, 300])), queueBytes: pick(rng, [200, 2_000, 10_000]) };
  }
  return conditions;
}

/** Spans that do not overlap, of up to some length, all within [fromMs, toMs]. */
function spans(rng: Rng, count: number, fromMs: number, toMs: number, longestMs: number): (readonly [number, number])[] {
  const made: (readonly [number, number])[] = [];
  let at = fromMs;
  for (let i = 0; i < count; i++) {
    const from = at + rng() * ((toMs - at) / (count - i));
    const to = Math.min(toMs, from + rng() * longestMs);
    if (to - from > 1) made.push([Math.round(from), Math.round(to)]);
    // Silences one after the other would add up.
    at = to + 400;
    if (at >= toMs) break;
  }
  return made;
}

function pick<T>(rng: Rng, from: readonly T[]): T {
  return from[rng.u32() % from.length]!;
}

function between(rng: Rng, from: number, to: number): number {
  return from + rng() * (to - from);
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
