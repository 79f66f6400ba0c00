// A simulated network on a virtual clock: a directed path for each pair of peers, for packets that may be lost and for a reliable,
// ordered channel beside them.
//
// Determinism: everything follows from the seed, the conditions, and the order of the calls. Each path draws from generators of its
// own, forked by its name, so that what happens on one leaves the others alone. Deliveries have a total order: by time, and at equal
// times as they were sent (the clock's order, which timers share).
//
// Packets lie in pooled memory, so that millions of them cost next to nothing: whoever receives one must copy what it keeps.
import type { Rng } from '../core/rng.js';
import type { PeerId } from '../core/peer.js';
import { type Impairment, ImpairedPath } from './impairment.js';
import { ReliableSender } from './reliable-sender.js';
import type { Task, VirtualClock } from './virtual-clock.js';

/** The longest packets whose memory is kept for the next one: what fits into one frame of Ethernet. */
const LONGEST_POOLED = 1500;

/** Takes a packet. The bytes are only valid during the call: copy what must stay. */
export type Receive = (from: PeerId, bytes: Uint8Array) => void;

/** What happened on one directed path. */
export interface PathCounters {
  /** Packets sent with `send`, and their bytes. */
  sent: number;
  bytes: number;
  /** Of those, the ones of which no copy arrives: loss, outages, a full queue. */
  lost: number;
  /** Packets, each of their copies, and messages of the reliable channel that were handed over. */
  delivered: number;
  /** The same that came when nobody was attached. */
  undelivered: number;
  /** Messages that the reliable channel sent again, because three later ones had arrived or because its timeout had passed. */
  repeatedFast: number;
  repeatedLate: number;
}

interface Path {
  readonly from: PeerId;
  readonly to: Receiver;
  readonly impaired: ImpairedPath;
  readonly reliable: ReliableSender;
  readonly counters: PathCounters;
}

/** A peer as it is reached: paths point to it, so that nothing is looked up when a packet arrives. */
interface Receiver {
  receive: Receive | undefined;
  /** The paths from it, by where they lead. */
  readonly paths: Map<PeerId, Path>;
}

/** A simulated network: packets that may be lost, and a reliable, ordered channel, from each peer to each other. */
export class Network {
  readonly #clock: VirtualClock;
  readonly #rng: Rng;
  readonly #conditions: (from: PeerId, to: PeerId) => Impairment;
  readonly #peers = new Map<PeerId, Receiver>();
  /** Packets that are not on their way, by their length. At most as many as ever were on their way at once. */
  readonly #free: Packet[][] = [];

  /** @param conditions Asked once for each directed pair of peers, when it is first needed. */
  constructor(clock: VirtualClock, rng: Rng, conditions: (from: PeerId, to: PeerId) => Impairment) {
    this.#clock = clock;
    this.#rng = rng;
    this.#conditions = conditions;
  }

  /** Says who gets what is sent to a peer. Until then, and after `detach`, it is lost. */
  attach(peer: PeerId, receive: Receive): void {
    this.#peer(peer).receive = receive;
  }

  detach(peer: PeerId): void {
    this.#peer(peer).receive = undefined;
  }

  /** Sends a packet that may be lost, doubled or overtaken. The bytes are copied. */
  send(from: PeerId, to: PeerId, bytes: Uint8Array): void {
    const path = this.#path(from, to);
    const { counters } = path;
    counters.sent++;
    counters.bytes += bytes.length;
    const arrivals = path.impaired.pass(this.#clock.now(), bytes.length);
    if (arrivals.length === 0) counters.lost++;
    for (let i = 0; i < arrivals.length; i++) this.#clock.schedule(arrivals[i]!, this.#packet(path, bytes));
  }

  /** Sends a message that arrives, in order, sooner or later: unless nothing ever passes. The bytes are copied. */
  sendReliable(from: PeerId, to: PeerId, bytes: Uint8Array): void {
    // Not slice(): of a Node Buffer that would be a view of the same memory.
    this.#path(from, to).reliable.send(new Uint8Array(bytes));
  }

  /** What happened on a path so far. */
  counters(from: PeerId, to: PeerId): Readonly<PathCounters> {
    return this.#path(from, to).counters;
  }

  /** A packet with a copy of the bytes, from the pool if there is one. */
  #packet(path: Path, bytes: Uint8Array): Packet {
    const { length } = bytes;
    const packet = this.#free[length]?.pop() ?? new Packet(length, this.#arrive);
    packet.path = path;
    // A loop is faster than set() for as few bytes as most packets have.
    for (let i = 0; i < length; i++) packet.bytes[i] = bytes[i]!;
    return packet;
  }

  readonly #arrive = (packet: Packet): void => {
    const { bytes } = packet;
    deliver(packet.path!, bytes);
    packet.path = undefined;
    if (bytes.length > LONGEST_POOLED) return;
    const free = this.#free[bytes.length];
    if (free === undefined) this.#free[bytes.length] = [packet];
    else free.push(packet);
  };

  #peer(id: PeerId): Receiver {
    let peer = this.#peers.get(id);
    if (peer === undefined) {
      peer = { receive: undefined, paths: new Map() };
      this.#peers.set(id, peer);
    }
    return peer;
  }

  #path(from: PeerId, to: PeerId): Path {
    return this.#peer(from).paths.get(to) ?? this.#newPath(from, to);
  }

  #newPath(from: PeerId, to: PeerId): Path {
    const key = `${from}>${to}`;
    const conditions = this.#conditions(from, to);
    const counters = { sent: 0, bytes: 0, lost: 0, delivered: 0, undelivered: 0, repeatedFast: 0, repeatedLate: 0 };
    const impaired = new ImpairedPath(conditions, this.#rng.fork(key));
    const once = { ...conditions, copies: 1 };
    const path: Path = {
      from,
      to: this.#peer(to),
      impaired,
      counters,
      reliable: new ReliableSender({
        clock: this.#clock,
        forth: new ImpairedPath(once, this.#rng.fork(`${key} reliable`), impaired.bottleneck),
        // The way back exists when the first message has arrived, not earlier: each of two paths would wait for the other.
        back: () => this.#reports(to, from, key),
        deliver: (message) => deliver(path, message),
        counters,
      }),
    };
    this.#peer(from).paths.set(to, path);
    return path;
  }

  /** The way on which the reliable channel `key` is told what has arrived. */
  #reports(from: PeerId, to: PeerId, key: string): ImpairedPath {
    const { bottleneck } = this.#path(from, to).impaired;
    return new ImpairedPath({ ...this.#conditions(from, to), copies: 1 }, this.#rng.fork(`${key} reports`), bottleneck);
  }
}

function deliver({ from, to, counters }: Path, bytes: Uint8Array): void {
  if (to.receive === undefined) {
    counters.undelivered++;
    return;
  }
  counters.delivered++;
  to.receive(from, bytes);
}

/** A packet on its way, or in the pool. */
class Packet implements Task {
  readonly bytes: Uint8Array;
  path: Path | undefined;
  readonly #arrive: (packet: Packet) => void;

  constructor(length: number, arrive: (packet: Packet) => void) {
    this.bytes = new Uint8Array(length);
    this.#arrive = arrive;
  }

  run(): void {
    this.#arrive(this);
  }
}
