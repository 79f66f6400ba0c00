// What wakes a match's loop up: the display where there is one, a timer elsewhere.
import type { Clock, Off } from '../core/clock.js';

/** Calls `wake` again and again until it is stopped. */
export interface Ticker {
  /** @param wake Runs what is due, and returns the time (on the match's clock, in ms) at which the next frame is due. */
  start(wake: () => number): Off;
}

/** Wakes up when the next frame is due. */
export function timerTicker(clock: Clock): Ticker {
  return {
    start: (wake) => {
      let off: Off = () => {};
      let stopped = false;
      const again = (): void => {
        const at = wake();
        if (!stopped) off = clock.after(at - clock.now(), again);
      };
      off = clock.after(0, again);
      return () => {
        stopped = true;
        off();
      };
    },
  };
}

/** Wakes up with each frame of the display. */
export function displayTicker(): Ticker {
  return {
    start: (wake) => {
      let request = 0;
      let stopped = false;
      const again = (): void => {
        wake();
        if (!stopped) request = requestAnimationFrame(again);
      };
      request = requestAnimationFrame(again);
      return () => {
        stopped = true;
        cancelAnimationFrame(request);
      };
    },
  };
}

/** The display's frames in a page, a timer elsewhere. */
export function defaultTicker(clock: Clock): Ticker {
  return typeof requestAnimationFrame === 'function' ? displayTicker() : timerTicker(clock);
}
