// Acceptance scenarios A13 to A18: the prediction window and its edge, and what a rollback may cost.
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { contentOf, type Side, startedDuo } from './duo.js';
import { Scenario, seeds } from './scenario.js';

const WINDOWS = [1, 2, 8, 30];

/** Simulates as many frames as the window allows with nothing heard from the other side. */
function runToTheLimit(side: Side, window: number): void {
  for (let frame = 0; frame < window; frame++) expect(side.tick(frame).simulated).toEqual([frame]);
  expect(side.tick(99).said).toBe('stalled');
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('A13: a correction at the prediction limit', () => {
  it.each(WINDOWS)('A13 window %i: a correction that arrives exactly at the limit is carried out, as deep as the window', (window) => {
    const { a, b } = startedDuo({ inputDelay: 0, window });
    runToTheLimit(a, window);
    for (let frame = 0; frame < 20; frame++) {
      b.tick(1000 + frame);
      a.receive(b, b.sent.splice(0));
      b.receive(a, a.sent.splice(0));
      expect(a.tick(window + frame)).toEqual({
        said: 'sample',
        loads: [frame],
        resimulated: range(frame, frame + window),
        simulated: [frame + window],
      });
      expect(a.tick(99), 'the limit is reached again').toEqual({ said: 'stalled', loads: [], resimulated: [], simulated: [] });
    }
    const { depths, stalled } = a.session.stats();
    expect(depths).toEqual([...range(0, window).fill(0), 20]);
    expect(stalled).toBe(21);
    expect(a.recorder.inputs.slice(0, 20)).toEqual(range(0, 20).map((frame) => `${frame} ${1000 + frame}`));
  });

  it('A13 a correction that comes between a stalled begin and the operations is carried out in the same tick', () => {
    const { a, b } = startedDuo({ inputDelay: 0, window: 8 });
    runToTheLimit(a, 8);
    b.tick(1000);
    const ticked = a.tick(99, () => a.receive(b, b.sent.splice(0)));
    expect(ticked).toEqual({ said: 'stalled', loads: [0], resimulated: range(0, 8), simulated: [] });
    expect(a.tick(8)).toEqual({ said: 'sample', loads: [], resimulated: [], simulated: [8] });
  });
});

describe('A14: stalled', () => {
  it.each([0, 2])(
    'A14 200 ticks while stalled, input delay %i: each other local input is refused, and the packets repeat the given ones',
    (inputDelay) => {
      const { a } = startedDuo({ inputDelay, window: 8 });
      for (let frame = 0; frame < 8; frame++) a.tick(500 + frame);
      const given = [...range(0, inputDelay).fill(0), ...range(500, 508)];
      for (let n = 0; n < 200; n++) {
        a.now += 1000 / 60;
        a.sent.length = 0;
        expect(a.session.begin(a.now)).toBe('stalled');
        expect(() => a.session.input(0, 900 + n)).toThrowError(NetError);
        expect(() => a.session.input(0, 900 + n)).toThrowError(expect.objectContaining({ code: 'call-order' }));
        a.send();
        expect(a.perform()).toEqual({ loads: [], resimulated: [], simulated: [] });
        expect(a.sent.map(contentOf), 'one packet a tick, also while stalled').toMatchObject([{ first: 0, inputs: given, sim: 8 }]);
      }
      expect(a.session.stats().stalled).toBe(200);
      expect(a.session.frame).toBe(8);
    },
  );

  it('A14 what was given before 200 stalled ticks is what both sides play afterwards', () => {
    const { a, b } = startedDuo({ inputDelay: 0, window: 8 });
    runToTheLimit(a, 8);
    for (let n = 0; n < 200; n++) expect(a.tick(900 + n).said).toBe('stalled');
    b.receive(a, a.sent.splice(0));
    for (let frame = 0; frame < 12; frame++) b.tick(1000 + frame);
    a.receive(b, b.sent.splice(0));
    a.tick(8);
    for (let frame = 0; frame < 8; frame++) {
      expect(a.recorder.inputs[frame]).toBe(`${frame} ${1000 + frame}`);
      expect(b.recorder.inputs[frame]).toBe(`${frame} ${1000 + frame}`);
    }
    expect(b.recorder.hashes.slice(0, 8)).toEqual(a.recorder.hashes.slice(0, 8));
  });
});

describe('A15: frame f may be simulated if and only if f − confirmed ≤ window', () => {
  it.each(WINDOWS)(
    'A15 window %i: at each frame, simulated exactly when the rule allows it, for every lead of the other side',
    (window) => {
      for (let lead = 0; lead <= window + 1; lead++) {
        const { a, b } = startedDuo({ inputDelay: 0, window });
        // b's inputs 0 to lead − 1 are here: confirmed = lead − 1.
        for (let frame = 0; frame < lead; frame++) {
          b.tick(1000);
          a.receive(b, b.sent.splice(0));
          expect(a.tick(frame).simulated).toEqual([frame]);
          b.receive(a, a.sent.splice(0));
        }
        const confirmed = lead - 1;
        for (let frame = lead; frame - confirmed <= window; frame++) expect(a.tick(frame).simulated).toEqual([frame]);
        expect(a.session.frame - confirmed).toBe(window + 1);
        for (let n = 0; n < 3; n++) expect(a.tick(99)).toMatchObject({ said: 'stalled', simulated: [] });
      }
    },
  );

  it.each([0, 1, 2, 8, 30])('A15 window %i under loss and long delays: rollbacks as deep as the window, none deeper', (window) => {
    for (const seed of seeds(3)) {
      const delayMs = (window + 3) * 17;
      const inputDelay = window === 0 ? 1 : 0;
      const scenario = new Scenario({ seed, play: { window, inputDelay }, player: 'busy', network: { delayMs, loss: 0.05 } }).run(10_000);
      const { depths } = scenario.stats(0);
      expect(depths, scenario.replay).toHaveLength(window + 1);
      if (window > 0) expect(depths[window], scenario.replay).toBeGreaterThan(10);
      expect(scenario.stats(0).stalled, scenario.replay).toBeGreaterThan(10);
      scenario.expectEqual({ confirmed: 100 });
    }
  });

  it('A15 window 0 without input delay could never move, and is refused', () => {
    expect(() => startedDuo({ window: 0, inputDelay: 0 })).toThrowError(
      expect.objectContaining({ code: 'bad-option', fields: expect.objectContaining({ option: 'inputDelay', got: 0 }) }),
    );
    const { a } = startedDuo({ window: 0, inputDelay: 1 });
    expect(a.session.state).toBe('running');
  });

  it('A15 window 0 is lockstep: nothing is predicted, nothing rolled back', () => {
    for (const seed of seeds(3)) {
      const scenario = new Scenario({ seed, play: { window: 0, inputDelay: 4 }, network: { delayMs: 40, jitterMs: 10, loss: 0.05 } }).run(
        10_000,
      );
      expect(
        scenario.total((stats) => stats.predicted + stats.rollbacks + stats.saves),
        scenario.replay,
      ).toBeLessThanOrEqual(2 * 10);
      expect(
        scenario.total((stats) => stats.predicted),
        scenario.replay,
      ).toBe(0);
      expect(
        scenario.total((stats) => stats.stalled),
        scenario.replay,
      ).toBeGreaterThan(10);
      scenario.expectEqual({ confirmed: 480 });
    }
  });
});

describe('A16, A17: what late inputs cost', () => {
  it('A16 correct predictions: no rollback, no load', () => {
    for (const seed of seeds(5)) {
      const scenario = new Scenario({
        seed,
        play: { inputDelay: 0 },
        player: 'idle',
        network: { delayMs: 80, jitterMs: 20, loss: 0.1 },
      }).run(10_000);
      expect(
        scenario.total((stats) => stats.predicted),
        scenario.replay,
      ).toBeGreaterThan(1000);
      expect(
        scenario.total((stats) => stats.rollbacks + stats.resimulated),
        scenario.replay,
      ).toBe(0);
      scenario.expectEqual({ confirmed: ((10_000 - scenario.startedAt) * 60) / 1000 - 20 });
    }
  });

  it('A16 a button held for half a second: a rollback for each change at most, though every input comes late', () => {
    for (const seed of seeds(5)) {
      const scenario = new Scenario({ seed, play: { inputDelay: 0 }, player: 30, network: { delayMs: 80, jitterMs: 20, loss: 0.1 } }).run(
        10_000,
      );
      for (const index of [0, 1]) {
        const { rollbacks, predicted } = scenario.stats(index);
        const changes = Math.ceil(scenario.peer(index).session.frame / 30);
        expect(rollbacks, scenario.replay).toBeLessThanOrEqual(changes);
        expect(rollbacks, scenario.replay).toBeGreaterThan(changes / 2);
        expect(predicted, scenario.replay).toBeGreaterThan(400);
      }
      scenario.expectEqual({ confirmed: ((10_000 - scenario.startedAt) * 60) / 1000 - 20 });
    }
  });

  it('A16 real inputs equal to the prediction, one packet each: no operation but the new frames', () => {
    const { a, b } = startedDuo({ inputDelay: 0, window: 8 });
    for (let frame = 0; frame < 6; frame++) a.tick(frame);
    for (let frame = 0; frame < 6; frame++) {
      b.tick(0);
      a.receive(b, b.sent.splice(0));
      expect(a.tick(6 + frame)).toEqual({ said: 'sample', loads: [], resimulated: [], simulated: [6 + frame] });
    }
    expect(a.session.stats()).toMatchObject({ rollbacks: 0, resimulated: 0, predicted: 12 });
  });

  it.each([
    ['in one packet', true],
    ['in eight packets, the newest first', false],
  ])('A17 eight late inputs in one poll, %s: one load, eight frames simulated again, and the new one', (_, inOne) => {
    const { a, b } = startedDuo({ inputDelay: 0, window: 8 });
    runToTheLimit(a, 8);
    const packets = range(0, 8).map((frame) => {
      b.tick(1000 + frame);
      return b.sent.splice(0)[0]!;
    });
    expect(contentOf(packets[7]!).inputs).toEqual(range(1000, 1008));
    a.receive(b, inOne ? [packets[7]!] : packets.toReversed());
    expect(a.tick(8)).toEqual({ said: 'sample', loads: [0], resimulated: range(0, 8), simulated: [8] });
    expect(a.session.stats()).toMatchObject({ rollbacks: 1, resimulated: 8 });
  });

  it('A17 eight late inputs, one packet after the other, oldest first, of which only the last three are wrong: three frames again', () => {
    const { a, b } = startedDuo({ inputDelay: 0, window: 8 });
    runToTheLimit(a, 8);
    for (let frame = 0; frame < 8; frame++) {
      b.tick(frame < 5 ? 0 : 1000 + frame);
      a.receive(b, b.sent.splice(0));
    }
    expect(a.tick(8)).toEqual({ said: 'sample', loads: [5], resimulated: [5, 6, 7], simulated: [8] });
    expect(a.session.stats()).toMatchObject({ rollbacks: 1, resimulated: 3 });
  });
});

describe('A18: more than two', () => {
  it('A18 three peers whose inputs arrive in different orders: equal', () => {
    for (const seed of seeds(6)) {
      const network = { delayMs: 50, jitterMs: 40, loss: 0.1, reorder: 0.2, reorderMs: 100 };
      const scenario = new Scenario({ seed, play: { players: 3 }, network }).run(10_000);
      expect(scenario.seen.overtaken, scenario.replay).toBeGreaterThan(300);
      expect(
        scenario.total((stats) => stats.rollbacks),
        scenario.replay,
      ).toBeGreaterThan(200);
      scenario.expectEqual({ confirmed: 400 });
    }
  });
});
