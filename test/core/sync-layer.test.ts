// Rollback without peers: what the game is made to do, and no more than that.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { predictNeutral, repeatLast } from '../../src/core/predictor.js';
import { furthestAhead, ringCapacity } from '../../src/core/sync-layer.js';
import { defineInput } from '../../src/core/input-codec.js';
import { SyncLayer } from '../../src/core/sync-layer.js';
import { SyncDriver } from './sync-driver.js';

describe('with all inputs there in time', () => {
  it('a frame is one advance: no save, no load, confirmed', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 2, 3).give(1, 4, 5, 6);
    driver.tick();
    driver.done();
    for (let i = 0; i < 2; i++) driver.tick();
    expect(driver.done()).toBe('1, 2');
    expect(driver.last()).toEqual({ frame: 2, inputs: [3, 6], status: ['confirmed', 'confirmed'], resimulating: false });
    expect(driver.sync.stats()).toMatchObject({ rollbacks: 0, resimulated: 0, predicted: 0 });
  });

  it('check frames alone are saved, and are final once simulated', () => {
    const driver = new SyncDriver({ checkInterval: 3 });
    for (let frame = 0; frame <= 7; frame++) {
      driver.give(0, frame).give(1, frame);
      driver.tick();
    }
    expect(driver.done()).toBe('save 0, 0, 1, 2, save 3, 3, 4, 5, save 6, 6, 7');
    expect(driver.sync.stateFinal(6)).toBe(true);
    expect(driver.sync.state(6)).toHaveLength(6);
    expect(driver.sync.stateFinal(7)).toBe(false);
    expect(driver.sync.stateFinal(9)).toBe(false);
  });
});

describe('predictions', () => {
  it('repeat the last input, and a right guess costs nothing but the saves it was made under', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 1, 1, 1).give(1, 7);
    for (let i = 0; i < 4; i++) driver.tick();
    expect(driver.last()).toMatchObject({ frame: 3, inputs: [1, 7], status: ['confirmed', 'predicted'] });
    driver.done();
    driver.give(1, 7, 7, 7);
    expect(driver.step()).toBe(false);
    expect(driver.sync.stats()).toMatchObject({ rollbacks: 0, resimulated: 0, predicted: 3 });
  });

  it('of before the first input are neutral, also when the strategy repeats', () => {
    const driver = new SyncDriver();
    driver.give(0, 1);
    driver.tick();
    expect(driver.last()).toMatchObject({ inputs: [1, 0], status: ['confirmed', 'predicted'] });
  });

  it('by the neutral strategy let go of everything', () => {
    const driver = new SyncDriver({ predict: predictNeutral(0) });
    driver.give(0, 1, 1).give(1, 7);
    driver.tick();
    driver.tick();
    expect(driver.advanced.map(({ inputs }) => inputs)).toEqual([
      [1, 7],
      [1, 0],
    ]);
  });

  it('by a game are asked with the last known input, how far ahead and for whom', () => {
    const asked: unknown[] = [];
    const driver = new SyncDriver({
      predict: (last, ahead, slot) => {
        asked.push([last, ahead, slot]);
        return last + ahead;
      },
    });
    driver.give(0, 1, 1, 1).give(1, 40);
    for (let i = 0; i < 3; i++) driver.tick();
    expect(asked).toEqual([
      [40, 1, 1],
      [40, 2, 1],
    ]);
    expect(driver.last().inputs).toEqual([1, 42]);
    // The guesses were right: no rollback.
    driver.give(1, 41, 42);
    expect(driver.step()).toBe(false);
    // Before the first input the last known one is the neutral one, and the first guess is one ahead of nothing.
    asked.length = 0;
    new SyncDriver({ predict: (last, ahead) => (asked.push([last, ahead]), last) }).give(0, 1).tick();
    expect(asked).toEqual([[0, 1]]);
  });

  it('see decoded inputs with a codec of fields', () => {
    const codec = defineInput({ left: 'bool', aim: 'u16' });
    const seen: unknown[] = [];
    const predict = <I>(last: I): I => (seen.push(last), last);
    const sync = new SyncLayer<{ left: boolean; aim: number }, null>({
      codec,
      slots: 1,
      window: 8,
      predict,
      saveEvery: 1,
      checkInterval: 1000,
      maxInputDelay: 0,
    });
    sync.append(0, [1, 500], 0);
    for (let i = 0; i < 2; i++) {
      sync.grant();
      for (let op = sync.op(); op !== undefined; op = sync.op()) if (op.kind === 'save') op.keep(null);
    }
    expect(seen).toEqual([{ left: true, aim: 500 }]);
  });
});

