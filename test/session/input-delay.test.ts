// The input delay raised and lowered in play: which sample stands in which frame, and that no press is lost.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import type { Frame } from '../../src/core/frame.js';
import { defineInput } from '../../src/core/input-codec.js';
import { repeatLast } from '../../src/core/predictor.js';
import { SyncLayer } from '../../src/core/sync-layer.js';
import { LocalInputs } from '../../src/session/local-inputs.js';
import { buttons } from '../games.js';
import { createSession, Mesh } from './mesh.js';

const merging = { ...buttons, merge: (skipped: number, kept: number) => skipped | kept };

/** Local inputs alone: a tick a sample, with the delay that is wanted at it. @returns the slot's inputs by frame. */
function inputsFor(samples: readonly number[], delayAt: (tick: number) => number, codec = merging): number[] {
  const sync = new SyncLayer<number, number>({
    codec,
    slots: 1,
    window: 8,
    predict: repeatLast,
    saveEvery: 1,
    checkInterval: 1000,
    maxInputDelay: 30,
  });
  const created: Frame[] = [];
  const local = new LocalInputs(sync, codec, (frame) => created.push(frame));
  local.start([0], delayAt(0));
  const given: number[] = [];
  samples.forEach((sample, tick) => {
    local.setDelay(delayAt(tick));
    local.begin();
    local.want();
    expect(local.give(0, sample)).toBe(true);
    sync.grant();
    for (let op = sync.op(); op !== undefined; op = sync.op()) {
      if (op.kind === 'advance') given.push(op.inputs[0]!);
      if (op.kind === 'save') op.keep(0);
    }
  });
  expect(created).toEqual(Array.from({ length: sync.queue(0).held + 1 }, (_, frame) => frame));
  const queue = sync.queue(0);
  for (let frame = sync.sim; frame <= queue.held; frame++) given.push(queue.word(frame, 0));
  return given;
}

describe('setInputDelay', () => {
  it('raised: the frames in between repeat the last input', () => {
    expect(inputsFor([1, 2, 3, 4, 5], (tick) => (tick < 3 ? 1 : 3))).toEqual([0, 1, 2, 3, 3, 3, 4, 5]);
  });

  it('lowered: every other sample is joined to the next, until the delay is reached', () => {
    expect(inputsFor([1, 2, 4, 8, 16, 32, 64, 128], (tick) => (tick < 2 ? 2 : 0))).toEqual([0, 0, 1, 2, 4 | 8, 16 | 32, 64, 128]);
  });

  it('lowered: the merge is told which sample was first', () => {
    const inOrder = { ...buttons, merge: (skipped: number, kept: number) => skipped * 100 + kept };
    expect(inputsFor([1, 2, 3, 4], (tick) => (tick < 1 ? 1 : 0), inOrder)).toEqual([0, 1, 203, 4]);
  });

  it('lowered, without a merge: the later sample stands', () => {
    expect(inputsFor([1, 2, 4, 8, 16, 32], (tick) => (tick < 2 ? 2 : 0), buttons as typeof merging)).toEqual([0, 0, 1, 2, 8, 32]);
  });

  it('lowered, with a sampler that fills one object again and again: what waits to be joined stays as it was', () => {
    const codec = defineInput({ fire: 'bool' });
    const sync = new SyncLayer({
      codec,
      slots: 1,
      window: 8,
      predict: repeatLast,
      saveEvery: 1,
      checkInterval: 1000,
      maxInputDelay: 30,
    });
    const local = new LocalInputs(sync, codec, () => {});
    local.start([0], 2);
    local.setDelay(0);
    const pad = { fire: false };
    for (let tick = 0; tick < 6; tick++) {
      pad.fire = tick === 0;
      local.begin();
      local.want();
      local.give(0, pad);
      sync.grant();
      for (let op = sync.op(); op !== undefined; op = sync.op()) if (op.kind === 'save') op.keep(undefined);
    }
    const given = Array.from({ length: sync.queue(0).held + 1 }, (_, frame) => sync.queue(0).word(frame, 0));
    expect(given).toEqual([0, 0, 1, 0, 0, 0]);
  });

  it('raised from the very first frame on', () => {
    expect(inputsFor([1, 2, 3], (tick) => tick)).toEqual([1, 1, 2, 2, 3]);
  });

  it('however it is changed: an input for every frame, in order, each press in one of them, and the delay is reached', () => {
    const press = fc.nat(15).map((bit) => 1 << bit);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.option(press, { nil: 0 }), fc.integer({ min: 0, max: 30 })), { minLength: 1 }), (plan) => {
        let delay = 0;
        // The delay changes now and then; the samples after the plan give it time to be reached.
        const delays = plan.map(([, wanted], tick) => (tick % 7 === 0 ? (delay = wanted) : delay));
        const samples = [...plan.map(([sample]) => sample), ...Array.from({ length: 70 }, () => 0)];
        const given = inputsFor(samples, (tick) => delays[Math.min(tick, delays.length - 1)]!);
        expect(given.length).toBe(samples.length + delays.at(-1)!);
        // Each sample with a press stands in a frame, in the order of the samples.
        let frame = 0;
        for (const sample of samples) {
          if (sample === 0) continue;
          while (frame < given.length && (given[frame]! & sample) !== sample) frame++;
          expect(frame).toBeLessThan(given.length);
        }
      }),
    );
  });

  it('refuses what cannot be, by name', () => {
    const mesh = new Mesh(['a', 'b'], () => ({ window: 0 })).connect();
    for (const frames of [0, 31, 1.5, Number.NaN]) expect(() => mesh.at('a').setInputDelay(frames)).toThrow(NetError);
    expect(() => mesh.at('a').setInputDelay(3, 1)).toThrow(/slot is 1.*\[bad-option\]/u);
    mesh.at('a').setInputDelay(3, 0);
    expect(mesh.run(1).at('a').stats().inputDelay).toBe(3);
  });

  it('before the start it is what the match starts with', () => {
    const mesh = new Mesh(['a', 'b']);
    mesh.at('a').setInputDelay(4);
    mesh.connect().run(3);
    expect(mesh.at('b').stats().inputDelay).toBe(1);
    expect(mesh.at('a').stats().inputDelay).toBe(4);
  });

  it("'auto' follows the round trip within its bounds, until a delay is set", () => {
    const mesh = new Mesh(['a', 'b'], () => ({ inputDelay: { min: 0, max: 4 } })).connect();
    expect(createSession('c', { inputDelay: 'auto' }).stats().inputDelay).toBe(0);
    const later: (() => void)[] = [];
    // Everything takes 6 ticks to arrive, 96 ms.
    for (let tick = 0; tick < 300; tick++) {
      mesh.passes = () => true;
      mesh.now += 16;
      for (const [id, session] of mesh.sessions) {
        if (session.begin(mesh.now) === 'sample') for (const slot of session.locals) session.input(slot, 1);
        for (let sent = session.transmit(); sent !== undefined; sent = session.transmit()) {
          const { to } = sent;
          const bytes = sent.bytes.slice();
          later.push(() => mesh.at(to).receive(id, bytes, mesh.now));
        }
        for (let op = session.op(); op !== undefined; op = session.op()) if (op.kind === 'save') op.keep(0);
      }
      if (tick >= 6) for (const deliver of later.splice(0, 2)) deliver();
    }
    expect(mesh.at('a').stats().inputDelay).toBe(4);
    mesh.at('a').setInputDelay(2);
    mesh.run(200);
    expect(mesh.at('a').stats().inputDelay).toBe(2);
  });
});
