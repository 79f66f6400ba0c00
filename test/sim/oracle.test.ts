// The oracle: it is silent about matches that keep the rules, and names what breaks them. That it sees faults of the engine is proven by
// planting them: npm run soak:faults.
import { describe, expect, it } from 'vitest';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { InputStatus } from '../../src/core/frame.js';
import type { Failure, FailureKind } from '../../src/sim/failure.js';
import { scheduleFrom } from '../../src/sim/generator.js';
import { Oracle } from '../../src/sim/oracle.js';
import { playSchedule } from '../../src/sim/play-schedule.js';
import { ChainGame, scheduledInput, stateOf } from '../../src/sim/schedule-game.js';
import type { Schedule } from '../../src/sim/schedule.js';
import { shrink } from '../../src/sim/shrink.js';
import { Simulation } from '../../src/sim/simulation.js';
import { Truth } from '../../src/sim/truth.js';
import { type Labelled, WatchedGame } from '../../src/sim/watched-game.js';

const PATH = { delayMs: 50, jitterMs: 10, loss: 0.05 };
const PLAIN: Schedule = {
  seed: 1,
  ms: 6_000,
  calmMs: 3_000,
  calm: { delayMs: 20 },
  fps: 60,
  window: 8,
  checkInterval: 60,
  waitMs: 30_000,
  words: 1,
  peers: [0, 1].map(() => ({ locals: 1, inputDelay: 0, bot: { kind: 'busy' as const } })),
  paths: [
    [0, 1, PATH],
    [1, 0, PATH],
  ],
};

describe('schedules', () => {
  it('from the same seed are the same, also as JSON; what is played from them is the same', async () => {
    const schedule = scheduleFrom(7);
    expect(scheduleFrom(7)).toEqual(schedule);
    expect(JSON.parse(JSON.stringify(schedule))).toEqual(schedule);
    expect(scheduleFrom(8)).not.toEqual(schedule);
    expect(await playSchedule(schedule)).toEqual(await playSchedule(JSON.parse(JSON.stringify(schedule)) as Schedule));
  });

  it('30 seeds with two peers, and 4 with more: no failure, and rollbacks, stalls and losses happened', { timeout: 60_000 }, async () => {
    let rollbacks = 0;
    let stalled = 0;
    let lost = 0;
    for (let seed = 1; seed <= 34; seed++) {
      const outcome = await playSchedule(scheduleFrom(seed, seed <= 30 ? 2 : [3, 8]));
      expect(outcome.failure, `seed ${seed}`).toBeUndefined();
      lost += outcome.lost;
      for (const stats of outcome.stats) {
        rollbacks += stats.rollbacks;
        stalled += stats.stalled;
      }
    }
    expect(rollbacks).toBeGreaterThan(1_000);
    expect(stalled).toBeGreaterThan(1_000);
    expect(lost).toBeGreaterThan(1_000);
  });

  it('reach every corner within 2 000 seeds', () => {
    const schedules = Array.from({ length: 2_000 }, (_, i) => scheduleFrom(i + 1));
    const share = (of: (schedule: Schedule) => boolean): number => schedules.filter(of).length / schedules.length;
    expect(share(({ window }) => window === 0)).toBeGreaterThan(0.05);
    expect(share(({ window }) => window >= 20)).toBeGreaterThan(0.05);
    expect(share(({ plant }) => plant?.kind === 'state')).toBeGreaterThan(0.02);
    expect(share(({ plant }) => plant?.kind === 'inputs')).toBeGreaterThan(0.02);
    expect(share(({ promises }) => promises === true)).toBeGreaterThan(0.01);
    expect(share(({ strayMs }) => strayMs !== undefined)).toBeGreaterThan(0.02);
    for (const key of [
      'leavesMs',
      'dies',
      'clock',
      'delays',
      'workMs',
      'skips',
      'hitches',
      'displayHz',
      'startMs',
      'saveEvery',
      'predict',
    ] as const) {
      expect(
        share(({ peers }) => peers.some((peer) => peer[key] !== undefined)),
        key,
      ).toBeGreaterThan(0.05);
    }
    expect(share(({ paths }) => paths.some(([, , { outages }]) => outages !== undefined))).toBeGreaterThan(0.1);
    // All of them end quietly: nothing of what befalls anybody comes after the calm has begun, but a return.
    for (const { peers, calmMs, paths, ms } of schedules) {
      expect(ms - calmMs).toBeGreaterThanOrEqual(3_000);
      for (const { hitches = [], delays = [] } of peers) {
        expect(Math.max(0, ...hitches.map(([, to]) => to), ...delays.map(([at]) => at))).toBeLessThanOrEqual(calmMs);
      }
      for (const [, , { outages = [] }] of paths) expect(Math.max(0, ...outages.map(([, to]) => to))).toBeLessThanOrEqual(calmMs);
    }
  });
});

