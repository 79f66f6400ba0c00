// Matches on the simulator with an oracle that knows everything: it compares the peers with each other, and each of them with a
// plain replay of what the players really gave. Failures carry the seed and the options, so that they can be replayed.
import { expect } from 'vitest';
import type { Game } from '../../src/core/game.js';
import { createRng } from '../../src/core/rng.js';
import type { PlayOptions } from '../../src/session/options.js';
import type { SessionStats } from '../../src/session/stats.js';
import { type Bot, randomButtons } from '../../src/sim/bots.js';
import type { Impairment } from '../../src/sim/impairment.js';
import type { SimPeer, SimPeerOptions } from '../../src/sim/sim-peer.js';
import { Simulation } from '../../src/sim/simulation.js';
import { buttons, chainGame, type ChainState } from '../games.js';

/** Everything that a scenario is made from; plain data, so that a failure can print it. */
export interface Setup {
  readonly seed: number;
  readonly play?: Partial<PlayOptions<number>>;
  /** One for both directions, or that of peer-0 to the others and that of the others. */
  readonly network?: Impairment | readonly [fromFirst: Impairment, fromOthers: Impairment];
  readonly peers?: readonly SimPeerOptions<number>[];
  /** How probably a button changes from one frame to the next. Default 0.1. */
  readonly restless?: number;
  /** Instead of random buttons: a player that presses other ones each frame, one that never does, or one that does each so many frames. */
  readonly player?: 'busy' | 'idle' | number;
}

/** What came through the network, as the receivers saw it. */
export interface Seen {
  delivered: number;
  /** Input packets that came after one that was sent later. */
  overtaken: number;
  /** Input packets that came a second time. */
  doubled: number;
}

export class Scenario {
  readonly simulation: Simulation<number, ChainState>;
  readonly seen: Seen = { delivered: 0, overtaken: 0, doubled: 0 };
  /** The frames whose state each peer was made to load, in order, each with the frame at which the game was before. */
  readonly loads: { readonly to: number; readonly from: number }[][] = [];
  readonly #given: number[][] = [];
  readonly #setup: Setup;

  constructor(setup: Setup) {
    this.#setup = setup;
    const { seed, play = {}, network = {}, peers } = setup;
    this.simulation = new Simulation({
      seed,
      play: { input: buttons, gameId: 'test@1', players: 2, ...play },
      game: () => this.#watchedGame(),
      bot: (peer, rng) => this.#notedBot(peer, playerOf(setup, createRng(rng.u32()))),
      network: (from) => (isPair(network) ? network[from === 'peer-0' ? 0 : 1] : network),
      ...(peers === undefined ? {} : { peers }),
    });
    this.#watchDeliveries();
  }

  /** What a failure must say for the match to be played again. */
  get replay(): string {
    return `replay: new Scenario(${JSON.stringify(this.#setup)}), at ${this.simulation.clock.now()} ms`;
  }

  peer(index: number): SimPeer<number, ChainState> {
    return this.simulation.peers[index]!;
  }

  stats(index: number): SessionStats {
    return this.peer(index).session.stats();
  }

  /** The sum over all peers of one of their numbers. */
  total(of: (stats: SessionStats) => number): number {
    return this.simulation.peers.reduce((sum, peer) => sum + of(peer.session.stats()), 0);
  }

  run(ms: number): this {
    this.simulation.run(ms);
    return this;
  }

  /** When the last peer simulated its first frame, in ms. */
  get startedAt(): number {
    return Math.max(...this.simulation.peers.map((peer) => peer.simulatedAt[0]!));
  }

  /** Packets of the input channel in both directions between the first two peers. */
  get lost(): number {
    const { network } = this.simulation;
    return network.counters('peer-0', 'peer-1').lost + network.counters('peer-1', 'peer-0').lost;
  }

