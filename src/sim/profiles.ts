// Named conditions, fitted to recorded traces: what one direction of a real access network does. Only the figures of the traces were
// at hand, not the traces; where two figures cannot both hold for evenly sent packets, the one that hurts a game more was taken.
import type { Impairment } from './impairment.js';

/** The names of the recorded conditions. */
export type ProfileName = 'wifi-good' | 'wifi-bad' | 'wifi-2.4ghz' | 'ethernet' | '5g-static' | '5g-driving';

/**
 * Each for one direction. Wi-Fi and ethernet are what the access network adds: put the path's own delay into `delayMs`
 * (`{ ...profiles['wifi-bad'], delayMs: 30 }`). 5G is whole: half of the recorded round trip.
 *
 * Wi-Fi: the recordings report both quantiles of the delay and freezes a minute. For packets that are sent evenly these contradict each
 * other: 5.9 freezes a minute, half of them over 321 ms, hold up more than 2 % of all packets for over 100 ms, yet the recorded p99 is 14 ms.
 * The freezes are as recorded, and p50 and p90; p99 and beyond are longer than recorded, because they lie in the freezes.
 *
 * 5G: recorded as round trips and loss second by second. Each direction has half of every figure of the delay, and the whole loss. Two
 * directions that are slow at different times make a round trip with the recorded p50 and p90, and less extreme rare values.
 */
export const profiles: Readonly<Record<ProfileName, Impairment>> = {
  /** Fitted to recorded traces: queueing p50 6.6, p90 11.2 ms, largest delay 557 ms; 5.9 freezes a minute, half of them over 321 ms. */
  'wifi-good': {
    extraDelay: { p50: 6.4, p90: 10.3, max: 13.9 },
    randomFreezes: { perMinute: 5.91, minMs: 100, typicalMs: 321, maxMs: 556.6 },
    fifo: true,
  },
  /** Fitted to recorded traces: queueing p50 9.2, p90 15.9 ms, largest delay 934 ms; 6.6 freezes a minute, half of them over 140 ms. */
  'wifi-bad': {
    extraDelay: { p50: 9, p90: 14.2, p99: 22, max: 45.7 },
    randomFreezes: { perMinute: 6.62, minMs: 100, typicalMs: 140, maxMs: 934.4 },
    fifo: true,
  },
  /** Fitted to recorded traces: queueing p50 16.4, p90 22 ms, largest delay 821 ms; 11.6 freezes a minute, half of them over 150 ms. */
  'wifi-2.4ghz': {
    extraDelay: { p50: 15.8, p90: 20.2, p99: 24, max: 63.4 },
    randomFreezes: { perMinute: 11.64, minMs: 100, typicalMs: 150, maxMs: 821 },
    fifo: true,
  },
  /** Fitted to recorded traces: queueing p50 3.2, p90 5.5, p99 14, p99.9 14.9, at most 20.3 ms; no freezes. */
  ethernet: {
    extraDelay: { p50: 3.2, p90: 5.5, p99: 14, p999: 14.9, max: 20.3 },
    fifo: true,
  },
  /**
   * Fitted to recorded traces: round trip p50 69, p90 77, p99 221, at most 611 ms, within a second ± 2; a loss of 0.39 %, all of it in bad
   * seconds, of which 87.5 % are followed by a good one, with a loss of 28 %.
   */
  '5g-static': {
    delayMs: 30.5,
    jitterMs: 2.4,
    extraDelay: { p50: 3.8, p90: 6, p99: 58, max: 275, everyMs: 1000 },
    fifo: true,
    loss: 0.0039,
    burstMs: 1000 / 0.875,
    burstLoss: 0.281,
  },
  /**
   * Fitted to recorded traces: round trip p50 79, p90 100, p99 301, at most 889 ms, within a second ± 3; a loss of 1.42 %, all of it in bad
   * seconds, of which 89.7 % are followed by a good one, with a loss of 33 %.
   */
  '5g-driving': {
    delayMs: 29,
    jitterMs: 3.7,
    extraDelay: { p50: 10, p90: 15, p99: 85, max: 415.5, everyMs: 1000 },
    fifo: true,
    loss: 0.0142,
    burstMs: 1000 / 0.897,
    burstLoss: 0.331,
  },
};
