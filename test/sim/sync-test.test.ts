// The sync test: a game for each fault, found at its frame and by its name; and games that are in order, of every kind of state.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defineInput } from '../../src/core/input-codec.js';
import type { Game, Step } from '../../src/core/game.js';
import { syncTest, type SyncTestOptions, type SyncTestResult } from '../../src/sim/sync-test.js';
import { createDuel, input as duelInput } from '../../examples/duel/duel.js';
import { buttons, chainGame } from '../games.js';
import { FAULT_FRAME, FAULTY, Healthy, type State } from './faulty-games.js';

/** Everyone presses something else in every frame, so that no fault hides. */
const BUSY = { input: buttons, frames: 60, bots: (slot: number) => (n: number) => ((n * 37 + slot * 11) & 0xff) | 1 };

function run(name: keyof typeof FAULTY, how: 'once' | 'factory', options: Partial<SyncTestOptions<number>> = {}): Promise<SyncTestResult> {
  const Faulty = FAULTY[name];
  return syncTest<number, State>(how === 'once' ? new Faulty() : () => new Faulty(), { ...BUSY, ...options });
}

describe.each(['once', 'factory'] as const)('a game given %s', (how) => {
  it.each<[keyof typeof FAULTY, number, string, RegExp]>([
    ['random', 20, 'ambient', /^players\[1\]\.x: expected .+, got .+$/],
    ['clock', 20, 'ambient', /^players\[0\]\.last: expected .+, got .+$/],
    ['timer', 20, 'ambient', /^shots/],
    ['edge', 20, 'unsaved', /^players\[0\]\.x: expected .+, got .+$/],
    ['counter', 20, 'unsaved', /^players\[0\]\.x: expected \d+, got \d+$/],
    ['live', 20, 'save-aliased', /^frame: expected 20, got 21$/],
    ['shallow', 0, 'save-aliased', /^players/],
    ['taken', 20, 'load-aliased', /^frame: expected 20, got 21$/],
    ['savesTwice', 20, 'save-differs', /^players\[1\]\.last: expected \d+, got \d+$/],
    ['resimulating', 20, 'resimulating', /^players\[1\]\.last: expected -1, got \d+$/],
    ['status', 20, 'status', /^players\[1\]\.last: expected -1, got \d+$/],
  ])('%s: found at frame %i as %s', async (name, frame, fault, path) => {
    const result = await run(name, how);
    expect(result).toMatchObject({ ok: false, frame, fault });
    if (result.ok) return;
    expect(result.paths[0]).toMatch(path);
    expect(result.text).toContain(`frame ${frame}: ${fault}. `);
    expect(result.text).toContain(result.paths[0]);
    expect(result.advice.length).toBeGreaterThan(40);
  });

  it('a field that is not restored is found at the first frame where it differs', async () => {
    const result = await run('notLoaded', how);
    expect(result).toMatchObject({ ok: false, fault: 'load-incomplete' });
    expect(!result.ok && result.frame).toBeGreaterThanOrEqual(FAULT_FRAME);
    expect(!result.ok && result.frame).toBeLessThan(FAULT_FRAME + 10);
    expect(!result.ok && result.paths[0]).toMatch(/^shots/);
  });

  it('a part of a reused state that is not filled is found once it differs', async () => {
    const result = await run('reuse', how);
    expect(result).toMatchObject({ ok: false, fault: 'reuse-not-filled' });
    expect(!result.ok && result.frame).toBeGreaterThanOrEqual(FAULT_FRAME);
    expect(!result.ok && result.frame).toBeLessThan(FAULT_FRAME + 10);
    expect(!result.ok && result.paths[0]).toMatch(/^shots/);
  });

  it('what is shared with a saved state and changes frames later is found', async () => {
    expect(await run('lateShallow', how)).toMatchObject({ ok: false, fault: 'save-aliased' });
    expect(await run('remembered', how)).toMatchObject({
      ok: false,
      fault: 'save-aliased',
      frame: FAULT_FRAME - 4,
      paths: [expect.stringMatching(/^shots\.length: /)],
    });
  });

  it('what the game throws is told with its frame', async () => {
    const result = await run('throws', how);
    expect(result).toMatchObject({
      ok: false,
      fault: 'threw',
      frame: 20,
      error: expect.any(RangeError),
      advice: expect.stringMatching(/^The game threw: see the error \(out of shots, at .*advance.*faulty-games\.ts:\d+:\d+\)*\.$/),
    });
  });

  it('a record of what was rolled back is found by wrong guesses', async () => {
    const bots = (slot: number) => (n: number) => (slot === 0 ? n & 7 : 1);
    expect(await run('record', how, { bots })).toMatchObject({ ok: false, fault: 'unsaved', frame: FAULT_FRAME + 10 });
  });

  it('names what was called', async () => {
    expect(await run('random', how)).toMatchObject({ calls: ['Math.random'], advice: expect.stringContaining('Called: Math.random.') });
    expect(await run('clock', how)).toMatchObject({ calls: expect.arrayContaining(['Date.now', 'new Date']) });
    expect(await run('timer', how)).toMatchObject({ calls: ['performance.now'] });
  });

  it('a game in order passes, and effects may be random', async () => {
    const sparks: number[] = [];
    class Sparks extends Healthy {
      override advance(inputs: readonly number[], step: Step): void {
        super.advance(inputs, step);
        if (!step.resimulating) sparks.push(Math.random());
      }
    }
    const result = await syncTest<number, State>(how === 'once' ? new Sparks() : () => new Sparks(), {
      input: buttons,
      players: 2,
      frames: 50,
      depth: 5,
    });
    // Each frame once, again in the rollbacks (1, 2, 3, 4, then 5 at a time), and once with a guess and once without.
    const simulated = 50 + (1 + 2 + 3 + 4 + 46 * 5) + 50 + 50;
    expect(result).toMatchObject({ ok: true, frames: 50, rollbacks: 50 + 10, simulated });
    expect(result.ok && result.ambientCalls).toEqual({ 'Math.random': 100 });
    expect(result.text).toMatch(/; advance\(\) called Math\.random 100 times: make sure that only effects depend on it$/);
    expect(sparks).toHaveLength(100);
  });
});

