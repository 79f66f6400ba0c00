// The cells of saved states: what is valid, what is handed back, and what is kept whatever happens.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SavedStates } from '../../src/core/saved-states.js';

interface State {
  content: number;
}

/** Saves as a game does that fills what it is handed. */
function save(saved: SavedStates<State>, frame: number, oldest: number): State | undefined {
  const reuse = saved.reusable(frame, oldest);
  const state = reuse ?? { content: frame };
  state.content = frame;
  saved.keep(frame, state);
  return reuse;
}

describe('saved states', () => {
  it('are handed back once they are older than what is needed', () => {
    const saved = new SavedStates<State>();
    expect([save(saved, 0, 0), save(saved, 1, 0), save(saved, 2, 0)]).toEqual([undefined, undefined, undefined]);
    const first = saved.get(0);
    expect(save(saved, 3, 1)).toBe(first);
    expect([saved.has(0), saved.has(1), saved.has(3), saved.size]).toEqual([false, true, true, 3]);
  });

  it('of the same frame take the same place', () => {
    const saved = new SavedStates<State>();
    save(saved, 5, 5);
    const state = saved.get(5);
    expect(save(saved, 5, 5)).toBe(state);
    expect(saved.size).toBe(1);
  });

  it('that are pinned stay, until they are not', () => {
    const saved = new SavedStates<State>();
    save(saved, 3, 0);
    saved.pin(3);
    save(saved, 4, 4);
    save(saved, 5, 5);
    expect([saved.has(3), saved.has(4), saved.size]).toEqual([true, false, 2]);
    saved.unpin(3);
    save(saved, 6, 6);
    expect(saved.has(3)).toBe(false);
    saved.unpin(3);
  });

  it('after a frame to which one goes back are not valid, pinned or not', () => {
    const saved = new SavedStates<State>();
    for (const frame of [1, 2, 3]) save(saved, frame, 0);
    saved.pin(3);
    saved.dropAfter(1);
    expect([saved.has(1), saved.has(2), saved.has(3), saved.latest(9)]).toEqual([true, false, false, 1]);
  });

  it('that were pinned when one went back behind them are filled anew', () => {
    const saved = new SavedStates<State>();
    save(saved, 1, 0);
    for (let round = 0; round < 20; round++) {
      save(saved, 2, 1);
      saved.pin(2);
      saved.dropAfter(1);
    }
    expect(saved.size).toBe(2);
  });

  it('never share a value, and say what was saved, whatever happens', () => {
    const step = fc.tuple(fc.constantFrom('save', 'drop', 'pin', 'unpin'), fc.nat(6));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const saved = new SavedStates<State>();
        const pinned = new Set<number>();
        let next = 0;
        let mostPinned = 0;
        for (const [what, back] of steps) {
          const frame = Math.max(0, next - back);
          if (what === 'save') save(saved, next, Math.max(0, next++ - 6));
          if (what === 'drop' && saved.has(frame)) {
            saved.dropAfter(frame);
            next = frame + 1;
            for (const later of [...pinned].filter((f) => f > frame)) pinned.delete(later);
          }
          if (what === 'pin' && saved.has(frame)) {
            saved.pin(frame);
            pinned.add(frame);
          }
          if (what === 'unpin') {
            saved.unpin(frame);
            pinned.delete(frame);
          }
          const valid = Array.from({ length: next }, (_, f) => f).filter((f) => saved.has(f));
          expect(valid.map((f) => saved.get(f).content)).toEqual(valid);
          expect(new Set(valid.map((f) => saved.get(f))).size).toBe(valid.length);
          for (const f of pinned) expect(saved.has(f)).toBe(true);
          // Seven that are needed, one that is being made, and as many as were ever pinned at once.
          mostPinned = Math.max(mostPinned, pinned.size);
          expect(saved.size).toBeLessThanOrEqual(8 + mostPinned);
        }
        const left = new Set<State>();
        const { size } = saved;
        while (saved.size > 0) left.add(saved.take()!);
        expect(left.size).toBe(size);
      }),
    );
  });
});
