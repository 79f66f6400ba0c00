// What is peculiar to signaling in memory; the contract itself is checked in contract.test.ts.
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import type { Signal } from '../../src/negotiation/signal.js';
import { memorySignaling } from '../../src/signaling/memory.js';
import { bye, NotingHandlers } from './observer.js';

describe('memorySignaling', () => {
  it('names peers in the order of joining', async () => {
    const signaling = memorySignaling();
    const first = await signaling.join('a', new NotingHandlers());
    const second = await signaling.join('b', new NotingHandlers());
    expect([first.self, second.self]).toEqual(['peer-1', 'peer-2']);
  });

  it('takes ids from outside, and refuses one that is there already', async () => {
    const ids = ['zoe', 'adam', 'adam'];
    const signaling = memorySignaling({ nextId: () => ids.shift() ?? '' });
    expect((await signaling.join('a', new NotingHandlers())).self).toBe('zoe');
    expect((await signaling.join('a', new NotingHandlers())).self).toBe('adam');
    const refused = signaling.join('a', new NotingHandlers());
    await expect(refused).rejects.toBeInstanceOf(NetError);
    await expect(refused).rejects.toMatchObject({ code: 'bad-option', fields: { option: 'nextId', got: 'adam' } });
  });

  it('keeps apart what was made by different calls', async () => {
    const here = new NotingHandlers();
    const first = await memorySignaling().join('a', here);
    const second = await memorySignaling().join('a', new NotingHandlers());
    second.send(first.self, bye('x'));
    await Promise.resolve();
    expect(here.seen).toEqual([]);
  });

  it('delivers copies, made when send is called, and never during a call', async () => {
    const signaling = memorySignaling();
    const on = new NotingHandlers();
    const receiver = await signaling.join('a', on);
    const sender = await signaling.join('a', new NotingHandlers());
    await on.until(1);
    const iceServers = [{ urls: 'stun:one' }];
    const signal: Signal = { attempt: 'x', kind: 'description', type: 'offer', sdp: 's', iceServers };
    sender.send(receiver.self, signal);
    iceServers[0] = { urls: 'stun:two' };
    expect(on.seen).toHaveLength(1);
    await on.until(2);
    expect(on.seen[1]).toEqual(['signal', 'peer-2', { ...signal, iceServers: [{ urls: 'stun:one' }] }]);
  });

  it('reports to the sender what cannot be copied', async () => {
    const signaling = memorySignaling();
    const receiver = await signaling.join('a', new NotingHandlers());
    const on = new NotingHandlers();
    const sender = await signaling.join('a', on);
    const signal = { ...bye('x'), reason: () => 'no text' } as unknown as Signal;
    sender.send(receiver.self, signal);
    await on.until(2);
    expect(on.seen[1]).toEqual(['unknown', signal]);
  });

  it('a join that is aborted inside a handler rejects and leaves', async () => {
    const signaling = memorySignaling();
    const witness = new NotingHandlers();
    await signaling.join('a', witness);
    await signaling.join('a', new NotingHandlers());
    const controller = new AbortController();
    const on = new NotingHandlers();
    const peer = (id: string): void => {
      NotingHandlers.prototype.peer.call(on, id);
      controller.abort();
    };
    const joining = signaling.join('a', Object.assign(on, { peer }), controller.signal);
    await expect(joining).rejects.toMatchObject({ code: 'aborted' });
    await witness.until(3);
    expect(witness.seen).toEqual([
      ['peer', 'peer-2'],
      ['peer', 'peer-3'],
      ['gone', 'peer-3'],
    ]);
    expect(on.seen).toEqual([['peer', 'peer-1']]);
  });

  it('delivers nothing to the sender itself', async () => {
    const signaling = memorySignaling();
    const on = new NotingHandlers();
    const room = await signaling.join('a', on);
    room.send(room.self, bye('x'));
    await signaling.join('a', new NotingHandlers());
    await on.until(1);
    expect(on.seen).toEqual([['peer', 'peer-2']]);
  });

  it('has nobody in a room that everybody left', async () => {
    const signaling = memorySignaling();
    const room = await signaling.join('a', new NotingHandlers());
    room.close();
    const on = new NotingHandlers();
    await signaling.join('a', on);
    expect(on.seen).toEqual([]);
  });
});
