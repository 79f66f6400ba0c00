// A signaling server on the virtual clock: every message takes its time to the server and from there to the peer, signals are lost or
// doubled on request, and the server, a connection or a peer's process dies when it is told to.
// Unimpaired it keeps the contract of `Signaling`; lost, doubled and late signals break its clause 3, on purpose.
import type { Clock } from '../core/clock.js';
import { NetError } from '../core/errors.js';
import type { Rng } from '../core/rng.js';
import { parseSignal, type PeerId, type Signal } from '../negotiation/signal.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from '../signaling/interface.js';

export interface VirtualSignalingOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  /** From a peer to the server and from the server to a peer, in ms. Default 0. */
  readonly delayMs?: number;
  /** Each message takes up to so much longer, in ms. None overtakes another of the same connection. Default 0. */
  readonly jitterMs?: number;
  /** Share of signals that are lost, 0 to 1. Default 0. */
  readonly loss?: number;
  /** Share of signals that come a second time, up to {@link LATE_MS} later, 0 to 1. Default 0. */
  readonly doubled?: number;
  /** Share of signals that come up to {@link LATE_MS} later, so that others overtake them, 0 to 1. Default 0. */
  readonly late?: number;
}

/** How a peer's process reaches the server. */
export interface VirtualAdapter extends Signaling {
  /**
   * The process has died: nothing is called any more. The server notices after `noticedMs`, by default as soon as it can; until then it
   * takes the peer for present.
   */
  vanish(noticedMs?: number): void;
}

/** What was done to signals. */
export interface SignalingCounters {
  sent: number;
  lost: number;
  doubled: number;
  late: number;
  delivered: number;
}

/** How late a signal is at most, or its second copy, in ms: after the next attempt has begun, at times. */
export const LATE_MS = 1000;

/** One direction of a connection to the server. */
interface Line {
  /** What happens when each message arrives, in order. */
  readonly underway: (() => void)[];
  lastAt: number;
}

/** One call of `join`. */
interface Member {
  readonly room: string;
  readonly on: SignalingHandlers;
  id: PeerId | undefined;
  /** As this side sees it. */
  state: 'joining' | 'open' | 'closed';
  readonly up: Line;
  readonly down: Line;
  settle: { resolve(room: SignalingRoom): void; reject(error: NetError): void } | undefined;
  stopListening(): void;
}

/** A simulated signaling server: rooms, signals that take time, and may get lost or come twice. */
export class VirtualSignaling {
  readonly counters: SignalingCounters = { sent: 0, lost: 0, doubled: 0, late: 0, delivered: 0 };
  readonly #options: VirtualSignalingOptions;
  readonly #delays: Rng;
  readonly #fates: Rng;
  /** By room and id: who is in, as the server sees it. */
  readonly #rooms = new Map<string, Map<PeerId, Member>>();
  /** Everyone who has a connection to the server. */
  readonly #connected = new Set<Member>();
  #joined = 0;
  #dead = false;
  /** Restarts: what is under way to an earlier server does not reach a later one. */
  #lives = 0;

  constructor(options: VirtualSignalingOptions) {
    this.#options = options;
    this.#delays = options.rng.fork('delays');
    this.#fates = options.rng.fork('fates');
  }

  /** What one process joins rooms with. */
  adapter(): VirtualAdapter {
    const own = new Set<Member>();
    return {
      join: (room, on, signal) => this.#join(own, room, on, signal),
      vanish: (noticedMs = 0) => {
        for (const member of own) {
          if (member.state === 'closed') continue;
          this.#shut(member);
          this.#options.clock.after(noticedMs, () => this.#up(member, () => this.#leave(member)));
        }
        own.clear();
      },
    };
  }

