// A polite goodbye: nothing is missing afterwards, and the others play on.
import { describe, expect, it } from 'vitest';
import { control, drain, eventsOf, Mesh, readControl, readInput } from './mesh.js';

describe('leave', () => {
  it('carries the inputs that the other lacks: its confirmed frame reaches the last one of the leaver', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(30);
    mesh.passes = ({ from, channel }) => from === 'b' || channel === 'control';
    let n = 100;
    mesh.run(6, 16, ['a'], () => n++);
    const [a, b] = [mesh.at('a'), mesh.at('b')];
    expect(b.confirmedFrame).toBeLessThan(31);
    a.leave('tired');
    const sent = drain(a, 'a');
    const goodbye = sent.map(({ bytes }) => readControl(bytes)).find((packet) => packet?.kind === 'leave');
    // The last input of a was given at frame 35, for frame 36.
    expect(goodbye).toMatchObject({ reason: 'tired', first: 31, count: 6 });
    for (const { bytes } of sent) b.receive('a', bytes, mesh.now);
    expect(eventsOf(b)).toEqual([{ type: 'dropped', peer: 'a', slots: [0], lastFrame: 36, why: 'tired' }]);
    const inputs: string[] = [];
    for (let i = 0; i < 12; i++) {
      mesh.now += 16;
      expect(b.begin(mesh.now)).toBe('sample');
      b.input(1, 1);
      drain(b, 'b');
      for (let op = b.op(); op !== undefined; op = b.op()) {
        if (op.kind === 'advance') inputs[op.step.frame] = `${op.inputs[0]} ${op.step.status[0]}`;
        if (op.kind === 'save') op.keep(0);
      }
    }
    expect(inputs.slice(31, 39)).toEqual([
      '100 confirmed',
      '101 confirmed',
      '102 confirmed',
      '103 confirmed',
      '104 confirmed',
      '105 confirmed',
      '0 absent',
      '0 absent',
    ]);
    expect(b.confirmedFrame).toBe(b.frame - 1);
  });

  it('ends the own session without an error; what comes later is ignored', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(10);
    mesh.events.length = 0;
    mesh.at('a').leave();
    mesh.at('a').leave();
    mesh.run(20);
    expect(mesh.seen('ended')).toEqual([{ at: 'a', type: 'ended' }]);
    expect(mesh.log.filter(({ bytes }) => readControl(bytes)?.kind === 'leave')).toHaveLength(1);
    expect(mesh.at('b').state).toBe('running');
    expect(mesh.at('b').frame).toBe(30);
  });

  it('before the start says nothing and ends', () => {
    const mesh = new Mesh(['a', 'b']);
    mesh.at('a').leave();
    expect([mesh.at('a').state, drain(mesh.at('a'), 'a')]).toEqual(['ended', []]);
  });

  it('in a match of three: the others agree on where it ended, and play on for long', () => {
    const mesh = new Mesh(['a', 'b', 'c']).connect().run(50, 16, undefined, (id) => id.charCodeAt(0));
    // b and c have different parts of the last inputs when a leaves.
    mesh.passes = ({ from, to, channel }) => channel === 'control' || !(from === 'a' && to === 'b');
    mesh.run(5, 16, undefined, (id) => id.charCodeAt(0));
    mesh.events.length = 0;
    mesh.at('a').leave();
    mesh.passes = () => true;
    // More frames than a packet may speak of inputs, so that the receipts for a are very old.
    mesh.run(700, 16, ['b', 'c'], (id) => id.charCodeAt(0) + (mesh.now % 7));
    const dropped = mesh.seen('dropped');
    expect(dropped.map(({ at }) => at)).toEqual(['b', 'c']);
    expect(dropped[0]!.lastFrame).toBe(dropped[1]!.lastFrame);
    expect(mesh.seen('interrupted')).toEqual([]);
    expect(mesh.seen('desync')).toEqual([]);
    expect(mesh.at('b').stats()).toMatchObject({ badPackets: {}, checksPassed: 12 });
    expect(mesh.at('b').frame).toBeGreaterThan(740);
    expect(mesh.states.get('b')).toEqual(mesh.states.get('c'));
  });

  it('in the middle of a tick of two local slots gives away no input that was never given', () => {
    const mesh = new Mesh(['a', 'b'], (id) => ({ players: 3, locals: id === 'a' ? 2 : 1, inputDelay: 0 })).connect().run(10);
    const a = mesh.at('a');
    a.begin(mesh.now + 16);
    a.input(1, 9);
    a.leave();
    for (const { bytes } of drain(a, 'a')) mesh.at('b').receive('a', bytes, mesh.now);
    expect(eventsOf(mesh.at('b'))).toMatchObject([{ type: 'dropped', slots: [0, 1], lastFrame: 9 }]);
  });

  it('with inputs far beyond the window is not taken as given', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(10);
    const words = new Uint16Array(128).fill(5);
    mesh.at('b').receive('a', control({ kind: 'leave', epoch: 0, reason: 'x', first: 11, count: 128, words }), mesh.now);
    expect(mesh.at('b').stats().badPackets).toEqual({ 'frame too far': 1 });
    expect(eventsOf(mesh.at('b'))).toMatchObject([{ type: 'dropped', lastFrame: 10 }]);
  });

  it('of another epoch is not one', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(10);
    const leave = control({ kind: 'leave', epoch: 1, reason: 'x', first: 11, count: 0, words: new Uint16Array(0) });
    mesh.at('b').receive('a', leave, mesh.now);
    expect(mesh.at('b').stats().badPackets).toEqual({ 'other epoch': 1 });
    expect(mesh.run(10).at('b').frame).toBe(20);
  });

  it('nothing is sent to who has left', () => {
    const mesh = new Mesh(['a', 'b', 'c']).connect().run(10);
    mesh.at('a').leave();
    mesh.deliver();
    mesh.log.length = 0;
    mesh.run(10, 16, ['b', 'c']);
    expect(mesh.log.filter(({ to }) => to === 'a')).toEqual([]);
    expect(mesh.log.filter(({ bytes }) => readInput(bytes, 2) !== undefined)).toHaveLength(20);
  });
});
