// Every default of the library, once, with its unit and where it comes from. Options refer to these; documents are made from them.

export const DEFAULTS = {
  /** Frames a second. What displays show and what nearly all rollback games run at. */
  fps: 60,
  /**
   * Frames that may be simulated beyond the last confirmed one. GGPO's and GGRS's value: 133 ms at 60 Hz, a one-way delay
   * that most pairs of home connections on one continent stay under, and a rollback that most games can afford in a frame.
   */
  window: 8,
  /** Frames between sampling an input and applying it. One frame is not felt and removes most rollbacks on short paths. */
  inputDelay: 1,
  /** Frames at least and at most of an automatic input delay: three (50 ms) is what fighting games ship with. */
  autoDelay: { min: 1, max: 3 },
  /** Every frame that may be gone back to is saved: for most games saving costs less than simulating. */
  saveEvery: 1,
  /** Frames between checks of the state. One second: a desync is reported while people still remember what happened. */
  checkInterval: 60,
  /** ms of silence after which a peer counts as interrupted. Half a second is visible to players and longer than Wi-Fi's usual freezes. */
  interruptedMs: 500,
  /** ms for which a match waits for a peer that has fallen silent: long enough to find a door, or to wake a phone; then nobody waits any more. */
  waitMs: 30_000,
  /** ms in which a match must have started. At 20 % loss connecting takes up to 7 s (measured), at 30 % over 20 s. */
  connectLimitMs: 20_000,
} as const;

export const LIMITS = {
  /** Slots in a match. With 8, a packet with receipts for all is about 27 bytes. */
  players: 8,
  /** Frames of the prediction window. With {@link LIMITS.inputDelay} it keeps all unacknowledged inputs within 128 frames, which one packet can carry. */
  window: 30,
  /** Frames of input delay: half a second, more than anybody would play with. */
  inputDelay: 30,
  /** ms of waiting for a silent peer: ten minutes. */
  waitMs: 600_000,
  /** 16-bit words of one input: four analogue pads of 16 bytes. */
  words: 32,
  /** Frames a second. 240 is the fastest display in use. */
  fps: 240,
} as const;
