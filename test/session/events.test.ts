// The queue of events: bounded, and what matters is kept.
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { EventQueue, type SessionEvent } from '../../src/session/events.js';

const take = (queue: EventQueue): SessionEvent[] => {
  const events: SessionEvent[] = [];
  for (let event = queue.take(); event !== undefined; event = queue.take()) events.push(event);
  return events;
};
const desync = (frame: number): SessionEvent => ({ type: 'desync', frame, peer: 'bob', cause: 'state', local: 1, remote: 2, paths: [] });

describe('EventQueue', () => {
  it('gives events in order, once', () => {
    const queue = new EventQueue();
    queue.push({ type: 'started', seed: 1 });
    queue.push({ type: 'resumed', peer: 'bob' });
    expect(take(queue).map(({ type }) => type)).toEqual(['started', 'resumed']);
    expect(take(queue)).toEqual([]);
    expect(queue.dropped).toBe(0);
  });

  it('that nobody drains keeps 64, all that matter among them, and counts the rest', () => {
    const queue = new EventQueue();
    queue.push({ type: 'started', seed: 1 });
    for (let i = 0; i < 10_000; i++) {
      queue.push({ type: 'interrupted', peer: 'bob', silentMs: 500 });
      queue.push({ type: 'resumed', peer: 'bob' });
    }
    for (let i = 0; i < 10_000; i++) queue.push(desync(i));
    queue.push({ type: 'dropped', peer: 'bob', slots: [1], lastFrame: 9, why: 'left' });
    queue.push({ type: 'ended', error: new NetError('aborted', { why: 'test' }) });
    expect(queue.dropped).toBe(30_003 - 64);
    const kept = take(queue);
    expect(kept).toHaveLength(64);
    expect(kept[0]).toEqual({ type: 'started', seed: 1 });
    expect(kept.slice(-2).map(({ type }) => type)).toEqual(['dropped', 'ended']);
    // The first desync says when it began.
    expect(kept[1]).toMatchObject({ type: 'desync', frame: 0 });
  });

  it('drops the oldest when everything matters', () => {
    const queue = new EventQueue();
    for (let i = 0; i < 70; i++) queue.push({ type: 'dropped', peer: `p${i}`, slots: [1], lastFrame: 9, why: 'left' });
    expect(take(queue)[0]).toMatchObject({ peer: 'p6' });
    expect(queue.dropped).toBe(6);
  });
});
