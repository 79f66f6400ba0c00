// How far we are ahead of another peer, from what both see of each other, and the speed at which to run so that both meet.
//
// Each side sees the other's frame one delay late. Half the difference of the two views is the true distance when both
// directions take the same time; otherwise both sides end up predicting the same number of frames, which is all that can
// be known (one-way delay is not observable). Delays, RTT and the phase of the ticks cancel.
import type { Frame } from './frame.js';

/** How long samples are averaged, in ms: long enough to smooth jitter, short enough to follow a hitch. */
const WINDOW_MS = 500;
/** Samples kept: half a second at 120 packets a second; more often is not more information. */
const SAMPLES = 64;
/** The largest change of speed. 5 % is not noticed in play; it closes a gap of a frame in 170 ms when both sides take part. */
export const MAX_SPEED_CHANGE = 0.05;
/** Frames of distance that are left alone: below the resolution of a tick's phase, and correcting them would be visible as jitter of the speed. */
const DEAD_ZONE = 0.1;

export class TimeSync {
  readonly #values = new Float64Array(SAMPLES);
  readonly #times = new Float64Array(SAMPLES).fill(-Infinity);
  #next = 0;

  /**
   * Takes one pair of views.
   * @param ours Our frame now (with its fraction) minus the other's frame in its packet.
   * @param theirs The other's frame in its packet minus ours in the packet that it echoes, both at the moment when it arrived there.
   */
  sample(now: number, ours: Frame, theirs: Frame): void {
    this.#values[this.#next] = (ours - theirs) / 2;
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % SAMPLES;
  }

  /** Frames by which we are ahead (negative: behind), averaged; 0 while nothing is known. */
  offset(now: number): number {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < SAMPLES; i++) {
      if (now - this.#times[i]! <= WINDOW_MS) {
        sum += this.#values[i]!;
        count++;
      }
    }
    return count === 0 ? 0 : sum / count;
  }

  /** Forgets all samples: after a pause they tell nothing. */
  clear(): void {
    this.#times.fill(-Infinity);
  }
}

/** The factor on the frame rate that takes an offset of some frames back to 0 within about a second. */
export function speedFor(offset: number, fps: number): number {
  if (Math.abs(offset) < DEAD_ZONE) return 1;
  return 1 - Math.max(-MAX_SPEED_CHANGE, Math.min(MAX_SPEED_CHANGE, offset / fps));
}
