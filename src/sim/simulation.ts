// A whole match in one process on a virtual clock: peers with their own pace and players, a bad network between them, and an oracle.
//
// Determinism: everything follows from the options and the seed. Time is the virtual clock's, every random number comes from a
// generator forked by name from the seed, and what is due at the same time happens in the order in which it was set up.
import { type Frame, NO_FRAME } from '../core/frame.js';
import type { Game } from '../core/game.js';
import { createRng, type Rng } from '../core/rng.js';
import { Pacer } from '../core/pacer.js';
import { DEFAULTS } from '../core/defaults.js';
import { NetError } from '../core/errors.js';
import type { PeerId } from '../core/peer.js';
import { perform } from '../match/perform.js';
import type { SessionEvent } from '../session/events.js';
import { Session } from '../session/p2p.js';
import type { PlayOptions } from '../session/options.js';
import type { Bot } from './bots.js';
import type { Impairment } from './impairment.js';
import { Network } from './network.js';
import { Recorder } from './recorder.js';
import { VirtualClock } from './virtual-clock.js';

/** What is peculiar to one peer. */
export interface SimPeerOptions<I> extends Partial<PlayOptions<I>> {
  /** When it joins, in ms. Default 0. */
  readonly startMs?: number;
  /** Frames of its display a second, at which alone it wakes up. Default: it wakes up when a frame is due. */
  readonly displayHz?: number;
  /** Spans of ms in which it does nothing, and what arrives waits: [from, to). */
  readonly hitches?: readonly (readonly [fromMs: number, toMs: number])[];
}

export interface SimulationOptions<I, S> {
  readonly seed: number;
  readonly play: PlayOptions<I>;
  /** Makes each peer's copy of the game. */
  readonly game: () => Game<I, S>;
  /** Makes the player of a peer's slot. */
  readonly bot: (peer: number, rng: Rng) => Bot<I>;
  /** The network, the same in all directions or one for each. */
  readonly network?: Impairment | ((from: PeerId, to: PeerId) => Impairment);
  /** For each peer what is peculiar to it; those left out have nothing. */
  readonly peers?: readonly SimPeerOptions<I>[];
}

/** Two peers' games differ where they must not. */
export interface Difference {
  readonly frame: Frame;
  readonly peers: readonly [PeerId, PeerId];
  readonly what: 'inputs' | 'states';
}

export class SimPeer<I, S> {
  readonly id: PeerId;
  readonly session: Session<I, S>;
  readonly recorder: Recorder<I, S>;
  readonly events: SessionEvent[] = [];
  readonly pacer: Pacer;
  /** When each frame was simulated for the first time, in ms. */
  readonly simulatedAt: number[] = [];
  /** Factors on the frame rate, one a tick. */
  readonly speeds: number[] = [];
  /** Inputs sampled so far. */
  sampled = 0;
  /** What arrived while it did nothing. */
  readonly inbox: { from: PeerId; bytes: Uint8Array }[] = [];
  readonly options: SimPeerOptions<I>;
  readonly bot: Bot<I>;
  /** The last frame that was confirmed when the last tick was done: all corrections up to it have been made. */
  final: Frame = NO_FRAME;

  constructor(id: PeerId, session: Session<I, S>, game: Game<I, S>, bot: Bot<I>, fps: number, options: SimPeerOptions<I>) {
    this.id = id;
    this.session = session;
    this.recorder = new Recorder(game, () => this.final);
    this.bot = bot;
    this.pacer = new Pacer(fps);
    this.options = options;
  }
}

export class Simulation<I, S> {
  readonly clock = new VirtualClock();
  readonly network: Network;
  readonly peers: readonly SimPeer<I, S>[];
  /** Those who have joined. */
  readonly #present: SimPeer<I, S>[] = [];