describe('the oracle', () => {
  it.each<[string, Partial<Schedule>, FailureKind]>([
    ['a network that stays dead', { calm: { loss: 1 } }, 'stuck'],
    ['a path that is said to be even, and is not', { calm: { delayMs: 20, jitterMs: 20 } }, 'timing'],
  ])('names %s', async (_, change, kind) => {
    expect((await playSchedule(PLAIN)).failure).toBeUndefined();
    const { failure } = await playSchedule({ ...PLAIN, ...change });
    expect(failure?.kind).toBe(kind);
  });

  it.each(['state', 'inputs'] as const)('is content with a planted divergence of %s that both sides tell of', async (kind) => {
    const { failure, events } = await playSchedule({ ...PLAIN, plant: { kind, peer: 1, frame: 30 } });
    expect(failure).toBeUndefined();
    expect(events.desync).toBeGreaterThanOrEqual(2);
  });

  /** A match under the eyes of the oracle, which was not told what is wrong with it. */
  function watched(wrongAt: number, forge: boolean): Failure | undefined {
    const input = scheduledInput(1);
    const oracle = new Oracle<number, number>({
      input,
      game: () => new ChainGame(),
      fingerprint: stateOf,
      peers: [
        { slots: [0], inputDelay: 1 },
        { slots: [1], inputDelay: 1 },
      ],
      window: 8,
      checkInterval: 60,
      waitMs: 30_000,
    });
    const simulation = new Simulation<number, Labelled<number>>({
      seed: 5,
      play: { input, gameId: 'watched@1', players: 2 },
      game: (peer) => oracle.watch(peer, new ChainGame(peer === 1 ? wrongAt : -1)),
      bot: (peer) => (n) => (n * 7 + peer) & 0xff,
      network: { delayMs: 40 },
      history: false,
      watcher: oracle,
    });
    oracle.follow(simulation.peers, () => simulation.clock.now());
    const { session } = simulation.peers[0]!;
    const give = session.input.bind(session);
    let n = 0;
    if (forge) session.input = (slot, value) => give(slot, n++ === 50 ? value ^ 1 : value);
    simulation.run(3_000);
    return oracle.failure;
  }

  it('names a game that goes wrong at its frame, an input that is not the one given, and nothing where nothing is wrong', () => {
    expect(watched(-1, false)).toBeUndefined();
    expect(watched(77, false)).toMatchObject({ kind: 'state', peer: 1, frame: 77 });
    expect(watched(-1, true)).toMatchObject({ kind: 'input', frame: 51 });
  });

  it('keeps nothing of the frames that are over', { timeout: 60_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapAfter = async (ms: number): Promise<number> => {
      const input = scheduledInput(1);
      const oracle = new Oracle<number, number>({
        input,
        game: () => new ChainGame(),
        fingerprint: stateOf,
        peers: [
          { slots: [0], inputDelay: 1 },
          { slots: [1], inputDelay: 1 },
        ],
        window: 8,
        checkInterval: 60,
        waitMs: 30_000,
      });
      const simulation = new Simulation<number, Labelled<number>>({
        seed: 5,
        play: { input, gameId: 'watched@1', players: 2 },
        game: (peer) => oracle.watch(peer, new ChainGame()),
        bot: (_, rng) => () => rng.u32() & 0xff,
        network: PATH,
        history: false,
        watcher: oracle,
      });
      oracle.follow(simulation.peers, () => simulation.clock.now());
      simulation.run(20_000);
      collect();
      const before = process.memoryUsage().heapUsed;
      simulation.run(ms);
      collect();
      const grown = process.memoryUsage().heapUsed - before;
      expect(oracle.failure).toBeUndefined();
      expect(simulation.peers[0]!.final).toBeGreaterThan(ms / 17);
      return grown;
    };
    await heapAfter(60_000);
    expect(await heapAfter(600_000)).toBeLessThan(300_000);
  });
});

describe('the truth', () => {
  const truthOf = (frames: number): Truth<number, number> => {
    const truth = new Truth(scheduledInput(1), [0, 0], new ChainGame(), stateOf);
    for (let frame = 0; frame < frames; frame++) for (const slot of [0, 1]) truth.give(slot, frame, 7 * frame + slot);
    return truth;
  };

  it('a slot that is cut where the replay had already passed: what follows is what it would have been', () => {
    for (const last of [0, 63, 64, 100, 150, 198, 199]) {
      const [late, early] = [truthOf(200), truthOf(200)];
      const before = late.hash(199);
      late.cut(1, last);
      early.cut(1, last);
      const frames = Array.from({ length: 200 }, (_, frame) => frame);
      expect(frames.map((frame) => late.hash(frame))).toEqual(frames.map((frame) => early.hash(frame)));
      expect(late.hash(199) === before).toBe(last === 199);
    }
  });

  it('a delay that is raised repeats the last input, one that is lowered joins every other sample to the next', () => {
    const truth = new Truth(scheduledInput(1), [1], new ChainGame(), stateOf);
    const samples = [1, 2, 4, 8, 16, 32, 64];
    samples.forEach((input, sim) => {
      if (sim === 2) truth.setDelay(0, 3);
      if (sim === 4) truth.setDelay(0, 1);
      truth.give(0, sim, input);
    });
    const inputs = Array.from({ length: truth.last(0) + 1 }, (_, frame) =>
      samples.concat(0, 48).find((input) => truth.equals(0, frame, Uint16Array.of(input), 0)),
    );
    // 16 has no frame of its own and goes into the next that is free, with 32; then 64 waits.
    expect(inputs).toEqual([0, 1, 2, 2, 2, 4, 8, 48]);
  });
});

