// Knows the truth and looks on: after every tick it compares what each peer was made to do with what the rules allow, and with a game
// that was played from the same inputs without any network. It needs a fixed amount of memory, however long a match lasts.
import { type Frame, NO_FRAME, type Slot } from '../core/frame.js';
import { DEFAULTS } from '../core/defaults.js';
import type { Game } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import { MAX_SPEED_CHANGE } from '../core/time-sync.js';
import type { PeerId } from '../core/peer.js';
import type { SessionEvent } from '../session/events.js';
import { epochOf } from '../wire/head.js';
import { MAX_INPUT_BYTES } from '../wire/limits.js';
import type { Failure, FailureKind } from './failure.js';
import type { SimPeer } from './sim-peer.js';
import { KEPT_FRAMES, Truth } from './truth.js';
import { type Labelled, WatchedGame } from './watched-game.js';
import type { Watcher } from './watcher.js';

/** A divergence that is planted: the games differ from this frame on, and everyone must be told. */
export interface Plant {
  /** `state`: the peer's game goes wrong. `inputs`: the inputs of the others reach it changed. */
  readonly kind: 'state' | 'inputs';
  readonly peer: number;
  readonly frame: Frame;
}

export interface OraclePeer {
  readonly slots: readonly Slot[];
  /** At the start. */
  readonly inputDelay: Frame;
  /** Whether it is automatic. */
  readonly auto?: boolean;
  /** Whether time passes while its game works. */
  readonly slow?: boolean;
  /** Of which frames it saves the state: each so manieth. Default 1. */
  readonly saveEvery?: number;
}

export interface OracleOptions<I, S> {
  readonly input: InputCodec<I>;
  /** Makes the game that is played without a network: one whose functions return at once. */
  readonly game: () => Game<I, S>;
  /** Tells states apart, of a game as it stands. */
  readonly fingerprint: (game: Game<I, S>) => number;
  readonly peers: readonly OraclePeer[];
  readonly window: number;
  readonly checkInterval: number;
  /** ms of silence after which a match ends. */
  readonly waitMs: number;
  readonly plant?: Plant;
}

/** Bytes that no packet begins with: whoever injects junk begins it with this, so that it does not count as a sign of life. */
export const JUNK = 0xc1;
/** Of the matches that are watched. */
const EPOCH = 0;
/** ms within which a limit of silence must have been noticed: some ticks, of a slow display too. */
const NOTICE_MS = 120;
/** What the world's clock shows at the least of a time that a peer's clock shows. */
const CLOCKS = 0.95;
/** Longest time between two ticks of a peer that counts as awake. */
const AWAKE_MS = 60;

interface Observed<I, S> {
  readonly slots: readonly Slot[];
  readonly slow: boolean;
  /** Its input delay if it is automatic, −1 otherwise. */
  autoDelay: Frame;
  readonly ids: Set<PeerId>;
  peer: SimPeer<I, Labelled<S>> | undefined;
  game: WatchedGame<I, S> | undefined;
  said: 'sample' | 'stalled';
  simBefore: Frame;
  given: number;
  sent: number;
  started: boolean;
  startedAt: number;
  running: boolean;
  gone: 'left' | 'died' | 'returned' | undefined;
  ended: boolean;
  /** Others that were dropped in this tick. */
  droppedNow: number;
  readonly heardAt: Map<PeerId, number>;
  readonly interrupted: Set<PeerId>;
  tickAt: number;
  awakeSince: number;
  desyncs: number;
}

/** Watches a simulation and knows what must come of it; the first thing that is wrong is its `failure`. */
export class Oracle<I, S> implements Watcher<I> {
  readonly #options: OracleOptions<I, S>;
  readonly #truth: Truth<I, S>;
  readonly #observed: Observed<I, S>[];
  /** How often each event was told, to all peers together. */
  readonly events: Record<SessionEvent['type'], number> = { started: 0, interrupted: 0, resumed: 0, dropped: 0, desync: 0, ended: 0 };
  #now: () => number = () => 0;
  #failure: Failure | undefined;

