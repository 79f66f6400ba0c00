// A peer's own clock: it starts somewhere else than the world's, runs faster or slower, and its rate changes from time to time.
// A closed formula of the world's time, so that nothing has to be kept in step.
import { NetError } from '../core/errors.js';

/** How a peer's clock differs from the world's. Everything left out is 0. */
export interface ClockError {
  /** What it shows when the world's shows 0, in ms; 0 or more. */
  readonly offsetMs?: number;
  /** By how many millionths it runs fast; negative: slow. Cheap crystals: up to 100. From −50 000 to 50 000. */
  readonly skewPpm?: number;
  /** By how many millionths more it runs fast for half a minute, and slow for the next half, by turns; 0 to 50 000. */
  readonly driftPpm?: number;
}

const DRIFT_PERIOD_MS = 60_000;
const LIMIT_PPM = 50_000;

export class SkewedClock {
  readonly #offset: number;
  readonly #skew: number;
  readonly #drift: number;
  readonly #exact: boolean;

  /** @throws NetError `bad-option` */
  constructor(error: ClockError = {}) {
    const { offsetMs = 0, skewPpm = 0, driftPpm = 0 } = error;
    if (!(offsetMs >= 0)) throw new NetError('bad-option', { option: 'clock.offsetMs', got: offsetMs, expected: '0 or more' });
    for (const [option, got] of [
      ['clock.skewPpm', skewPpm],
      ['clock.driftPpm', driftPpm],
    ] as const) {
      if (!(Math.abs(got) <= LIMIT_PPM)) {
        throw new NetError('bad-option', { option, got, expected: `a number from −${LIMIT_PPM} to ${LIMIT_PPM}` });
      }
    }
    this.#offset = offsetMs;
    this.#skew = skewPpm / 1e6;
    this.#drift = driftPpm / 1e6;
    this.#exact = offsetMs === 0 && skewPpm === 0 && driftPpm === 0;
  }

  /** What it shows at a moment of the world's clock. */
  at(worldMs: number): number {
    if (this.#exact) return worldMs;
    const phase = worldMs % DRIFT_PERIOD_MS;
    return this.#offset + worldMs * (1 + this.#skew) + this.#drift * Math.min(phase, DRIFT_PERIOD_MS - phase);
  }

  /** How many ms of the world's clock pass, from a moment of it, until this one shows a time. A little less where its rate changes in between. */
  until(ownMs: number, worldMs: number): number {
    if (this.#exact) return ownMs - worldMs;
    return (ownMs - this.at(worldMs)) / (1 + this.#skew + Math.abs(this.#drift));
  }
}
