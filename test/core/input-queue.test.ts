// One slot's inputs: real, used, and the end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEVER, NO_FRAME } from '../../src/core/frame.js';
import { queueOf } from './sync-driver.js';

describe('InputQueue', () => {
  it('holds nothing at first', () => {
    const queue = queueOf(1, 8);
    expect(queue.held).toBe(NO_FRAME);
    expect(queue.confirmed).toBe(NO_FRAME);
    expect(queue.absentAt(1_000_000)).toBe(false);
  });

  it('gives back the last inputs as they were, as many as it keeps', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 40 }),
        (words, inputs) => {
          const queue = queueOf(words, 16, ...inputs);
          expect(queue.held).toBe(inputs.length - 1);
          const to = new Uint16Array(words);
          for (let frame = Math.max(0, inputs.length - 16); frame < inputs.length; frame++) {
            queue.read(frame, to);
            expect([...to]).toEqual(inputs[frame]!.slice(0, words));
            expect(queue.word(frame, words - 1)).toBe(inputs[frame]![words - 1]);
          }
        },
      ),
    );
  });

  it('takes an input from the middle of a packet', () => {
    const queue = queueOf(2, 8);
    expect(queue.append([1, 2, 3, 4, 5], 2)).toBe(0);
    expect([queue.word(0, 0), queue.word(0, 1)]).toEqual([3, 4]);
  });

  it('says whether a frame was simulated with its real input, comparing every word', () => {
    const queue = queueOf(2, 8, [1, 2], [1, 2], [1, 2]);
    queue.use(0, Uint16Array.of(1, 2));
    queue.use(1, Uint16Array.of(1, 3));
    queue.use(2, Uint16Array.of(0, 2));
    expect([0, 1, 2].map((frame) => queue.usedRight(frame))).toEqual([true, false, false]);
  });

  it('is absent after its end, and confirmed for ever once it holds all up to there', () => {
    const queue = queueOf(1, 8, [1], [1]);
    queue.cut(2);
    expect([queue.absentAt(2), queue.absentAt(3)]).toEqual([false, true]);
    expect(queue.confirmed).toBe(1);
    queue.append([1], 0);
    expect(queue.confirmed).toBe(NEVER);
  });
});
