// What can befall a simulated peer beside its network: clocks, slow and asynchronous games, leaves, deaths and returns, new input delays.
import { describe, expect, it } from 'vitest';
import type { Game } from '../../src/core/game.js';
import { randomButtons } from '../../src/sim/bots.js';
import type { SimPeerOptions } from '../../src/sim/sim-peer.js';
import { Simulation, type SimulationOptions } from '../../src/sim/simulation.js';
import { buttons, chainGame, type ChainState } from '../games.js';

function simulate(
  peers: readonly SimPeerOptions<number>[],
  more: Partial<SimulationOptions<number, ChainState>> = {},
): Simulation<number, ChainState> {
  return new Simulation<number, ChainState>({
    seed: 3,
    play: { input: buttons, gameId: 'chain@1', players: 2, inputDelay: 0 },
    game: chainGame,
    bot: (_, rng) => randomButtons(rng, 0.2),
    network: { delayMs: 50, jitterMs: 20, loss: 0.1 },
    peers,
    ...more,
  });
}

/** Every byte that is sent, with its time and sender. */
function tap(simulation: Simulation<number, ChainState>): string[] {
  const sent: string[] = [];
  const { clock } = simulation;
  for (const network of simulation.networks) {
    for (const name of ['send', 'sendReliable'] as const) {
      const send = network[name].bind(network);
      network[name] = (from, to, bytes) => {
        sent.push(`${clock.now()} ${from} ${to} ${name} ${Buffer.from(bytes).toString('hex')}`);
        send(from, to, bytes);
      };
    }
  }
  return sent;
}

/** The game with functions that return promises. */
function promised(): Game<number, ChainState> {
  const game = chainGame();
  return {
    advance: async (inputs, step) => {
      const copy = { ...step, status: [...step.status] };
      const values = [...inputs];
      await Promise.resolve();
      await game.advance(values, copy);
    },
    save: async (reuse) => Promise.resolve(game.save(reuse)),
    load: async (saved) => {
      await Promise.resolve();
      await game.load(saved);
    },
    checksum: game.checksum!,
  };
}

const EVERYTHING: readonly SimPeerOptions<number>[] = [
  {
    clock: { offsetMs: 5_000, skewPpm: 200, driftPpm: 100 },
    workMs: 0.4,
    displayHz: 59,
    delays: [
      [1_500, 5],
      [3_000, 1],
    ],
  },
  { skips: 0.1, hitches: [[2_000, 2_300]], startMs: 300, clock: { skewPpm: -300 }, dies: { atMs: 6_000, backMs: 6_500 } },
];

describe('determinism', () => {
  it('with everything that can befall peers: the same seed sends the same bytes at the same times, another one does not', () => {
    const run = (seed: number): string[] => {
      const simulation = simulate(EVERYTHING, { seed, calm: { fromMs: 5_000, network: { delayMs: 10 } } });
      const sent = tap(simulation);
      simulation.run(9_000);
      // It was exercised: the delay changed, packets were skipped, and the one that died came back and was let go.
      const [first, second] = simulation.peers;
      expect(first!.events.map(({ type }) => type)).toContain('dropped');
      expect(second!.lives).toBe(2);
      expect(first!.session.stats().rollbacks).toBeGreaterThan(20);
      return sent;
    };
    const first = run(1);
    expect(first.length).toBeGreaterThan(500);
    expect(run(1)).toEqual(first);
    expect(run(2)).not.toEqual(first);
  });

  it.each([undefined, 0.7])(
    'a game that returns promises sends the same bytes at the same times as one that does not (work of %s ms)',
    async (workMs) => {
      const peers = workMs === undefined ? [] : [{ workMs }];
      const plain = simulate(peers);
      const plainSent = tap(plain);
      plain.run(4_000);
      const awaited = simulate(peers, { game: promised });
      const awaitedSent = tap(awaited);
      for (let i = 0; i < 4; i++) await awaited.runAsync(1_000);
      expect(awaitedSent).toEqual(plainSent);
      expect(awaited.difference()).toBeUndefined();
      expect(awaited.peers[0]!.recorder.hashes).toEqual(plain.peers[0]!.recorder.hashes);
      expect(awaited.peers[0]!.session.stats().rollbacks).toBeGreaterThan(20);
    },
  );

  it('a game that returns promises is refused where nobody waits for it', () => {
    expect(() => simulate([], { game: promised }).run(1_000)).toThrowError(/runAsync/);
  });

  it('what such a game rejects with comes out of runAsync', async () => {
    const failing = (): Game<number, ChainState> => ({ ...promised(), advance: async () => Promise.reject(new Error('broken')) });
    await expect(simulate([], { game: failing }).runAsync(1_000)).rejects.toThrowError('broken');
  });
});

