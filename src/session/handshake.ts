// From "links are up" to "everyone starts": hellos between all pairs, then the lowest id proposes a roster, all accept, go.
// Pure: takes packets, answers with packets to send, and says when the match may start. The control channel is reliable and
// ordered: no step has to be repeated, and `repeat` only makes what was sent arrive sooner.
import { NetError } from '../core/errors.js';
import { Hasher } from '../core/checksum.js';
import type { Slot } from '../core/frame.js';
import type { PeerId } from '../core/peer.js';
import type { Agreed, ControlPacket, Hello, Start } from '../wire/control-packets.js';
import { PROTOCOL_VERSION } from '../wire/limits.js';

/** Who plays which slots. */
export interface Seat {
  readonly peer: PeerId;
  readonly slots: readonly Slot[];
}

/** What all have agreed on. */
export interface Kickoff {
  readonly epoch: number;
  /** 32 bits, the same for all, different in each match. */
  readonly seed: number;
  /** In the order of the slots. */
  readonly seats: readonly Seat[];
}

export interface HandshakeOptions {
  readonly self: PeerId;
  readonly nonce: number;
  readonly epoch: number;
  readonly locals: number;
  readonly agreed: Agreed;
  send(to: PeerId, packet: ControlPacket): void;
}

export class Handshake {
  readonly #options: HandshakeOptions;
  /** Peers whose link is up; with their hello once it has come. */
  readonly #peers = new Map<PeerId, Hello | undefined>();
  readonly #accepted = new Set<PeerId>();
  #ballot = 0;
  #proposal: Start | undefined;
  #acceptSent = false;
  #kickoff: Kickoff | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** Set once everyone has agreed. */
  get kickoff(): Kickoff | undefined {
    return this.#kickoff;
  }

