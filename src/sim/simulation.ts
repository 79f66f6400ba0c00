// A whole match in one process on a virtual clock: peers with their own pace, clocks and players, and a bad network between them.
//
// Determinism: everything follows from the options and the seed. Time is the virtual clock's, every random number comes from a
// generator forked by name from the seed, what is due at the same time happens in the order in which it was set up, and while a game
// that returns promises is waited for, time stands still: how long it really took changes nothing.
import type { Frame } from '../core/frame.js';
import type { Game } from '../core/game.js';
import { createRng, type Rng } from '../core/rng.js';
import { DEFAULTS } from '../core/defaults.js';
import { NetError } from '../core/errors.js';
import type { PeerId } from '../core/peer.js';
import { perform } from '../match/perform.js';
import { Session } from '../session/p2p.js';
import type { PlayOptions } from '../session/options.js';
import type { Bot } from './bots.js';
import type { Impairment } from './impairment.js';
import { Network } from './network.js';
import { type Life, SimPeer, type SimPeerOptions } from './sim-peer.js';
import { VirtualClock } from './virtual-clock.js';
import type { Watcher } from './watcher.js';

/** The network, the same in all directions or one for each. */
type Conditions = Impairment | ((from: PeerId, to: PeerId) => Impairment);

/** ms after which a peer that is to leave or die in a match that has not begun is looked at again. */
const LOOK_AGAIN_MS = 100;

export interface SimulationOptions<I, S> {
  readonly seed: number;
  readonly play: PlayOptions<I>;
  /** Makes a peer's copy of the game. */
  readonly game: (peer: number) => Game<I, S>;
  /** Makes the player of a peer's slot. @param local Which of the slots that the peer plays, from 0. */
  readonly bot: (peer: number, rng: Rng, local: number) => Bot<I>;
  readonly network?: Conditions;
  /** From a moment on input packets go over another network; control packets, which must stay in order, over the first to the end. */
  readonly calm?: { readonly fromMs: number; readonly network: Impairment };
  /** For each peer what is peculiar to it; those left out have nothing. */
  readonly peers?: readonly SimPeerOptions<I>[];
  /** Whether everything is written down, for `difference()` and what stands in the peers. False: memory stays flat. Default true. */
  readonly history?: boolean;
  readonly watcher?: Watcher<I>;
}

/** Two peers' games differ where they must not. */
export interface Difference {
  readonly frame: Frame;
  readonly peers: readonly [PeerId, PeerId];
  readonly what: 'inputs' | 'states';
}

/** A whole match on a virtual clock: sessions, games, players and the network between them, from one seed. */
export class Simulation<I, S> {
  readonly clock = new VirtualClock();
  readonly network: Network;
  readonly peers: readonly SimPeer<I, S>[];
  readonly #options: SimulationOptions<I, S>;
  readonly #history: boolean;
  readonly #watcher: Watcher<I> | undefined;
  readonly #calm: Network | undefined;
  readonly #calmFrom: number;
  /** What games are still doing, while promises are waited for; undefined: they are not. */
  #pending: Promise<void>[] | undefined;

  constructor(options: SimulationOptions<I, S>) {
    const rng = createRng(options.seed);
    const { network = {}, peers = [], play, calm } = options;
    if (peers.length > play.players) {
      throw new NetError('bad-option', {
        option: 'peers',
        got: `${peers.length} of them`,
        expected: `at most ${play.players}, one a player`,
      });
    }
    this.#options = options;
    this.#history = options.history ?? true;
    this.#watcher = options.watcher;
    this.network = new Network(this.clock, rng.fork('network'), typeof network === 'function' ? network : () => network);
    this.#calm = calm === undefined ? undefined : new Network(this.clock, rng.fork('calm'), () => calm.network);
    this.#calmFrom = calm?.fromMs ?? Infinity;
    this.peers = this.#createPeers(rng);
    for (const peer of this.peers) this.#plan(peer);
  }