describe('a watched game', () => {
  const STATUS: readonly InputStatus[] = ['confirmed', 'predicted'];

  function watchedGame(sparse = 0): { game: WatchedGame<number, number>; failures: FailureKind[] } {
    const failures: FailureKind[] = [];
    const codec = scheduledInput(1);
    const truth = new Truth(codec, [0, 0], new ChainGame(), stateOf);
    for (let frame = 0; frame < 20; frame++) truth.give(0, frame, 5);
    const game = new WatchedGame<number, number>({
      game: new ChainGame(),
      codec,
      slots: 2,
      truth,
      sparse,
      window: 4,
      fingerprint: stateOf,
      failed: (kind) => failures.push(kind),
      forged: () => false,
    });
    return { game, failures };
  }

  const advance = (game: WatchedGame<number, number>, frame: number, other: number, resimulating = false, own = 5): void => {
    void game.advance([own, other], { frame, status: STATUS, resimulating });
  };
  const save = (game: WatchedGame<number, number>, reuse?: Labelled<number>): Labelled<number> => game.save(reuse) as Labelled<number>;

  it('is content with frames in order and a rollback that changes something', () => {
    const { game, failures } = watchedGame();
    const saved = save(game);
    advance(game, 0, 1);
    advance(game, 1, 1);
    void game.load(saved);
    advance(game, 0, 2, true);
    advance(game, 1, 2, true);
    advance(game, 2, 2);
    expect(failures).toEqual([]);
    expect(game.sim).toBe(3);
  });

  it.each<[FailureKind, (game: WatchedGame<number, number>) => void]>([
    ['order', (game) => advance(game, 1, 0)],
    ['order', (game) => advance(game, 0, 0, true)],
    ['input', (game) => advance(game, 0, 0, false, 6)],
    [
      'needless',
      (game) => {
        const saved = save(game);
        advance(game, 0, 1);
        void game.load(saved);
        advance(game, 0, 1, true);
      },
    ],
    [
      'order',
      (game) => {
        const saved = save(game);
        advance(game, 0, 1);
        // Filled anew, and then loaded as if it still were the first.
        save(game, saved);
        void game.load(saved);
        advance(game, 0, 2, true);
      },
    ],
    [
      'depth',
      (game) => {
        const saved = save(game);
        for (let frame = 0; frame < 5; frame++) advance(game, frame, 1);
        void game.load(saved);
      },
    ],
    [
      'rewritten',
      (game) => {
        const saved = save(game);
        advance(game, 0, 1);
        advance(game, 1, 1);
        game.final = 0;
        void game.load(saved);
      },
    ],
  ])('finds what is wrong: %s', (kind, play) => {
    const { game, failures } = watchedGame();
    play(game);
    expect(failures[0]).toBe(kind);
  });
});

describe('the shrinker', () => {
  it('leaves what the failure needs and nothing else, and takes a schedule that cannot be played for one that does not fail', async () => {
    const big = { ...scheduleFrom(1), ...PLAIN, window: 3, fps: 144, junkMs: 100, strayMs: 50 };
    const peers = big.peers.map((peer) => ({
      ...peer,
      hitches: [
        [100, 200],
        [500, 900],
      ] as const,
      clock: { offsetMs: 4, skewPpm: 2 },
    }));
    let asked = 0;
    const { schedule, tries } = await shrink({ ...big, peers }, async (candidate) => {
      asked++;
      if (candidate.paths.some(([, , { jitterMs = 0, delayMs = 0 }]) => jitterMs > delayMs)) throw new Error('cannot be played');
      return Promise.resolve(candidate.window === 3 && candidate.peers[1]?.hitches !== undefined);
    });
    expect(schedule).toMatchObject({ window: 3, fps: 60, paths: [], calm: {}, words: 1 });
    expect([schedule.junkMs, schedule.strayMs]).toEqual([undefined, undefined]);
    expect(schedule.peers[0]).toEqual({ locals: 1, inputDelay: 1, bot: { kind: 'idle' } });
    expect(Object.keys(schedule.peers[1]!).sort()).toEqual(['bot', 'hitches', 'inputDelay', 'locals']);
    expect(schedule.peers[1]!.hitches).toHaveLength(1);
    expect(schedule.ms).toBeLessThan(4_000);
    expect(tries).toBe(asked);
    expect(tries).toBeLessThan(300);
  });
});
