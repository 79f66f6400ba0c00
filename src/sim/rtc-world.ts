// The world in which peer-connection doubles find each other: hosts with addresses, and between any two of them a directed path that delays,
// loses and doubles packets. Everything follows from the clock, the generator and the conditions.
import type { Clock } from '../core/clock.js';
import type { Rng } from '../core/rng.js';
import type { RtcConfiguration, RtcConstructor } from '../link/rtc.js';
import { type Impairment, ImpairedPath } from './impairment.js';
import { type RtcNetwork, SimPeerConnection } from './rtc-connection.js';
import type { RtcAddress, RtcPacket } from './rtc-packets.js';

export interface RtcWorldOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  /** What happens between two hosts. Default: nothing is delayed or lost. */
  readonly network?: Impairment | ((from: string, to: string) => Impairment);
  /** Addresses of each host. Default 2; with 0 nobody can be reached. */
  readonly candidates?: number;
}

/** What happened to packets in the world. */
export interface RtcWorldCounters {
  sent: number;
  lost: number;
  delivered: number;
  /** To an address that nobody has, or has any more. */
  toNobody: number;
  /** To a connection that could not use them: early, late, or meant for another one. */
  unused: number;
  /** Messages for a channel that the receiver does not have. */
  stray: number;
}

/** The private ports (RFC 6335). */
const FIRST_PORT = 49_152;
const PORTS = 16_384;

/** A world of simulated peer connections: hosts, and the network between them. `rtc(host)` is a constructor for `joinMatch` and `PeerLink`. */
export class RtcWorld {
  readonly counters: RtcWorldCounters = { sent: 0, lost: 0, delivered: 0, toNobody: 0, unused: 0, stray: 0 };
  readonly #options: RtcWorldOptions;
  readonly #users: Rng;
  /** Names of hosts; their index is part of their addresses. */
  readonly #hosts: string[] = [];
  readonly #paths = new Map<string, ImpairedPath>();
  /** Who listens at an address. */
  readonly #bound = new Map<string, SimPeerConnection>();
  /** Of each connection that is not closed, its host. */
  readonly #open = new Map<SimPeerConnection, string>();
  #ports = 0;

  constructor(options: RtcWorldOptions) {
    this.#options = options;
    this.#users = options.rng.fork('users');
  }

  /** The `RTCPeerConnection` of a host. Hosts are made by naming them. */
  rtc(host: string): RtcConstructor {
    const opened = (connection: SimPeerConnection): void => {
      this.#open.set(connection, host);
    };
    const network = this.#networkOf(host);
    return class extends SimPeerConnection {
      constructor(configuration?: RtcConfiguration) {
        super(network, configuration);
        opened(this);
      }
    };
  }

  /** Connections that were made and not closed. */
  get open(): number {
    return this.#open.size;
  }

  /** The host's process dies: its connections are gone, and nobody is told. */
  vanish(host: string): void {
    for (const [connection, of] of this.#open) if (of === host) connection.vanish();
  }

  #networkOf(host: string): RtcNetwork {
    const { clock, candidates = 2 } = this.#options;
    if (!this.#hosts.includes(host)) this.#hosts.push(host);
    const index = this.#hosts.indexOf(host);
    return {
      clock,
      candidates,
      nextUser: () => this.#users.u32().toString(36).padStart(7, '0'),
      bind: (connection) => {
        const port = FIRST_PORT + (this.#ports++ % PORTS);
        const address = { ip: `10.${index >> 8}.${index & 255}.${(this.#ports % 250) + 1}`, port };
        this.#bound.set(keyOf(address), connection);
        return address;
      },
      send: (from, to, packet) => this.#send(host, from, to, packet),
      stray: () => this.counters.stray++,
      release: (connection) => {
        this.#open.delete(connection);
        for (const [address, at] of this.#bound) if (at === connection) this.#bound.delete(address);
      },
    };
  }

  #send(host: string, from: RtcAddress, to: RtcAddress, packet: RtcPacket): void {
    const { clock } = this.#options;
    const there = this.#hostAt(to);
    this.counters.sent++;
    if (there === undefined) {
      this.counters.toNobody++;
      return;
    }
    const arrivals = this.#path(host, there).pass(clock.now());
    if (arrivals.length === 0) this.counters.lost++;
    for (const ms of arrivals) {
      clock.after(ms, () => {
        const connection = this.#bound.get(keyOf(to));
        if (connection === undefined) {
          this.counters.toNobody++;
          return;
        }
        this.counters.delivered++;
        if (!connection.receive(from, packet)) this.counters.unused++;
      });
    }
  }

  #hostAt({ ip }: RtcAddress): string | undefined {
    const found = /^10\.(\d+)\.(\d+)\.\d+$/.exec(ip);
    return found === null ? undefined : this.#hosts[Number(found[1]) * 256 + Number(found[2])];
  }

  #path(from: string, to: string): ImpairedPath {
    const key = `${from}>${to}`;
    let path = this.#paths.get(key);
    if (path === undefined) {
      const { network = {}, rng } = this.#options;
      path = new ImpairedPath(typeof network === 'function' ? network(from, to) : network, rng.fork(key));
      this.#paths.set(key, path);
    }
    return path;
  }
}

function keyOf({ ip, port }: RtcAddress): string {
  return `${ip}:${port}`;
}