describe('peers', () => {
  it('clocks that run apart by half a percent: the match stays together and equal', () => {
    const simulation = simulate([{ clock: { offsetMs: 1e6, skewPpm: 2_500 } }, { clock: { skewPpm: -2_500 } }]);
    simulation.run(30_000);
    const [a, b] = simulation.peers;
    expect(Math.abs(a!.session.frame - b!.session.frame)).toBeLessThanOrEqual(2);
    expect(simulation.difference()).toBeUndefined();
    expect(simulation.confirmedByAll).toBeGreaterThan(1_750);
  });

  it('a slow game: packets arrive between two operations of a tick, and the games stay equal', () => {
    const simulation = simulate([{ workMs: 1.3 }]);
    const [slow] = simulation.peers;
    let between = 0;
    let ticking = false;
    const { session } = slow!;
    const [begin, receive] = [session.begin.bind(session), session.receive.bind(session)];
    const op = session.op.bind(session);
    session.begin = (now, hold) => {
      ticking = true;
      return begin(now, hold);
    };
    session.op = () => {
      const next = op();
      ticking = next !== undefined;
      return next;
    };
    session.receive = (from, bytes, now) => {
      if (ticking) between++;
      receive(from, bytes, now);
    };
    simulation.run(10_000);
    expect(between).toBeGreaterThan(50);
    expect(simulation.difference()).toBeUndefined();
    expect(simulation.confirmedByAll).toBeGreaterThan(500);
  });

  it('a leave: the other one has all its inputs and plays on; a death without return: it waits', () => {
    const left = simulate([{}, { leavesMs: 3_000 }]);
    left.run(8_000);
    const [survivor, leaver] = left.peers;
    const dropped = survivor!.events.find((event) => event.type === 'dropped');
    expect(dropped).toMatchObject({ peer: 'peer-1', slots: [1] });
    expect(survivor!.final).toBeGreaterThan(leaver!.session.frame + 200);
    expect(survivor!.recorder.inputs.at(-1)).toMatch(/ -$/);
    const dead = simulate([{}, { dies: { atMs: 3_000 } }]);
    dead.run(8_000);
    expect(dead.peers[0]!.events.map(({ type }) => type)).toEqual(['started', 'interrupted']);
    expect(dead.peers[0]!.final).toBeLessThan(200);
  });

  it('a hitch: what arrives meanwhile is copied, waits, and is taken when it is over', () => {
    const simulation = simulate([{ hitches: [[2_000, 3_500]] }]);
    const [sleeper] = simulation.peers;
    simulation.run(3_400);
    const received = sleeper!.session.stats().peers[0]!.packetsReceived;
    const waiting = sleeper!.inbox.length;
    expect(waiting).toBeGreaterThan(60);
    expect(new Set(sleeper!.inbox.map(({ bytes }) => bytes.buffer)).size).toBe(waiting);
    simulation.run(120);
    expect(sleeper!.inbox).toHaveLength(0);
    expect(sleeper!.session.stats().peers[0]!.packetsReceived - received).toBeGreaterThanOrEqual(waiting);
    simulation.run(3_000);
    expect(simulation.difference()).toBeUndefined();
    expect(simulation.confirmedByAll).toBeGreaterThan(250);
  });

  it('several local slots have players of their own', () => {
    const simulation = simulate([{ locals: 2 }], {
      play: { input: buttons, gameId: 'chain@1', players: 3, inputDelay: 0 },
      bot: (peer, _, local) => () => 10 * (peer + 1) + local,
    });
    simulation.run(2_000);
    expect(simulation.peers).toHaveLength(2);
    expect(simulation.peers[1]!.recorder.inputs[60]).toBe('10 11 20');
    expect(simulation.difference()).toBeUndefined();
  });

  it('without history nothing is kept, and what needs it says so', () => {
    const simulation = simulate([], { history: false });
    simulation.run(3_000);
    const [peer] = simulation.peers;
    expect([peer!.events, peer!.simulatedAt, peer!.speeds]).toEqual([[], [], []]);
    expect(() => simulation.difference()).toThrowError(/history/);
    expect(peer!.final).toBeGreaterThan(100);
  });
});
