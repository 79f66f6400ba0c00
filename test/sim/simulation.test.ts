// The simulator itself: it repeats itself byte by byte, its reliable channel keeps its promise, and its oracle sees.
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import type { Game } from '../../src/core/game.js';
import { randomButtons } from '../../src/sim/bots.js';
import { Network } from '../../src/sim/network.js';
import { Simulation, type SimulationOptions } from '../../src/sim/simulation.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { buttons, chainGame, type ChainState } from '../games.js';

const BAD = { delayMs: 50, jitterMs: 20, loss: 0.1, burstMs: 40, copies: 2 };

function simulate(more: Partial<SimulationOptions<number, ChainState>> = {}): Simulation<number, ChainState> {
  return new Simulation<number, ChainState>({
    seed: 1,
    play: { input: buttons, gameId: 'chain@1', players: 2, inputDelay: 0 },
    game: chainGame,
    bot: (_, rng) => randomButtons(rng, 0.2),
    network: BAD,
    ...more,
  });
}

/** Every byte that was sent, with its time. */
function transcript(seed: number): string[] {
  const simulation = simulate({ seed });
  const sent: string[] = [];
  const { network, clock } = simulation;
  const send = network.send.bind(network);
  network.send = (from, to, bytes) => {
    sent.push(`${clock.now()} ${from} ${to} ${Buffer.from(bytes).toString('hex')}`);
    send(from, to, bytes);
  };
  simulation.run(5_000);
  return sent;
}

describe('determinism', () => {
  it('the same seed sends the same bytes at the same times; another seed does not', () => {
    const first = transcript(7);
    expect(first.length).toBeGreaterThan(500);
    expect(transcript(7)).toEqual(first);
    expect(transcript(8)).not.toEqual(first);
  });
});

describe('the reliable channel', () => {
  it('delivers everything once and in order through loss, jitter and outages', () => {
    const clock = new VirtualClock();
    const network = new Network(clock, createRng(3), () => ({ delayMs: 40, jitterMs: 30, loss: 0.3, outages: [[500, 1_500]] }));
    const got: number[] = [];
    network.attach('b', (_, bytes) => got.push(bytes[0]!));
    for (let i = 0; i < 100; i++) clock.after(i * 20, () => network.sendReliable('a', 'b', Uint8Array.of(i)));
    clock.runTo(20_000);
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

describe('desyncs', () => {
  /** A game whose state drifts on one peer from a frame on. */
  function drifting(from: number, checksum: (saved: ChainState) => number): () => Game<number, ChainState> {
    let made = 0;
    return () => {
      const game = chainGame();
      const isBad = made++ === 1;
      return {
        ...game,
        checksum,
        save: (reuse) => {
          const saved = game.save(reuse) as ChainState;
          return isBad && saved.frame > from ? { ...saved, chain: saved.chain ^ 1 } : saved;
        },
      };
    };
  }

  it.each([
    ['positive', (saved: ChainState) => saved.chain],
    ['negative', (saved: ChainState) => -saved.chain - 1],
    ['fractional', (saved: ChainState) => saved.chain / 3],
    ['huge', (saved: ChainState) => saved.chain * 1e200],
  ])('are found on both sides with %s checksums, by oracle and by event, and equal games raise none', (_, checksum) => {
    const good = simulate({ game: () => ({ ...chainGame(), checksum }) });
    good.run(10_000);
    expect(good.difference()).toBeUndefined();
    for (const { session, events } of good.peers) {
      expect(session.stats().checksPassed).toBeGreaterThan(7);
      expect(session.stats().badPackets).toEqual({});
      expect(events.map(({ type }) => type)).toEqual(['started']);
    }
    const bad = simulate({ game: drifting(200, checksum) });
    bad.run(10_000);
    expect(bad.difference()).toMatchObject({ what: 'states' });
    for (const { events } of bad.peers) {
      const [first] = events.filter(({ type }) => type === 'desync');
      expect(first).toMatchObject({ cause: 'state', frame: 240 });
    }
  });
});
