// What the UDP relay does with packets, without sockets and timers: which arrive and when (the seeded impairment), and to which
// address (learned from what each side sends). Time is an argument, so that one seed and one order of packets give one outcome.
import { createHistogram } from 'node:perf_hooks';
import { requireInteger } from '../core/errors.js';
import { createRng } from '../core/rng.js';
import type { Rng } from '../core/rng.js';
import { ImpairedPath } from '../sim/impairment.js';
import type { Impairment } from '../sim/impairment.js';

/** One of the two peers of a relay. */
export type Side = 'a' | 'b';

/** An IPv4 address and a UDP port. */
export interface UdpAddress {
  readonly host: string;
  readonly port: number;
}

/** The same conditions both ways, or each direction its own. */
export type RelayImpairment = Impairment | { readonly aToB: Impairment; readonly bToA: Impairment };

/**
 * What happened to the packets of one direction, since the relay was started. Without copies
 * `received = dropped + forwarded + unaddressed + inFlight` holds at any moment.
 */
export interface DirectionCounters {
  /** Packets that the sending side gave to the relay. */
  readonly received: number;
  /** Packets handed to the socket of the other side, copies included. */
  readonly forwarded: number;
  /** Packets that the impairment lost: loss, bursts, outages. */
  readonly dropped: number;
  /** Packets that came due while the other side's address was unknown, because it had sent nothing yet. */
  readonly unaddressed: number;
  /** Packets on their way. After `close`: packets that were abandoned by it. */
  readonly inFlight: number;
  /** Of the forwarded packets: those that the operating system refused to send. */
  readonly failed: number;
  /** Bytes of UDP payload in the forwarded packets. */
  readonly bytes: number;
  /** How often the sending side's address changed after the first one was learned. */
  readonly moves: number;
}

/** How late the relay itself delivered, over the impairment's own delay, in ms. All 0 while nothing was delivered. */
export interface RelayLateness {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface RelayStats {
  readonly aToB: DirectionCounters;
  readonly bToA: DirectionCounters;
  /** Both directions. A benchmark is inconclusive when the p99 is over 5 ms: the machine was too busy to keep time. */
  readonly lateness: RelayLateness;
}

/** A packet whose time has come, and where it goes. */
export interface Delivery {
  readonly to: Side;
  readonly address: UdpAddress;
  readonly bytes: Uint8Array;
}

/**
 * An agent sends from all its local addresses and listens on each, but a relay can only reply to one. It keeps the first: the
 * others get no answer, and ICE gives them up. An address that was silent for so long is given up for whoever speaks.
 * Twice the 2.5 s between two checks of an idle path (measured with wrtc).
 */
const ADDRESS_HOLD_MS = 5000;

/** So many ICE usernames of a side are remembered; a session has one, and one more for each restart. */
const MAX_USERNAMES = 64;

const OTHER: Readonly<Record<Side, Side>> = { a: 'b', b: 'a' };

interface Counters {
  received: number;
  forwarded: number;
  dropped: number;
  unaddressed: number;
  inFlight: number;
  failed: number;
  bytes: number;
  moves: number;
}

/** What is known of a side, and the direction of the packets that it sends. */
interface SideState {
  readonly rng: Rng;
  readonly counters: Counters;
  readonly usernames: Set<string>;
  path: ImpairedPath;
  address: UdpAddress | undefined;
  heardAt: number;
}

interface Packet {
  readonly from: Side;
  readonly due: number;
  readonly bytes: Uint8Array;
}

/** `now` is in ms on the caller's clock and never goes back; outages of the impairment are on the same clock. */
export class RelayCore {
  readonly #sides: Readonly<Record<Side, SideState>>;
  readonly #usernameOf: (bytes: Uint8Array) => string | undefined;
  /** In the order of delivery. */
  readonly #queue: Packet[] = [];
  readonly #lateMicros = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });

  /** `usernameOf` tells ICE agents apart by what they send; see {@link RelayCore.take}. */
  constructor(impair: RelayImpairment, seed: number, usernameOf: (bytes: Uint8Array) => string | undefined) {
    const { aToB, bToA } = bothWays(impair);
    requireInteger('seed', seed, -(2 ** 31), 2 ** 32 - 1);
    const rng = createRng(seed);
    this.#usernameOf = usernameOf;
    this.#sides = { a: newSide(aToB, rng.fork('a-to-b')), b: newSide(bToA, rng.fork('b-to-a')) };
  }

