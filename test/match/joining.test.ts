// Joining, retrying, leaving and coming back on thousands of seeds, over the peer-connection double on the virtual clock.
// A seed that fails is replayed by: JOIN_SEEDS=<seed>..<seed> npx vitest run test/match/joining.test.ts
import { describe, expect, test } from 'vitest';
import { type PeerPlan, planOf } from './joining-plan.js';
import { JoinScene, type SceneResult } from './joining-scene.js';

/** Quick enough for every change. More: JOIN_SEEDS=1..50000. */
const DEFAULT_SEEDS = '1..2000';

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));
const run = (seed: number): Promise<SceneResult> => JoinScene.run(planOf(seed), breathe);

const asked = process.env['JOIN_SEEDS'];
const [first, last] = (asked ?? DEFAULT_SEEDS).split('..').map(Number) as [number, number];

function count(of: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of of) counts[name] = (counts[name] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, x], [, y]) => y - x));
}

/** A peer that begins at once, does nothing else, and needs nothing. */
const AT_ONCE: PeerPlan = {
  startMs: 0,
  rounds: 1,
  pauseMs: 0,
  leaveMs: undefined,
  dieMs: undefined,
  backMs: undefined,
  ghostMs: 0,
  deafAdapter: false,
  relayOnly: false,
  idleMs: 0,
  frames: 5,
};

describe('joining', () => {
  test(
    `seeds ${first} to ${last}: every attempt ends connected or with a named error, and nothing is left`,
    { timeout: 3_600_000 },
    async () => {
      const failed: string[] = [];
      const joined: string[] = [];
      const played: string[] = [];
      const seen: Record<string, number> = {};
      for (let seed = first; seed <= last && failed.length < 10; seed++) {
        const result = await run(seed);
        for (const [what, n] of Object.entries(result.seen)) seen[what] = (seen[what] ?? 0) + Number(n);
        for (const outcome of result.outcomes) {
          joined.push(outcome.joined);
          if (outcome.played !== undefined) played.push(outcome.played);
        }
        if (result.problems.length === 0) continue;
        failed.push(`seed ${seed} (${result.plan.faults.join(', ')}): ${result.problems.join('; ')}`);
        if (first === last) console.log(result.timeline.join('\n'));
      }
      const [attempts, matches] = [count(joined), count(played)];
      if (asked !== undefined) console.log({ attempts, matches, seen });
      expect(failed, 'to replay a seed: JOIN_SEEDS=<seed>..<seed> npx vitest run test/match/joining.test.ts').toEqual([]);
      if (last - first < 1000) return;
      for (const outcome of [
        'connected',
        'no-peer',
        'no-offer',
        'no-answer',
        'no-pair',
        'room-full',
        'aborted',
        'died',
        'signaling-unreachable',
        'peer-gone at peer',
        'signaling-lost at signaling',
      ]) {
        expect(attempts[outcome], outcome).toBeGreaterThan(0);
      }
      for (const [what, n] of Object.entries(seen)) expect(n, what).toBeGreaterThan(0);
      for (const outcome of ['played', 'left', 'dropped', 'peer-lost']) expect(matches[outcome], outcome).toBeGreaterThan(0);
    },
  );

  test('a peer that comes when the time is up is not taken for a refusal of WebRTC', async () => {
    const codes = new Set<string>();
    const plan = planOf(1);
    for (let startMs = 19_980; startMs < 20_000; startMs += 0.5) {
      const { outcomes, problems } = await JoinScene.run(
        {
          ...plan,
          faults: ['b comes late'],
          peers: [AT_ONCE, { ...AT_ONCE, startMs }],
          network: () => ({}),
          signaling: { delayMs: 0, jitterMs: 0, loss: 0, doubled: 0, late: 0 },
          death: undefined,
        },
        breathe,
      );
      expect(problems).toEqual([]);
      codes.add(outcomes.find((outcome) => outcome.peer === 'a1')!.joined);
    }
    expect([...codes]).toContain('no-answer');
    expect([...codes]).not.toContain('rtc-refused');
  });

  test('the same seed twice: the same timeline, to the last digit', async () => {
    let length = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const [one, two] = [await run(seed), await run(seed)];
      expect(two.timeline).toEqual(one.timeline);
      length += one.timeline.length;
    }
    expect(length).toBeGreaterThan(500);
  });
});