describe('late inputs', () => {
  it('that differ make one rollback, to the first wrong frame, and save only what may be needed again', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 1, 1, 1, 1).give(1, 7);
    for (let i = 0; i < 5; i++) driver.tick();
    driver.done();
    // Frames 1 and 2 as guessed, 3 not; frame 4 is still a guess.
    driver.give(1, 7, 7, 8);
    while (driver.step());
    expect(driver.done()).toBe('load 3, 3!, save 4, 4!');
    expect(driver.last()).toEqual({ frame: 4, inputs: [1, 8], status: ['confirmed', 'predicted'], resimulating: true });
    expect(driver.state).toEqual(['1 7', '1 7', '1 7', '1 8', '1 8']);
    expect(driver.sync.stats()).toMatchObject({ rollbacks: 1, resimulated: 2 });
    expect(driver.sync.stats().depths).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('of several slots in one poll make one rollback, from the earliest wrong frame', () => {
    const driver = new SyncDriver({ slots: 3 });
    driver.give(0, 1, 1, 1, 1).give(1, 0).give(2, 0);
    for (let i = 0; i < 4; i++) driver.tick();
    driver.done();
    driver.give(2, 0, 0, 5).give(1, 0, 4, 4);
    while (driver.step());
    expect(driver.done()).toBe('load 2, 2!, 3!');
    expect(driver.sync.stats()).toMatchObject({ rollbacks: 1, resimulated: 2 });
    expect(driver.state).toEqual(['1 0 0', '1 0 0', '1 4 0', '1 4 5']);
  });

  it('that are for the frame not yet simulated only replace the prediction', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 1).give(1, 7);
    driver.tick();
    driver.give(1, 9);
    driver.done();
    driver.tick();
    expect(driver.done()).toBe('1');
    expect(driver.last()).toMatchObject({ inputs: [1, 9], status: ['confirmed', 'confirmed'] });
  });

  it('at the limit of the window are corrected while standing, and then it goes on', () => {
    const driver = new SyncDriver({ window: 3 });
    driver.give(0, 1, 1, 1, 1, 1, 1);
    expect([1, 2, 3, 4].map(() => driver.tick())).toEqual([true, true, true, false]);
    driver.done();
    driver.give(1, 5);
    expect(driver.tick()).toBe(true);
    expect(driver.done()).toBe('load 0, 0!, save 1, 1!, save 2, 2!, save 3, 3');
    expect(driver.sync.stats().depths).toEqual([0, 0, 0, 1]);
  });

  it('that come between two operations are taken into the same rollback, or make it start again', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 1, 1, 1, 1).give(1, 0);
    for (let i = 0; i < 5; i++) driver.tick();
    driver.done();
    driver.give(1, 0, 6);
    for (let i = 0; i < 2; i++) driver.step();
    // State 3 is reached; the input of frame 3, which was guessed anew or not yet used, is no reason to go back.
    driver.give(1, 9);
    for (let i = 0; i < 2; i++) driver.step();
    expect(driver.last()).toMatchObject({ frame: 3, inputs: [1, 9], status: ['confirmed', 'confirmed'] });
    expect(driver.sync.stats().rollbacks).toBe(1);
    while (driver.step());
    // Now frame 4 has been guessed as 9: another value is a second rollback.
    driver.give(1, 1);
    while (driver.step());
    expect(driver.state).toEqual(['1 0', '1 0', '1 6', '1 9', '1 1']);
    expect(driver.sync.stats().rollbacks).toBe(2);
  });

  it('that come after a load and before its frame was reached again go back only if they are below', () => {
    const driver = new SyncDriver({ slots: 3 });
    driver.give(0, 1, 1, 1, 1, 1).give(1, 0).give(2, 0);
    for (let i = 0; i < 5; i++) driver.tick();
    driver.give(1, 0, 0, 6);
    driver.step();
    driver.step();
    driver.done();
    // Slot 2 turns out wrong in frame 2, which the game has already passed.
    driver.give(2, 0, 8);
    while (driver.step());
    expect(driver.done()).toMatch(/^load 2, 2!/u);
    expect(driver.state).toEqual(['1 0 0', '1 0 0', '1 0 8', '1 6 8', '1 6 8']);
  });

  it('keep the state of a check frame from counting as final until they are corrected', () => {
    const driver = new SyncDriver({ checkInterval: 2 });
    driver.give(0, 1, 1, 1, 1).give(1, 0);
    for (let i = 0; i < 4; i++) driver.tick();
    expect(driver.sync.stateFinal(2)).toBe(false);
    driver.give(1, 3);
    expect(driver.sync.stateFinal(2)).toBe(false);
    while (driver.step());
    expect(driver.sync.stateFinal(2)).toBe(true);
    expect(driver.sync.state(2)).toEqual(['1 0', '1 3']);
  });
});

