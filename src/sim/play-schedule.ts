// Plays a schedule under the eyes of the oracle, to its end or to the first failure.
import type { SessionStats } from '../session/stats.js';
import type { Failure } from './failure.js';
import type { Network } from './network.js';
import { letIn } from './intruders.js';
import { Oracle } from './oracle.js';
import { ChainGame, scheduledBot, scheduledGame, scheduledInput, scheduledPredictor, stateOf } from './schedule-game.js';
import type { Schedule, ScheduledPeer } from './schedule.js';
import type { SimPeerOptions } from './sim-peer.js';
import { Simulation } from './simulation.js';
import { judge, JUDGED_MS, SETTLE_MS, standingOf, startDelay } from './verdict.js';
import type { Labelled } from './watched-game.js';

/** What came of a schedule. */
export interface Outcome {
  readonly failure: Failure | undefined;
  /** Frames simulated for the first time, of all peers together. */
  readonly peerFrames: number;
  /** What each peer's session says of itself at the end. */
  readonly stats: readonly SessionStats[];
  /** How often each event was told. */
  readonly events: Readonly<Oracle<number, number>['events']>;
  /** Input packets sent and lost until the quiet end. */
  readonly sent: number;
  readonly lost: number;
}

/** How often a run is looked at whether it has failed. */
const LOOK_MS = 250;

/** Plays it to its end, or to the first failure. What the engine throws is a failure too. */
export async function playSchedule(schedule: Schedule): Promise<Outcome> {
  const oracle = makeOracle(schedule);
  const simulation = makeSimulation(schedule, oracle);
  const { peers } = simulation;
  oracle.follow(peers, () => simulation.clock.now());
  const until = async (ms: number): Promise<void> => {
    while (simulation.clock.now() < ms && oracle.failure === undefined) {
      const step = Math.min(LOOK_MS, ms - simulation.clock.now());
      if (schedule.promises === true) await simulation.runAsync(step);
      else simulation.run(step);
    }
  };
  try {
    await until(schedule.calmMs + SETTLE_MS);
    const isDesyncDue = peers.every(({ final, session }) => final >= oracle.desyncAt && session.state === 'running');
    await until(schedule.ms - JUDGED_MS);
    const before = standingOf(peers);
    await until(schedule.ms);
    if (oracle.failure === undefined) {
      judge(schedule, oracle, peers, before);
      oracle.finish(isDesyncDue, isStartDue(schedule));
    }
  } catch (error) {
    oracle.fail(
      'threw',
      -1,
      Math.max(...peers.map(({ session }) => session.frame)),
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
  const { sent, lost } = traffic(schedule, simulation.network);
  return {
    failure: oracle.failure,
    peerFrames: peers.reduce((sum, { session }) => sum + session.frame, 0),
    stats: peers.map(({ session }) => session.stats()),
    events: oracle.events,
    sent,
    lost,
  };
}

/** ms in which a match must have begun once nothing is in the way, on paths that lose nothing, and on those on which messages are repeated. */
const START_MS = 3_000;
const SLOW_START_MS = 9_000;

/** Whether there was time enough to start: long enough together with all peers there and awake, and no path blocked. */
function isStartDue({ ms, peers, paths }: Schedule): boolean {
  const isSlow = paths.some(
    ([, , { loss = 0, rate, outages, randomFreezes }]) => loss > 0 || (rate ?? outages ?? randomFreezes) !== undefined,
  );
  const blocks = [
    ...peers.flatMap(({ hitches = [] }) => hitches),
    ...paths.flatMap(([, , { outages = [], freezes = [] }]) => [...outages, ...freezes]),
  ].sort(([a], [b]) => a - b);
  let freeFrom = Math.max(...peers.map(({ startMs = 0 }) => startMs));
  for (const [from, to] of [...blocks, [ms, ms] as const]) {
    if (from - freeFrom >= (isSlow ? SLOW_START_MS : START_MS)) return true;
    freeFrom = Math.max(freeFrom, to);
  }
  return false;
}

/** The slots of each peer, in the order of their ids. */
function slotsOf(schedule: Schedule): number[][] {
  let next = 0;
  return schedule.peers.map(({ locals }) => Array.from({ length: locals }, () => next++));
}

function makeOracle(schedule: Schedule): Oracle<number, number> {
  const slots = slotsOf(schedule);
  return new Oracle({
    input: scheduledInput(schedule.words),
    game: () => new ChainGame(),
    fingerprint: stateOf,
    peers: schedule.peers.map(({ inputDelay, workMs = 0, saveEvery = 1 }, index) => ({
      slots: slots[index]!,
      inputDelay: startDelay(inputDelay),
      auto: typeof inputDelay !== 'number',
      slow: workMs > 0,
      saveEvery,
    })),
    window: schedule.window,
    checkInterval: schedule.checkInterval,
    waitMs: schedule.waitMs,
    ...(schedule.plant === undefined ? {} : { plant: schedule.plant }),
  });
}

function makeSimulation(schedule: Schedule, oracle: Oracle<number, number>): Simulation<number, Labelled<number>> {
  const { seed, fps, window, checkInterval, waitMs, words, calm, calmMs, paths } = schedule;
  const input = scheduledInput(words);
  const conditions = new Map(paths.map(([from, to, impairment]) => [`peer-${from}>peer-${to}`, impairment]));
  const simulation = new Simulation<number, Labelled<number>>({
    seed,
    play: {
      input,
      gameId: 'scheduled@1',
      players: schedule.peers.reduce((sum, { locals }) => sum + locals, 0),
      fps,
      window,
      checkInterval,
      waitMs,
    },
    game: (peer) => oracle.watch(peer, scheduledGame(schedule, peer)),
    bot: (peer, rng) => scheduledBot(schedule.peers[peer]!.bot, words, rng),
    network: (from, to) => conditions.get(`${from}>${to}`) ?? {},
    calm: { fromMs: calmMs, network: calm },
    peers: schedule.peers.map(peerOptions),
    history: false,
    watcher: oracle,
  });
  letIn(schedule, simulation);
  return simulation;
}

function traffic(schedule: Schedule, network: Network): { sent: number; lost: number } {
  let sent = 0;
  let lost = 0;
  for (const [from, to] of schedule.paths) {
    const counters = network.counters(`peer-${from}`, `peer-${to}`);
    sent += counters.sent;
    lost += counters.lost;
  }
  return { sent, lost };
}

function peerOptions(peer: ScheduledPeer): SimPeerOptions<number> {
  const { bot: _, predict, ...options } = peer;
  return { ...options, predict: scheduledPredictor(predict) };
}
