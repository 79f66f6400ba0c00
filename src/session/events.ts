// What a session tells: a short closed list of events, in a bounded queue that keeps the important ones.
import type { NetError } from '../core/errors.js';
import type { Frame, Slot } from '../core/frame.js';
import type { PeerId } from '../core/peer.js';

/** Two peers' games differ, though they should be equal. Told anew with each check that differs; one of the first names the places. */
export interface Desync {
  /** The checked frame: the states before the inputs of this frame differ. */
  readonly frame: Frame;
  /** With whom. */
  readonly peer: PeerId;
  /** `inputs`: the confirmed inputs differ already (a fault of rollwire or an attack). `state`: equal inputs made different states (the game). */
  readonly cause: 'inputs' | 'state';
  /** The checksums that differ: of the state, or of the inputs. */
  readonly local: number;
  readonly remote: number;
  /**
   * Where the states differ, at most 16 places: `players[0].x`, `units.length`, of bytes `bytes 1200..1203`. Empty for inputs, for states
   * that are not made of plain values or bytes, if the other side has not answered in time, and for what follows a difference that was named.
   */
  readonly paths: readonly string[];
}

export interface SessionEvents {
  /** Everyone has agreed to start. `seed` is the same for all, and different in each match. */
  started: { readonly seed: number };
  /** Nothing was heard from the peer for half a second; the game goes on as far as the window allows. */
  interrupted: { readonly peer: PeerId; readonly silentMs: number };
  /** It is heard again. */
  resumed: { readonly peer: PeerId };
  /** The peer left or was lost; after `lastFrame` its slots are absent. */
  dropped: { readonly peer: PeerId; readonly slots: readonly Slot[]; readonly lastFrame: Frame; readonly why: string };
  desync: Desync;
  /** The session is over; with an error if it did not end by one's own wish. The last event. */
  ended: { readonly error?: NetError };
}

export type SessionEvent = { [K in keyof SessionEvents]: { readonly type: K } & SessionEvents[K] }[keyof SessionEvents];

/** Events kept when nobody takes them. Far more than ever happen between two frames. */
const CAPACITY = 64;

export class EventQueue {
  readonly #events: SessionEvent[] = [];
  #dropped = 0;

  push(event: SessionEvent): void {
    this.#dropped += pushBounded(this.#events, event);
  }

  take(): SessionEvent | undefined {
    return this.#events.shift();
  }

  /** Events that were dropped because nobody took them. */
  get dropped(): number {
    return this.#dropped;
  }
}

/**
 * Appends an event to a list of bounded length. If it is full, what says the least makes room: an interruption, else the last of several
 * desyncs, and only then the oldest of all. Returns how many were dropped.
 */
export function pushBounded(events: SessionEvent[], event: SessionEvent): number {
  const full = events.length >= CAPACITY;
  if (full) {
    const types = events.map(({ type }) => type);
    const passing = types.findIndex((type) => type === 'interrupted' || type === 'resumed');
    const repeated = types.indexOf('desync') === types.lastIndexOf('desync') ? 0 : types.lastIndexOf('desync');
    events.splice(passing >= 0 ? passing : repeated, 1);
  }
  events.push(event);
  return full ? 1 : 0;
}
