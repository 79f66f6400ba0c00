// A polite leave over a bad path: the goodbye is the last thing that is sent, and nothing that comes after it makes it arrive sooner but
// itself. Over the peer-connection double, many times.
import { expect, test } from 'vitest';
import { timerTicker } from '../../src/match/ticker.js';
import { VirtualPair } from './virtual-pair.js';

/** Two peers play for two seconds, then one leaves. @returns after how many ms the other was told so; undefined if they did not meet. */
async function leave(seed: number, loss: number): Promise<number | undefined> {
  const pair = await VirtualPair.meet(seed, { delayMs: 40, loss }, () => ({}));
  const { clock, world, matches } = pair;
  let toldMs: number | undefined;
  if (matches.length === 2) {
    for (const match of matches) match.run({ sample: () => 1, ticker: timerTicker(clock) });
    await pair.pass(2_000);
    const leftAt = clock.now();
    matches[1]!.on('dropped', () => (toldMs ??= clock.now() - leftAt));
    matches[1]!.on('ended', () => (toldMs ??= Infinity));
    matches[0]!.close();
    await pair.pass(3_000);
    toldMs ??= Infinity;
  }
  await pair.close();
  expect(world.open).toBe(0);
  return toldMs;
}

test('who has given up says so, if it can still be heard', async () => {
  // Nothing passes for two seconds, and one of them waits for one only.
  const network = { delayMs: 20, outages: [[4_000, 6_000]] } as const;
  const pair = await VirtualPair.meet(1, network, (peer) => ({ waitMs: peer === 0 ? 1_000 : 30_000 }));
  const { clock, matches } = pair;
  const ends: unknown[] = [];
  for (const match of matches) {
    match.run({ sample: () => 1, ticker: timerTicker(clock) });
    match.on('ended', ({ error }) => ends.push(error?.fields));
  }
  await pair.pass(9_000);
  expect(ends).toMatchObject([{ why: 'no packets came any more' }, { why: 'it left: gave up (peer-lost)' }]);
  await pair.close();
});

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
