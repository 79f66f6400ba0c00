// Where we stand in time and how fast we go: our own frame with its fraction, from the ticks, and the speed that brings the peers together.
import { DEFAULTS } from '../core/defaults.js';
import type { Frame } from '../core/frame.js';
import { MAX_DEBT_MS } from '../core/pacer.js';
import { speedFor } from '../core/time-sync.js';
import type { Endpoint } from './endpoint.js';

/** After a sleep of ours, ms that are left for what waits to be delivered before a peer counts as interrupted: some turns of an event loop. */
const DELIVERY_MS = 100;

export class Tempo {
  readonly #fps: number;
  #tickAt = -Infinity;
  #tickSim: Frame = 0;
  /** Until when a hitch is being made up for. */
  #settledAt = 0;
  #standing = true;
  #speed = 1;

  constructor(fps: number) {
    this.#fps = fps;
  }

  /** Factor on the frame rate, 0.95 to 1.05. */
  get speed(): number {
    return this.#speed;
  }

  /** The frame at which the tick began. */
  get tickSim(): Frame {
    return this.#tickSim;
  }

  /** A tick is about to begin: what a sleep of ours, or a hitch that the pacer makes up for, did to what is known of the others. */
  wake(now: number, endpoints: readonly Endpoint[]): void {
    const awayMs = now - this.#tickAt;
    // Whatever the others sent while we were away may not have been delivered yet.
    const excusedMs = awayMs - DEFAULTS.interruptedMs + DELIVERY_MS;
    if (excusedMs > 0) for (const endpoint of endpoints) endpoint.excuse(excusedMs, now);
    if (awayMs < MAX_DEBT_MS + 1000 / this.#fps) return;
    this.#settledAt = now + MAX_DEBT_MS;
    for (const endpoint of endpoints) endpoint.timeSync.clear();
  }

  /** A tick begins at a frame. @param standing No new frame will be simulated in it. */
  begin(now: number, sim: Frame, standing: boolean, endpoints: readonly Endpoint[]): void {
    this.#tickAt = now;
    this.#tickSim = sim;
    this.#standing = standing;
    let sum = 0;
    for (const endpoint of endpoints) sum += endpoint.timeSync.offset(now);
    this.#speed = endpoints.length === 0 ? 1 : speedFor(sum / endpoints.length, this.#fps);
  }

  /** Our frame now with its fraction; undefined while we stand still, or make up for a hitch. */
  position(now: number): Frame | undefined {
    if (this.#standing || now < this.#settledAt) return undefined;
    return this.#tickSim + Math.min(1, ((now - this.#tickAt) * this.#fps * this.#speed) / 1000);
  }
}
