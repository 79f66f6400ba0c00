// Checks between three peers: whose word counts for what, and how long a state is kept.
import { describe, expect, it } from 'vitest';
import { repeatLast } from '../../src/core/predictor.js';
import { summarize } from '../../src/core/state-tree.js';
import { SyncLayer } from '../../src/core/sync-layer.js';
import { Checks } from '../../src/session/checks.js';
import type { Check } from '../../src/wire/control-packets.js';
import { buttons } from '../games.js';
import { Mesh } from './mesh.js';

/** The checks of a peer with two others, `b` and `c`, and a game that fills what it is handed: two words that count its frames. */
class Trio {
  readonly sync = new SyncLayer<number, Int32Array>({
    codec: buttons,
    slots: 2,
    window: 8,
    predict: repeatLast,
    saveEvery: 1,
    checkInterval: 60,
    maxInputDelay: 2,
  });
  readonly checks = new Checks(this.sync, { slots: 2, words: 1, interval: 60, fps: 60, checksum: (state) => state[0]!, send: () => {} });
  #value = 0;

  constructor() {
    this.checks.start(['b', 'c']);
  }

  /** Simulates some frames; the second slot's inputs come three frames late. */
  play(frames: number): void {
    for (let i = 0; i < frames; i++) {
      this.sync.append(0, [0], 0);
      if (this.sync.sim > 3) this.sync.append(1, [0], 0);
      this.sync.grant();
      for (let op = this.sync.op(); op !== undefined; op = this.sync.op()) {
        if (op.kind === 'advance') this.#value++;
        if (op.kind === 'save') op.keep((op.reuse ?? new Int32Array(2)).fill(this.#value));
      }
    }
  }

  /** Plays to the first check. @returns it, and what `c`, whose first word differs, has to say of it. */
  playToCheck(): { ours: Check; wrong: Check } {
    this.play(66);
    const ours = this.checks.next(0)!;
    expect(ours.frame).toBe(60);
    return { ours, wrong: { ...ours, state: 61 } };
  }

  /** The paths of the desync with `c`, once it has answered. */
  examined(now: number): readonly string[] | undefined {
    const summary = summarize(new Int32Array([61, 60]))!;
    this.checks.takeDetails('c', { kind: 'details', epoch: 0, frame: 60, at: [], summary });
    return this.checks.desync(now)?.paths;
  }
}

describe('one that agreed and leaves', () => {
  it('while the state is examined with another: the state stays as it is', () => {
    const trio = new Trio();
    const { ours, wrong } = trio.playToCheck();
    trio.checks.take('b', ours);
    trio.checks.take('c', wrong);
    expect(trio.checks.desync(0)).toBeUndefined();
    const state = trio.sync.state(60);
    trio.checks.drop('b', 0);
    trio.play(20);
    expect([...state]).toEqual([60, 60]);
    expect(trio.examined(100)).toEqual(['[0]']);
    trio.play(20);
    expect(trio.sync.stateFinal(60)).toBe(false);
  });

  it('does not speak for another who has not compared yet', () => {
    const trio = new Trio();
    const { ours, wrong } = trio.playToCheck();
    trio.checks.take('b', ours);
    trio.checks.desync(0);
    trio.checks.drop('b', 0);
    trio.play(20);
    trio.checks.take('c', wrong);
    expect(trio.checks.desync(0)).toBeUndefined();
    expect(trio.examined(100)).toEqual(['[0]']);
  });
});

describe('a state', () => {
  it('that two others find different is kept until both examinations are done', () => {
    const trio = new Trio();
    const { wrong } = trio.playToCheck();
    trio.checks.take('b', wrong);
    trio.checks.take('c', wrong);
    trio.checks.desync(0);
    const state = trio.sync.state(60);
    const summary = summarize(new Int32Array([60, 61]))!;
    trio.checks.takeDetails('b', { kind: 'details', epoch: 0, frame: 60, at: [], summary });
    expect(trio.checks.desync(50)).toMatchObject({ peer: 'b', paths: ['[1]'] });
    trio.play(20);
    expect([...state]).toEqual([60, 60]);
    expect(trio.examined(100)).toEqual(['[0]']);
  });

  it('of which nobody says anything is kept while it is one of the last two', () => {
    const trio = new Trio();
    trio.playToCheck();
    for (const kept of [
      [60, 120],
      [120, 180],
      [180, 240],
    ]) {
      trio.play(58);
      expect(trio.checks.next(0)?.frame).toBe(kept[1]);
      trio.play(2);
      expect([60, 120, 180, 240].filter((frame) => trio.sync.stateFinal(frame))).toEqual(kept);
    }
  });

  it('of which the other says nothing more is told as different after 4 s, without a place', () => {
    const trio = new Trio();
    const { wrong } = trio.playToCheck();
    trio.checks.take('c', wrong);
    for (const now of [1_000, 3_000, 4_999]) expect(trio.checks.desync(now)).toBeUndefined();
    expect(trio.checks.desync(5_000)).toMatchObject({ frame: 60, peer: 'c', paths: [] });
  });
});

describe('one that leaves', () => {
  it('a check that comes together with its goodbye is compared', () => {
    const mesh = new Mesh(['a', 'b'], () => ({ checkInterval: 10 })).connect().run(8);
    mesh.states.get('b')!.value++;
    const late: (() => void)[] = [];
    mesh.passes = ({ from, channel, bytes }) => {
      if (from !== 'b' || channel !== 'control') return true;
      late.push(() => mesh.at('a').receive('b', bytes, mesh.now));
      return false;
    };
    mesh.run(30);
    mesh.at('b').leave();
    mesh.deliver();
    for (const arrive of late) arrive();
    mesh.tick(16, ['a']);
    expect(mesh.events.filter(({ at, type }) => at === 'a' && type === 'dropped')).toHaveLength(1);
    expect(mesh.seen('desync').find(({ at }) => at === 'a')).toMatchObject({ frame: 10, cause: 'state', peer: 'b' });
  });

  it('a check that cannot be compared any more is counted', () => {
    const trio = new Trio();
    const { ours } = trio.playToCheck();
    trio.checks.take('b', { ...ours, frame: 120 });
    trio.checks.drop('b', 0);
    expect(trio.checks.unmatched).toBe(1);
  });
});
