// The thin interface between a match and whatever carries its signals, with the contract that every adapter keeps.
import type { Off } from '../core/clock.js';
import type { IceServer, PeerId, Signal } from '../negotiation/signal.js';

/**
 * Brings peers of a room together and carries their signals. Implement it for the server that you have; then run
 * `signalingContract` (from `rollwire/signaling/contract`) over it, which has a check for each numbered clause.
 *
 * 1. `join` resolves once this peer is in the room. Peers that were there before have then been reported with
 *    `on.peer`, each once, in the order in which they came. Later ones follow, each once. `self` is never reported.
 * 2. `self` is this peer's id. It differs from every other peer's in the room and does not change.
 * 3. A signal sent to a peer that was reported arrives there once, unchanged, with the sender's own id; signals from one
 *    peer to another arrive in the order in which they were sent. The room knows the sender: a peer cannot speak for another.
 * 4. A signal to a peer that is not there (yet, or any more) is no error: nothing happens.
 * 5. A peer that closes its room, or whose connection is lost, is reported to each other one with `on.gone`, once.
 * 6. Rooms are separate: peers and signals of one are never seen in another.
 * 7. Handlers are given with the call that may produce events; none is called before `join` is called, or after `close`.
 * 8. `close` may be called twice; it releases everything that `join` took. `on.status('closed')` is not called for one's own `close`.
 * 9. `join` rejects with a `NetError` (`signaling-unreachable`, `room-full`, `id-taken`, `aborted`) and then holds nothing open.
 *    An aborted `signal` makes it reject at once.
 * 10. What arrives and is not understood goes to `on.unknown`. Nothing is dropped silently and nothing throws.
 * 11. `send` never throws. While offline it is kept or dropped, and `on.status` has said so.
 */
export interface Signaling {
  join(room: string, on: SignalingHandlers, signal?: AbortSignal): Promise<SignalingRoom>;
}

export interface SignalingHandlers {
  /** Somebody else is in the room. */
  peer(id: PeerId): void;
  /** Somebody else has left the room. */
  gone(id: PeerId): void;
  signal(from: PeerId, signal: Signal): void;
  /** `offline`: may come back by itself. `closed`: will not. */
  status(state: 'online' | 'offline' | 'closed', reason?: string): void;
  /** Something arrived that this adapter does not know. */
  unknown(message: unknown): void;
}

export interface SignalingRoom {
  readonly self: PeerId;
  /** STUN and TURN servers that the signaling server hands out, if it does. */
  readonly iceServers?: readonly IceServer[];
  send(to: PeerId, signal: Signal): void;
  close: Off;
}
