// Plays somebody's game over many simulated matches on bad networks, and answers with the first match that went wrong (where, and how to
// play it again) or with statistics. A match that desyncs is played again with the last states kept: only then is their price paid.
import { DEFAULTS } from '../core/defaults.js';
import { NetError, requireInteger } from '../core/errors.js';
import type { Frame } from '../core/frame.js';
import type { Game } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import type { PeerId } from '../core/peer.js';
import type { Rng } from '../core/rng.js';
import { perform } from '../match/perform.js';
import type { PlayOptions } from '../session/options.js';
import type { Bot } from './bots.js';
import { refuse, requireGame, requireInput } from './check-game.js';
import { counted } from './counted.js';
import { GameFailed, guarded } from './guarded-game.js';
import { checkImpairment, type Impairment } from './impairment.js';
import { InputsChanged } from './input-watch.js';
import { whenDone } from './recorder.js';
import { randomInputs } from './random-inputs.js';
import { adviceFor, describe, type SimulateCause } from './simulate-failure.js';
import { type Difference, Simulation, type SimulationOptions } from './simulation.js';
import { between, copyOfSaved } from './state-copy.js';

/** Matches on each network unless told otherwise. */
const SEEDS = 10;
/** Frames of a match unless told otherwise: half a minute at 60 Hz. */
const FRAMES = 1_800;
/** A match may take this many times as long as it would without waiting, and `LEEWAY_MS` more, until it counts as stuck. */
const SLOWNESS = 4;
const LEEWAY_MS = 30_000;
/** ms between two looks at the match: rarely while all is well, and so often while states are kept that none is gone before it is compared. */
const LOOK_MS = 500;
const CLOSE_LOOK_MS = 50;
/** States kept of each peer: twice the largest window and input delay, which is how far apart two peers can be, and as much again. */
const KEPT_STATES = 240;

/** A path with short outages, and one that is long, uneven and out of order: both let rollbacks happen all the time. */
const NETWORKS: readonly Impairment[] = [
  { delayMs: 40, jitterMs: 15, loss: 0.1, burstMs: 60 },
  { delayMs: 90, jitterMs: 40, loss: 0.05, reorder: 0.1, reorderMs: 60 },
];

type Network = NonNullable<SimulationOptions<never, never>['network']>;

/** What is played, and how often. All that a match takes besides can be given as well: window, inputDelay, fps … */
export interface SimulateOptions<I> extends Partial<PlayOptions<I>> {
  readonly input: InputCodec<I>;
  /** A network, or several: every seed is played on each. Default: two bad ones. */
  readonly network?: Network | readonly Network[];
  /** How many different matches, or the seeds of some. Default 10. */
  readonly seeds?: number | readonly number[];
  /** Frames that each match must reach. Default 1 800. */
  readonly frames?: number;
  /** Makes a player of a peer. Default: random inputs. */
  readonly bots?: (peer: number, rng: Rng) => Bot<I>;
  /** For each peer what is peculiar to it. */
  readonly peers?: NonNullable<SimulationOptions<I, never>['peers']>;
}

/** Sums over all matches and peers. */
export interface SimulateStats {
  readonly matches: number;
  /** Frames that a peer has confirmed. */
  readonly frames: number;
  readonly rollbacks: number;
  readonly resimulated: number;
  /** Frames of the deepest rollback. */
  readonly deepest: number;
  /** Ticks in which a peer waited. */
  readonly stalled: number;
  readonly inputPackets: number;
  readonly inputBytes: number;
}

export interface SimulatePass {
  readonly ok: true;
  readonly stats: SimulateStats;
  /** All of this in a sentence. */
  readonly text: string;
}

/** The first match that went wrong. */
export interface SimulateFailure {
  readonly ok: false;
  readonly cause: SimulateCause;
  readonly seed: number;
  /**
   * `state` and `inputs`: the frame that differs, once simulated. `inputs-changed` and `threw`: the last that the game was told to simulate.
   * Otherwise the last frame that everybody had confirmed.
   */
  readonly frame: Frame;
  readonly peers: readonly PeerId[];
  /** `state`: where the states differ after that frame: `path: peer-0: 3, peer-1: 4`. Empty where that cannot be said. */
  readonly paths: readonly string[];
  /** What the game threw, why a session ended, or what kept the game from changing its inputs. */
  readonly error?: unknown;
  /** What to do about it. */
  readonly advice: string;
  /** The call that plays this match alone. */
  readonly replay: string;
  /** Of the matches until then. */
  readonly stats: SimulateStats;
  /** All of this, to be printed. */
  readonly text: string;
}

export type SimulateResult = SimulatePass | SimulateFailure;

/**
 * Plays matches of a game on simulated networks, on a virtual clock: a minute of play takes milliseconds. All peers must have equal states and
 * inputs at every frame.
 * @param game Makes a new game; called for each peer of each match. Its functions may return promises.
 * @returns The first match in which something went wrong, or statistics. Look at `stats.rollbacks`: a network that is too good proves nothing.
 * @throws NetError (rejects with it) `bad-option` for options that mean nothing, for states that need a checksum and have none, and for a
 * `save` that returns nothing. What a bot throws comes out as it is.
 */