  /** Changes the conditions for packets taken from now on; those on their way keep theirs. Random numbers go on, burst times start anew. */
  setImpairment(impair: RelayImpairment): void {
    const { aToB, bToA } = bothWays(impair);
    const { a, b } = this.#sides;
    // Both are made first: what is refused changes neither.
    const paths = [new ImpairedPath(aToB, a.rng), new ImpairedPath(bToA, b.rng)] as const;
    [a.path, b.path] = paths;
  }

  /**
   * Takes a packet that side `from` sent. The bytes are kept until they are delivered.
   *
   * Any sending address is taken. Replies go to the first one; another one takes its place when it brings an ICE username that
   * this side never used (an ICE restart or a new peer connection, whose old address may still be talking), or when the first
   * was silent for 5 s.
   */
  take(from: Side, host: string, port: number, bytes: Uint8Array, now: number): void {
    const side = this.#sides[from];
    side.counters.received++;
    this.#learn(side, host, port, bytes, now);
    const delays = side.path.pass(now, bytes.length);
    if (delays.length === 0) side.counters.dropped++;
    for (const delay of delays) this.#enqueue({ from, due: now + delay, bytes });
  }

  /** When the next packet is due; Infinity if none is on its way. Stale after the next `take` or `next`. */
  get deadline(): number {
    return this.#queue.length === 0 ? Infinity : this.#queue[0]!.due;
  }

  /** The next packet that is due at `now`, to be sent at once; undefined when there is none. */
  next(now: number): Delivery | undefined {
    while (this.#queue.length > 0 && this.#queue[0]!.due <= now) {
      const { from, due, bytes } = this.#queue.shift()!;
      const { counters } = this.#sides[from];
      const to = OTHER[from];
      const { address } = this.#sides[to];
      counters.inFlight--;
      if (address === undefined) {
        counters.unaddressed++;
        continue;
      }
      counters.forwarded++;
      counters.bytes += bytes.length;
      this.#lateMicros.record(Math.max(1, Math.round((now - due) * 1000)));
      return { to, address, bytes };
    }
    return undefined;
  }

  /** The operating system refused to send a delivery to side `to`. */
  failed(to: Side): void {
    this.#sides[OTHER[to]].counters.failed++;
  }

  /** Forgets the packets that are on their way; they stay in `inFlight`. */
  abandon(): void {
    this.#queue.length = 0;
  }

  /** A copy of the counters. */
  stats(): RelayStats {
    const late = this.#lateMicros;
    const lateness = { p50Ms: late.percentile(50) / 1000, p99Ms: late.percentile(99) / 1000, maxMs: late.max / 1000 };
    return { aToB: { ...this.#sides.a.counters }, bToA: { ...this.#sides.b.counters }, lateness };
  }

  #learn(side: SideState, host: string, port: number, bytes: Uint8Array, now: number): void {
    const username = this.#usernameOf(bytes);
    const newAgent = username !== undefined && !side.usernames.has(username);
    if (newAgent) {
      if (side.usernames.size >= MAX_USERNAMES) side.usernames.clear();
      side.usernames.add(username);
    }
    const known = side.address;
    if (known !== undefined && known.host === host && known.port === port) {
      side.heardAt = now;
      return;
    }
    if (known !== undefined && !newAgent && now - side.heardAt < ADDRESS_HOLD_MS) return;
    if (known !== undefined) side.counters.moves++;
    side.address = { host, port };
    side.heardAt = now;
  }

  /** Nearly all packets belong at the end or close to it, and few are on their way: no heap is needed. */
  #enqueue(packet: Packet): void {
    let at = this.#queue.length;
    while (at > 0 && this.#queue[at - 1]!.due > packet.due) at--;
    this.#queue.splice(at, 0, packet);
    this.#sides[packet.from].counters.inFlight++;
  }
}

function bothWays(impair: RelayImpairment): { aToB: Impairment; bToA: Impairment } {
  return 'aToB' in impair ? impair : { aToB: impair, bToA: impair };
}

function newSide(impair: Impairment, rng: Rng): SideState {
  const counters = { received: 0, forwarded: 0, dropped: 0, unaddressed: 0, inFlight: 0, failed: 0, bytes: 0, moves: 0 };
  return { rng, counters, usernames: new Set(), path: new ImpairedPath(impair, rng), address: undefined, heardAt: 0 };
}
