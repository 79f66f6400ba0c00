// Who sees everything that happens in a simulation, at once: an oracle, or a test of one's own.
import type { Slot } from '../core/frame.js';
import type { PeerId } from '../core/peer.js';
import type { SessionEvent } from '../session/events.js';

/** Told of each thing as it happens, peers by their index. Must not call back into a session. */
export interface Watcher<I> {
  /** A tick has begun. */
  begun(peer: number, said: 'sample' | 'stalled'): void;
  /** The player of a slot has given an input in this tick. */
  given(peer: number, slot: Slot, input: I): void;
  /** A packet is handed to the network. The bytes are valid during the call. */
  sent(peer: number, to: PeerId, channel: 'input' | 'control', bytes: Uint8Array): void;
  /** A packet is handed to the peer's session. The bytes are valid during the call. */
  received(peer: number, from: PeerId, bytes: Uint8Array): void;
  event(peer: number, event: SessionEvent): void;
  /** A tick is done, all its operations carried out and its events told. */
  ticked(peer: number): void;
  /** The input delay of a slot has been set. */
  delayed(peer: number, slot: Slot, frames: number): void;
  /** The peer has left politely, died, or come back with a new session. */
  changed(peer: number, how: 'left' | 'died' | 'returned'): void;
}