  /** Peers whose hello has not come. */
  get unheard(): readonly PeerId[] {
    return [...this.#peers].filter(([, hello]) => hello === undefined).map(([peer]) => peer);
  }

  /** A link is up. */
  connect(peer: PeerId): void {
    // Its hello may have come before our side of the link was known to be up.
    if (!this.#peers.has(peer)) this.#peers.set(peer, undefined);
    this.#options.send(peer, this.#hello(false));
  }

  /**
   * Says hello again to everyone who is linked. What was sent before arrives sooner: SCTP sends a lost message again at once when it
   * hears that later ones have come, and otherwise after a timeout of a second.
   */
  repeat(): void {
    for (const peer of this.#peers.keys()) this.#options.send(peer, this.#hello(true));
  }

  /** Whether a hello comes from another session than the one that the peer has said hello with before. */
  isNewSession(from: PeerId, hello: Hello): boolean {
    const known = this.#peers.get(from);
    return known !== undefined && hello.version === PROTOCOL_VERSION && hello.nonce !== known.nonce;
  }

  /** Takes a hello. The error says why we cannot play together; the other side finds the same from ours. */
  hello(from: PeerId, hello: Hello): NetError | undefined {
    const { agreed } = this.#options;
    // Before anything is judged: the other side must be able to name the mismatch too.
    if (!hello.answer) this.#options.send(from, this.#hello(true));
    if (hello.version !== PROTOCOL_VERSION) {
      return new NetError('version-mismatch', { peer: from, local: PROTOCOL_VERSION, remote: hello.version });
    }
    for (const field of Object.keys(agreed) as (keyof Agreed)[]) {
      if (agreed[field] !== hello.agreed[field]) {
        return new NetError('config-mismatch', { peer: from, field, local: agreed[field], remote: hello.agreed[field] });
      }
    }
    // The first hello stands: a later one that says otherwise would change the slots of what was already proposed.
    if (this.#kickoff !== undefined || this.#peers.get(from) !== undefined) return undefined;
    this.#peers.set(from, hello);
    if (this.#slotsTaken() > agreed.players) {
      return new NetError('config-mismatch', { peer: from, field: 'locals', local: this.#options.locals, remote: hello.locals });
    }
    this.#proceed();
    return undefined;
  }

  /** Takes a step towards the start. False if it does not fit what was agreed so far. */
  start(from: PeerId, start: Start): boolean {
    if (this.#kickoff !== undefined || !this.#peers.has(from)) return false;
    switch (start.step) {
      case 'propose': {
        const lowest = start.roster[0];
        const isSorted = start.roster.every((peer, i) => i === 0 || start.roster[i - 1]! < peer);
        if (from !== lowest || !isSorted || !start.roster.includes(this.#options.self)) return false;
        if (this.#proposal !== undefined && start.ballot <= this.#proposal.ballot) return false;
        this.#proposal = start;
        this.#acceptSent = false;
        this.#proceed();
        return true;
      }
      case 'accept': {
        if (this.#proposal === undefined || this.#proposal.roster[0] !== this.#options.self || start.ballot !== this.#ballot) return false;
        if (!this.#proposal.roster.includes(from)) return false;
        this.#accepted.add(from);
        if (this.#accepted.size === this.#proposal.roster.length - 1) {
          for (const peer of this.#accepted) this.#options.send(peer, { ...this.#proposal, step: 'go' });
          this.#begin(this.#proposal);
        }
        return true;
      }
      case 'go':
        if (!this.#acceptSent || this.#proposal?.ballot !== start.ballot || from !== this.#proposal.roster[0]) return false;
        this.#begin(this.#proposal);
        return true;
    }
  }

  /** A member already plays by our accepted proposal: its first packet overtook the go. */
  implied(from: PeerId, epoch: number): void {
    const proposal = this.#proposal;
    if (this.#acceptSent && proposal?.epoch === epoch && proposal.roster.includes(from)) this.#begin(proposal);
  }

  #hello(answer: boolean): Hello {
    const { nonce, locals, agreed, epoch } = this.#options;
    return { kind: 'hello', version: PROTOCOL_VERSION, epoch, answer, nonce, locals, agreed };
  }

  #slotsTaken(): number {
    let taken = this.#options.locals;
    for (const hello of this.#peers.values()) taken += hello?.locals ?? 0;
    return taken;
  }

  /** Proposes, or accepts, once every place is filled and every hello has come. */
  #proceed(): void {
    const { self, agreed, epoch, send } = this.#options;
    if (this.unheard.length > 0 || this.#slotsTaken() !== agreed.players) return;
    const roster = [self, ...this.#peers.keys()].sort();
    if (roster[0] === self) {
      if (this.#proposal !== undefined) return;
      this.#ballot++;
      this.#proposal = { kind: 'start', step: 'propose', ballot: this.#ballot, epoch, seed: this.#seed(roster), roster };
      for (const peer of this.#peers.keys()) send(peer, this.#proposal);
      return;
    }
    const proposal = this.#proposal;
    if (proposal === undefined || this.#acceptSent) return;
    if (proposal.roster.length !== roster.length || !proposal.roster.every((peer, i) => peer === roster[i])) return;
    this.#acceptSent = true;
    send(proposal.roster[0]!, { ...proposal, step: 'accept' });
  }

  #seed(roster: readonly PeerId[]): number {
    const hasher = new Hasher();
    for (const peer of roster) hasher.int(peer === this.#options.self ? this.#options.nonce : this.#peers.get(peer)!.nonce);
    return hasher.value() % 4294967296;
  }

  #begin(proposal: Start): void {
    const seats: Seat[] = [];
    let slot = 0;
    for (const peer of proposal.roster) {
      const locals = peer === this.#options.self ? this.#options.locals : this.#peers.get(peer)!.locals;
      seats.push({ peer, slots: Array.from({ length: locals }, (_, i) => slot + i) });
      slot += locals;
    }
    this.#kickoff = { epoch: proposal.epoch, seed: proposal.seed, seats };
  }
}
