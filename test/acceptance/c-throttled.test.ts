// Acceptance scenario C3: a hidden tab, whose timers and display come once a second at the most, while packets still arrive. The whole
// library over the peer-connection double, with a ticker that does what a browser does to such a tab.
import { expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.js';
import { type Ticker, timerTicker } from '../../src/match/ticker.js';
import { Recorder } from '../../src/sim/recorder.js';
import { chainGame } from '../games.js';
import { VirtualPair } from '../match/virtual-pair.js';

const HIDDEN_MS = [5_000, 35_000] as const;
/** Chromium lets a hidden page's timers run once a second, and its display not at all. */
const THROTTLED_MS = 1_000;

/** Wakes up when a frame is due; while the tab is hidden, at the full seconds only. */
function tabTicker(clock: Clock, startedAt: number): Ticker {
  const throttled: Clock = {
    now: () => clock.now(),
    after: (ms, fn) => {
      const at = clock.now() + ms - startedAt;
      const hidden = at >= HIDDEN_MS[0] && at < HIDDEN_MS[1];
      return clock.after(hidden ? Math.ceil(at / THROTTLED_MS) * THROTTLED_MS - at + ms : ms, fn);
    },
  };
  return timerTicker(throttled);
}

/** Wakes up 60 times a second, and says whether it is in such a wake-up. */
function displayAt60(clock: Clock): Ticker & { awake: boolean } {
  const display: Ticker & { awake: boolean } = {
    awake: false,
    start: (wake) => {
      let off = (): void => {};
      const again = (): void => {
        display.awake = true;
        wake();
        display.awake = false;
        off = clock.after(1000 / 60, again);
      };
      off = clock.after(0, again);
      return () => off();
    },
  };
  return display;
}

it('while the display wakes the loop, packets do not: each frame is sampled in a wake-up', async () => {
  const pair = await VirtualPair.meet(6, { delayMs: 35, jitterMs: 12 }, () => ({}));
  let inWakeUps = 0;
  let elsewhere = 0;
  for (const match of pair.matches) {
    const display = displayAt60(pair.clock);
    match.run({
      sample: () => {
        if (display.awake) inWakeUps++;
        else elsewhere++;
        return 1;
      },
      ticker: display,
    });
  }
  await pair.pass(5_000);
  await pair.close();
  expect(inWakeUps).toBeGreaterThan(550);
  expect(elsewhere).toBe(0);
});

it.each([
  ['one', [true, false]],
  ['both', [true, true]],
])('C3 %s hidden: the session is ticked by what arrives, and the visible side keeps its frame rate', async (_, hidden) => {
  const recorders = [0, 1].map(() => new Recorder(chainGame(), () => -1));
  const pair = await VirtualPair.meet(5, { delayMs: 40, jitterMs: 10, loss: 0.02 }, (peer) => ({ game: recorders[peer]! }));
  const { clock } = pair;
  const startedAt = clock.now();
  const players = pair.matches.map((match, i) => {
    const player = { match, events: [] as string[], draws: [] as number[] };
    match.on('interrupted', () => player.events.push('interrupted'));
    match.on('ended', () => player.events.push('ended'));
    match.run({
      sample: () => (Math.floor(match.frame / 5) * 7919 + i) & 0xffff,
      draw: () => player.draws.push(clock.now() - startedAt),
      ticker: hidden[i] === true ? tabTicker(clock, startedAt) : timerTicker(clock),
    });
    return player;
  });
  await pair.pass(HIDDEN_MS[0]);
  const before = players.map(({ match }) => match.frame);
  await pair.pass(HIDDEN_MS[1] - HIDDEN_MS[0]);
  const played = players.map(({ match }, i) => match.frame - before[i]!);
  const seconds = (HIDDEN_MS[1] - HIDDEN_MS[0]) / 1000;
  if (hidden[1] === true) {
    // Nobody's timer runs. Each packet makes the other side tick and answer, as long as there is one under way; once that is lost it
    // takes a timer to begin anew: play goes on, but nobody promises how fast.
    expect(Math.min(...played)).toBeGreaterThan(seconds * 2);
  } else {
    // At least 95 % of what the visible side plays when both are visible.
    expect(played[1]).toBeGreaterThanOrEqual(0.95 * 60 * seconds);
    expect(played[0]).toBeGreaterThanOrEqual(0.95 * 60 * seconds);
  }
  // The hidden page is not drawn but when its own timer comes.
  expect(players[0]!.draws.filter((at) => at >= HIDDEN_MS[0] + 1000 && at < HIDDEN_MS[1]).length).toBeLessThanOrEqual(seconds + 1);
  // Back again: everything as before.
  const shown = players.map(({ match }) => match.frame);
  await pair.pass(5_000);
  players.forEach(({ match, events }, i) => {
    expect(match.frame - shown[i]!).toBeGreaterThan(0.97 * 300);
    expect(events).toEqual([]);
    expect(match.stats().checksPassed).toBeGreaterThan(3);
  });
  const [a, b] = recorders;
  const last = Math.min(...players.map(({ match }) => match.confirmedFrame));
  expect(a!.hashes.slice(0, last)).toEqual(b!.hashes.slice(0, last));
  expect(a!.inputs.slice(0, last)).toEqual(b!.inputs.slice(0, last));
  await pair.close();
});
