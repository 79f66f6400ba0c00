// Acceptance scenario C3: a hidden tab, whose timers and display come once a second at the most, while packets still arrive. The whole
// library over the peer-connection double, with a ticker that does what a browser does to such a tab.
import { expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.js';
import { createRng } from '../../src/core/rng.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import { type Ticker, timerTicker } from '../../src/match/ticker.js';
import { passTime } from '../../src/sim/pass-time.js';
import { Recorder } from '../../src/sim/recorder.js';
import { RtcWorld } from '../../src/sim/rtc-world.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { VirtualSignaling } from '../../src/sim/virtual-signaling.js';
import { buttons, chainGame, type ChainState } from '../games.js';

const HIDDEN_MS = [5_000, 35_000] as const;
/** Chromium lets a hidden page's timers run once a second, and its display not at all. */
const THROTTLED_MS = 1_000;

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

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

interface Player {
  readonly match: Match<number, ChainState>;
  readonly recorder: Recorder<number, ChainState>;
  readonly events: string[];
  readonly draws: number[];
  ended: boolean;
}

it('while the display wakes the loop, packets do not: each frame is sampled in a wake-up', async () => {
  const clock = new VirtualClock();
  const rng = createRng(6);
  const world = new RtcWorld({ clock, rng: rng.fork('world'), network: { delayMs: 35, jitterMs: 12 } });
  const server = new VirtualSignaling({ clock, rng: rng.fork('server'), delayMs: 20 });
  const matches: Match<number, ChainState>[] = [];
  for (const name of ['a', 'b']) {
    const random = rng.fork(name);
    void joinMatch({
      input: buttons,
      gameId: 'chain@1',
      players: 2,
      game: chainGame(),
      signaling: server.adapter(),
      room: 'room',
      rtc: world.rtc(name),
      clock,
      random: () => random.u32(),
    }).then((match) => matches.push(match));
  }
  while (matches.length < 2) await passTime(clock, 50, breathe);
  let waking = false;
  let inWakeUps = 0;
  let elsewhere = 0;
  for (const match of matches) {
    match.run({
      sample: () => {
        if (waking) inWakeUps++;
        else elsewhere++;
        return 1;
      },
      ticker: {
        start: (wake) => {
          let off = (): void => {};
          const again = (): void => {
            waking = true;
            wake();
            waking = false;
            off = clock.after(1000 / 60, again);
          };
          off = clock.after(0, again);
          return () => off();
        },
      },
    });
  }
  await passTime(clock, 5_000, breathe);
  for (const match of matches) match.close();
  await passTime(clock, 3_000, breathe);
  expect(inWakeUps).toBeGreaterThan(550);
  expect(elsewhere).toBe(0);
});

it.each([
  ['one', [true, false]],
  ['both', [true, true]],
])('C3 %s hidden: the session is ticked by what arrives, and the visible side keeps its frame rate', async (_, hidden) => {
  const clock = new VirtualClock();
  const rng = createRng(5);
  const world = new RtcWorld({ clock, rng: rng.fork('world'), network: { delayMs: 40, jitterMs: 10, loss: 0.02 } });
  const server = new VirtualSignaling({ clock, rng: rng.fork('server'), delayMs: 20 });
  const players: Player[] = [];
  void Promise.all(
    ['a', 'b'].map(async (name) => {
      const random = rng.fork(name);
      const recorder = new Recorder(chainGame(), () => -1);
      const match = await joinMatch({
        input: buttons,
        gameId: 'chain@1',
        players: 2,
        game: recorder,
        signaling: server.adapter(),
        room: 'room',
        rtc: world.rtc(name),
        clock,
        random: () => random.u32(),
      });
      players.push({ match, recorder, events: [], draws: [], ended: false });
    }),
  );
  while (players.length < 2) await passTime(clock, 50, breathe);
  const startedAt = clock.now();
  players.forEach((player, i) => {
    const { match } = player;
    match.on('interrupted', () => player.events.push('interrupted'));
    match.on('ended', () => (player.ended = true));
    match.run({
      sample: () => (Math.floor(match.frame / 5) * 7919 + i) & 0xffff,
      draw: () => player.draws.push(clock.now() - startedAt),
      ticker: hidden[i] === true ? tabTicker(clock, startedAt) : timerTicker(clock),
    });
  });
  await passTime(clock, HIDDEN_MS[0], breathe);
  const before = players.map(({ match }) => match.frame);
  await passTime(clock, HIDDEN_MS[1] - HIDDEN_MS[0], breathe);
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
  expect(players.flatMap(({ events }) => events)).toEqual([]);
  // Back again: everything as before.
  const shown = players.map(({ match }) => match.frame);
  await passTime(clock, 5_000, breathe);
  players.forEach(({ match, ended }, i) => {
    expect(match.frame - shown[i]!).toBeGreaterThan(0.97 * 300);
    expect(ended).toBe(false);
    expect(match.stats().checksPassed).toBeGreaterThan(3);
  });
  const [a, b] = players.map(({ recorder }) => recorder);
  const last = Math.min(...players.map(({ match }) => match.confirmedFrame));
  expect(a!.hashes.slice(0, last)).toEqual(b!.hashes.slice(0, last));
  expect(a!.inputs.slice(0, last)).toEqual(b!.inputs.slice(0, last));
  for (const { match } of players) match.close();
  await passTime(clock, 2_000, breathe);
});