describe('only new games show', () => {
  it('a start that differs', async () => {
    const make = (): Healthy => {
      const game = new Healthy();
      game.state.players[0]!.x = Math.random();
      return game;
    };
    const result = await syncTest<number, State>(make, BUSY);
    expect(result).toMatchObject({ ok: false, frame: 0, fault: 'start-differs', paths: [expect.stringMatching(/^players\[0\]\.x: /)] });
    expect(await syncTest<number, State>(make(), BUSY)).toMatchObject({ ok: true });
  });

  it('what is remembered by frame', async () => {
    expect(await run('memo', 'factory')).toMatchObject({
      ok: false,
      fault: 'unsaved',
      frame: 20,
      paths: [expect.stringMatching(/^players\[0\]\.x: /)],
    });
  });

  it('that randomness of an unknown source is randomness', async () => {
    expect(await run('captured', 'factory')).toMatchObject({ ok: false, fault: 'ambient', frame: 20, calls: [] });
    expect(await run('captured', 'once')).toMatchObject({ ok: false, fault: 'unsaved', frame: 20 });
  });
});

describe('inputs', () => {
  const loose = {
    id: 'test:pad',
    words: 1,
    neutral: { pad: 0 },
    encode: (input: { pad: number }, to: Uint16Array) => void (to[0] = input.pad),
    decode: (from: Uint16Array) => ({ pad: from[0]! }),
  };
  const game = (change: (input: { pad: number }, frame: number) => void): Game<{ pad: number }, number> => {
    let x = 0;
    return {
      advance: (inputs, { frame }) => {
        for (const input of inputs) {
          change(input, frame);
          x += input.pad;
        }
      },
      save: () => x,
      load: (saved) => void (x = saved),
    };
  };

  it('that are changed are found', async () => {
    const changes = game((input, frame) => {
      if (frame === 7) input.pad ^= 1;
    });
    expect(await syncTest(changes, { input: loose })).toMatchObject({ ok: false, fault: 'inputs-changed', frame: 7 });
  });

  it('of defineInput cannot be changed at all', async () => {
    const input = defineInput({ pad: 'u16' });
    const changes = game((one, frame) => {
      if (frame === 7) one.pad = 1;
    });
    expect(await syncTest(changes, { input })).toMatchObject({
      ok: false,
      fault: 'inputs-changed',
      frame: 7,
      error: expect.any(TypeError),
    });
  });

  it('are those of the given players, the same for the same seed', async () => {
    const played = async (options: Partial<SyncTestOptions<{ pad: number }>>): Promise<number[]> => {
      const seen: number[] = [];
      await syncTest(
        game((input) => seen.push(input.pad)),
        { input: loose, frames: 20, depth: 1, ...options },
      );
      return seen;
    };
    expect(await played({ seed: 3 })).toEqual(await played({ seed: 3 }));
    expect(await played({ seed: 3 })).not.toEqual(await played({ seed: 4 }));
    const seen = await played({ bots: (slot) => (n) => ({ pad: 100 * slot + n }) });
    expect(seen.slice(0, 6)).toEqual([0, 100, 0, 100, 1, 101]);
  });
});