  /** Peers that are in a room, as the server sees it. */
  get members(): number {
    let count = 0;
    for (const room of this.#rooms.values()) count += room.size;
    return count;
  }

  /** Loses a peer's connection: it is told, and the others that it is gone. */
  cut(id: PeerId): void {
    for (const member of this.#connected) {
      if (member.id !== id) continue;
      this.#drop(member, 'the connection was lost');
      this.#leave(member);
    }
  }

  /** The server dies. @param told Whether its connections break, or there is only silence. */
  die(told: boolean): void {
    this.#dead = true;
    this.#lives++;
    this.#rooms.clear();
    if (told) for (const member of this.#connected) this.#drop(member, 'the server has died');
    this.#connected.clear();
  }

  /** A server is there again. It knows nobody. */
  revive(): void {
    this.#dead = false;
  }

  #join(own: Set<Member>, room: string, on: SignalingHandlers, signal: AbortSignal | undefined): Promise<SignalingRoom> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(aborted());
      const abort = (): void => {
        if (member.state !== 'joining') return;
        this.#close(member);
        reject(aborted());
      };
      const member: Member = {
        room,
        on,
        id: undefined,
        state: 'joining',
        up: { underway: [], lastAt: 0 },
        down: { underway: [], lastAt: 0 },
        settle: { resolve, reject },
        stopListening: () => signal?.removeEventListener('abort', abort),
      };
      signal?.addEventListener('abort', abort);
      own.add(member);
      if (this.#dead) {
        this.#drop(member, 'nobody listens there');
        return;
      }
      this.#connected.add(member);
      this.#up(member, () => this.#enter(member));
    });
  }

  // ---- at the server

  #enter(member: Member): void {
    const id = `peer-${++this.#joined}`;
    const members = this.#rooms.get(member.room) ?? new Map<PeerId, Member>();
    this.#rooms.set(member.room, members);
    const before = [...members.keys()];
    for (const other of members.values()) this.#down(other, () => other.on.peer(id));
    members.set(id, member);
    member.id = id;
    this.#down(member, () => {
      for (const other of before) {
        // A handler may abort.
        if (member.state === 'joining') member.on.peer(other);
      }
      if (member.state !== 'joining') return;
      member.state = 'open';
      member.stopListening();
      member.settle?.resolve(this.#roomOf(member, id));
      member.settle = undefined;
    });
  }

  #leave(member: Member): void {
    this.#connected.delete(member);
    const members = this.#rooms.get(member.room);
    const { id } = member;
    if (id === undefined || members?.get(id) !== member) return;
    members.delete(id);
    if (members.size === 0) this.#rooms.delete(member.room);
    for (const other of members.values()) this.#down(other, () => other.on.gone(id));
  }

  #route(from: Member, to: PeerId, value: unknown): void {
    const other = this.#rooms.get(from.room)?.get(to);
    const { id } = from;
    if (other === undefined || other === from || id === undefined) return;
    const parsed = parseSignal(value);
    this.#down(other, () => {
      this.counters.delivered++;
      if (parsed === null) other.on.unknown(value);
      else other.on.signal(id, parsed);
    });
  }

  // ---- at the peer

  #roomOf(member: Member, self: PeerId): SignalingRoom {
    return {
      self,
      send: (to, signal) => this.#send(member, to, signal),
      close: () => this.#close(member),
    };
  }

  #send(member: Member, to: PeerId, signal: Signal): void {
    if (member.state !== 'open') return;
    let copy: unknown;
    try {
      copy = structuredClone(signal);
    } catch {
      this.#down(member, () => member.on.unknown(signal));
      return;
    }
    const { clock, loss = 0, doubled = 0, late = 0 } = this.#options;
    const arrive = (): void => this.#up(member, () => this.#route(member, to, copy));
    const fates = this.#fates;
    // The same numbers are drawn whatever happens: the fate of one signal does not change another's.
    const [isLost, isLate, lateMs, isDoubled, againMs] = [
      fates() < loss,
      fates() < late,
      fates() * LATE_MS,
      fates() < doubled,
      fates() * LATE_MS,
    ];
    this.counters.sent++;
    if (isLost) this.counters.lost++;
    else if (isLate) {
      this.counters.late++;
      clock.after(lateMs, arrive);
    } else arrive();
    if (!isDoubled) return;
    this.counters.doubled++;
    clock.after(againMs, arrive);
  }

  #close(member: Member): void {
    if (member.state === 'closed') return;
    this.#shut(member);
    this.#up(member, () => this.#leave(member));
  }

  #shut(member: Member): void {
    member.state = 'closed';
    member.settle = undefined;
    member.stopListening();
  }

  /** The connection breaks, and the peer notices. */
  #drop(member: Member, cause: string): void {
    this.#options.clock.after(this.#delay(), () => {
      if (member.state === 'closed') return;
      const { settle } = member;
      this.#shut(member);
      if (settle === undefined) member.on.status('closed', cause);
      else settle.reject(new NetError('signaling-unreachable', { url: 'virtual:', cause }));
    });
  }

  // ---- on the way

  #up(member: Member, arrive: () => void): void {
    const life = this.#lives;
    this.#carry(member.up, () => {
      if (life === this.#lives && this.#connected.has(member)) arrive();
    });
  }

  #down(member: Member, arrive: () => void): void {
    const life = this.#lives;
    this.#carry(member.down, () => {
      if (life === this.#lives && member.state !== 'closed') arrive();
    });
  }

  /** None overtakes another, also where their times are equal but for rounding. */
  #carry(line: Line, arrive: () => void): void {
    const { clock } = this.#options;
    line.underway.push(arrive);
    line.lastAt = Math.max(line.lastAt, clock.now() + this.#delay());
    clock.after(line.lastAt - clock.now(), () => line.underway.shift()?.());
  }

  #delay(): number {
    const { delayMs = 0, jitterMs = 0 } = this.#options;
    return delayMs + this.#delays() * jitterMs;
  }
}

function aborted(): NetError {
  return new NetError('aborted', { why: 'joining was aborted' });
}