  constructor(options: SimulationOptions<I, S>) {
    const rng = createRng(options.seed);
    const { network = {}, peers = [], play } = options;
    if (peers.length > play.players) {
      throw new NetError('bad-option', {
        option: 'peers',
        got: `${peers.length} of them`,
        expected: `at most ${play.players}, one a player`,
      });
    }
    this.network = new Network(this.clock, rng.fork('network'), typeof network === 'function' ? network : () => network);
    this.peers = Array.from({ length: play.players }, (_, i) => this.#createPeer(options, i, rng.fork(`peer ${i}`)));
    for (const peer of this.peers) this.clock.after(peer.options.startMs ?? 0, () => this.#start(peer));
  }

  /** Runs for some ms. */
  run(ms: number): void {
    this.clock.runTo(this.clock.now() + ms);
  }

  /** Runs until all peers have confirmed a frame. @returns false if that took longer than `limitMs`. */
  runToFrame(frame: Frame, limitMs: number): boolean {
    const limit = this.clock.now() + limitMs;
    while (this.confirmedByAll < frame && this.clock.now() < limit) this.clock.runTo(this.clock.now() + 10);
    return this.confirmedByAll >= frame;
  }

  /** The last frame that every peer has confirmed, with all corrections up to it made. */
  get confirmedByAll(): Frame {
    return Math.min(...this.peers.map((peer) => peer.final));
  }

  /**
   * The oracle: the first frame, up to the last that all confirmed, at which two peers differ; undefined if there is none. It says nothing
   * of frames that were not reached, nor of rollbacks that did not happen: look at `confirmedByAll` and at `session.stats()` too.
   */
  difference(): Difference | undefined {
    const [first, ...others] = this.peers;
    for (let frame = 0; frame <= this.confirmedByAll; frame++) {
      for (const other of others) {
        const peers = [first!.id, other.id] as const;
        if (first!.recorder.inputs[frame] !== other.recorder.inputs[frame]) return { frame, peers, what: 'inputs' };
        if (first!.recorder.hashes[frame] !== other.recorder.hashes[frame]) return { frame, peers, what: 'states' };
      }
    }
    return undefined;
  }

  #createPeer(options: SimulationOptions<I, S>, index: number, rng: Rng): SimPeer<I, S> {
    const { startMs: _, displayHz: __, hitches: ___, ...play } = options.peers?.[index] ?? {};
    const id = `peer-${index}`;
    const game = options.game();
    const session = new Session<I, S>({
      ...options.play,
      ...play,
      self: id,
      nonce: rng.u32(),
      ...(game.checksum === undefined ? {} : { checksum: game.checksum.bind(game) }),
    });
    return new SimPeer(
      id,
      session,
      game,
      options.bot(index, rng.fork('bot')),
      options.play.fps ?? DEFAULTS.fps,
      options.peers?.[index] ?? {},
    );
  }

  /** The peer joins: a link to everyone who is there is up at once, for both. */
  #start(peer: SimPeer<I, S>): void {
    this.network.attach(peer.id, (from, bytes) => this.#arrive(peer, from, bytes));
    for (const other of this.#present) {
      peer.session.connect(other.id);
      other.session.connect(peer.id);
    }
    this.#present.push(peer);
    this.#wake(peer);
  }

  #arrive(peer: SimPeer<I, S>, from: PeerId, bytes: Uint8Array): void {
    if (this.#hitchEnd(peer) === undefined) {
      peer.session.receive(from, bytes, this.clock.now());
      this.#sendAll(peer);
    } else {
      peer.inbox.push({ from, bytes: new Uint8Array(bytes) });
    }
  }

  /** Until when the peer does nothing; undefined if it is awake. */
  #hitchEnd(peer: SimPeer<I, S>): number | undefined {
    const now = this.clock.now();
    return peer.options.hitches?.find(([from, to]) => now >= from && now < to)?.[1];
  }

  #wake(peer: SimPeer<I, S>): void {
    const now = this.clock.now();
    const hitchEnd = this.#hitchEnd(peer);
    if (hitchEnd !== undefined) {
      this.clock.after(hitchEnd - now, () => this.#wake(peer));
      return;
    }
    for (const { from, bytes } of peer.inbox.splice(0)) peer.session.receive(from, bytes, now);
    for (let n = peer.pacer.due(now, peer.session.speed); n > 0; n--) this.#tick(peer);
    if (peer.session.state === 'ended') return;
    const { displayHz } = peer.options;
    const wakeAt = displayHz === undefined ? peer.pacer.wakeAt : ((Math.floor((now * displayHz) / 1000 + 1e-6) + 1) * 1000) / displayHz;
    this.clock.after(wakeAt - now, () => this.#wake(peer));
  }

  #tick(peer: SimPeer<I, S>): void {
    const { session } = peer;
    const now = this.clock.now();
    const frame = session.frame;
    if (session.begin(now) === 'sample') {
      const input = peer.bot(peer.sampled++);
      for (const slot of session.locals) session.input(slot, input);
    }
    this.#sendAll(peer);
    void perform(peer.recorder, session);
    peer.final = session.confirmedFrame;
    if (session.frame > frame) peer.simulatedAt[frame] = now;
    if (session.state === 'running') peer.speeds.push(session.speed);
    for (let event = session.event(); event !== undefined; event = session.event()) peer.events.push(event);
  }

  #sendAll(peer: SimPeer<I, S>): void {
    const { session, id } = peer;
    for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
      if (packet.channel === 'input') this.network.send(id, packet.to, packet.bytes);
      else this.network.sendReliable(id, packet.to, packet.bytes);
    }
  }
}