describe('games in order', () => {
  it('a state of bytes that is reused, with a checksum', async () => {
    expect(await syncTest(() => createDuel(5), { input: duelInput, players: 2 })).toMatchObject({ ok: true, frames: 600 });
  });

  it('a game with closures, with one player and with eight', async () => {
    expect(await syncTest(chainGame, { input: buttons, players: 1 })).toMatchObject({ ok: true });
    expect(await syncTest(chainGame, { input: buttons, players: 8, depth: 30, frames: 100 })).toMatchObject({ ok: true });
  });

  class World {
    score = 0;
  }
  const instances = (loads: (world: World, saved: World) => World): Game<number, World> => {
    let world = new World();
    return {
      advance: (inputs) => void (world.score += inputs[0]!),
      save: () => Object.assign(new World(), world),
      load: (saved) => void (world = loads(world, saved)),
      checksum: (saved) => saved.score,
    };
  };

  it('states that are instances of a class pass with a checksum, and have paths too; without one they are refused', async () => {
    const good = instances((_, saved) => Object.assign(new World(), saved));
    expect(await syncTest(good, { input: buttons })).toMatchObject({ ok: true });
    const bad = instances((world) => world);
    expect(await syncTest(bad, { input: buttons })).toMatchObject({
      ok: false,
      fault: 'load-incomplete',
      paths: [expect.stringMatching(/^score: /)],
    });
    const { checksum: _, ...unchecked } = good;
    await expect(syncTest(unchecked, { input: buttons })).rejects.toMatchObject({
      code: 'bad-option',
      remedy: expect.stringContaining('checksum'),
    });
  });

  it('states that cannot be copied are compared by their checksum, without paths', async () => {
    let x = 0;
    const game: Game<number, { x: number; f: () => void }> = {
      advance: (inputs, step) => void (x += inputs[0]! + (step.resimulating ? 1 : 0)),
      save: () => ({ x, f: () => {} }),
      load: (saved) => void ({ x } = saved),
      checksum: (saved) => saved.x,
    };
    expect(await syncTest(game, { input: buttons })).toMatchObject({ ok: false, fault: 'resimulating', frame: 0, paths: [] });
  });
});