describe('the window', () => {
  it('of 0 is lockstep: nothing is ever predicted, saved or loaded', () => {
    const driver = new SyncDriver({ window: 0 });
    driver.give(0, 1, 1, 1);
    expect(driver.tick()).toBe(false);
    driver.give(1, 1);
    expect([driver.tick(), driver.tick()]).toEqual([true, false]);
    driver.give(1, 2, 3);
    expect([driver.tick(), driver.tick(), driver.tick()]).toEqual([true, true, false]);
    expect(driver.done()).toBe('save 0, 0, 1, 2');
    expect(driver.sync.stats()).toMatchObject({ predicted: 0, rollbacks: 0 });
  });

  it('lets exactly as many frames be simulated beyond the last confirmed one', () => {
    for (const window of [0, 1, 8, 30]) {
      const driver = new SyncDriver({ window });
      driver.give(0, ...Array.from({ length: 60 }, () => 1)).give(1, 1, 1, 1);
      let frames = 0;
      while (driver.tick()) frames++;
      expect(driver.sync.confirmed).toBe(2);
      expect(frames).toBe(3 + window);
    }
  });
});

describe('the end of a slot', () => {
  it('makes it neutral and absent, also in frames that were already simulated, and holds nobody up any more', () => {
    const driver = new SyncDriver();
    driver.give(0, ...Array.from({ length: 40 }, () => 1)).give(1, 7, 7);
    for (let i = 0; i < 5; i++) driver.tick();
    driver.done();
    driver.sync.cut(1, 1);
    while (driver.step());
    expect(driver.done()).toBe('load 2, 2!, 3!, 4!');
    expect(driver.state).toEqual(['1 7', '1 7', '1 -', '1 -', '1 -']);
    expect(driver.last()).toMatchObject({ inputs: [1, 0], status: ['confirmed', 'absent'] });
    for (let i = 0; i < 30; i++) expect(driver.tick()).toBe(true);
    expect(driver.sync.confirmed).toBe(39);
  });

  it('rolls back even if the guesses were neutral: absent is something else than neutral', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 1, 1).give(1, 0);
    for (let i = 0; i < 3; i++) driver.tick();
    driver.sync.cut(1, 0);
    while (driver.step());
    expect(driver.state).toEqual(['1 0', '1 -', '1 -']);
  });

  it('costs no rollback where nothing was guessed', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 1, 1).give(1, 5, 5);
    driver.tick();
    driver.tick();
    driver.done();
    driver.sync.cut(1, 1);
    driver.tick();
    expect(driver.done()).not.toMatch(/load/u);
    expect(driver.last().status).toEqual(['confirmed', 'absent']);
  });
});

describe('sparse saving', () => {
  it('saves each n-th frame that may be gone back to, and goes on from the one before the wrong frame', () => {
    const driver = new SyncDriver({ saveEvery: 3 });
    driver.give(0, 1, 1, 1, 1, 1, 1, 1, 1).give(1, 5);
    for (let i = 0; i < 8; i++) driver.tick();
    expect(driver.done()).toBe('save 0, 0, 1, 2, save 3, 3, 4, 5, save 6, 6, 7');
    // Frames 1 to 4 as guessed, 5 not: from 3, over 3 and 4, which come out as they were.
    driver.give(1, 5, 5, 5, 5, 6);
    while (driver.step());
    expect(driver.done()).toBe('load 3, 3!, 4!, 5!, save 6, 6!, 7!');
    expect(driver.sync.stats().depths[3]).toBe(1);
  });

  it('what was final stays final while it is passed again', () => {
    const driver = new SyncDriver({ saveEvery: 4 });
    driver.give(0, 1, 1, 1, 1, 1, 1, 1).give(1, 5, 5, 5);
    for (let i = 0; i < 7; i++) driver.tick();
    expect(driver.sync.final).toBe(2);
    driver.give(1, 9);
    expect(driver.sync.final).toBe(2);
    driver.step();
    expect([driver.done().endsWith('load 0'), driver.sync.final]).toEqual([true, 2]);
    // While 0 to 2 are passed, frame 4 turns out wrong as well: it is passed later anyway.
    driver.give(1, 7);
    while (driver.step());
    expect(driver.done()).toBe('0!, 1!, 2!, 3!, save 4, 4!, 5!, 6!');
    expect(driver.sync.final).toBe(4);
  });

  it('check frames are saved on every pass all the same', () => {
    const driver = new SyncDriver({ saveEvery: 10, checkInterval: 3 });
    driver.give(0, 1, 1, 1, 1, 1, 1).give(1, 5);
    for (let i = 0; i < 6; i++) driver.tick();
    driver.done();
    driver.give(1, 6);
    while (driver.step());
    expect(driver.done()).toBe('load 0, 0!, 1!, 2!, save 3, 3!, 4!, 5!');
  });
});

