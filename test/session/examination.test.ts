// Two examinations of the same frame that talk to each other: what they find, and what they cannot be made to do.
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/core/state-tree.js';
import { Examination } from '../../src/session/examination.js';

interface Message {
  readonly at: Address;
  readonly summary: readonly number[];
}

/** Lets both talk until nobody has anything more to say. @returns what each sent. */
function examine(ours: unknown, theirs: unknown): { a: Examination<unknown>; b: Examination<unknown>; sent: [Message[], Message[]] } {
  const sent: [Message[], Message[]] = [[], []];
  const [a, b] = [ours, theirs].map((state, i) => new Examination(60, state, 0, (at, summary) => sent[i]!.push({ at, summary })));
  for (let i = 0; i < Math.max(sent[0].length, sent[1].length); i++) {
    const [fromA, fromB] = [sent[0][i], sent[1][i]];
    if (fromA !== undefined) b!.take(fromA.at, fromA.summary);
    if (fromB !== undefined) a!.take(fromB.at, fromB.summary);
  }
  return { a: a!, b: b!, sent };
}

describe('an examination', () => {
  it('of a small state is done after one summary', () => {
    const { a, b, sent } = examine({ x: 1, list: [1, 2, 3] }, { x: 1, list: [1, 5, 3] });
    expect([a.paths, b.paths, a.done(0), sent[0].length]).toEqual([['list[1]'], ['list[1]'], true, 1]);
  });

  it('of many bytes looks closer until it has the word', () => {
    const [ours, theirs] = [new Uint8Array(300_000), new Uint8Array(300_000)];
    theirs[123_456] = 1;
    const { a, b, sent } = examine(ours, theirs);
    expect([a.paths, b.paths]).toEqual([['bytes 123456..123459'], ['bytes 123456..123459']]);
    expect(sent[0].length).toBe(2);
  });

  it('of a state that differs everywhere asks eight times at the most, and names sixteen places', () => {
    const make = (salt: number): number[][] => Array.from({ length: 30 }, (_, i) => Array.from({ length: 5_000 }, (_, j) => i * j + salt));
    const { a, sent } = examine(make(0), make(1));
    expect(sent[0].length).toBe(8);
    expect(a.done(0)).toBe(true);
    expect(a.paths.length).toBe(16);
  });

  it('takes nothing that it has not asked for, and no nonsense', () => {
    const a = new Examination(60, { x: 1 }, 0, () => undefined);
    a.take([0], [5]);
    expect([a.done(0), a.paths]).toEqual([false, []]);
    a.take([], [-3, 5, 1, 2]);
    expect([a.done(0), a.paths]).toEqual([true, []]);
  });

  it('ends after four seconds without an answer', () => {
    const a = new Examination(60, { x: 1 }, 1_000, () => undefined);
    expect([a.done(4_999), a.done(5_000)]).toEqual([false, true]);
  });
});
