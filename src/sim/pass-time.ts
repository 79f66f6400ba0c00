// Lets virtual time pass for code that waits for promises: between two timers everything that was settled goes on until it waits again.
// The price is a turn of the environment's event loop for each timer, some microseconds.
import type { VirtualClock } from './virtual-clock.js';

/**
 * Resolves once `ms` have passed on the clock.
 * @param breathe Resolves in a later task than it was called in, so that all microtasks have run: `setImmediate` in Node, a `MessageChannel`
 *   in a page.
 */
export async function passTime(clock: VirtualClock, ms: number, breathe: () => Promise<void>): Promise<void> {
  let passed = false;
  clock.after(ms, () => {
    passed = true;
  });
  // What was begun before has not waited yet.
  await breathe();
  while (!passed) {
    clock.step();
    await breathe();
  }
}
