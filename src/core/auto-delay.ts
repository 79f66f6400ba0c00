// Chooses the input delay from what the path takes: the part of the delay that prediction would otherwise have to bridge, less what nobody
// sees. Changed seldom, since each change is felt: up when the path has been worse for a while, down when it has long been better.
import { DEFAULTS } from './defaults.js';
import type { Frame } from './frame.js';

/** Frames between which an automatic input delay stays. */
export interface DelayBounds {
  readonly min: Frame;
  readonly max: Frame;
}

/** Frames left to prediction: a correction of one or two frames is hardly seen. Makes it 1 frame up to 83 ms of RTT at 60 Hz without jitter. */
const LEFT_TO_PREDICTION = 1.5;
/** ms for which the path must have been worse: several times what a burst or a freeze of Wi-Fi lasts. */
const RAISE_AFTER_MS = 2_000;
/** ms without a measurement after which those before count no more: we slept, and nobody knows what the path was like. */
const FORGET_AFTER_MS = 1_000;
/** ms for which it must have been better: a delay that goes up and down is worse than one a frame too high. */
const LOWER_AFTER_MS = 10_000;

export class AutoDelay {
  readonly #bounds: DelayBounds;
  readonly #frameMs: number;
  #delay: Frame;
  #measuredAt = -Infinity;
  /** Since when less, or more, has been wanted all the time, and the most and the least wanted since then. */
  #lessSince = Infinity;
  #mostSince: Frame = 0;
  #moreSince = Infinity;
  #leastSince: Frame = 0;

  constructor(bounds: DelayBounds, fps: number) {
    this.#bounds = bounds;
    this.#frameMs = 1000 / fps;
    this.#delay = Math.min(Math.max(bounds.min, DEFAULTS.inputDelay), bounds.max);
  }

  /** The input delay now, in frames. */
  get delay(): Frame {
    return this.#delay;
  }

  /** Whether no measurement can change it. */
  get fixed(): boolean {
    return this.#bounds.min === this.#bounds.max;
  }

  /** Takes what was measured. @param oneWayMs Half a round trip, jitter included. @returns true if the delay has changed. */
  measured(now: number, oneWayMs: number): boolean {
    const { min, max } = this.#bounds;
    const wanted = Math.min(max, Math.max(min, Math.ceil(oneWayMs / this.#frameMs - LEFT_TO_PREDICTION)));
    const before = this.#delay;
    if (now - this.#measuredAt > FORGET_AFTER_MS) this.#forget();
    this.#measuredAt = now;
    if (wanted <= this.#delay) this.#moreSince = Infinity;
    else if (this.#moreSince > now) [this.#moreSince, this.#leastSince] = [now, wanted];
    else this.#leastSince = Math.min(this.#leastSince, wanted);
    if (wanted >= this.#delay) this.#lessSince = Infinity;
    else if (this.#lessSince > now) [this.#lessSince, this.#mostSince] = [now, wanted];
    else this.#mostSince = Math.max(this.#mostSince, wanted);
    if (now - this.#moreSince >= RAISE_AFTER_MS) this.#change(this.#leastSince);
    else if (now - this.#lessSince >= LOWER_AFTER_MS) this.#change(this.#mostSince);
    return this.#delay !== before;
  }

  #change(delay: Frame): void {
    this.#delay = delay;
    this.#forget();
  }

  #forget(): void {
    this.#moreSince = Infinity;
    this.#lessSince = Infinity;
  }
}