  /** The network, and that of the calm if there is one. */
  get networks(): readonly Network[] {
    return this.#calm === undefined ? [this.network] : [this.network, this.#calm];
  }

  /** Runs for some ms. @throws NetError `bad-option` if a game returns a promise. */
  run(ms: number): void {
    this.clock.runTo(this.clock.now() + ms);
  }

  /** The same, and waits for games that return promises: no time passes until they are done. Rejects with what a game rejects with. */
  async runAsync(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    const pending: Promise<void>[] = [];
    let reached = false;
    this.clock.after(ms, () => {
      reached = true;
    });
    this.#pending = pending;
    try {
      while (!reached) {
        this.clock.step();
        // What is done may have begun more.
        while (pending.length > 0) await pending.shift();
      }
      this.clock.runTo(until);
      while (pending.length > 0) await pending.shift();
    } finally {
      this.#pending = undefined;
    }
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
   * The first frame, up to the last that all confirmed, at which two peers differ; undefined if there is none. It says nothing
   * of frames that were not reached, nor of rollbacks that did not happen: look at `confirmedByAll` and at `session.stats()` too.
   * @throws NetError `call-order` without history.
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

  // ---- the peers' lives

  #createPeers(rng: Rng): SimPeer<I, S>[] {
    const { play, peers = [] } = this.#options;
    const created: SimPeer<I, S>[] = [];
    for (let slots = 0; slots < play.players;) {
      const index = created.length;
      const options = peers[index] ?? {};
      const life = this.#createLife(index, rng.fork(`peer ${index}`));
      created.push(new SimPeer(`peer-${index}`, index, life, play.fps ?? DEFAULTS.fps, options, this.#history));
      slots += options.locals ?? play.locals ?? 1;
    }
    return created;
  }

  #createLife(index: number, rng: Rng): Life<I, S> {
    const own = playOf(this.#options.peers?.[index] ?? {});
    const game = this.#options.game(index);
    const session = new Session<I, S>({
      ...this.#options.play,
      ...own,
      self: `peer-${index}`,
      nonce: rng.u32(),
      ...(game.checksum === undefined ? {} : { checksum: game.checksum.bind(game) }),
    });
    const locals = own.locals ?? this.#options.play.locals ?? 1;
    const bots = Array.from({ length: locals }, (_, i) => this.#options.bot(index, rng.fork(i === 0 ? 'bot' : `bot ${i}`), i));
    return { session, game, bots, rng: rng.fork('skips') };
  }

  #plan(peer: SimPeer<I, S>): void {
    const { startMs = 0, delays = [], leavesMs, dies } = peer.options;
    this.clock.after(startMs, () => this.#start(peer));
    for (const [atMs, frames, local] of delays) this.clock.after(atMs, () => this.#setDelay(peer, frames, local));
    if (leavesMs !== undefined) this.clock.after(leavesMs, () => this.#whenRunning(peer, (one) => this.#leave(one)));
    if (dies !== undefined) this.clock.after(dies.atMs, () => this.#whenRunning(peer, (one) => this.#die(one)));
  }

  #comeBack(peer: SimPeer<I, S>): void {
    peer.revive(this.#createLife(peer.index, createRng(this.#options.seed, `peer ${peer.index} again`)));
    this.#watcher?.changed(peer.index, 'returned');
    this.#start(peer);
  }

  /** The peer joins: a link to everyone who is there is up at once, for both. */
  #start(peer: SimPeer<I, S>): void {
    const receive = (from: PeerId, bytes: Uint8Array): void => this.#arrive(peer, from, bytes);
    this.network.attach(peer.id, receive);
    this.#calm?.attach(peer.id, receive);
    for (const other of this.peers) {
      if (!other.present) continue;
      peer.session.connect(other.id);
      other.session.connect(peer.id);
    }
    peer.present = true;
    peer.lives++;
    this.#wake(peer);
  }

  #setDelay(peer: SimPeer<I, S>, frames: number, local?: number): void {
    const { session } = peer;
    if (!peer.present || session.state !== 'running') return;
    const slots = local === undefined ? session.locals : [session.locals[local]!];
    for (const slot of slots) {
      session.setInputDelay(frames, slot);
      this.#watcher?.delayed(peer.index, slot, frames);
    }
  }

  /** Calls `then` once the match is running for the peer. */
  #whenRunning(peer: SimPeer<I, S>, then: (peer: SimPeer<I, S>) => void): void {
    if (peer.session.state === 'starting') this.clock.after(LOOK_AGAIN_MS, () => this.#whenRunning(peer, then));
    else if (peer.session.state === 'running') then(peer);
  }

  #leave(peer: SimPeer<I, S>): void {
    if (!peer.present) return;
    this.#watcher?.changed(peer.index, 'left');
    peer.session.leave();
    this.#sendAll(peer);
  }

  #die(peer: SimPeer<I, S>): void {
    if (!peer.present) return;
    const { atMs, backMs } = peer.options.dies!;
    if (backMs !== undefined) this.clock.after(backMs - atMs, () => this.#comeBack(peer));
    this.#watcher?.changed(peer.index, 'died');
    peer.present = false;
    peer.stopTimer();
    peer.inbox.length = 0;
    this.network.detach(peer.id);
    this.#calm?.detach(peer.id);
  }

  // ---- packets

  #arrive(peer: SimPeer<I, S>, from: PeerId, bytes: Uint8Array): void {
    if (this.#hitchEnd(peer) === undefined) {
      this.#receive(peer, from, bytes);
      this.#sendAll(peer);
    } else {
      // The network's bytes are valid during the call only.
      peer.inbox.push({ from, bytes: new Uint8Array(bytes) });
    }
  }

  #receive(peer: SimPeer<I, S>, from: PeerId, bytes: Uint8Array): void {
    this.#watcher?.received(peer.index, from, bytes);
    peer.session.receive(from, bytes, peer.clock.at(this.clock.now()));
  }

  #sendAll(peer: SimPeer<I, S>): void {
    const { session, id } = peer;
    for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
      this.#watcher?.sent(peer.index, packet.to, packet.channel, packet.bytes);
      if (packet.channel === 'control') this.network.sendReliable(id, packet.to, packet.bytes);
      else if (peer.skipsNow) session.unsent();
      else if (this.#calm === undefined || this.clock.now() < this.#calmFrom) this.network.send(id, packet.to, packet.bytes);
      else this.#calm.send(id, packet.to, packet.bytes);
    }
  }