export async function simulate<I, S>(game: () => Game<I, S>, options: SimulateOptions<I>): Promise<SimulateResult> {
  const { seeds = SEEDS, network = NETWORKS } = options;
  if (typeof game !== 'function') refuse('game', game, 'a function that makes a new game: each peer has its own');
  requireInput(options.input);
  if (typeof seeds === 'number') requireInteger('seeds', seeds, 1, 1_000_000);
  else requireSeeds(seeds);
  requireInteger('frames', options.frames ?? FRAMES, 1, 1_000_000);
  const networks = isList(network) ? network : [network];
  if (networks.length === 0) refuse('network', '[]', 'one network at least, or none given: then two bad ones are used');
  for (const one of networks) if (typeof one !== 'function') checkImpairment(one);
  const total: Totals = { matches: 0, frames: 0, rollbacks: 0, resimulated: 0, deepest: 0, stalled: 0, inputPackets: 0, inputBytes: 0 };
  for (const seed of typeof seeds === 'number' ? Array.from({ length: seeds }, (_, i) => i + 1) : seeds) {
    for (const [index, one] of networks.entries()) {
      const match = new SimulatedMatch(game, options, seed, one);
      const failed = await match.play();
      add(total, match.simulation);
      if (failed?.cause !== 'threw') await match.release();
      if (failed === undefined) continue;
      const failure = { ...failed, seed, replay: replayOf(seed, one, isList(network) ? index : undefined) };
      return { ok: false, ...failure, advice: adviceFor(failure), stats: total, text: describe(failure) };
    }
  }
  const played = `${counted(total.matches, 'match', 'matches')}, ${counted(total.frames, 'frame')}: equal`;
  const depth = total.rollbacks === 0 ? '' : `, the deepest of ${counted(total.deepest, 'frame')}`;
  const warning = total.rollbacks === 0 ? '; no rollback happened: this proves nothing, play on a worse network' : '';
  const text = `${played}; ${counted(total.rollbacks, 'rollback')}${depth}, ${counted(total.stalled, 'stall')}${warning}`;
  return { ok: true, stats: total, text };
}

type Totals = { -readonly [K in keyof SimulateStats]: SimulateStats[K] };
interface Replayed extends Pick<Difference, 'frame' | 'peers'> {
  readonly states: readonly [unknown, unknown];
  readonly hashes: readonly unknown[];
}

type Failed = Pick<SimulateFailure, 'cause' | 'frame' | 'peers' | 'paths' | 'error'>;

class SimulatedMatch<I, S> {
  simulation: Simulation<I, S>;
  readonly #game: () => Game<I, S>;
  readonly #options: SimulateOptions<I>;
  readonly #seed: number;
  readonly #network: Network;
  readonly #frames: number;
  readonly #limitMs: number;

  constructor(game: () => Game<I, S>, options: SimulateOptions<I>, seed: number, network: Network) {
    this.#game = game;
    this.#options = options;
    this.#seed = seed;
    this.#network = network;
    this.#frames = options.frames ?? FRAMES;
    this.#limitMs = (this.#frames / (options.fps ?? DEFAULTS.fps)) * 1_000 * SLOWNESS + LEEWAY_MS;
    this.simulation = this.#simulation(game);
  }

  /** Plays the match; undefined if nothing went wrong. */
  async play(): Promise<Failed | undefined> {
    let difference: Difference | undefined;
    try {
      difference = await this.#until(this.simulation, LOOK_MS);
    } catch (error) {
      if (error instanceof NetError && error.code === 'bad-option') throw error;
      if (error instanceof BotThrew) throw error.cause;
      if (error instanceof GameFailed) return failureOf(error);
      return { cause: 'threw', frame: this.simulation.confirmedByAll, peers: [], paths: [], error };
    }
    if (difference !== undefined) return this.#explain(difference);
    const frame = this.simulation.confirmedByAll;
    if (frame >= this.#frames - 1) return undefined;
    const ended = this.simulation.peers.flatMap(({ events }) => events.filter(({ type }) => type === 'ended'));
    const error = ended.map((event) => ('error' in event ? event.error : undefined)).find((one) => one !== undefined);
    return { cause: 'stuck', frame, peers: [], paths: [], ...(error === undefined ? {} : { error }) };
  }

  /** Ends the match: all states that are still held are freed. */
  async release(): Promise<void> {
    await release(this.simulation);
  }

  /** Runs until all is played, the time is over, or two peers differ. */
  async #until(simulation: Simulation<I, S>, lookMs: number): Promise<Difference | undefined> {
    let difference: Difference | undefined;
    while (difference === undefined && simulation.confirmedByAll < this.#frames - 1 && simulation.clock.now() < this.#limitMs) {
      await simulation.runAsync(lookMs);
      difference = simulation.difference();
    }
    return difference;
  }

