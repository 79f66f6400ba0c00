// Time as an argument: whoever needs the time or a timer is handed a Clock, so that tests can hand in a virtual one.

/** Ends a subscription or a timer. Calling it again does nothing. */
export type Off = () => void;

export interface Clock {
  /** Milliseconds since any fixed moment. Never goes back; wall-clock changes do not move it. */
  now(): number;
  /** Calls `fn` once, `ms` milliseconds from now (at once in order, if 0 or less). */
  after(ms: number, fn: () => void): Off;
}
