// When the next frames are due: a fixed rate, varied by a factor, with a bounded catch-up after a hitch. Pure: it is told the time.

/** Catching up doubles the rate at the most, which keeps the work of a display frame bounded. */
const CATCH_UP = 2;
/** Frames at most in one wake-up, whatever the rates: 240 frames a second on a display of 30 Hz. */
const MAX_AT_ONCE = 8;
/**
 * ms of missed time that are made up: four frames at 60 Hz. The rest is let go, and the peers meet by their speeds. While one stands
 * still the others use up their windows and stand too, so one that made up everything would overtake them (measured: by 8 frames with 250).
 */
export const MAX_DEBT_MS = 67;

export class Pacer {
  readonly #periodMs: number;
  #nextAt: number | undefined;
  #wakeAt = 0;
  #wokeAt = -Infinity;
  /** Between the last two wake-ups. */
  #interval = Infinity;
  #skippedMs = 0;

  constructor(fps: number) {
    this.#periodMs = 1000 / fps;
  }

  /** How many frames to run now: twice as many as usual between two wake-ups at the most. @param speed Factor on the frame rate. */
  due(now: number, speed: number): number {
    const period = this.#periodMs / speed;
    const most = this.#mostAtOnce(now, period);
    // Half a period early: wake-ups of a display at the same rate then fall between two frames, and their jitter moves none of them.
    this.#nextAt ??= now - period / 2;
    let count = 0;
    while (this.#nextAt <= now && count < most) {
      this.#nextAt += period;
      count++;
    }
    if (now - this.#nextAt > MAX_DEBT_MS) {
      this.#skippedMs += now - MAX_DEBT_MS - this.#nextAt;
      this.#nextAt = now - MAX_DEBT_MS;
    }
    // In debt, the next wake-up is a period away, not at once: the catch-up is spread over display frames.
    this.#wakeAt = this.#nextAt <= now ? now + period : this.#nextAt;
    return count;
  }

  /** By the shorter of the last two intervals between wake-ups: a hitch is no reason to run more at once. */
  #mostAtOnce(now: number, period: number): number {
    const interval = now - this.#wokeAt;
    const usual = Math.min(interval, this.#interval);
    this.#interval = interval;
    this.#wokeAt = now;
    return Number.isFinite(usual) ? Math.max(CATCH_UP, Math.min(MAX_AT_ONCE, CATCH_UP * Math.round(usual / period))) : CATCH_UP;
  }

  /** When to call `due` next. Stale after the next call of `due`. */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** How far the next frame has come, 0 to 1: for drawing between two states. */
  alpha(now: number): number {
    if (this.#nextAt === undefined) return 0;
    return Math.max(0, Math.min(1, 1 - (this.#nextAt - now) / this.#periodMs));
  }

  /** ms of time that were let go because they were more than can be made up. */
  get skippedMs(): number {
    return this.#skippedMs;
  }
}
