// Does my game desync? Two tests to copy: put your own game and input in place of StarCatch, and run them with vitest.
import { simulate, syncTest } from 'rollwire/sim';
import { describe, expect, test } from 'vitest';
import { input, StarCatch } from './game.js';
import { ForgottenField, RandomSparks } from './planted-bugs.js';

describe('my game', () => {
  test('comes out the same after every rollback', async () => {
    const result = await syncTest(() => new StarCatch(), { input, players: 2 });
    expect(result.ok, result.text).toBe(true);
  });

  test('stays equal on all peers over bad networks', async () => {
    const result = await simulate(() => new StarCatch(), { input, players: 2, seeds: 3 });
    expect(result.ok, result.text).toBe(true);
    expect(result.stats.rollbacks).toBeGreaterThan(500);
  });
});

// From here on: what you see when there is a bug.

describe('Math.random in the state', () => {
  test('syncTest names the frame, the call, and where the states differ', async () => {
    expect(await syncTest(() => new RandomSparks(), { input })).toMatchObject({
      ok: false,
      fault: 'ambient',
      calls: ['Math.random'],
      paths: expect.arrayContaining([expect.stringMatching(/^players\[\d\]\.x: expected .+, got .+$/)]),
      advice: expect.stringContaining('compute random numbers from a field of the saved state'),
    });
  });

  test('simulate finds that the peers differ', async () => {
    expect(await simulate(() => new RandomSparks(), { input })).toMatchObject({
      ok: false,
      cause: 'unrepeatable',
      seed: 1,
      paths: expect.arrayContaining([expect.stringMatching(/^players\[\d\]\.x: peer-0: .+, peer-1: .+$/)]),
    });
  });
});

describe('a field that is not saved', () => {
  test('syncTest names the frame, and where it shows in the state', async () => {
    expect(await syncTest(() => new ForgottenField(), { input })).toMatchObject({
      ok: false,
      fault: 'unsaved',
      paths: [expect.stringMatching(/^players\[\d\]\.x: expected \d+, got \d+$/)],
      advice: expect.stringContaining('not saved'),
    });
  });

  test('simulate finds the frame, both values, and says how to play that match again', async () => {
    const result = await simulate(() => new ForgottenField(), { input });
    expect(result).toMatchObject({ ok: false, cause: 'state', peers: ['peer-0', 'peer-1'] });
    if (result.ok) return;
    expect(result.paths).toContainEqual(expect.stringMatching(/^players\[\d\]\.x: peer-0: \d+, peer-1: \d+$/));
    expect(result.replay).toMatch(/^await simulate\(game, \{ \.\.\.options, seeds: \[1\], network: \{.+\} \}\)$/);
  });
});
