// Silence: who is interrupted, who is lost, and whose fault it was.
import { describe, expect, it } from 'vitest';
import { createSession, hello, Mesh } from './mesh.js';

const started = (ids: readonly string[] = ['a', 'b']): Mesh => {
  const mesh = new Mesh(ids).connect().run(30);
  mesh.events.length = 0;
  return mesh;
};

describe('a peer that falls silent', () => {
  it('is interrupted after 500 ms, once, and resumed when it is heard again', () => {
    const mesh = started();
    const silentFrom = mesh.now;
    mesh.passes = ({ from }) => from === 'a';
    while (mesh.seen('interrupted').length === 0) mesh.tick(10);
    expect(mesh.now - silentFrom).toBeGreaterThanOrEqual(500);
    expect(mesh.now - silentFrom).toBeLessThanOrEqual(510);
    expect(mesh.seen('interrupted')).toEqual([{ at: 'a', type: 'interrupted', peer: 'b', silentMs: mesh.now - silentFrom }]);
    mesh.run(100, 10);
    expect(mesh.seen('interrupted')).toHaveLength(1);
    mesh.passes = () => true;
    mesh.tick();
    expect(mesh.seen('resumed')).toEqual([{ at: 'a', type: 'resumed', peer: 'b' }]);
    mesh.run(30);
    expect([mesh.at('a').state, mesh.events.length]).toEqual(['running', 2]);
  });

  it('is not taken for silent because our clock was set back', () => {
    const mesh = started();
    const heardAt = mesh.now;
    const { bytes } = mesh.log.filter(({ from }) => from === 'b').at(-1)!;
    mesh.at('a').begin(heardAt - 400);
    mesh.at('a').receive('b', bytes, heardAt - 300);
    mesh.passes = ({ from }) => from === 'a';
    while (mesh.seen('interrupted').length === 0) mesh.tick(10);
    expect(mesh.now - heardAt).toBeGreaterThanOrEqual(500);
  });

  it('is waited for up to the limit: then the match ends with an error that says so, and nothing comes after it', () => {
    const mesh = started();
    const silentFrom = mesh.now;
    mesh.passes = () => false;
    while (mesh.at('a').state === 'running') mesh.tick(10);
    expect(mesh.now - silentFrom).toBeGreaterThanOrEqual(30_000);
    expect(mesh.now - silentFrom).toBeLessThanOrEqual(30_010);
    const [ended] = mesh.seen('ended');
    expect(ended).toMatchObject({ error: { code: 'peer-lost', fields: { peer: 'b', silentMs: mesh.now - silentFrom } } });
    const events = mesh.events.length;
    mesh.passes = () => true;
    mesh.run(50);
    expect(mesh.events).toHaveLength(events);
    expect([mesh.at('a').begin(mesh.now), mesh.at('a').op(), mesh.at('a').transmit()]).toEqual(['stalled', undefined, undefined]);
  });

  it('is given up after `waitMs`', () => {
    const mesh = new Mesh(['a', 'b'], () => ({ waitMs: 900 })).connect().run(30);
    const silentFrom = mesh.now;
    mesh.passes = () => false;
    while (mesh.at('a').state === 'running') mesh.tick(10);
    expect(mesh.now - silentFrom).toBeGreaterThanOrEqual(900);
    expect(mesh.now - silentFrom).toBeLessThanOrEqual(910);
  });

  it('that comes back after 29 s finds the match where it was', () => {
    const mesh = started();
    mesh.passes = () => false;
    mesh.run(2_900, 10);
    const stoodAt = mesh.at('a').frame;
    mesh.passes = () => true;
    mesh.run(60);
    expect(mesh.seen('resumed').map(({ at }) => at)).toEqual(['a', 'b']);
    expect(mesh.at('a').frame).toBeGreaterThan(stoodAt + 50);
    expect(mesh.seen('ended')).toEqual([]);
  });

  it('is not silent while only its frames stand still', () => {
    const mesh = started();
    // Nothing of a's arrives: b stalls, but goes on sending.
    mesh.passes = ({ from }) => from === 'b';
    mesh.run(200);
    expect(mesh.at('b').stats().stalled).toBeGreaterThan(150);
    expect(mesh.seen('interrupted').map(({ at }) => at)).toEqual(['b']);
  });

  it('is not heard through bytes that are no packets', () => {
    const mesh = started();
    mesh.passes = () => false;
    while (mesh.seen('interrupted').length === 0 && mesh.now < 5_000) {
      mesh.at('a').receive('b', Uint8Array.of(0x99, 0, 1), mesh.now);
      mesh.tick(10);
    }
    expect(mesh.seen('interrupted')[0]).toMatchObject({ at: 'a' });
  });

  it('in a match of three is named', () => {
    const mesh = started(['a', 'b', 'c']);
    mesh.passes = ({ from, to }) => from !== 'c' && to !== 'c';
    mesh.run(40);
    expect(
      mesh
        .seen('interrupted')
        .map(({ at, peer }) => `${at}: ${peer}`)
        .sort(),
    ).toEqual(['a: c', 'b: c', 'c: a', 'c: b']);
  });

  it('has its limits in the deadline', () => {
    const mesh = started();
    const session = mesh.at('a');
    expect(session.deadline - mesh.now).toBe(500);
    mesh.passes = () => false;
    mesh.run(60, 10);
    expect(session.deadline - mesh.now).toBe(30_000 - 600);
    session.leave();
    expect(session.deadline).toBe(Infinity);
  });
});

