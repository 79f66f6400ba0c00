// A polite leave over a bad path: the goodbye is the last thing that is sent, and nothing that comes after it makes it arrive sooner but
// itself. Over the peer-connection double, many times.
import { expect, test } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import { timerTicker } from '../../src/match/ticker.js';
import { passTime } from '../../src/sim/pass-time.js';
import { RtcWorld } from '../../src/sim/rtc-world.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { VirtualSignaling } from '../../src/sim/virtual-signaling.js';
import { buttons, chainGame, type ChainState } from '../games.js';

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Two peers play for two seconds, then one leaves. @returns after how many ms the other was told so; undefined if they did not meet. */
async function leave(seed: number, loss: number): Promise<number | undefined> {
  const clock = new VirtualClock();
  const rng = createRng(seed);
  const world = new RtcWorld({ clock, rng: rng.fork('world'), network: { delayMs: 40, loss } });
  const server = new VirtualSignaling({ clock, rng: rng.fork('server'), delayMs: 20 });
  const matches: Match<number, ChainState>[] = [];
  let settled = 0;
  for (const name of ['a', 'b']) {
    const random = rng.fork(name);
    joinMatch({
      input: buttons,
      gameId: 'chain@1',
      players: 2,
      game: chainGame(),
      signaling: server.adapter(),
      room: 'room',
      rtc: world.rtc(name),
      clock,
      random: () => random.u32(),
    }).then(
      (match) => {
        matches.push(match);
        settled++;
      },
      () => settled++,
    );
  }
  while (settled < 2) await passTime(clock, 100, breathe);
  let toldMs: number | undefined;
  if (matches.length === 2) {
    for (const match of matches) match.run({ sample: () => 1, ticker: timerTicker(clock) });
    await passTime(clock, 2_000, breathe);
    const leftAt = clock.now();
    matches[1]!.on('dropped', () => (toldMs ??= clock.now() - leftAt));
    matches[1]!.on('ended', () => (toldMs ??= Infinity));
    matches[0]!.close();
    await passTime(clock, 3_000, breathe);
    toldMs ??= Infinity;
  }
  for (const match of matches) match.close();
  await passTime(clock, 3_000, breathe);
  expect(world.open).toBe(0);
  return toldMs;
}

test.each([0, 0.1, 0.3])('with %f of the packets lost, the other side is told', async (loss) => {
  const told: number[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    const ms = await leave(seed, loss);
    if (ms !== undefined) told.push(ms);
  }
  expect(told.length).toBeGreaterThan(50);
  expect(Math.max(...told)).toBeLessThan(2_100);
  expect(told.filter((ms) => ms > 1_000).length).toBeLessThanOrEqual(told.length * 0.05);
  if (loss === 0) expect(Math.max(...told)).toBeLessThanOrEqual(41);
});
