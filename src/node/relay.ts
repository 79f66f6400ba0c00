// A seeded UDP relay between two peers that makes the path as bad as asked, without root: each peer is told a port of the relay
// as the other's address. It runs in this process's event loop: a busy loop delivers late, which `stats().lateness` shows.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { NetError } from '../core/errors.js';
import { PreciseTimer } from './precise-timer.js';
import { RelayCore } from './relay-core.js';
import type { RelayImpairment, RelayStats, Side, UdpAddress } from './relay-core.js';
import { stunUsername } from './stun-username.js';

export interface RelayOptions {
  /** What happens to packets; the same both ways, or each direction its own. */
  readonly impair: RelayImpairment;
  /** A 32-bit integer. The same seed and order of packets in a direction give the same fates; the other direction has no influence. */
  readonly seed: number;
  /**
   * The IPv4 address of this machine on which the relay takes packets. Default 127.0.0.1. Firefox needs another one: it does
   * not use the loopback. There is no access control: choose an address that strangers cannot reach.
   */
  readonly host?: string;
  /** A monotonic clock in ms that runs in real time. Default `performance.now`. Outages count from the start of the relay. */
  readonly now?: () => number;
}

/** A relay for one pair of peers, which serves one peer connection at a time. A mesh has one relay for each pair. */
export interface Relay {
  /** What peer A is told as the address of peer B. */
  readonly a: UdpAddress;
  /** What peer B is told as the address of peer A. */
  readonly b: UdpAddress;
  /** The counters since the start. Works after `close` too. */
  stats(): RelayStats;
  /** Changes the conditions for packets that are taken from now on: `{ loss: 1 }` is a blackout, `{}` a perfect path. */
  setImpairment(impair: RelayImpairment): void;
  /** Stops at once and frees both ports; packets on their way are abandoned. May be called again. */
  close(): void;
}

/** Starts a relay. Rejects with `bad-option` for conditions that mean nothing or an address that is not this machine's. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { impair, seed, host = '127.0.0.1', now = () => performance.now() } = options;
  const core = new RelayCore(impair, seed, stunUsername);
  const a = createSocket('udp4');
  const b = createSocket('udp4');
  try {
    await bind(a, host);
    await bind(b, host);
  } catch (error) {
    a.close();
    b.close();
    throw error;
  }
  return new SocketRelay(core, a, b, now);
}

class SocketRelay implements Relay {
  readonly a: UdpAddress;
  readonly b: UdpAddress;
  readonly #core: RelayCore;
  readonly #sockets: Readonly<Record<Side, Socket>>;
  readonly #clock: () => number;
  readonly #timer: PreciseTimer;
  #closed = false;

  constructor(core: RelayCore, a: Socket, b: Socket, now: () => number) {
    const startedAt = now();
    this.#core = core;
    this.#clock = () => now() - startedAt;
    this.#timer = new PreciseTimer(this.#clock, () => this.#deliver());
    this.#sockets = { a, b };
    this.a = addressOf(a);
    this.b = addressOf(b);
    this.#listen('a');
    this.#listen('b');
  }

  stats(): RelayStats {
    return this.#core.stats();
  }

  setImpairment(impair: RelayImpairment): void {
    this.#core.setImpairment(impair);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.set(Infinity);
    this.#core.abandon();
    this.#sockets.a.close();
    this.#sockets.b.close();
  }

  #listen(side: Side): void {
    const socket = this.#sockets[side];
    socket.on('message', (bytes, { address, port }) => {
      this.#core.take(side, address, port, bytes, this.#clock());
      this.#deliver();
    });
    // A datagram that could not be sent has its own callback; without this listener any other socket error would end the process.
    socket.on('error', () => this.#core.failed(side));
  }

  #deliver(): void {
    for (let packet = this.#core.next(this.#clock()); packet !== undefined; packet = this.#core.next(this.#clock())) {
      const { to, address, bytes } = packet;
      this.#sockets[to].send(bytes, address.port, address.host, (error) => {
        if (error !== null) this.#core.failed(to);
      });
    }
    this.#timer.set(this.#core.deadline);
  }
}

function bind(socket: Socket, host: string): Promise<void> {
  const badHost = new NetError('bad-option', { option: 'host', got: host, expected: 'an IPv4 address of this machine, like "127.0.0.1"' });
  // 0.0.0.0 could be bound, but nobody can be told to send to it.
  if (!isIPv4(host) || host === '0.0.0.0') return Promise.reject(badHost);
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRNOTAVAIL' ? badHost : error));
    socket.bind({ port: 0, address: host }, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
}

function addressOf(socket: Socket): UdpAddress {
  const { address, port } = socket.address();
  return { host: address, port };
}