  /** Plays it twice again, and keeps states. A game that is not deterministic by itself then differs elsewhere, or otherwise, or not at all. */
  async #explain(first: Difference): Promise<Failed> {
    const { frame, peers, what } = first;
    if (what === 'inputs') return { cause: 'inputs', frame, peers, paths: [] };
    const second = await this.#playAgain();
    const third = await this.#playAgain();
    if (second === undefined) return { cause: 'unrepeatable', frame, peers, paths: [] };
    const isSame = frame === second.frame && frame === third?.frame && second.hashes.every((hash, i) => hash === third.hashes[i]);
    return {
      cause: isSame ? 'state' : 'unrepeatable',
      frame: second.frame,
      peers: second.peers,
      paths: between(second.states[0], second.states[1], [`${second.peers[0]}: `, `${second.peers[1]}: `]),
    };
  }

  /** Where the states of two peers differ, both states, and their hashes; undefined if they do not. */
  async #playAgain(): Promise<Replayed | undefined> {
    const kept: Map<Frame, unknown>[] = [];
    const simulation = this.#simulation(() => {
      const states = new Map<Frame, unknown>();
      kept.push(states);
      return keeping(this.#game(), states);
    });
    const difference = await this.#until(simulation, CLOSE_LOOK_MS);
    await release(simulation);
    if (difference === undefined || difference.what === 'inputs') return undefined;
    const { frame, peers } = difference;
    const indexOf = (id: PeerId): number => simulation.peers.findIndex((peer) => peer.id === id);
    const stateOf = (id: PeerId): unknown => kept[indexOf(id)]?.get(frame);
    const hashes = peers.map((id) => simulation.peers[indexOf(id)]!.recorder.hashes[frame]);
    return { frame, peers, states: [stateOf(peers[0]), stateOf(peers[1])], hashes };
  }

  #simulation(game: () => Game<I, S>): Simulation<I, S> {
    const { network: _, seeds: __, frames: ___, bots, peers, ...play } = this.#options;
    const make = (peer: number): Game<I, S> => {
      const made = game();
      requireGame(made);
      return guarded(made, play.input, `peer-${peer}`);
    };
    return new Simulation<I, S>({
      seed: this.#seed,
      play: { gameId: 'simulate', players: 2, ...play },
      game: make,
      bot: (peer, rng) => blaming(bots?.(peer, rng) ?? randomInputs(play.input, rng)),
      network: this.#network,
      ...(peers === undefined ? {} : { peers }),
    });
  }
}

/** A bot threw `cause`: not the game's fault. */
class BotThrew extends Error {}

function blaming<I>(bot: Bot<I>): Bot<I> {
  return (n) => {
    try {
      return bot(n);
    } catch (cause) {
      throw new BotThrew('', { cause });
    }
  };
}

function failureOf({ peer, frame, cause }: GameFailed): Failed {
  const found = { frame, peers: [peer], paths: [] };
  if (!(cause instanceof InputsChanged)) return { cause: 'threw', ...found, error: cause };
  return { cause: 'inputs-changed', ...found, ...(cause.cause === undefined ? {} : { error: cause.cause }) };
}

/** Everyone leaves, and frees its saved states. (Those of a process that died went with it.) */
async function release<I, S>({ peers }: Simulation<I, S>): Promise<void> {
  for (const { session, game } of peers) {
    session.leave();
    while (session.transmit() !== undefined);
    await perform(game, session);
  }
}

/** The same game; copies of its last states are put into `states`, by the frame after which they were. */
function keeping<I, S>(game: Game<I, S>, states: Map<Frame, unknown>): Game<I, S> {
  return {
    advance: (inputs, step) => {
      const { frame } = step;
      return whenDone(game.advance(inputs, step), () =>
        whenDone(game.save(undefined), (saved) => {
          states.set(frame, copyOfSaved(game, saved));
          states.delete(frame - KEPT_STATES);
          game.free?.(saved);
        }),
      );
    },
    save: (reuse) => game.save(reuse),
    load: (saved) => game.load(saved),
    free: (saved) => game.free?.(saved),
    ...(game.checksum === undefined ? {} : { checksum: game.checksum.bind(game) }),
  };
}

function add<I, S>(total: Totals, { peers }: Simulation<I, S>): void {
  total.matches++;
  for (const { session, final } of peers) {
    const stats = session.stats();
    total.frames += final + 1;
    total.rollbacks += stats.rollbacks;
    total.resimulated += stats.resimulated;
    stats.depths.forEach((count, depth) => {
      if (count > 0) total.deepest = Math.max(total.deepest, depth);
    });
    total.stalled += stats.stalled;
    for (const peer of stats.peers) {
      total.inputPackets += peer.inputPacketsSent;
      total.inputBytes += peer.inputBytesSent;
    }
  }
}

function replayOf(seed: number, network: Network, index: number | undefined): string {
  const given = index === undefined ? 'options.network' : `options.network[${index}]`;
  return `await simulate(game, { ...options, seeds: [${seed}], network: ${typeof network === 'function' ? given : JSON.stringify(network)} })`;
}

function requireSeeds(seeds: unknown): void {
  if (!Array.isArray(seeds) || seeds.length === 0) refuse('seeds', seeds, 'how many, or a list with one at least');
  for (const seed of seeds) requireInteger('a seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

function isList(network: Network | readonly Network[]): network is readonly Network[] {
  return Array.isArray(network);
}
