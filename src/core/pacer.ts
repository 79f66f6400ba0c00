// When the next frames are due: a fixed rate, varied by a factor, with a bounded catch-up after a hitch. Pure: it is told the time.

/** Frames at most in one wake-up: catching up doubles the rate at the most, which keeps the work of a display frame bounded. */
const MAX_AT_ONCE = 2;
/**
 * ms of missed time that are made up: four frames at 60 Hz. The rest is let go, and the peers meet by their speeds. While one stands
 * still the others use up their windows and stand too, so one that made up everything would overtake them (measured: by 8 frames with 250).
 */
export const MAX_DEBT_MS = 67;

export class Pacer {
  readonly #periodMs: number;
  #nextAt: number | undefined;
  #wakeAt = 0;
  #skippedMs = 0;

  constructor(fps: number) {
    this.#periodMs = 1000 / fps;
  }

  /** How many frames to run now, 0 to 2. @param speed Factor on the frame rate. */
  due(now: number, speed: number): number {
    const period = this.#periodMs / speed;
    // Half a period early: wake-ups of a display at the same rate then fall between two frames, and their jitter moves none of them.
    this.#nextAt ??= now - period / 2;
    let count = 0;
    while (this.#nextAt <= now && count < MAX_AT_ONCE) {
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