describe('at the end', () => {
  it('every state that is left is handed out once, to be freed', () => {
    const driver = new SyncDriver();
    driver.give(0, 1, 1, 1).give(1, 5);
    for (let i = 0; i < 3; i++) driver.tick();
    const freed: number[] = [];
    for (let op = driver.sync.free(); op !== undefined; op = driver.sync.free()) if (op.kind === 'free') freed.push(op.state.length);
    expect(freed.toSorted((a, b) => a - b)).toEqual([1, 2]);
  });
});

describe('whatever the order in which inputs come', () => {
  const scenario = fc.record({
    slots: fc.integer({ min: 2, max: 4 }),
    window: fc.integer({ min: 0, max: 10 }),
    saveEvery: fc.integer({ min: 1, max: 12 }),
    checkInterval: fc.integer({ min: 1, max: 12 }),
    /** Who is given how many inputs next, or how many operations are carried out. */
    steps: fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 6 })), { minLength: 20, maxLength: 150 }),
    values: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 50 }),
    cutAt: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  });

  it('the last simulation of every confirmed frame used the real inputs, and nothing was done without need', () => {
    fc.assert(
      fc.property(scenario, ({ slots, window, saveEvery, checkInterval, steps, values, cutAt }) => {
        const driver = new SyncDriver({ slots, window, saveEvery, checkInterval });
        const { sync } = driver;
        const input = (slot: number, frame: number): number => values[(frame * 7 + slot * 3) % values.length]!;
        let cut: number | undefined;
        let final = -1;
        let checked = 0;
        const expected = (frame: number): string =>
          Array.from({ length: slots }, (_, slot) =>
            slot === 0 && cut !== undefined && frame > cut ? '-' : String(input(slot, frame)),
          ).join(' ');
        /** What is said to be final is so at every moment, also in the middle of a rollback. */
        const watch = (): void => {
          expect(sync.final).toBeGreaterThanOrEqual(final);
          ({ final } = sync);
          while (sync.stateFinal(checked + checkInterval)) {
            checked += checkInterval;
            const state = sync.state(checked);
            expect(state).toHaveLength(checked);
            for (let frame = 0; frame < checked; frame++) expect(state[frame]).toBe(expected(frame));
            sync.release(checked);
          }
        };
        steps.forEach(([who, amount], index) => {
          if (who >= slots) {
            if (sync.mayAdvance) sync.grant();
            for (let i = 0; i < amount * 4; i++) {
              driver.step();
              watch();
            }
          } else if (who !== 0 || cut === undefined) {
            for (let i = 0; i < amount; i++) {
              const { held } = sync.queue(who);
              if (held < sync.sim + furthestAhead(window, 2)) driver.give(who, input(who, held + 1));
              watch();
            }
          }
          if (index === cutAt) sync.cut(0, (cut = sync.queue(0).held));
        });
        while (driver.step());
        watch();
        expect(final).toBe(Math.min(sync.confirmed, sync.sim - 1));
        expect(checked).toBe(Math.floor(Math.max(0, Math.min(final + 1, sync.sim - 1)) / checkInterval) * checkInterval);
        for (let frame = 0; frame <= final; frame++) expect(driver.state[frame]).toBe(expected(frame));
        expect(driver.state).toHaveLength(sync.sim);
        const stats = sync.stats();
        expect(stats.depths.reduce((sum, times) => sum + times, 0)).toBe(stats.rollbacks);
        expect(stats.depths).toHaveLength(window + 1);
        expect(driver.advanced.filter(({ resimulating }) => resimulating)).toHaveLength(stats.resimulated);
        expect(driver.advanced.length).toBe(stats.resimulated + sync.sim);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the sizes of the rings', () => {
  it('are powers of two that hold the span of inputs between peers that keep the rules', () => {
    for (const [window, delay] of [
      [0, 0],
      [8, 30],
      [30, 30],
    ] as const) {
      const capacity = ringCapacity(window, delay);
      expect(Math.log2(capacity) % 1).toBe(0);
      expect(capacity).toBeGreaterThanOrEqual(2 * window + delay + 3 + furthestAhead(window, delay));
    }
  });

  it('repeatLast gives back what it is given', () => {
    const input = { left: true };
    expect(repeatLast(input)).toBe(input);
  });
});
