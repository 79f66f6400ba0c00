// What syncTest once took for something else, each with what it is to say of it now.
import { describe, expect, it } from 'vitest';
import { defineInput } from '../../src/core/input-codec.js';
import type { Game, Step } from '../../src/core/game.js';
import { syncTest, type SyncTestOptions } from '../../src/sim/sync-test.js';
import { buttons, chainGame } from '../games.js';

describe('what others took for something else', () => {
  /** A game whose states are numbers; they may be handles. */
  const counter = (step: (x: number, inputs: readonly number[], frame: number) => number): Game<number, number> => {
    let x = 0;
    return { advance: (inputs, { frame }) => void (x = step(x, inputs, frame)), save: () => x, load: (saved) => void (x = saved) };
  };

  /** States are handles into a memory of its own. @param forgets A frame from which on it reads what it does not save. */
  class Handles implements Game<number, number> {
    readonly memory = new Map<number, number>();
    #x = 0;
    #next = 0;
    #unsaved = 0;
    readonly #forgets: number;

    constructor(forgets = Infinity) {
      this.#forgets = forgets;
    }
    advance(inputs: readonly number[], { frame }: Step): void {
      this.#x += inputs[0]! + 2 * inputs[1]! + (frame >= this.#forgets ? this.#unsaved++ : 0);
    }
    save(reuse?: number): number {
      const handle = reuse ?? this.#next++;
      this.memory.set(handle, this.#x);
      return handle;
    }
    load(handle: number): void {
      this.#x = this.#at(handle);
    }
    free(handle: number): void {
      expect(this.memory.delete(handle)).toBe(true);
    }
    checksum(handle: number): number {
      return this.#at(handle);
    }
    #at(handle: number): number {
      if (!this.memory.has(handle)) throw new Error('not a state of mine');
      return this.memory.get(handle)!;
    }
  }

  it('states that are handles into the memory of one instance', async () => {
    const made: Handles[] = [];
    const make = (forgets?: number) => () => made[made.push(new Handles(forgets)) - 1]!;
    expect(await syncTest(make(), { input: buttons })).toMatchObject({ ok: true });
    expect(made.length).toBeGreaterThan(1);
    expect(made.map(({ memory }) => memory.size)).toEqual(made.map(() => 0));
    // A handle says nothing of the state.
    expect(await syncTest(make(20), { input: buttons })).toMatchObject({ ok: false, fault: 'unsaved', paths: [] });
  });

  it('an unsaved field that only wrong guesses show has paths that come from a new instance', async () => {
    let instances = 0;
    const make = (): Game<number, { x: number }> => {
      const mine = new WeakSet<object>();
      let record = 0;
      let x = 0;
      instances++;
      return {
        advance: (inputs, { frame }) => {
          if (frame < 30) record = Math.max(record, inputs[1]!);
          x = frame === 40 ? record : inputs[0]!;
        },
        save: () => {
          const saved = { x };
          mine.add(saved);
          return saved;
        },
        load: (saved) => {
          expect(mine.has(saved)).toBe(true);
          ({ x } = saved);
        },
      };
    };
    const result = await syncTest(make, { input: buttons, frames: 60, bots: (slot) => () => slot + 1 });
    expect(result).toMatchObject({ ok: false, fault: 'unsaved', frame: 40, paths: [expect.stringMatching(/^x: expected 2, got \d+$/)] });
    expect(instances).toBeGreaterThan(3);
  });

  it('a variable that all copies share: no call is named, and the advice says so', async () => {
    let shared = 0;
    const result = await syncTest(() => counter((x) => x + shared++), { input: buttons });
    expect(result).toMatchObject({ ok: false, fault: 'ambient', calls: [] });
    expect(result.text).toContain('a variable outside the game that all its copies share (no call was seen)');
  });

  it.each<[string, () => number, string]>([
    ['Date.now() % 2', () => Date.now() % 2, 'Date.now'],
    ['Date.now() % 3', () => Date.now() % 3, 'Date.now'],
    ['seconds % 2', () => Math.floor(Date.now() / 1000) % 2, 'Date.now'],
    ['minutes', () => new Date().getMinutes(), 'new Date'],
    ['performance.now', () => Math.floor(performance.now()) % 2, 'performance.now'],
    ['a byte % 2', () => crypto.getRandomValues(new Uint8Array(1))[0]! % 2, 'crypto.getRandomValues'],
    ['the first digit of a UUID', () => Number.parseInt(crypto.randomUUID()[0]!, 16), 'crypto.randomUUID'],
    ['the end of a UUID % 2', () => Number.parseInt(crypto.randomUUID().slice(-6), 16) % 2, 'crypto.randomUUID'],
  ])('%s is seen to matter', async (_, draw, name) => {
    for (let i = 0; i < 5; i++) {
      const result = await syncTest(() => counter((x) => x + draw()), { input: buttons });
      expect(result).toMatchObject({ ok: false, fault: 'ambient', calls: [name] });
      expect(result.text).toContain(`Called: ${name}.`);
    }
  });

  it('calls that did not matter are told as well, whatever the verdict', async () => {
    let hidden = 0;
    const make = (): Game<number, number> =>
      counter((x, _, frame) => {
        Date.now();
        return frame < 5 ? x : x + hidden++;
      });
    const result = await syncTest(make(), { input: buttons });
    expect(result).toMatchObject({ ok: false, fault: 'unsaved', ambientCalls: { 'Date.now': expect.any(Number) } });
    expect(result.text).toContain('advance() called Date.now.');
  });

  it('a list of inputs that is changed', async () => {
    const changes: ((inputs: number[]) => unknown)[] = [
      (inputs) => (inputs[0]! ^= 1),
      (inputs) => inputs.pop(),
      (inputs) => inputs.push(1),
    ];
    for (const change of changes) {
      const game = counter((x, inputs, frame) => (frame === 7 && change(inputs as number[]), x));
      expect(await syncTest(game, { input: buttons })).toMatchObject({ ok: false, fault: 'inputs-changed', frame: 7 });
    }
  });

  it('a TypeError that has nothing to do with the inputs, though they are frozen', async () => {
    const input = defineInput({ pad: 'u16' });
    const constants = Object.freeze({ speed: 1 }) as { speed: number };
    const game = {
      advance: () => void (constants.speed = 2),
      save: () => 0,
      load: () => {},
    };
    const result = await syncTest(game, { input });
    expect(result).toMatchObject({ ok: false, fault: 'threw', frame: 0, error: expect.any(TypeError) });
    expect(result.text).toMatch(/read only property 'speed'.*sync-test-verdicts\.test\.ts:\d+:\d+/);
  });

  it('no state, no input and no game', async () => {
    const nothing = { advance: () => {}, save: () => undefined, load: () => {} };
    await expect(syncTest(nothing, { input: buttons })).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining('save()'),
    });
    await expect(syncTest(chainGame(), {} as SyncTestOptions<number>)).rejects.toMatchObject({
      code: 'bad-option',
      fields: { option: 'input' },
    });
    await expect(syncTest((() => 5) as unknown as typeof chainGame, { input: buttons })).rejects.toMatchObject({
      code: 'bad-option',
      fields: { option: 'game' },
    });
  });

  it('one of something is not several', async () => {
    expect((await syncTest(chainGame(), { input: buttons, frames: 1 })).text).toMatch(/^1 frame came out the same after 2 rollbacks/);
  });
});
