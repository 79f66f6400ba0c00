// A simulated network on a virtual clock: a directed path for each pair of peers, for packets that may be lost and for a reliable,
// ordered channel beside them.
import type { Clock } from '../core/clock.js';
import type { Rng } from '../core/rng.js';
import type { PeerId } from '../core/peer.js';
import { type Impairment, ImpairedPath } from './impairment.js';

/** What a lost message of the reliable channel waits until it is sent again: SCTP's shortest timeout in browsers. */
const RETRANSMIT_MS = 400;

/** What happened on one directed path. */
export interface PathCounters {
  sent: number;
  delivered: number;
  lost: number;
  bytes: number;
}

interface Path {
  readonly impaired: ImpairedPath;
  readonly reliable: ImpairedPath;
  readonly counters: PathCounters;
  /** Messages of the reliable channel that have not been handed over, in the order in which they were sent. */
  readonly underway: { readonly bytes: Uint8Array; arrived: boolean }[];
}

export class Network {
  readonly #clock: Clock;
  readonly #paths = new Map<string, Path>();
  readonly #receivers = new Map<PeerId, (from: PeerId, bytes: Uint8Array) => void>();
  readonly #conditions: (from: PeerId, to: PeerId) => Impairment;
  readonly #rng: Rng;

  constructor(clock: Clock, rng: Rng, conditions: (from: PeerId, to: PeerId) => Impairment) {
    this.#clock = clock;
    this.#rng = rng;
    this.#conditions = conditions;
  }

  /** Says who gets what is sent to a peer. Until then, and after `detach`, it is lost. */
  attach(peer: PeerId, receive: (from: PeerId, bytes: Uint8Array) => void): void {
    this.#receivers.set(peer, receive);
  }

  detach(peer: PeerId): void {
    this.#receivers.delete(peer);
  }

  /** Sends a packet that may be lost, doubled or overtaken. The bytes are copied. */
  send(from: PeerId, to: PeerId, bytes: Uint8Array): void {
    const path = this.#path(from, to);
    // Not slice(): of a Node Buffer that would be a view of the same memory.
    const copy = new Uint8Array(bytes);
    path.counters.sent++;
    path.counters.bytes += bytes.length;
    const arrivals = path.impaired.pass(this.#clock.now());
    if (arrivals.length === 0) path.counters.lost++;
    for (const ms of arrivals) this.#clock.after(ms, () => this.#deliver(path, from, to, copy));
  }

  /** Sends a message that arrives, in order, sooner or later: unless nothing ever passes. */
  sendReliable(from: PeerId, to: PeerId, bytes: Uint8Array): void {
    const path = this.#path(from, to);
    const message = { bytes: new Uint8Array(bytes), arrived: false };
    path.underway.push(message);
    this.#tryReliable(path, from, to, message);
  }

  /** What happened on a path so far. */
  counters(from: PeerId, to: PeerId): Readonly<PathCounters> {
    return this.#path(from, to).counters;
  }

  /** Sends a message until it arrives; what was sent before it is handed over first. */
  #tryReliable(path: Path, from: PeerId, to: PeerId, message: Path['underway'][number]): void {
    const [ms] = path.reliable.pass(this.#clock.now());
    if (ms === undefined) {
      this.#clock.after(RETRANSMIT_MS, () => this.#tryReliable(path, from, to, message));
      return;
    }
    this.#clock.after(ms, () => {
      message.arrived = true;
      while (path.underway[0]?.arrived === true) this.#deliver(path, from, to, path.underway.shift()!.bytes);
    });
  }

  #deliver(path: Path, from: PeerId, to: PeerId, bytes: Uint8Array): void {
    const receive = this.#receivers.get(to);
    if (receive === undefined) return;
    path.counters.delivered++;
    receive(from, bytes);
  }

  #path(from: PeerId, to: PeerId): Path {
    const key = `${from}>${to}`;
    let path = this.#paths.get(key);
    if (path === undefined) {
      const conditions = this.#conditions(from, to);
      path = {
        impaired: new ImpairedPath(conditions, this.#rng.fork(key)),
        reliable: new ImpairedPath({ ...conditions, copies: 1 }, this.#rng.fork(`${key} reliable`)),
        counters: { sent: 0, delivered: 0, lost: 0, bytes: 0 },
        underway: [],
      };
      this.#paths.set(key, path);
    }
    return path;
  }
}