  constructor(options: OracleOptions<I, S>) {
    this.#options = options;
    const delays = options.peers.flatMap(({ slots, inputDelay }) => slots.map(() => inputDelay));
    this.#truth = new Truth(options.input, delays, options.game(), options.fingerprint);
    this.#observed = options.peers.map(({ slots, slow = false, auto = false, inputDelay }) => ({
      slots,
      slow,
      autoDelay: auto ? inputDelay : -1,
      ids: new Set(),
      peer: undefined,
      game: undefined,
      said: 'stalled',
      simBefore: 0,
      given: 0,
      sent: 0,
      started: false,
      startedAt: 0,
      running: false,
      gone: undefined,
      ended: false,
      droppedNow: 0,
      heardAt: new Map(),
      interrupted: new Set(),
      tickAt: -Infinity,
      awakeSince: 0,
      desyncs: 0,
    }));
  }

  /** The first thing that was wrong; undefined if nothing was. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Reports something wrong that the oracle cannot see by itself. Only the first report counts. */
  fail(kind: FailureKind, peer: number, frame: Frame, text: string): void {
    this.#failure ??= { kind, peer, frame, atMs: this.#now(), text };
  }

  /** The game that a peer is to be given. */
  watch(peer: number, game: Game<I, S>): Game<I, Labelled<S>> {
    const { input, window, fingerprint, plant } = this.#options;
    const watched = new WatchedGame<I, S>({
      game,
      codec: input,
      slots: this.#observed.reduce((sum, { slots }) => sum + slots.length, 0),
      truth: this.#truth,
      sparse: (this.#options.peers[peer]!.saveEvery ?? 1) - 1,
      window,
      fingerprint,
      failed: (kind, frame, text) => this.fail(kind, peer, frame, text),
      forged: (slot, frame) =>
        plant?.kind === 'inputs' && plant.peer === peer && plant.frame === frame && !this.#observed[peer]!.slots.includes(slot),
    });
    // A game that comes back with a new process belongs to no match that could be compared.
    if (this.#observed[peer]!.game === undefined) this.#observed[peer]!.game = watched;
    return watched;
  }

  /** Looks on from now on. */
  follow(peers: readonly SimPeer<I, Labelled<S>>[], now: () => number): void {
    this.#now = now;
    peers.forEach((peer, index) => {
      const observed = this.#observed[index]!;
      observed.peer = peer;
      for (const other of peers) {
        if (other === peer) continue;
        observed.ids.add(other.id);
        observed.heardAt.set(other.id, 0);
      }
    });
  }

  // ---- what happens

  begun(peer: number, said: 'sample' | 'stalled'): void {
    const observed = this.#observed[peer]!;
    const session = observed.peer!.session;
    const now = this.#now();
    if (now - observed.tickAt > AWAKE_MS) observed.awakeSince = now;
    observed.tickAt = now;
    observed.said = said;
    observed.simBefore = session.frame;
    observed.given = 0;
    observed.sent = 0;
    observed.droppedNow = 0;
    observed.running = session.state === 'running';
    if (observed.gone !== undefined) return;
    observed.game!.loads = 0;
    if (observed.autoDelay >= 0 && observed.running) this.#followDelay(observed, session.inputDelay);
  }

  given(peer: number, slot: Slot, input: I): void {
    const observed = this.#observed[peer]!;
    if (observed.gone === 'returned') return;
    observed.given++;
    if (!observed.slots.includes(slot)) this.fail('sampling', peer, observed.simBefore, `peer ${peer} is asked for slot ${slot}`);
    else this.#truth.give(slot, observed.simBefore, input);
  }

  sent(peer: number, _to: PeerId, channel: 'input' | 'control', bytes: Uint8Array): void {
    if (channel === 'control') return;
    const observed = this.#observed[peer]!;
    observed.sent++;
    if (bytes.length > MAX_INPUT_BYTES) this.fail('sending', peer, observed.simBefore, `an input packet of ${bytes.length} bytes`);
  }

  received(peer: number, from: PeerId, bytes: Uint8Array): void {
    const observed = this.#observed[peer]!;
    // What belongs to no match, or to another one, is no sign of life.
    if (bytes[0] !== JUNK && epochOf(bytes[bytes[0] === 0xdc ? 3 : 1] ?? 0) === EPOCH && observed.ids.has(from))
      observed.heardAt.set(from, this.#now());
  }

  delayed(peer: number, slot: Slot, frames: number): void {
    this.#observed[peer]!.autoDelay = -1;
    this.#truth.setDelay(slot, frames);
  }

  changed(peer: number, how: 'left' | 'died' | 'returned'): void {
    const observed = this.#observed[peer]!;
    observed.gone = how;
    if (how !== 'left') return;
    const last = this.#lastOf(observed);
    for (const slot of observed.slots) this.#truth.cut(slot, last);
  }

  event(peer: number, event: SessionEvent): void {
    const observed = this.#observed[peer]!;
    const { simBefore } = observed;
    this.events[event.type]++;
    if (observed.gone === 'returned') {
      if (event.type === 'started') this.fail('start', peer, simBefore, 'a peer that has come back starts a match that runs already');
      return;
    }
    switch (event.type) {
      case 'started':
        if (observed.started) this.fail('start', peer, simBefore, 'started twice');
        observed.started = true;
        observed.startedAt = this.#now();
        return;
      case 'interrupted': {
        const silentMs = this.#silentMs(observed, event.peer);
        if (silentMs < DEFAULTS.interruptedMs * CLOCKS || observed.interrupted.has(event.peer)) {
          this.fail('silence', peer, simBefore, `${event.peer} is said to be silent, and was heard ${silentMs} ms ago`);
        }
        observed.interrupted.add(event.peer);
        return;
      }
      case 'resumed':
        if (!observed.interrupted.delete(event.peer)) this.fail('silence', peer, simBefore, `${event.peer} was not interrupted`);
        return;
      case 'dropped':
        this.#dropped(peer, observed, event.peer, event.lastFrame);
        return;
      case 'desync': {
        observed.desyncs++;
        const { plant } = this.#options;
        const expected = this.desyncAt;
        const right = plant !== undefined && (observed.desyncs > 1 ? event.frame > expected : event.frame === expected);
        if (!right || (event.cause !== plant.kind && observed.desyncs === 1)) {
          this.fail(
            'desync',
            peer,
            event.frame,
            `a desync (${event.cause}) is told at ${event.frame}; planted: ${plant?.kind ?? 'none'} at ${plant?.frame}`,
          );
        }
        return;
      }
      case 'ended': {
        observed.ended = true;
        if (observed.gone === 'left' && event.error === undefined) return;
        const silentMs = Math.max(...[...observed.ids].map((id) => this.#silentMs(observed, id)));
        if (event.error?.code !== 'peer-lost' || silentMs < this.#options.waitMs * CLOCKS) {
          this.fail('end', peer, simBefore, `the match ended with ${event.error?.code}, the longest silence was ${silentMs} ms`);
        }
        return;
      }
    }
  }

  ticked(peer: number): void {
    const observed = this.#observed[peer]!;
    if (!observed.running || observed.gone !== undefined || observed.ended) return;
    const { session, final } = observed.peer!;
    const game = observed.game!;
    const { simBefore, said } = observed;
    const sampled = said === 'sample' ? 1 : 0;
    if (session.frame !== simBefore + sampled || game.sim !== session.frame) {
      this.fail('sampling', peer, simBefore, `"${said}" at ${simBefore}, and ${session.frame} frames afterwards (${game.sim} in the game)`);
    }
    if (observed.given !== sampled * observed.slots.length) this.fail('sampling', peer, simBefore, `${observed.given} inputs in a tick`);
    const live = observed.ids.size;
    if (observed.sent > live + observed.droppedNow || observed.sent < live) {
      this.fail('sending', peer, simBefore, `${observed.sent} input packets in a tick to ${live} others`);
    }
    if (game.loads > 1 && !observed.slow) this.fail('needless', peer, simBefore, `${game.loads} rollbacks in one tick`);
    if (!(Math.abs(session.speed - 1) <= MAX_SPEED_CHANGE + 1e-9)) this.fail('speed', peer, simBefore, `speed ${session.speed}`);
    this.#checkFinal(peer, observed, final);
    this.#checkWindow(peer, observed, session.frame, final);
    this.#checkSilence(peer, observed);
  }

  /**
   * What must have happened when all is over: whoever was to be told of a divergence, a leave or a return was.
   * @param desyncDue Whether there has been time enough for a planted divergence to come to light.
   * @param startDue Whether there has been time enough to start.
   */
  finish(desyncDue: boolean, startDue = true): void {
    const { plant } = this.#options;
    this.#observed.forEach((observed, peer) => {
      const { session } = observed.peer!;
      if (session.state === 'ended' && observed.gone !== 'returned' && observed.game!.held > 0) {
        this.fail('memory', peer, session.frame, `${observed.game!.held} saved states were not given back`);
      }
      if (observed.gone !== undefined) return;
      // Where the word to go is still under way when the one who gave it gives up, the match may begin for that one alone.
      const givenUp = this.#observed.some(({ ended }) => ended);
      if (!observed.started && startDue && !givenUp) this.fail('start', peer, 0, 'never started');
      if (plant !== undefined && desyncDue && observed.desyncs === 0)
        this.fail('desync', peer, plant.frame, `the divergence at ${plant.frame} was not told`);
      for (const id of observed.ids) {
        const other = this.#observed.find((candidate) => candidate.peer!.id === id)!;
        if ((other.gone === 'left' || other.gone === 'returned') && !observed.ended)
          this.fail('drop', peer, observed.simBefore, `${id} has ${other.gone}, and was not let go`);
      }
    });
  }

  // ---- checks

  /** Which delay an automatic one has is the session's business; what it does to the inputs is not. */
  #followDelay(observed: Observed<I, S>, delay: Frame): void {
    if (delay === observed.autoDelay) return;
    observed.autoDelay = delay;
    for (const slot of observed.slots) this.#truth.setDelay(slot, delay);
  }

  #dropped(peer: number, observed: Observed<I, S>, id: PeerId, lastFrame: Frame): void {
    const { simBefore } = observed;
    const other = this.#observed.find((candidate) => candidate.peer!.id === id);
    if (other === undefined || other.gone === undefined || other.gone === 'died' || !observed.ids.delete(id)) {
      this.fail('drop', peer, simBefore, `${id} is dropped, though it is there`);
      return;
    }
    observed.droppedNow++;
    observed.interrupted.delete(id);
    const last = this.#lastOf(other);
    if (other.gone === 'left' ? lastFrame !== last : lastFrame > last || lastFrame < observed.game!.final) {
      this.fail('drop', peer, lastFrame, `${id} is dropped after ${lastFrame}, having given inputs up to ${last}`);
    }
    for (const slot of other.slots) this.#truth.cut(slot, lastFrame);
  }

  #checkFinal(peer: number, observed: Observed<I, S>, final: Frame): void {
    const game = observed.game!;
    const { plant } = this.#options;
    if (final < game.final) this.fail('rewritten', peer, final, `${game.final} was final, and now only ${final}`);
    if (final < this.#truth.next - KEPT_FRAMES) this.fail('stuck', peer, final, `the others are ${this.#truth.next - final} frames ahead`);
    while (game.final < final && this.#failure === undefined) {
      const frame = game.final + 1;
      game.verify(frame, plant?.peer !== peer || frame < plant.frame);
      game.final = frame;
    }
  }

  /** Frame f may be simulated if and only if f − confirmed ≤ window; after a tick all that is confirmed is final. */
  #checkWindow(peer: number, observed: Observed<I, S>, sim: Frame, final: Frame): void {
    const { window } = this.#options;
    if (observed.said === 'sample' && sim - 1 - final > window) {
      this.fail('window', peer, sim - 1, `frame ${sim - 1} is simulated, though only ${final} is confirmed`);
    }
    if (observed.said === 'stalled' && sim - final <= window && !observed.slow) {
      this.fail('window', peer, sim, `stalled at ${sim}, though ${final} is confirmed`);
    }
  }

  /** For how long another had been silent when the tick began, in which the session looked; what came since, while a slow game worked, is left out. */
  #silentMs(observed: Observed<I, S>, id: PeerId): number {
    const heardAt = observed.heardAt.get(id)!;
    return heardAt > observed.tickAt && observed.slow ? Infinity : this.#now() - heardAt;
  }

  #checkSilence(peer: number, observed: Observed<I, S>): void {
    // As it was when the tick began: that is when the session looked.
    const now = observed.tickAt;
    for (const id of observed.ids) {
      const since = Math.max(observed.heardAt.get(id)!, observed.awakeSince, observed.startedAt);
      const silentMs = now - since;
      if (silentMs > DEFAULTS.interruptedMs / CLOCKS + NOTICE_MS && !observed.interrupted.has(id)) {
        this.fail('silence', peer, observed.simBefore, `${id} has been silent for ${silentMs} ms, and nobody was told`);
      }
      if (silentMs > this.#options.waitMs / CLOCKS + NOTICE_MS) {
        this.fail('end', peer, observed.simBefore, `${id} has been silent for ${silentMs} ms, and the match goes on`);
      }
    }
  }

  /** The check frame at which a planted divergence must show; −1 if there is none. */
  get desyncAt(): Frame {
    const { plant, checkInterval } = this.#options;
    return plant === undefined ? NO_FRAME : (Math.floor(plant.frame / checkInterval) + 1) * checkInterval;
  }

  /** The last frame for which a peer has given all its inputs. */
  #lastOf(observed: Observed<I, S>): Frame {
    return Math.min(...observed.slots.map((slot) => this.#truth.last(slot)));
  }
}