  /** Changes or drops input packets on their way: what it returns is sent, undefined is not. `n` counts from 0 in each direction. */
  tapInputs(tap: (from: string, n: number, bytes: Uint8Array) => Uint8Array | undefined): void {
    const { network } = this.simulation;
    const send = network.send.bind(network);
    const counts = new Map<string, number>();
    network.send = (from, to, bytes) => {
      const key = `${from}>${to}`;
      const n = counts.get(key) ?? 0;
      counts.set(key, n + 1);
      const passed = tap(from, n, bytes);
      if (passed !== undefined) send(from, to, passed);
    };
  }

  /** Makes input packets leave so many ms later. */
  delayInputs(by: (from: string, now: number) => number): void {
    const { network, clock } = this.simulation;
    const send = network.send.bind(network);
    network.send = (from, to, bytes) => {
      const ms = by(from, clock.now());
      const copy = new Uint8Array(bytes);
      if (ms > 0) clock.after(ms, () => send(from, to, copy));
      else send(from, to, copy);
    };
  }

  /** Changes, delays or drops messages of the reliable channel. */
  tapControl(tap: (from: string, bytes: Uint8Array, pass: (bytes: Uint8Array) => void) => void): void {
    const { network } = this.simulation;
    const send = network.sendReliable.bind(network);
    network.sendReliable = (from, to, bytes) => tap(from, new Uint8Array(bytes), (changed) => send(from, to, changed));
  }