describe('states that are freed', () => {
  it('all are handed back once, as what to reuse or to be freed', async () => {
    const live = new Set<{ x: number }>();
    let x = 0;
    let most = 0;
    const game: Game<number, { x: number }> = {
      advance: (inputs) => void (x += inputs[0]!),
      save: (reuse) => {
        if (reuse !== undefined) expect(live.has(reuse)).toBe(true);
        const saved = Object.assign(reuse ?? {}, { x });
        live.add(saved);
        most = Math.max(most, live.size);
        return saved;
      },
      load: (saved) => {
        expect(live.has(saved)).toBe(true);
        ({ x } = saved);
      },
      free: (saved) => expect(live.delete(saved)).toBe(true),
    };
    expect(await syncTest(game, { input: buttons, depth: 4, frames: 50 })).toMatchObject({ ok: true });
    expect(live.size).toBe(0);
    // The start, the frames of a rollback and the present one, and one more to compare with.
    expect(most).toBe(1 + 5 + 1);
  });
});

describe('asynchronous games', () => {
  function later(inner: Game<number, State>): Game<number, State> {
    const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
    return {
      advance: async (inputs, step) => {
        await turn();
        return inner.advance(inputs, step);
      },
      save: async (reuse) => {
        await turn();
        return inner.save(reuse);
      },
      load: async (saved) => {
        await turn();
        return inner.load(saved);
      },
    };
  }

  it('pass and fail as the others do', async () => {
    const options = { ...BUSY, frames: 40 };
    expect(await syncTest(later(new Healthy()), options)).toMatchObject({ ok: true, frames: 40 });
    expect(await syncTest(async () => later(new FAULTY.edge()), options)).toMatchObject({ ok: false, fault: 'unsaved', frame: 20 });
    expect(await syncTest(later(new FAULTY.shallow()), options)).toMatchObject({ ok: false, fault: 'save-aliased', frame: 0 });
    expect(await syncTest(later(new FAULTY.throws()), options)).toMatchObject({ ok: false, fault: 'threw', frame: 20 });
  });
});

describe('the surroundings', () => {
  afterEach(() => vi.useRealTimers());

  it('are as they were afterwards, whatever happened', async () => {
    const before = [Math.random, Date, performance.now, crypto.getRandomValues, crypto.randomUUID];
    const own = Object.getOwnPropertyNames(performance);
    await run('clock', 'once');
    await run('throws', 'factory');
    expect([Math.random, Date, performance.now, crypto.getRandomValues, crypto.randomUUID]).toEqual(before);
    expect(Object.getOwnPropertyNames(performance)).toEqual(own);
  });

  it('may be fake timers', async () => {
    vi.useFakeTimers({ now: 5_000 });
    expect(await run('clock', 'once')).toMatchObject({ ok: false, fault: 'ambient', frame: 20 });
    expect(Date.now()).toBe(5_000);
  });

  it('dates of a given time stay what they are', async () => {
    const dates: unknown[] = [];
    const game = {
      advance: () => void dates.push(new Date(7).getTime(), new Date(0) instanceof Date, typeof Date(), Date.UTC(2000, 1)),
      save: () => 0,
      load: () => {},
    };
    expect(await syncTest(game, { input: buttons, frames: 1 })).toMatchObject({ ok: true });
    expect(dates.slice(0, 4)).toEqual([7, true, 'string', 949_363_200_000]);
  });

  it('random bytes are found as well', async () => {
    for (const draw of [() => crypto.getRandomValues(new Uint8Array(4))[0]!, () => Number.parseInt(crypto.randomUUID().slice(-6), 16)]) {
      let x = 0;
      const game: Game<number, number> = { advance: () => void (x += draw()), save: () => x, load: (saved) => void (x = saved) };
      expect(await syncTest(game, { input: buttons })).toMatchObject({
        ok: false,
        fault: 'ambient',
        calls: [expect.stringContaining('crypto.')],
      });
    }
  });
});

describe('options', () => {
  it.each([{ players: 0 }, { players: 9 }, { frames: 0 }, { depth: 0 }, { depth: 31 }])('%j is refused', async (options) => {
    await expect(syncTest(chainGame(), { input: buttons, ...options })).rejects.toMatchObject({ code: 'bad-option' });
  });
});
