// Acceptance L1 and L2 in full length: a minute each over real DataChannels, through the relay. Run by `npm run test:real`.
import { describe, expect, test } from 'vitest';
import type { Impairment } from '../../src/sim/impairment.js';
import { Rig } from '../match/rig.js';

const MINUTE = 3600;
const LIMIT = { timeout: 180_000 };

interface Outcome {
  /** Share of the frames that a clock of 60 Hz would have given. */
  readonly advanced: number;
  readonly rig: Rig;
}

/** Plays for a minute of frames, looks that both are equal, and closes. */
async function playMinute(impair: Impairment | undefined, seed: number): Promise<Outcome> {
  const rig = await Rig.start({ peers: 2, seed, ...(impair === undefined ? {} : { impair }) }, { inputDelay: 2, connectLimitMs: 60_000 });
  try {
    const start = performance.now();
    await rig.play(MINUTE);
    const advanced = MINUTE / ((performance.now() - start) * 0.06);
    expect(rig.difference()).toBe(-1);
    for (const { match, error } of rig.peers) {
      expect(error).toBeUndefined();
      expect(match.confirmedFrame).toBeGreaterThanOrEqual(MINUTE);
      expect(match.stats().checksPassed).toBeGreaterThanOrEqual(MINUTE / 60 - 2);
    }
    return { advanced, rig };
  } finally {
    rig.close();
  }
}

function report(name: string, { advanced, rig }: Outcome): void {
  const relay = rig.net.relayStats()[0];
  const lost = relay === undefined ? 0 : relay.aToB.dropped / Math.max(1, relay.aToB.received);
  const peers = rig.peers.map(({ match }) => {
    const { stalled, rollbacks, depths } = match.stats();
    return `${rollbacks} rollbacks to ${depths.findLastIndex((n) => n > 0)}, ${stalled} stalls`;
  });
  console.log(
    `${name}: ${(100 * advanced).toFixed(1)} % of frames, relay lost ${(100 * lost).toFixed(1)} %, late p99 ${relay?.lateness.p99Ms ?? 0} ms; ${peers.join('; ')}`,
  );
}

describe.concurrent('L1 and L2: a minute over real DataChannels', () => {
  test('L1 no impairment', LIMIT, async () => {
    const outcome = await playMinute(undefined, 1);
    report('L1', outcome);
    expect(outcome.advanced).toBeGreaterThan(0.98);
  });

  test('L2 10 % loss, round trip 200 ms: at least 95 % of the frames', LIMIT, async () => {
    const outcome = await playMinute({ delayMs: 100, jitterMs: 10, loss: 0.1 }, 2);
    report('L2 10 %, 200 ms', outcome);
    expect(outcome.rig.net.relayStats()[0]!.aToB.dropped).toBeGreaterThan(200);
    for (const { match } of outcome.rig.peers) expect(match.stats().rollbacks).toBeGreaterThan(0);
    expect(outcome.advanced).toBeGreaterThanOrEqual(0.95);
  });

  test('L2 20 % loss, round trip 120 ms', LIMIT, async () => {
    const outcome = await playMinute({ delayMs: 60, jitterMs: 10, loss: 0.2 }, 3);
    report('L2 20 %, 120 ms', outcome);
    expect(outcome.rig.net.relayStats()[0]!.aToB.dropped).toBeGreaterThan(400);
    for (const { match } of outcome.rig.peers) expect(match.stats().rollbacks).toBeGreaterThan(0);
  });

  test('L2 outages of 0.3, 0.8 and 3 s', LIMIT, async () => {
    const impair = { delayMs: 40, jitterMs: 10 };
    const rig = await Rig.start({ peers: 2, impair, seed: 4 }, { inputDelay: 2 });
    try {
      const events: string[] = [];
      for (const { match } of rig.peers) {
        match.on('interrupted', ({ peer }) => events.push(`interrupted ${peer}`));
        match.on('resumed', ({ peer }) => events.push(`resumed ${peer}`));
      }
      const done = rig.play(1200);
      for (const ms of [300, 800, 3000]) {
        await elapsed(2000);
        rig.net.setImpairment({ ...impair, loss: 1 });
        await elapsed(ms);
        const healedAt = Math.min(...rig.peers.map(({ match }) => match.confirmedFrame));
        rig.net.setImpairment(impair);
        const start = performance.now();
        while (Math.min(...rig.peers.map(({ match }) => match.confirmedFrame)) <= healedAt) await elapsed(5);
        console.log(`outage of ${ms} ms: new frames confirmed ${Math.round(performance.now() - start)} ms after healing`);
      }
      await done;
      expect(rig.difference()).toBe(-1);
      for (const { match, error } of rig.peers) {
        expect(error).toBeUndefined();
        // During each outage the window was used up.
        expect(match.stats().stalled).toBeGreaterThan(150);
      }
      // The outages of 0.8 and 3 s were longer than the limit of silence; that of 0.3 s was not.
      expect(events.filter((event) => event.startsWith('interrupted'))).toHaveLength(4);
      expect(events.filter((event) => event.startsWith('resumed'))).toHaveLength(4);
    } finally {
      rig.close();
    }
  });
});

/** Real time passes: what is tested here happens in it. */
function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
