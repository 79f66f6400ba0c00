// The clock's contract: what is due fires in the order of time, equal times in the order of setting, whatever happens meanwhile.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/sim/virtual-clock.js';

describe('the virtual clock', () => {
  it('fires by time, equal times in the order of setting, timers and tasks alike; cancelled ones never', () => {
    const set = fc.record({ ms: fc.integer({ min: -2, max: 8 }), task: fc.boolean(), cancelled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(set, { minLength: 1, maxLength: 300 }), (all) => {
        const clock = new VirtualClock();
        const fired: number[] = [];
        all.forEach(({ ms, task, cancelled }, i) => {
          const fn = (): void => {
            expect(clock.now()).toBe(Math.max(0, ms));
            fired.push(i);
          };
          if (task) clock.schedule(ms, { run: fn, cancelled });
          else if (cancelled) clock.after(ms, fn)();
          else clock.after(ms, fn);
        });
        clock.runTo(100);
        const expected = all
          .map(({ ms, cancelled }, i) => ({ at: Math.max(0, ms), cancelled, i }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.at - b.at || a.i - b.i);
        expect(fired).toEqual(expected.map(({ i }) => i));
        expect(clock.now()).toBe(100);
      }),
    );
  });

  it('holds any number of them', () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    for (let i = 0; i < 1000; i++) clock.after(i % 3, () => fired.push(i));
    clock.runTo(2);
    const inTurn = (rest: number): number[] => Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 3 === rest);
    expect(fired).toEqual([...inTurn(0), ...inTurn(1), ...inTurn(2)]);
  });

  it('keeps the order while what fires sets more, also for the very same moment', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(5, () => {
      fired.push('a');
      clock.after(0, () => fired.push('c'));
      clock.after(-3, () => fired.push('d'));
    });
    clock.after(5, () => fired.push('b'));
    clock.runTo(5);
    expect(fired).toEqual(['a', 'b', 'c', 'd']);
  });

  it('runs to a time and no further; a cancelled timer moves no time, and cancelling twice is nothing', () => {
    const clock = new VirtualClock();
    let fired = 0;
    const off = clock.after(10, () => fired++);
    clock.after(20, () => fired++);
    off();
    off();
    clock.runTo(5);
    expect(clock.step()).toBe(true);
    expect([clock.now(), fired]).toEqual([5, 0]);
    clock.runTo(19.9);
    expect(fired).toBe(0);
    expect(clock.step()).toBe(true);
    expect([clock.now(), fired]).toEqual([20, 1]);
    expect(clock.step()).toBe(false);
  });
});
