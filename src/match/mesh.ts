// The links of one peer to all others of its match, and the session that they carry: where signaling, links and session meet.
// It keeps them in step: a peer seen becomes a link, a link up joins the session, a packet goes to whom it is for.
import type { Clock, Off } from '../core/clock.js';
import { NetError } from '../core/errors.js';
import type { PeerId } from '../core/peer.js';
import type { LinkStats } from '../link/link-stats.js';
import { PeerLink } from '../link/peer-link.js';
import type { RtcConstructor } from '../link/rtc.js';
import type { IceServer, Signal } from '../negotiation/signal.js';
import type { SessionEvent } from '../session/events.js';
import type { Session } from '../session/p2p.js';
import type { SignalingRoom } from '../signaling/interface.js';
import type { MatchOptions, Progress } from './options.js';

export interface MeshOptions<I, S> {
  readonly match: MatchOptions<I, S>;
  readonly session: Session<I, S>;
  readonly room: SignalingRoom;
  readonly rtc: RtcConstructor;
  readonly clock: Clock;
  readonly random: () => number;
  /** When the match must have started, on the clock. */
  readonly limitAt: number;
  progress(stage: Progress['stage'], text: string, peer?: PeerId): void;
  /** A packet has come and was taken. */
  received(): void;
  /** An event of the session. */
  event(event: SessionEvent): void;
  /** A link could not be made. */
  failed(error: NetError): void;
}

/** A deadline that has passed is no reason to spin. */
const MIN_WAIT_MS = 10;

export class Mesh<I, S> {
  readonly #options: MeshOptions<I, S>;
  readonly #links = new Map<PeerId, PeerLink>();
  /** Why the last peer that gave up before its link was up did so. */
  #lastFailure: NetError | undefined;
  #straySignals = 0;
  #closed = false;
  #stopWaiting: Off = () => {};

  constructor(options: MeshOptions<I, S>) {
    this.#options = options;
  }

  /** Peers to which there is a link, up or not. */
  get peers(): readonly PeerId[] {
    return [...this.#links.keys()];
  }

  /** The first peer whose link is not up, if there is one. */
  get connecting(): PeerId | undefined {
    for (const [peer, link] of this.#links) if (link.state === 'connecting') return peer;
    return undefined;
  }

  /** Peers whose hello has not come. */
  get unheard(): readonly PeerId[] {
    return this.#options.session.unheard;
  }

  get lastFailure(): NetError | undefined {
    return this.#lastFailure;
  }

  /** Signals of peers that have no place in this match. */
  get straySignals(): number {
    return this.#straySignals;
  }

  linkStats(peer: PeerId): LinkStats | undefined {
    return this.#links.get(peer)?.stats();
  }

  /** Another peer is in the room. False if the match has no place for it. */
  add(peer: PeerId): boolean {
    const { match, room, rtc, clock, random, limitAt, progress } = this.#options;
    if (this.#closed || this.#links.has(peer)) return true;
    if (this.#links.size >= match.players - 1 || this.#options.session.state !== 'starting') return false;
    const link = new PeerLink({
      self: room.self,
      remote: peer,
      rtc,
      iceServers: iceServers(match.iceServers, room.iceServers),
      relayOnly: match.relayOnly ?? false,
      clock,
      attempt: `${random().toString(36)}${random().toString(36)}`,
      policy: match.channel ?? 'auto',
      limitMs: Math.max(1, limitAt - clock.now()),
      on: {
        signal: (signal) => room.send(peer, signal),
        progress: ({ stage, text }) => progress(stage, text, peer),
        open: () => this.#opened(peer),
        message: (bytes) => this.#received(peer, bytes),
        closed: (error) => this.#lost(peer, error),
      },
    });
    this.#links.set(peer, link);
    link.start();
    return true;
  }

  /** A peer has left the room. If its link is up, that is all the same to us. */
  remove(peer: PeerId): void {
    const link = this.#links.get(peer);
    if (link === undefined || link.state !== 'connecting') return;
    this.#links.delete(peer);
    this.#lastFailure = new NetError('peer-gone', { peer, stage: link.stage, why: 'it left the room' });
    link.close('you left the room');
    this.#options.progress('peer', 'left the room', peer);
  }

  signal(from: PeerId, signal: Signal): void {
    const link = this.#links.get(from);
    if (link === undefined) this.#straySignals++;
    else link.signal(signal);
  }

  /** Inputs are about to be sampled: what takes time before they can be sent is done now. */
  prepare(): void {
    for (const link of this.#links.values()) link.prepareInput();
  }

  /** Sends all that the session has to send. */
  flush(): void {
    const { session } = this.#options;
    for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
      const link = this.#links.get(packet.to);
      if (link === undefined) continue;
      if (packet.channel === 'control') link.sendControl(packet.bytes);
      else if (!link.sendInput(packet.bytes, inputInfo(packet))) session.unsent();
    }
  }

  /** Hands out what has happened in the session. */
  drain(): void {
    const { session } = this.#options;
    for (let event = session.event(); event !== undefined; event = session.event()) {
      if (event.type === 'dropped') this.#drop(event.peer);
      this.#options.event(event);
    }
  }

  /** Says goodbye and closes all links. Calling it again does nothing. @param error Why, if it is not by one's own wish. */
  close(reason: string, error?: NetError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopWaiting();
    this.#options.session.leave(reason, error);
    this.flush();
    for (const link of this.#links.values()) link.close(reason);
    this.drain();
  }

  #opened(peer: PeerId): void {
    this.#options.progress('handshake', 'waiting for its hello', peer);
    this.#options.session.connect(peer);
    this.flush();
    this.#awaitStart();
  }

  /** Until the match has started, the session is called whenever it wants to be. */
  #awaitStart(): void {
    const { session, clock } = this.#options;
    this.#stopWaiting();
    if (this.#closed || session.state !== 'starting') return;
    this.#stopWaiting = clock.after(Math.max(MIN_WAIT_MS, session.deadline - clock.now()), () => {
      session.begin(clock.now());
      this.flush();
      this.drain();
      this.#awaitStart();
    });
  }

  #received(peer: PeerId, bytes: Uint8Array): void {
    const { session, clock } = this.#options;
    session.receive(peer, bytes, clock.now());
    this.flush();
    this.drain();
    this.#options.received();
  }

  #lost(peer: PeerId, error: NetError): void {
    const { session, clock, failed, progress } = this.#options;
    this.#links.delete(peer);
    if (session.state === 'starting' && error.code === 'peer-gone') {
      // It gave up before the link was up: somebody else may take the place.
      this.#lastFailure = error;
      progress('peer', error.message, peer);
    } else if (session.state === 'starting' && error.code !== 'peer-lost') {
      failed(error);
    } else {
      session.disconnect(peer, whyOf(error), clock.now());
      this.drain();
    }
  }

  #drop(peer: PeerId): void {
    this.#links.get(peer)?.close('you left');
    this.#links.delete(peer);
  }
}

function inputInfo(packet: { readonly ageMs: number; readonly ackMs: number }): { ageMs: number; ackMs?: number } {
  return packet.ackMs < 0 ? { ageMs: packet.ageMs } : { ageMs: packet.ageMs, ackMs: packet.ackMs };
}

function iceServers(own: readonly IceServer[] | undefined, handedOut: readonly IceServer[] | undefined): readonly IceServer[] {
  return [...(own ?? []), ...(handedOut ?? [])];
}

function whyOf(error: NetError): string {
  return 'why' in error.fields && typeof error.fields.why === 'string' ? error.fields.why : error.message;
}