describe('own sleep', () => {
  it('is no silence of the others, however long', () => {
    const mesh = started();
    mesh.run(1, 60_000, ['a']);
    expect(mesh.at('a').state).toBe('running');
    mesh.run(10);
    expect(mesh.at('a').state).toBe('running');
  });

  it('of a minute tells nobody of an interruption, if the others are heard right after it', () => {
    const mesh = started();
    mesh.run(1, 60_000, ['a']);
    mesh.run(2);
    expect(mesh.events.filter(({ at }) => at === 'a')).toEqual([]);
  });

  it('does not count on top of what was heard during it: who then dies is lost after the limit as ever', () => {
    const mesh = started();
    const { bytes } = mesh.log.findLast(({ from }) => from === 'b')!;
    // Hidden for a minute: no ticks, but messages keep arriving.
    for (let i = 0; i < 60; i++) {
      mesh.now += 1_000;
      mesh.at('a').receive('b', bytes, mesh.now);
    }
    const silentFrom = mesh.now;
    mesh.passes = () => false;
    while (mesh.at('a').state === 'running' && mesh.now < silentFrom + 100_000) mesh.tick(10, ['a']);
    expect(mesh.now - silentFrom).toBeGreaterThanOrEqual(30_000);
    expect(mesh.now - silentFrom).toBeLessThanOrEqual(30_020);
  });

  it.each([
    [1_000, 31_000],
    [60_000, 120_000],
  ])('again and again, of %i ms each, does not keep a dead peer alive: it is lost after %i ms', (sleepMs, afterMs) => {
    const mesh = started();
    mesh.passes = () => false;
    const from = mesh.now;
    while (mesh.at('a').state === 'running' && mesh.now - from < 1_000_000) mesh.tick(sleepMs, ['a']);
    expect(mesh.now - from).toBe(afterMs);
  });

  it('right after the start, before the first tick, is one too', () => {
    const mesh = new Mesh(['a', 'b']).connect();
    expect(mesh.at('a').state).toBe('running');
    mesh.run(1, 31_000, ['a']);
    expect(mesh.events.filter(({ at, type }) => at === 'a' && type !== 'started')).toEqual([]);
  });
});

describe('the end', () => {
  it('is the last event, whoever else falls silent in the same tick', () => {
    const mesh = new Mesh(['a', 'b', 'c'], () => ({ waitMs: 500 })).connect().run(30);
    mesh.events.length = 0;
    mesh.passes = () => false;
    mesh.run(60, 16, ['a']);
    expect(mesh.events.filter(({ at }) => at === 'a').map(({ type }) => type)).toEqual(['interrupted', 'ended']);
  });
});

describe('a peer that comes back without its game', () => {
  it('is dropped where its inputs end, and the other goes on alone', () => {
    const mesh = started();
    const held = mesh.at('a').frame;
    mesh.sessions.set('b', createSession('b', { nonce: 99 }));
    mesh.at('b').connect('a');
    mesh.run(60);
    const [dropped] = mesh.seen('dropped');
    expect(dropped).toMatchObject({ at: 'a', peer: 'b', slots: [1], why: 'it came back without its game' });
    expect(Math.abs(dropped!.lastFrame - held)).toBeLessThanOrEqual(2);
    expect(mesh.at('a').frame).toBeGreaterThan(held + 50);
    expect(mesh.at('a').confirmedFrame).toBe(mesh.at('a').frame - 1);
    // The newcomer is told what is played here, but not taken into the match.
    expect(mesh.at('b').state).toBe('starting');
  });

  it('in a match of three ends it: one alone cannot say where it ended', () => {
    const mesh = started(['a', 'b', 'c']);
    mesh.sessions.set('c', createSession('c', { nonce: 99, players: 3 }));
    mesh.at('c').connect('a');
    mesh.run(2);
    expect(mesh.seen('ended')).toMatchObject([
      { at: 'a', error: { code: 'peer-lost', fields: { peer: 'c', why: 'it came back without its game' } } },
    ]);
  });

  it('of another version is not: who it is cannot be known', () => {
    const mesh = started();
    mesh.at('a').receive('b', hello(undefined, { version: 2 }), mesh.now);
    mesh.run(5);
    expect(mesh.events).toEqual([]);
  });
});

describe('a link that closes without a goodbye', () => {
  it('ends the match at once', () => {
    const mesh = started();
    mesh.at('a').disconnect('b', 'its channels closed', mesh.now + 5);
    mesh.tick();
    expect(mesh.seen('ended')).toMatchObject([
      { at: 'a', error: { code: 'peer-lost', fields: { peer: 'b', why: 'its channels closed', silentMs: 5 } } },
    ]);
  });

  it('before the start names the stage', () => {
    const mesh = new Mesh(['a', 'b']);
    mesh.at('a').connect('b');
    mesh.at('a').disconnect('b', 'closed', 0);
    mesh.tick(16, []);
    expect(mesh.seen('ended')).toMatchObject([{ error: { code: 'peer-gone', fields: { peer: 'b', stage: 'handshake' } } }]);
  });

  it('of somebody who does not play changes nothing', () => {
    const mesh = started();
    mesh.at('a').disconnect('stranger', 'closed', mesh.now);
    expect(mesh.at('a').state).toBe('running');
  });
});
