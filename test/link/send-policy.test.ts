import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SendPolicy } from '../../src/link/send-policy.js';
import type { ChannelPolicy, SendDecision } from '../../src/link/send-policy.js';

/** A tick at 60 Hz, in ms. */
const TICK = 1000 / 60;
const ONE = [false];
const TWO = [false, false];

/** What the policy decides over `ticks` packets, one a tick, at an unchanging age. The estimate stays at its start of 200 ms. */
function ticks(count: number, ageMs: number, blocked: readonly boolean[], policy: ChannelPolicy = 'auto', jitterMs = 0): SendDecision[] {
  const machine = new SendPolicy(policy);
  return Array.from({ length: count }, (_, i) =>
    machine.decide(i * TICK + (i % 2 === 0 ? jitterMs : -jitterMs), ageMs, undefined, blocked),
  );
}

function sentTicks(decisions: readonly SendDecision[]): number[] {
  return decisions.flatMap((decision, i) => (decision.send ? [i] : []));
}

function first(ageMs: number, blocked: readonly boolean[] = ONE): SendDecision {
  return new SendPolicy('auto').decide(0, ageMs, undefined, blocked);
}

describe('the estimate of the time to an acknowledgement', () => {
  test('starts at 200 ms and follows a faster one at once', () => {
    const policy = new SendPolicy('auto');
    expect(policy.ackMs).toBe(200);
    policy.decide(0, 0, 80, ONE);
    expect(policy.ackMs).toBe(80);
  });

  test('follows a slower one by 2 % of the difference', () => {
    const policy = new SendPolicy('auto');
    policy.decide(0, 0, 220, ONE);
    expect(policy.ackMs).toBeCloseTo(200 + 0.02 * 20, 10);
  });

  test.each([
    [249, 200 + 0.02 * 49],
    [250, 201],
    [251, 201],
    [9999, 201],
  ])('but by at most 1 ms a time (%d ms)', (ackMs, expected) => {
    const policy = new SendPolicy('auto');
    policy.decide(0, 0, ackMs, ONE);
    expect(policy.ackMs).toBeCloseTo(expected, 10);
  });

  test('stays as it is without progress, and for what is no time', () => {
    const policy = new SendPolicy('auto');
    for (const ackMs of [undefined, Number.NaN, -1]) policy.decide(0, 0, ackMs, ONE);
    expect(policy.ackMs).toBe(200);
  });

  test('is always between the extremes that were seen', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 10_000, noNaN: true })), (samples) => {
        const policy = new SendPolicy('auto');
        for (const sample of samples) policy.decide(0, 0, sample, ONE);
        expect(policy.ackMs).toBeLessThanOrEqual(Math.max(200, ...samples));
        expect(policy.ackMs).toBeGreaterThanOrEqual(Math.min(200, ...samples));
      }),
    );
  });

  test('moves the thresholds with it, in the same tick', () => {
    const policy = new SendPolicy('auto');
    expect(policy.decide(0, 181, 80, ONE)).toMatchObject({ channel: 'Z' });
    expect(policy.decide(TICK, 180, undefined, ONE)).toMatchObject({ channel: 'R' });
  });
});

describe('the channel', () => {
  test.each([
    [0, 'R'],
    [300, 'R'],
    [300.01, 'Z'],
    [5000, 'Z'],
  ])('at an age of %d ms with 200 ms to an acknowledgement: %s', (ageMs, channel) => {
    expect(first(ageMs)).toEqual({ send: true, association: 0, channel });
    expect(first(ageMs, TWO)).toEqual({ send: true, association: 0, channel });
  });

  test('is chosen for each packet anew', () => {
    const policy = new SendPolicy('auto');
    const channels = [0, 400, 0].map((ageMs, i) => policy.decide(i * TICK, ageMs, undefined, ONE));
    expect(channels).toMatchObject([{ channel: 'R' }, { channel: 'Z' }, { channel: 'R' }]);
  });
});

describe('the rate', () => {
  // One connection: full, a quarter over 250 ms, an eighth over 2 s. Two: full, half over 400 ms, a quarter over 2 s.
  test.each([
    ['one', ONE, 0, 1],
    ['one', ONE, 450, 1],
    ['one', ONE, 450.01, 4],
    ['one', ONE, 2200, 4],
    ['one', ONE, 2200.01, 8],
    ['two', TWO, 0, 1],
    ['two', TWO, 600, 1],
    ['two', TWO, 600.01, 2],
    ['two', TWO, 2200, 2],
    ['two', TWO, 2200.01, 4],
    ['three', [false, false, false], 600.01, 2],
  ])('with %s: at an age of %4$d every %5$d. tick', (_name, blocked, ageMs, every) => {
    const sent = sentTicks(ticks(33, ageMs, blocked));
    expect(sent).toEqual(Array.from({ length: Math.floor(32 / every) + 1 }, (_, i) => i * every));
  });

  test('a tick that comes a little early or late does not lower it', () => {
    for (const jitterMs of [3, -3]) expect(sentTicks(ticks(33, 1000, ONE, 'auto', jitterMs))).toHaveLength(9);
  });

  test('is back at once when the age falls', () => {
    const policy = new SendPolicy('auto');
    policy.decide(0, 3000, undefined, ONE);
    expect(policy.decide(TICK, 3000, undefined, ONE)).toEqual({ send: false, reason: 'rate' });
    expect(policy.decide(2 * TICK, 100, undefined, ONE)).toMatchObject({ send: true });
  });

  test('after a pause the next packet goes at once, and only one', () => {
    const policy = new SendPolicy('auto');
    policy.decide(0, 3000, undefined, ONE);
    expect(policy.decide(10_000, 3000, undefined, ONE)).toMatchObject({ send: true });
    expect(policy.decide(10_000 + TICK, 3000, undefined, ONE)).toEqual({ send: false, reason: 'rate' });
  });
});