  /**
   * A peer's place on the timeline at a moment of the virtual clock: frames simulated, and how far the next one has come, 0 to 1.
   * What nobody in the match can know, but the oracle can.
   */
  position(index: number, atMs: number): number {
    const { simulatedAt } = this.peer(index);
    let low = 0;
    let high = simulatedAt.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (simulatedAt[middle]! <= atMs) low = middle + 1;
      else high = middle;
    }
    const fps = this.#setup.play?.fps ?? 60;
    return low === 0 ? 0 : low - 1 + Math.min(1, ((atMs - simulatedAt[low - 1]!) * fps) / 1000);
  }

  /** Frames by which the first peer is ahead of the second, at each ms of a span. */
  offsets(fromMs: number, toMs: number): number[] {
    return Array.from({ length: toMs - fromMs }, (_, ms) => this.position(0, fromMs + ms) - this.position(1, fromMs + ms));
  }

  /**
   * The acceptance page's "equal", and more: confirmed inputs and states of all peers are equal; no final frame was simulated again;
   * they are what a game without any network makes of the inputs that the players gave; the checks compared, and no alarm was
   * false; the numbers in stats() are those that the game saw.
   */
  expectEqual(expected: { readonly confirmed: number; readonly badPackets?: boolean }): void {
    const { replay, simulation } = this;
    expect(simulation.difference(), replay).toBeUndefined();
    expect(simulation.confirmedByAll, `confirmed frames; ${replay}`).toBeGreaterThanOrEqual(expected.confirmed);
    const truth = this.#truth(simulation.confirmedByAll);
    simulation.peers.forEach((peer, index) => {
      const about = `${peer.id}; ${replay}`;
      const stats = this.stats(index);
      const { recorder } = peer;
      expect(recorder.rewritten, `final frames simulated again by ${about}`).toEqual([]);
      const frames = simulation.confirmedByAll + 1;
      expect(firstDifference(recorder.inputs, truth.inputs, frames), `first frame whose inputs were not those given, ${about}`).toBe(-1);
      expect(firstDifference(recorder.hashes, truth.hashes, frames), `first frame whose state is not that of a replay, ${about}`).toBe(-1);
      expect(
        peer.events.map(({ type }) => type).filter((type) => type === 'desync' || type === 'ended'),
        `alarms of ${about}`,
      ).toEqual([]);
      expect(stats.checksPassed, `checks of ${about}`).toBeGreaterThanOrEqual(Math.floor(simulation.confirmedByAll / 60) - 2);
      if (expected.badPackets !== true) expect(stats.badPackets, about).toEqual({});
      expect(recorder.advances, `advances of ${about}`).toBe(peer.session.frame + stats.resimulated);
      expect([recorder.loads, recorder.saves], `loads and saves of ${about}`).toEqual([stats.rollbacks, stats.saves]);
      const depths = this.loads[index]!.map(({ from, to }) => from - to);
      expect(countEach(depths, stats.depths.length), `depths of rollbacks of ${about}`).toEqual(stats.depths);
      const window = this.#setup.play?.window ?? 8;
      expect(Math.max(0, ...depths), `deepest rollback of ${about}`).toBeLessThanOrEqual(window);
    });
  }

  /** What each peer must have simulated, from the inputs that the players gave and nothing else. */
  #truth(lastFrame: number): { inputs: string[]; hashes: number[] } {
    const game = chainGame();
    const inputs: string[] = [];
    const hashes: number[] = [];
    for (let frame = 0; frame <= lastFrame; frame++) {
      const real = this.#given.map((given, peer) => {
        const delay = this.#setup.peers?.[peer]?.inputDelay ?? this.#setup.play?.inputDelay ?? 1;
        if (typeof delay !== 'number') throw new TypeError('the replay knows fixed delays only');
        const n = frame - delay;
        return n < 0 ? 0 : given[n]!;
      });
      void game.advance(real, { frame, status: real.map(() => 'confirmed'), resimulating: false });
      inputs.push(real.join(' '));
      hashes.push(game.checksum!(game.save(undefined) as ChainState));
    }
    return { inputs, hashes };
  }

  #watchedGame(): Game<number, ChainState> {
    const loads: { to: number; from: number }[] = [];
    this.loads.push(loads);
    const game = chainGame();
    return {
      ...game,
      load: (saved) => {
        loads.push({ to: saved.frame, from: (game.save(undefined) as ChainState).frame });
        return game.load(saved);
      },
    };
  }

  #notedBot(peer: number, bot: Bot<number>): Bot<number> {
    const given: number[] = [];
    this.#given[peer] = given;
    return (n) => (given[n] = bot(n));
  }

  #watchDeliveries(): void {
    const { network } = this.simulation;
    const attach = network.attach.bind(network);
    network.attach = (peer, receive) => {
      const newest = new Map<string, number>();
      const recent = new Map<string, number[]>();
      attach(peer, (from, bytes) => {
        const number = packetNumber(bytes);
        if (number !== undefined) {
          this.seen.delivered++;
          const last = newest.get(from);
          const numbers = recent.get(from) ?? [];
          if (numbers.includes(number)) this.seen.doubled++;
          else if (last !== undefined && (number - last + 128) % 128 > 64) this.seen.overtaken++;
          else newest.set(from, number);
          recent.set(from, [...numbers, number].slice(-60));
        }
        receive(from, bytes);
      });
    };
  }
}

/** Seeds 1 to n. */
export function seeds(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

/** The number of an input packet, undefined for any other one. */
export function packetNumber(bytes: Uint8Array): number | undefined {
  const head = bytes[0] === 0xdc ? 3 : 1;
  return (bytes[head]! & 7) === 0 ? bytes[head + 1] : undefined;
}

function playerOf(setup: Setup, rng: ReturnType<typeof createRng>): Bot<number> {
  const { player, restless = 0.1 } = setup;
  if (player === 'idle') return () => 0;
  const salt = rng.u32() & 0x7fff;
  if (player === 'busy') return (n) => 1 + ((n * 7919 + salt) % 65_535);
  if (player !== undefined) return (n) => 1 + ((Math.floor(n / player) * 7919 + salt) % 65_535);
  return randomButtons(rng, restless);
}

function isPair(network: NonNullable<Setup['network']>): network is readonly [Impairment, Impairment] {
  return Array.isArray(network);
}

function firstDifference<T>(got: readonly T[], expected: readonly T[], length: number): number {
  for (let i = 0; i < length; i++) if (got[i] !== expected[i]) return i;
  return -1;
}

function countEach(values: readonly number[], length: number): number[] {
  const counts = Array.from({ length }, () => 0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
