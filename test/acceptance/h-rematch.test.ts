// Acceptance scenario H4: a second session on the same connection starts clean, whatever of the first is still on its way.
import { describe, expect, it } from 'vitest';
import type { BadPacket } from '../../src/wire/head.js';
import { endOf, Rematch, type RematchSetup, type Round } from './rematch.js';
import { seeds } from './scenario.js';

const FIRST_MS = 3_000;
const SECOND_MS = 6_000;
/** Frames of the second match at the least. */
const PLAYED = 200;
/** Nothing else may be counted there: what is of another session, and what of it comes before anybody is known. */
const LATE: readonly BadPacket[] = ['other epoch', 'unknown peer'];

const bad = ({ session }: Round): Partial<Record<BadPacket, number>> => session.stats().badPackets;

/** The second match is as if there had been no first: the same frames as those of the players' own inputs, on both sides. */
function expectClean(match: Rematch, n = 1): void {
  const { replay } = match;
  const [a, b] = [match.rounds[0][n]!, match.rounds[1][n]!];
  const frames = Math.min(a.session.confirmedFrame, b.session.confirmedFrame) - 8;
  expect(frames, replay).toBeGreaterThan(PLAYED);
  const delay = 1;
  for (let frame = 0; frame < frames; frame++) {
    const real = [a, b].map(({ given }) => (frame < delay ? 0 : given[frame - delay]!)).join(' ');
    if (a.recorder.inputs[frame] !== real || b.recorder.inputs[frame] !== real) expect.fail(`inputs of frame ${frame}; ${replay}`);
  }
  expect(a.recorder.hashes.slice(0, frames), replay).toEqual(b.recorder.hashes.slice(0, frames));
  for (const round of [a, b]) {
    expect([round.session.state, endOf(round)], replay).toEqual(['running', undefined]);
    expect(
      round.events.map(({ type }) => type).filter((type) => type === 'dropped' || type === 'desync' || type === 'ended'),
      replay,
    ).toEqual([]);
    expect(
      Object.keys(bad(round)).filter((reason) => !LATE.includes(reason as BadPacket)),
      replay,
    ).toEqual([]);
    expect(round.session.stats().checksPassed, replay).toBeGreaterThan(1);
    expect(round.session.stats().checksUnmatched, replay).toBe(0);
  }
  expect(a.session.seed, replay).toBe(b.session.seed);
}

/** Both play, then one begins anew so many ms before the other (negative: after it). */
function play(setup: RematchSetup, aheadMs: number): Rematch {
  const match = new Rematch(setup);
  match.next(0);
  match.next(1);
  match.run(FIRST_MS);
  for (const round of match.rounds) expect(round[0]!.session.state, match.replay).toBe('running');
  const [first, second] = aheadMs >= 0 ? ([0, 1] as const) : ([1, 0] as const);
  match.next(first);
  match.run(Math.abs(aheadMs));
  match.next(second);
  return match.run(SECOND_MS);
}

const lateOf = (match: Rematch): number =>
  match.rounds.reduce((sum, rounds) => sum + Object.values(bad(rounds[1]!)).reduce((n, m) => n + m, 0), 0);
const network = { delayMs: 60, jitterMs: 30, loss: 0.1, copies: 2 };

describe('H4: a second session on the same connection', () => {
  it.each([0, 20, 150, 1_000, -20, -150, -1_000])('H4 one peer begins it %i ms before the other: clean on both sides', (aheadMs) => {
    let late = 0;
    for (const polite of [true, false]) {
      for (const seed of seeds(3)) {
        const match = play({ seed, network, polite }, aheadMs);
        expectClean(match);
        expect(match.rounds[0][0]!.session.seed, match.replay).not.toBe(match.rounds[0][1]!.session.seed);
        late += lateOf(match);
      }
    }
    // Packets of the first did arrive in the second.
    expect(late).toBeGreaterThan(20);
  });

  it('H4 of another game with other settings: nothing of the first speaks for it', () => {
    for (const aheadMs of [0, 150, -150]) {
      for (const seed of seeds(3)) {
        const settings = (n: number) => (n === 0 ? { gameId: 'first@1', fps: 60, window: 4 } : { gameId: 'second@1', fps: 60, window: 8 });
        const match = play({ seed, network, play: settings }, aheadMs);
        expectClean(match);
      }
    }
  });

  it('H4 begun while the first was still agreeing on its start: what was proposed there is not taken here', () => {
    let late = 0;
    for (const afterMs of [0, 30, 65, 100, 130, 160, 200, 260]) {
      for (const aheadMs of [0, 40, 100, -40, -100]) {
        const match = new Rematch({ seed: 1 + afterMs, network: { delayMs: 60, jitterMs: 10 } });
        match.next(0);
        match.next(1);
        match.run(afterMs);
        match.next(aheadMs >= 0 ? 0 : 1);
        match.run(Math.abs(aheadMs));
        match.next(aheadMs >= 0 ? 1 : 0);
        match.run(SECOND_MS);
        expectClean(match);
        late += lateOf(match);
      }
    }
    expect(late).toBeGreaterThan(20);
  });

  it.each(['the oldest first', 'the newest first'])(
    'H4 all packets of the first come when the second is in full play, %s: counted, nothing changes',
    (order) => {
      for (const polite of [true, false]) {
        const match = play({ seed: 1, network: { delayMs: 60, jitterMs: 30, loss: 0.02 }, polite }, 20);
        const before = match.rounds.map((rounds) => ({ ...bad(rounds[1]!) }));
        const firsts = match.log
          .map((log) => log.filter(({ n }) => n === 0))
          .map((log) => (order === 'the oldest first' ? log : log.toReversed()));
        // Of each ten some at a time, while both go on.
        for (let at = 0; at < Math.max(firsts[0]!.length, firsts[1]!.length); at += 10) {
          match.comeLate(0, firsts[1]!.slice(at, at + 10));
          match.comeLate(1, firsts[0]!.slice(at, at + 10));
          match.run(20);
        }
        match.run(500);
        expectClean(match);
        for (const index of [0, 1] as const) {
          const late = firsts[1 - index]!.length;
          expect(late, match.replay).toBeGreaterThan(150);
          expect((bad(match.rounds[index][1]!)['other epoch'] ?? 0) - (before[index]!['other epoch'] ?? 0), match.replay).toBe(late);
        }
      }
    },
  );

  it('H4 seventeen in a row: when epochs come round again, nothing is left of the one that had the same', () => {
    const match = new Rematch({ seed: 1, network: { delayMs: 60, jitterMs: 30, copies: 2 }, epochOf: (n) => n % 16 });
    for (let n = 0; n < 17; n++) {
      match.next(0);
      match.run(20);
      match.next(1);
      match.run(n === 16 ? SECOND_MS : 1_000);
    }
    expect(match.rounds[0].filter(({ session }) => session.frame > 10).length).toBeGreaterThan(14);
    expectClean(match, 16);
  });
});