describe('the connection', () => {
  function associations(blocked: readonly boolean[], count: number, ageMs = 0): number[] {
    return ticks(count, ageMs, blocked).flatMap((decision) => (decision.send ? [decision.association] : []));
  }

  test('they alternate', () => {
    expect(associations(TWO, 5)).toEqual([0, 1, 0, 1, 0]);
    expect(associations([false, false, false], 5)).toEqual([0, 1, 2, 0, 1]);
  });

  test('by packets sent, not by ticks', () => {
    expect(associations(TWO, 9, 700)).toEqual([0, 1, 0, 1, 0]);
  });

  test('a blocked one is passed over', () => {
    expect(associations([true, false], 3)).toEqual([1, 1, 1]);
    expect(associations([false, true], 3)).toEqual([0, 0, 0]);
    expect(associations([true, false, true], 3)).toEqual([1, 1, 1]);
  });
});

describe('all connections blocked', () => {
  test.each([
    ['one', [true]],
    ['two', [true, true]],
  ])('%s: one packet in 100 ms all the same, the others are skipped', (_name, blocked) => {
    const policy = new SendPolicy('auto');
    expect(policy.decide(1000, 0, undefined, blocked)).toMatchObject({ send: true });
    expect(policy.decide(1099.9, 0, undefined, blocked)).toEqual({ send: false, reason: 'blocked' });
    expect(policy.decide(1100, 0, undefined, blocked)).toMatchObject({ send: true });
    expect(policy.decide(1199.9, 0, undefined, blocked)).toEqual({ send: false, reason: 'blocked' });
    expect(policy.decide(1200, 0, undefined, blocked)).toMatchObject({ send: true });
  });

  test('a packet sent before they were blocked counts', () => {
    const policy = new SendPolicy('auto');
    policy.decide(1000, 0, undefined, ONE);
    expect(policy.decide(1050, 0, undefined, [true])).toEqual({ send: false, reason: 'blocked' });
    expect(policy.decide(1100, 0, undefined, [true])).toMatchObject({ send: true });
  });

  test('both are poked in turn', () => {
    const policy = new SendPolicy('auto');
    const poked = [0, 100, 200, 300].map((now) => policy.decide(now, 0, undefined, [true, true]));
    expect(poked).toMatchObject([{ association: 0 }, { association: 1 }, { association: 0 }, { association: 1 }]);
  });

  test('a slower rate holds for pokes too', () => {
    // 8 ticks are 133 ms.
    expect(sentTicks(ticks(33, 3000, [true]))).toEqual([0, 8, 16, 24, 32]);
  });

  test('a freed one is used at once', () => {
    const policy = new SendPolicy('auto');
    policy.decide(1000, 0, undefined, [true]);
    expect(policy.decide(1000 + TICK, 0, undefined, ONE)).toMatchObject({ send: true });
  });
});

describe('the simpler policies', () => {
  test('a fixed one sends everything on R of the first connection, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.option(fc.nat(10_000), { nil: undefined }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (ageMs, ackMs, blocked) => {
          const policy = new SendPolicy({ maxRetransmits: 0 });
          for (let i = 0; i < 3; i++) {
            expect(policy.decide(i, ageMs, ackMs, blocked)).toEqual({ send: true, association: 0, channel: 'R' });
          }
        },
      ),
    );
  });

  test('one-connection adapts like auto over one connection', () => {
    for (const ageMs of [0, 350, 500, 3000]) expect(ticks(30, ageMs, ONE, 'one-connection')).toEqual(ticks(30, ageMs, ONE, 'auto'));
  });
});

test('never silent for longer than 8 ticks, whatever happens', () => {
  const happening = fc.record({
    ageMs: fc.nat(5000),
    ackMs: fc.option(fc.nat(5000), { nil: undefined }),
    blocked: fc.tuple(fc.boolean(), fc.boolean()),
  });
  fc.assert(
    fc.property(fc.array(happening, { minLength: 20, maxLength: 100 }), fc.integer({ min: 1, max: 2 }), (all, connections) => {
      const policy = new SendPolicy('auto');
      let last = 0;
      all.forEach(({ ageMs, ackMs, blocked }, tick) => {
        const decision = policy.decide(tick * TICK, ageMs, ackMs, blocked.slice(0, connections));
        if (decision.send) {
          last = tick;
          expect(decision.association).toBeLessThan(connections);
        }
        expect(tick - last).toBeLessThan(8);
      });
    }),
  );
});