  // ---- ticks

  /** Until when the peer does nothing; undefined if it is awake. */
  #hitchEnd(peer: SimPeer<I, S>): number | undefined {
    const { hitches } = peer.options;
    if (hitches === undefined) return undefined;
    const now = this.clock.now();
    return hitches.find(([from, to]) => now >= from && now < to)?.[1];
  }

  /** Goes on after some time; later still if the peer does nothing then. */
  #later(peer: SimPeer<I, S>, ms: number, goOn: (peer: SimPeer<I, S>) => void): void {
    peer.stopTimer = this.clock.after(ms, () => {
      const end = this.#hitchEnd(peer);
      if (end !== undefined) {
        this.#later(peer, end - this.clock.now(), goOn);
        return;
      }
      this.#readInbox(peer);
      goOn(peer);
    });
  }

  /** Takes what came while it did nothing. */
  #readInbox(peer: SimPeer<I, S>): void {
    if (peer.inbox.length > 0) for (const { from, bytes } of peer.inbox.splice(0)) this.#receive(peer, from, bytes);
  }

  readonly #wake = (peer: SimPeer<I, S>): void => {
    const now = this.clock.now();
    const end = this.#hitchEnd(peer);
    if (end !== undefined) {
      this.#later(peer, end - now, this.#wake);
      return;
    }
    this.#ticks(peer, peer.pacer.due(peer.clock.at(now), peer.session.speed));
  };

  /** So many ticks, one after the other, then sleep until the next is due. */
  #ticks(peer: SimPeer<I, S>, count: number): void {
    for (let left = count; left > 0; left--) if (!this.#tick(peer, left)) return;
    if (peer.session.state === 'ended') {
      // What is left is to free the saved states, which takes no time.
      void perform(peer.game, peer.session);
      return;
    }
    const { displayHz } = peer.options;
    const now = this.clock.now();
    const ms =
      displayHz === undefined
        ? peer.clock.until(peer.pacer.wakeAt, now)
        : ((Math.floor((now * displayHz) / 1000 + 1e-6) + 1) * 1000) / displayHz - now;
    this.#later(peer, ms, this.#wake);
  }

  /** False if it is not done yet: then it goes on by itself, with the other ticks that are `left`. */
  #tick(peer: SimPeer<I, S>, left: number): boolean {
    const { session } = peer;
    const { frame } = session;
    const said = session.begin(peer.clock.at(this.clock.now()));
    this.#watcher?.begun(peer.index, said);
    if (said === 'sample') {
      const n = peer.sampled++;
      const { locals } = session;
      for (let i = 0; i < locals.length; i++) {
        const input = peer.sample(i, n);
        this.#watcher?.given(peer.index, locals[i]!, input);
        session.input(locals[i]!, input);
      }
    }
    this.#sendAll(peer);
    if (peer.options.workMs !== undefined && peer.options.workMs > 0) {
      this.#work(peer, frame, left);
      return false;
    }
    const pending = perform(peer.game, session);
    if (pending === undefined) {
      this.#done(peer, frame);
      return true;
    }
    this.#await(peer, pending, () => {
      this.#done(peer, frame);
      this.#ticks(peer, left - 1);
    });
    return false;
  }

  /** The operations of a tick one by one, with time between them. */
  #work(peer: SimPeer<I, S>, frame: Frame, left: number): void {
    const pending = perform(peer.game, peer.oneOp.next());
    const goOn = (): void => {
      if (peer.oneOp.taken) {
        this.#later(peer, peer.options.workMs!, () => this.#work(peer, frame, left));
        return;
      }
      this.#done(peer, frame);
      this.#ticks(peer, left - 1);
    };
    if (pending === undefined) goOn();
    else this.#await(peer, pending, goOn);
  }

  #await(peer: SimPeer<I, S>, pending: Promise<void>, then: () => void): void {
    if (this.#pending === undefined) {
      throw new NetError('bad-option', {
        option: 'game',
        got: 'a promise',
        expected: 'a game whose functions return at once; or use runAsync',
      });
    }
    const { lives } = peer;
    this.#pending.push(
      pending.then(() => {
        if (peer.present && peer.lives === lives) then();
      }),
    );
  }

  #done(peer: SimPeer<I, S>, frame: Frame): void {
    const { session } = peer;
    peer.final = session.confirmedFrame;
    if (this.#history) {
      if (session.frame > frame) peer.simulatedAt[frame] = this.clock.now();
      if (session.state === 'running') peer.speeds.push(session.speed);
    }
    for (let event = session.event(); event !== undefined; event = session.event()) {
      this.#watcher?.event(peer.index, event);
      if (this.#history) peer.events.push(event);
    }
    this.#watcher?.ticked(peer.index);
  }
}

/** What a peer's session is to know of its options. */
function playOf<I>(options: SimPeerOptions<I>): Partial<PlayOptions<I>> {
  const {
    startMs: _1,
    displayHz: _2,
    hitches: _3,
    clock: _4,
    workMs: _5,
    delays: _6,
    skips: _7,
    leavesMs: _8,
    dies: _9,
    ...play
  } = options;
  return play;
}
