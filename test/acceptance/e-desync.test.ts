// Acceptance scenarios E: checks that raise no false alarm, and name what really differs. (E5, the sync test, stands in test/sim.)
import { pack, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { Game } from '../../src/core/game.js';
import type { PlayOptions } from '../../src/session/options.js';
import type { Desync } from '../../src/session/events.js';
import { randomButtons } from '../../src/sim/bots.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { Simulation } from '../../src/sim/simulation.js';
import { KIND, kindOf } from '../../src/wire/head.js';
import { buttons } from '../games.js';
import { Scenario, seeds } from './scenario.js';

interface World {
  frame: number;
  players: { x: number; hp: number }[];
  items: Map<string, number>;
}

/** A game of plain objects. @param wrongAt From which frame on this copy of it does something of its own. */
function worldGame(wrongAt: number, wrong: (world: World) => void): Game<number, World> {
  let world: World = { frame: 0, players: [0, 1].map(() => ({ x: 0, hp: 100 })), items: new Map([['sword', 1]]) };
  return {
    advance: (inputs) => {
      inputs.forEach((input, slot) => {
        world.players[slot]!.x = (world.players[slot]!.x * 3 + input + slot) % 65_537;
      });
      if (world.frame === wrongAt) wrong(world);
      world.frame++;
    },
    save: () => structuredClone(world),
    load: (saved) => {
      world = structuredClone(saved);
    },
  };
}

/** The same as bytes: 300 KB of which a word changes each frame. */
function bytesGame(wrongAt: number): Game<number, Uint8Array> {
  const bytes = new Uint8Array(300_000);
  const words = new Uint32Array(bytes.buffer);
  return {
    advance: (inputs) => {
      const frame = words[0]!;
      words[1 + (frame % 70_000)]! += inputs[0]! * 3 + inputs[1]!;
      if (frame === wrongAt) words[50_000] = 77;
      words[0]!++;
    },
    save: (reuse = new Uint8Array(bytes.length)) => {
      reuse.set(bytes);
      return reuse;
    },
    load: (saved) => bytes.set(saved),
  };
}

const ONE_WAY_MS = 40;
const WRONG_AT = 200;

/** Two peers of which the first goes wrong at a frame. @returns the desyncs that each was told of, with the time of each. */
function diverge<S>(
  game: (wrongAt: number) => Game<number, S>,
  play: Partial<PlayOptions<number>> = {},
  network: Impairment = { delayMs: ONE_WAY_MS },
  seed = 1,
): { simulation: Simulation<number, S>; told: { atMs: number; desync: Desync }[][] } {
  let made = 0;
  const simulation = new Simulation<number, S>({
    seed,
    play: { input: buttons, gameId: 'test@1', players: 2, ...play },
    game: () => game(made++ === 0 ? WRONG_AT : Infinity),
    bot: (_, rng) => randomButtons(rng, 0.3),
    network,
  });
  const told: { atMs: number; desync: Desync }[][] = [[], []];
  for (let ms = 0; ms < 9_000; ms += 5) {
    simulation.run(5);
    simulation.peers.forEach((peer, i) => {
      const desyncs = peer.events.filter((event) => event.type === 'desync');
      for (const desync of desyncs.slice(told[i]!.length)) told[i]!.push({ atMs: simulation.clock.now(), desync });
    });
  }
  return { simulation, told };
}

describe('E1: no false alarm', () => {
  it('E1 deep, asymmetric, reordered rollbacks with a checksum every frame', () => {
    for (const seed of seeds(6)) {
      const scenario = new Scenario({
        seed,
        play: { checkInterval: 1, window: 12, inputDelay: 0 },
        network: [
          { delayMs: 20, jitterMs: 15, loss: 0.1 },
          { delayMs: 110, jitterMs: 60, loss: 0.05, reorder: 0.2, reorderMs: 80 },
        ],
        restless: 0.4,
      }).run(10_000);
      scenario.expectEqual({ confirmed: 400 });
      const depths = scenario.simulation.peers.map((_, i) => scenario.stats(i).depths.findLastIndex((times) => times > 0));
      expect(Math.max(...depths), scenario.replay).toBeGreaterThanOrEqual(8);
      expect(
        scenario.total((stats) => stats.checksPassed),
        scenario.replay,
      ).toBeGreaterThan(700);
    }
  });
});

describe('E2: a true divergence', () => {
  /** Interval + window + one round trip, and the ticks in which each of the two messages is taken and sent. */
  const LIMIT_MS = ((60 + 8 + 3) * 1000) / 60 + 2 * ONE_WAY_MS;

  it('E2 is told on both sides, in time, with its frame, cause, checksums and paths', () => {
    const { simulation, told } = diverge((wrongAt) =>
      worldGame(wrongAt, (world) => {
        world.players[1]!.hp -= 1;
        world.items.set('bow', 2);
      }),
    );
    const [first, second] = told.map((list) => list[0]!);
    for (const [i, { atMs, desync }] of [first!, second!].entries()) {
      expect(desync).toMatchObject({ frame: 240, cause: 'state', peer: `peer-${1 - i}` });
      expect(atMs - simulation.peers[0]!.simulatedAt[WRONG_AT]!).toBeLessThanOrEqual(LIMIT_MS);
      expect(desync.paths).toEqual(
        i === 0 ? ['items.get("bow") only here', 'players[1].hp'] : ['items (a key only there)', 'players[1].hp'],
      );
    }
    expect([first!.desync.local, first!.desync.remote]).toEqual([second!.desync.remote, second!.desync.local]);
    expect(first!.desync.local).not.toBe(first!.desync.remote);
    // What follows is told too, each check once, without paths.
    expect(told[0]!.slice(1).map(({ desync }) => [desync.frame, desync.paths])).toEqual(
      told[0]!.slice(1).map((_, i) => [300 + 60 * i, []]),
    );
    expect(told[0]!.length).toBeGreaterThan(3);
  });

  it('E2 of bytes is named to the word, after a few round trips', () => {
    const { told } = diverge((wrongAt) => bytesGame(wrongAt));
    for (const [first] of told) expect(first!.desync).toMatchObject({ frame: 240, cause: 'state', paths: ['bytes 200000..200003'] });
  });

  it('E2 under loss, and with a check in every frame, is named all the same', () => {
    for (const [checkInterval, loss] of [
      [60, 0.2],
      [1, 0.1],
    ] as const) {
      const { told } = diverge(
        (wrongAt) => worldGame(wrongAt, (world) => (world.players[0]!.hp = 1)),
        { checkInterval },
        { delayMs: 60, jitterMs: 30, loss },
      );
      for (const list of told) {
        expect(list[0]!.desync.frame).toBe(checkInterval === 60 ? 240 : WRONG_AT + 1);
        expect(list.filter(({ desync }) => desync.paths.length > 0).map(({ desync }) => desync.paths)).toEqual([['players[0].hp']]);
      }
    }
  });

  it('E2 under heavy loss the answer is waited for: repeated messages take seconds', () => {
    for (const seed of seeds(40)) {
      const { told } = diverge(
        (wrongAt) => worldGame(wrongAt, (world) => (world.players[0]!.hp = 1)),
        {},
        { delayMs: 60, jitterMs: 30, loss: 0.2 },
        seed,
      );
      for (const list of told) expect(list[0]!.desync, `seed ${seed}`).toMatchObject({ frame: 240, paths: ['players[0].hp'] });
    }
  });

  it('E2 of states that are no plain values has no paths, and comes at once', () => {
    class Sealed {
      constructor(readonly sum: number) {}
    }
    const { told } = diverge((wrongAt) => {
      let sum = 0;
      let frame = 0;
      return {
        advance: (inputs: readonly number[]) => {
          sum = (sum * 31 + inputs[0]! + inputs[1]! + (frame === wrongAt ? 1 : 0)) % 1_000_003;
          frame++;
        },
        save: () => ({ sealed: new Sealed(sum), frame }),
        load: (saved: { sealed: Sealed; frame: number }) => {
          ({ sum } = saved.sealed);
          ({ frame } = saved);
        },
        checksum: (saved: { sealed: Sealed }) => saved.sealed.sum,
      };
    });
    for (const [first] of told) expect(first!.desync).toMatchObject({ frame: 240, cause: 'state', paths: [] });
  });

  it('E2 inputs that differ are told as such', () => {
    const scenario = new Scenario({ seed: 1, network: { delayMs: 20 } });
    // What peer-1 is told of frame 100 is not what peer-0 plays.
    const lie = (bytes: Uint8Array): Uint8Array => {
      const changed = new Uint8Array(bytes);
      changed[changed.length - 2] = changed[changed.length - 2] === 1 ? 2 : 1;
      return changed;
    };
    let lied = false;
    scenario.tapInputs((from, n, bytes) => {
      if (from !== 'peer-0' || n < 100 || lied) return bytes;
      lied = true;
      return lie(bytes);
    });
    scenario.run(5_000);
    for (const peer of scenario.simulation.peers) {
      const [desync] = peer.events.filter((event) => event.type === 'desync');
      expect(desync).toMatchObject({ frame: 120, cause: 'inputs', paths: [] });
    }
  });
});

describe('E3: checks that are lost, doubled, late or of unknown frames', () => {
  it('E3 raise no alarm, and what can be compared is compared', () => {
    for (const seed of seeds(4)) {
      const scenario = new Scenario({ seed, play: { checkInterval: 20 }, network: { delayMs: 50, jitterMs: 20, loss: 0.05 } });
      let checks = 0;
      scenario.tapControl((_, bytes, pass) => {
        if (kindOf(bytes[1]!) !== KIND.check) return pass(bytes);
        switch (checks++ % 4) {
          case 0:
            return;
          case 1:
            pass(bytes);
            return pass(bytes);
          case 2: {
            pass(bytes);
            // The same of a frame that is no check frame, and of one far away.
            const [head, frame, ...rest] = unpack(bytes) as number[];
            pass(pack([head, frame! + 7, ...rest]));
            return pass(pack([head, frame! + 200_000, ...rest]));
          }
          default:
            scenario.simulation.clock.after(700, () => pass(bytes));
        }
      });
      scenario.run(10_000);
      expect(scenario.simulation.difference(), scenario.replay).toBeUndefined();
      expect(checks, scenario.replay).toBeGreaterThan(40);
      for (const peer of scenario.simulation.peers) {
        expect(
          peer.events.filter(({ type }) => type === 'desync' || type === 'ended'),
          scenario.replay,
        ).toEqual([]);
        expect(peer.session.stats().checksPassed, scenario.replay).toBeGreaterThan(checks / 4);
      }
    }
  });
});

describe('E4: sparse saving', () => {
  it('E4 is compared at the same frames as ever, whatever each side saves', () => {
    for (const [seed, saveEvery] of [
      [1, 3],
      [2, 7],
      [3, 30],
    ] as const) {
      const scenario = new Scenario({
        seed,
        play: { checkInterval: 50 },
        peers: [{ saveEvery }, {}],
        network: { delayMs: 70, jitterMs: 30, loss: 0.1 },
        restless: 0.3,
      }).run(10_000);
      expect(scenario.simulation.difference(), scenario.replay).toBeUndefined();
      const [sparse, dense] = [scenario.stats(0), scenario.stats(1)];
      expect(sparse.checksPassed, scenario.replay).toBeGreaterThan(9);
      expect(sparse.rollbacks, scenario.replay).toBeGreaterThan(100);
      expect(sparse.saves, scenario.replay).toBeLessThan(dense.saves / 2);
      expect(sparse.resimulated, scenario.replay).toBeGreaterThan(dense.resimulated);
      for (const peer of scenario.simulation.peers) expect(peer.events.filter(({ type }) => type === 'desync')).toEqual([]);
    }
  });

  it('E4 a divergence under sparse saving is told and named', () => {
    const { told } = diverge((wrongAt) => worldGame(wrongAt, (world) => (world.players[0]!.hp = 1)), { saveEvery: 8 });
    for (const [first] of told) expect(first!.desync).toMatchObject({ frame: 240, paths: ['players[0].hp'] });
  });
});
