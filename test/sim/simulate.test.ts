// Somebody's game over many bad networks: what goes wrong is found, named, and can be played again; what does not gives honest numbers.
import { describe, expect, it } from 'vitest';
import { defineInput } from '../../src/core/input-codec.js';
import type { Game } from '../../src/core/game.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { simulate, type SimulateFailure, type SimulateOptions, type SimulateResult } from '../../src/sim/simulate.js';
import { createDuel, input as duelInput } from '../../examples/duel/duel.js';
import { buttons, chainGame } from '../games.js';

interface State {
  frame: number;
  units: { hp: number }[];
}

/** A game that keeps something that it does not save, if it is told to. */
class Units implements Game<number, State> {
  state: State = { frame: 0, units: [{ hp: 100 }, { hp: 100 }] };
  #streak = 0;
  readonly #forgets: number;

  constructor(forgetsFrom = Infinity) {
    this.#forgets = forgetsFrom;
  }
  advance(inputs: readonly number[]): void {
    inputs.forEach((input, slot) => (this.state.units[slot]!.hp += (input & 3) - 1));
    this.#streak = inputs[0]! & 1 ? this.#streak + 1 : 0;
    if (this.state.frame >= this.#forgets) this.state.units[1]!.hp -= this.#streak & 1;
    this.state.frame++;
  }
  save(): State {
    return structuredClone(this.state);
  }
  load(saved: State): void {
    this.state = structuredClone(saved);
  }
}

const LAN: Impairment = { delayMs: 60, jitterMs: 20 };
const FAST = { input: buttons, seeds: 2, frames: 300, network: LAN } satisfies SimulateOptions<number>;

function failure(result: SimulateResult): SimulateFailure {
  if (result.ok) throw new Error(`unexpectedly well: ${result.text}`);
  return result;
}

describe('a game in order', () => {
  it('passes, with the numbers of what was reached', async () => {
    const result = await simulate(() => new Units(), FAST);
    expect(result).toMatchObject({ ok: true, stats: { matches: 2, stalled: expect.any(Number) } });
    expect(result.stats.frames).toBeGreaterThanOrEqual(2 * 2 * 300);
    expect(result.stats.frames).toBeLessThan(2 * 2 * 400);
    expect(result.stats.rollbacks).toBeGreaterThan(100);
    expect(result.stats.resimulated).toBeGreaterThan(result.stats.rollbacks);
    // Two to seven frames of delay, less one of input delay.
    expect(result.stats.deepest).toBeGreaterThanOrEqual(3);
    expect(result.stats.deepest).toBeLessThanOrEqual(8);
    expect(result.stats.inputPackets).toBeGreaterThanOrEqual(2 * 2 * 300);
    expect(result.stats.inputBytes).toBeGreaterThan(10 * result.stats.inputPackets);
    expect(result.text).toContain(`2 matches, ${result.stats.frames} frames: equal; ${result.stats.rollbacks} rollbacks`);
  });

  it('plays the same for the same seed, and otherwise for another', async () => {
    const statsOf = async (seed: number): Promise<unknown> => (await simulate(() => new Units(), { ...FAST, seeds: [seed] })).stats;
    expect(await statsOf(3)).toEqual(await statsOf(3));
    expect(await statsOf(3)).not.toEqual(await statsOf(4));
  });

  it('plays the default networks and seeds', async () => {
    expect(await simulate(() => createDuel(3), { input: duelInput, frames: 120 })).toMatchObject({ ok: true, stats: { matches: 20 } });
  });

  it('takes what a match takes: players, window, delays, peers, directions, several networks, players of its own', async () => {
    const pressed: number[][] = [[], [], []];
    const result = await simulate(chainGame, {
      input: buttons,
      players: 3,
      window: 4,
      inputDelay: 2,
      seeds: [5],
      frames: 100,
      network: [LAN, (from) => (from === 'peer-0' ? { delayMs: 10 } : { delayMs: 30 })],
      peers: [{}, { displayHz: 144 }, { startMs: 500 }],
      bots: (peer) => (n) => {
        pressed[peer]!.push(n);
        return peer * 1_000 + n;
      },
    });
    expect(result).toMatchObject({ ok: true, stats: { matches: 2 } });
    expect(result.stats.deepest).toBeLessThanOrEqual(4);
    for (const numbers of pressed) expect(numbers.length).toBeGreaterThanOrEqual(2 * 98);
  });
});

describe('a game that forgets to save something', () => {
  it('is found at its first frame, with both values and a replay that finds the same', async () => {
    const game = (): Units => new Units(50);
    const found = failure(await simulate(game, { ...FAST, seeds: 5 }));
    expect(found).toMatchObject({
      cause: 'state',
      peers: ['peer-0', 'peer-1'],
      paths: [expect.stringMatching(/^units\[1\]\.hp: peer-0: -?\d+, peer-1: -?\d+$/)],
    });
    expect(found.frame).toBeGreaterThanOrEqual(50);
    expect(found.replay).toBe(`await simulate(game, { ...options, seeds: [${found.seed}], network: {"delayMs":60,"jitterMs":20} })`);
    expect(found.text).toContain(`seed ${found.seed}, frame ${found.frame}, peer-0 and peer-1: state.`);
    expect(found.text).toContain(found.paths[0]);
    expect(found.text).toContain(found.replay);
    const { stats: _, ...again } = failure(await simulate(game, { ...FAST, seeds: [found.seed], network: { delayMs: 60, jitterMs: 20 } }));
    expect(found).toMatchObject(again);
  });

  it('counts the matches until then, and says which network it was', async () => {
    const clean: Impairment = { delayMs: 5 };
    const networks = [clean, () => LAN];
    // With five frames of delay on a short path nothing is ever rolled back.
    const found = failure(await simulate(() => new Units(0), { ...FAST, inputDelay: 3, network: networks, seeds: [7] }));
    expect(found.stats.matches).toBe(2);
    expect(found.replay).toBe('await simulate(game, { ...options, seeds: [7], network: options.network[1] })');
  });
});

describe('other causes', () => {
  it('a game that is random by itself is called unrepeatable', async () => {
    class Sparks extends Units {
      override advance(inputs: readonly number[]): void {
        super.advance(inputs);
        if (Math.random() < 0.02) this.state.units[0]!.hp -= Math.random();
      }
    }
    const found = failure(await simulate(() => new Sparks(), FAST));
    expect(found).toMatchObject({ cause: 'unrepeatable', advice: expect.stringContaining('syncTest') });
    expect(found.paths.length).toBeGreaterThan(0);
  });

  it('a codec that is not a function of the input makes inputs differ', async () => {
    // What is encoded for the packet and what is used here come from one call; a decode that differs shows in what the game sees.
    let odd = 0;
    const input = { ...buttons, decode: (from: Uint16Array) => (from[0]! & 1 ? from[0]! + (odd++ % 2) : from[0]!) };
    expect(failure(await simulate(() => new Units(), { ...FAST, input }))).toMatchObject({ cause: 'inputs', paths: [] });
  });

  it('a network that lets nothing through is stuck', async () => {
    const found = failure(await simulate(() => new Units(), { ...FAST, network: { outages: [[1_000, 1e9]] }, waitMs: 5_000, frames: 200 }));
    expect(found).toMatchObject({ cause: 'stuck', seed: 1, advice: expect.stringContaining('peer-lost') });
    expect(found.frame).toBeGreaterThan(30);
    expect(found.frame).toBeLessThan(80);
  });

  it('a game that throws is told, with what it threw', async () => {
    class Throws extends Units {
      override advance(inputs: readonly number[]): void {
        super.advance(inputs);
        if (this.state.frame > 100) throw new RangeError('too far');
      }
    }
    const found = failure(await simulate(() => new Throws(), FAST));
    expect(found).toMatchObject({ cause: 'threw', error: expect.any(RangeError), advice: expect.stringContaining('too far') });
    expect(found.frame).toBeGreaterThan(80);
  });

  it('states that cannot be copied have no paths', async () => {
    let made = 0;
    const game = (): Game<number, { x: number; f: () => void }> => {
      const step = (made++ % 2) + 1;
      let x = 0;
      return {
        advance: (inputs) => void (x += inputs[0]! * step),
        save: () => ({ x, f: () => {} }),
        load: (saved) => void ({ x } = saved),
        checksum: (saved) => saved.x,
      };
    };
    expect(failure(await simulate(game, FAST))).toMatchObject({ cause: 'state', paths: [] });
  });

  it('a game that returns promises is waited for, and its desync is named like any other', async () => {
    /** A game in a worker, say. @param step What each input adds. */
    const later = (step: number): Game<number, { x: number; frame: number }> => {
      let world = { x: 0, frame: 0 };
      return {
        advance: async (inputs) => {
          const sum = inputs[0]! * 3 + inputs[1]!;
          await Promise.resolve();
          world = { x: (world.x * 5 + sum + (world.frame >= 60 ? step : 0)) % 65_537, frame: world.frame + 1 };
        },
        save: async () => ({ ...world }),
        load: async (saved) => {
          await Promise.resolve();
          world = { ...saved };
        },
      };
    };
    const equal = await simulate(() => later(0), FAST);
    expect(equal).toMatchObject({ ok: true });
    expect(equal.stats.rollbacks).toBeGreaterThan(20);
    let made = 0;
    expect(await simulate(() => later(made++ % 2), FAST)).toMatchObject({
      cause: 'state',
      frame: 60,
      paths: [expect.stringMatching(/^x: peer-0: \d+, peer-1: \d+$/u)],
    });
  });

  it.each([{ seeds: 0 }, { seeds: 1.5 }, { frames: 0 }, { network: { loss: 5 } }, { players: 1 }, { peers: [{}, {}, {}] }])(
    '%j is refused',
    async (options) => {
      await expect(simulate(() => new Units(), { ...FAST, ...options })).rejects.toMatchObject({ code: 'bad-option' });
    },
  );
});

describe('what others took for something else', () => {
  it('inputs that the game changes are the fault of the game', async () => {
    class Replaces extends Units {
      override advance(inputs: readonly number[]): void {
        if (this.state.frame === 50) (inputs as number[])[1] = 1_000;
        super.advance(inputs);
      }
    }
    const found = failure(await simulate(() => new Replaces(), FAST));
    expect(found).toMatchObject({ cause: 'inputs-changed', frame: 50, peers: [expect.stringMatching(/^peer-[01]$/)] });
    expect(found.text).toContain('copy an input before changing it');
    expect(found.text).not.toContain('report');
  });

  it('so is writing to an input that cannot be changed, also later', async () => {
    const input = defineInput({ pad: 'u8' });
    for (const wait of [false, true]) {
      const game = (): Game<{ readonly pad: number }, number> => {
        let x = 0;
        const step = (inputs: readonly { pad: number }[]): void => {
          inputs[0]!.pad &= 1;
          x++;
        };
        const advance = wait
          ? async (inputs: readonly { pad: number }[]): Promise<void> => {
              await Promise.resolve();
              step(inputs);
            }
          : step;
        return { advance, save: () => x, load: (saved) => void (x = saved) };
      };
      const found = failure(await simulate(game, { ...FAST, input }));
      expect(found).toMatchObject({ cause: 'inputs-changed', error: expect.any(TypeError) });
      expect(found.text).toMatch(/simulate\.test\.ts:\d+:\d+/);
    }
  });

  it('what the game throws is told with its place, its peer and its frame', async () => {
    class Throws extends Units {
      override advance(inputs: readonly number[]): void {
        if (this.state.frame === 100) throw new RangeError('too far');
        super.advance(inputs);
      }
    }
    const found = failure(await simulate(() => new Throws(), FAST));
    expect(found).toMatchObject({ cause: 'threw', frame: 100, error: expect.any(RangeError), peers: [expect.stringContaining('peer-')] });
    expect(found.text).toMatch(/too far, at Throws\.advance \(.*simulate\.test\.ts/);
  });

  it('what a bot throws is not what the game throws', async () => {
    const bots = () => (n: number) => {
      if (n === 30) throw new Error('bot broke');
      return 0;
    };
    await expect(simulate(() => new Units(), { ...FAST, bots })).rejects.toThrow('bot broke');
  });

  it('a match without a rollback proves nothing, and says so', async () => {
    const result = await simulate(() => new Units(), { ...FAST, seeds: [1], inputDelay: 3, network: { delayMs: 5 } });
    expect(result).toMatchObject({ ok: true, stats: { rollbacks: 0, matches: 1 } });
    expect(result.text).toMatch(/^1 match, .*; 0 rollbacks, .*; no rollback happened: this proves nothing/);
    expect((await simulate(() => new Units(), FAST)).text).not.toContain('proves nothing');
  });
});

describe('states that are freed', () => {
  const memory = new Map<number, number>();
  let next = 0;
  /** @param wrong Added to what each input adds. */
  const handles = (wrong: number): Game<number, number> => {
    let x = 0;
    const at = (handle: number): number => {
      if (!memory.has(handle)) throw new Error('use after free');
      return memory.get(handle)!;
    };
    return {
      advance: (inputs) => void (x += inputs[0]! + 3 * inputs[1]! + wrong),
      save: (reuse) => {
        const handle = reuse ?? next++;
        memory.set(handle, x);
        return handle;
      },
      load: (handle) => void (x = at(handle)),
      free: (handle) => {
        if (!memory.delete(handle)) throw new Error('freed twice');
      },
      checksum: at,
    };
  };

  it('none is left at the end, of matches that pass, differ or are stuck', async () => {
    expect(await simulate(() => handles(0), FAST)).toMatchObject({ ok: true });
    expect(next).toBeGreaterThan(5);
    expect(memory.size).toBe(0);
    let made = 0;
    expect(await simulate(() => handles(made++ % 2), FAST)).toMatchObject({ cause: 'state', paths: [] });
    expect(memory.size).toBe(0);
    const cut: Impairment = { outages: [[1_000, 1e9]] };
    expect(await simulate(() => handles(0), { ...FAST, network: cut, waitMs: 5_000, frames: 200 })).toMatchObject({ cause: 'stuck' });
    expect(memory.size).toBe(0);
    // Between two operations of a tick, too.
    expect(await simulate(() => handles(0), { ...FAST, peers: [{ workMs: 3 }] })).toMatchObject({ ok: true });
    expect(memory.size).toBe(0);
  });
});

describe('options that would prove nothing', () => {
  it.each<[string, unknown, RegExp]>([
    ['no seeds', { seeds: [] }, /^seeds is/],
    ['a seed that is no number', { seeds: ['one'] }, /^a seed is/],
    ['seeds that are no list', { seeds: '3' }, /^seeds is/],
    ['no networks', { network: [] }, /^network is/],
    ['a name instead of a network', { network: 'wifi-bad' }, /^impairment is "wifi-bad"/],
    ['a profile that does not exist, in a list', { network: [undefined] }, /^impairment is undefined/],
    ['a function that returns nothing', { network: () => undefined }, /^impairment is undefined/],
    [
      'an option that a network does not have',
      { network: { latency: 50 } },
      /^impairment\.latency is 50; use one of delayMs, jitterMs, loss/,
    ],
    ['no input', { input: undefined }, /^input is undefined/],
  ])('%s: refused', async (_, options, message) => {
    const given = { ...FAST, ...(options as Partial<SimulateOptions<number>>) };
    await expect(simulate(() => new Units(), given)).rejects.toMatchObject({ code: 'bad-option', message: expect.stringMatching(message) });
  });

  it('a game instead of what makes games, what makes no games, and a save that returns nothing: refused', async () => {
    const refused = async (game: unknown): Promise<void> => {
      await expect(simulate(game as () => Units, FAST)).rejects.toMatchObject({ code: 'bad-option' });
    };
    await refused(new Units());
    await refused(() => undefined);
    await refused(() => ({ advance: () => {}, save: () => undefined, load: () => {} }));
    await refused(() => ({ advance: () => {}, save: async () => undefined, load: () => {} }));
  });
});
