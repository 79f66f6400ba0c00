// Makes a schedule that fails as small as it gets while it still fails: takes away one thing after the other, and keeps what is needed.
import type { Impairment } from './impairment.js';
import type { Schedule, ScheduledPeer } from './schedule.js';

/** What an ordinary match looks like: values that draw no attention. */
const PLAIN = { fps: 60, window: 8, checkInterval: 60, waitMs: 30_000, words: 1, calm: {} } as const satisfies Partial<Schedule>;
const PLAIN_PEER: ScheduledPeer = { locals: 1, inputDelay: 1, bot: { kind: 'idle' } };
/** The shortest that is tried: a start, and a moment in which something may go wrong. */
const SHORTEST_MS = 300;
/** Plays at most: a failure that is not much smaller by then will not be. */
const TRIES = 500;

export interface Shrunk {
  readonly schedule: Schedule;
  /** How often a schedule was played for it. */
  readonly tries: number;
}

/** @param fails Whether a schedule fails in the same way. It is not asked about the first one. */
export async function shrink(schedule: Schedule, fails: (candidate: Schedule) => Promise<boolean>): Promise<Shrunk> {
  const failsSoundly = async (candidate: Schedule): Promise<boolean> => {
    try {
      return await fails(candidate);
    } catch {
      // What is left cannot be played at all: a jitter without a delay.
      return false;
    }
  };
  let smallest = schedule;
  let tries = 0;
  for (let again = true; again && tries < TRIES;) {
    again = false;
    let candidates = [...simpler(smallest)];
    for (let i = 0; i < candidates.length && tries < TRIES;) {
      tries++;
      if (await failsSoundly(candidates[i]!)) {
        smallest = candidates[i]!;
        again = true;
        // Where the one that was taken away stood there is another thing now.
        candidates = [...simpler(smallest)];
      } else {
        i++;
      }
    }
  }
  return { schedule: smallest, tries };
}

/** All schedules that are simpler by one thing, what takes away most first. */
function* simpler(schedule: Schedule): Generator<Schedule> {
  yield* shorter(schedule);
  yield* without(schedule, ['promises', 'junkMs', 'strayMs', 'plant']);
  if (schedule.paths.length > 0) yield { ...schedule, paths: [] };
  yield* fewerPeers(schedule);
  for (let i = 0; i < schedule.paths.length; i++) {
    yield { ...schedule, paths: schedule.paths.filter((_, at) => at !== i) };
    for (const simple of simplerPath(schedule.paths[i]![2]))
      yield { ...schedule, paths: replaced(schedule.paths, i, withConditions(schedule.paths[i]!, simple)) };
  }
  for (let i = 0; i < schedule.peers.length; i++) {
    for (const simple of simplerPeer(schedule.peers[i]!)) yield { ...schedule, peers: replaced(schedule.peers, i, simple) };
  }
  for (const key of Object.keys(PLAIN) as (keyof typeof PLAIN)[]) {
    if (JSON.stringify(schedule[key]) !== JSON.stringify(PLAIN[key])) yield { ...schedule, [key]: PLAIN[key] };
  }
}

function* shorter(schedule: Schedule): Generator<Schedule> {
  const { ms, calmMs } = schedule;
  for (const share of [0.25, 0.5, 0.8, 0.95]) {
    // Without its quiet end a schedule is not judged by its progress, which is part of how it fails.
    const shorterMs = Math.round(calmMs * share);
    if (shorterMs >= SHORTEST_MS) yield { ...schedule, calmMs: shorterMs, ms: ms - calmMs + shorterMs };
  }
  if (ms - calmMs > 3_000) yield { ...schedule, ms: calmMs + 3_000 };
}

function* fewerPeers(schedule: Schedule): Generator<Schedule> {
  const last = schedule.peers.length - 1;
  if (last < 2 || schedule.plant?.peer === last) return;
  yield {
    ...schedule,
    peers: schedule.peers.slice(0, last),
    paths: schedule.paths.filter(([from, to]) => from !== last && to !== last),
  };
}

function* simplerPath(conditions: Impairment): Generator<Impairment> {
  yield* without(conditions, Object.keys(conditions) as (keyof Impairment)[]);
  const { outages } = conditions;
  if (outages !== undefined) for (const fewer of fewerSpans(outages)) yield { ...conditions, outages: fewer };
}

function* simplerPeer(peer: ScheduledPeer): Generator<ScheduledPeer> {
  for (const key of Object.keys(peer) as (keyof ScheduledPeer)[]) {
    if (key in PLAIN_PEER) {
      const plain = PLAIN_PEER[key as 'locals'];
      if (JSON.stringify(peer[key]) !== JSON.stringify(plain)) yield { ...peer, [key]: plain };
    } else {
      yield* without(peer, [key]);
    }
  }
  if (peer.hitches !== undefined) for (const hitches of fewerSpans(peer.hitches)) yield { ...peer, hitches };
  const { delays = [] } = peer;
  for (let i = 0; i < delays.length; i++) if (delays.length > 1) yield { ...peer, delays: delays.filter((_, at) => at !== i) };
  if (peer.clock !== undefined) for (const clock of without(peer.clock, ['offsetMs', 'skewPpm', 'driftPpm'])) yield { ...peer, clock };
}

type Spans = readonly (readonly [number, number])[];

function* fewerSpans(spans: Spans): Generator<Spans> {
  for (let i = 0; i < spans.length; i++) if (spans.length > 1) yield spans.filter((_, at) => at !== i);
  for (let i = 0; i < spans.length; i++) {
    const [from, to] = spans[i]!;
    if (to - from >= 2) yield replaced(spans, i, [from, from + Math.floor((to - from) / 2)]);
  }
}

function* without<T extends object>(from: T, keys: readonly (keyof T)[]): Generator<T> {
  for (const key of keys) {
    if (!(key in from)) continue;
    const { [key]: _, ...rest } = from;
    yield rest as T;
  }
}

function replaced<T>(list: readonly T[], at: number, value: T): T[] {
  return list.map((item, i) => (i === at ? value : item));
}

function withConditions([from, to]: Schedule['paths'][number], conditions: Impairment): Schedule['paths'][number] {
  return [from, to, conditions];
}
