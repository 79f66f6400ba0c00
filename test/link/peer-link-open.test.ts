// A link that is up: messages, the send policy at work, its end and its closing.
import { describe, expect, test } from 'vitest';
import { PeerLink } from '../../src/link/peer-link.js';
import { FakeChannel, FakeClock, fakeRtc, settle } from './fake-rtc.js';
import { HOST, OFFER, CANDIDATE, scene, exchanged, opened } from './one-link.js';

describe('messages', () => {
  test('come in with their kind', async () => {
    const { connection, log, link } = await opened();
    connection.channel('control').receives(new Uint8Array([1]).buffer);
    connection.channel('input-R').receives(new Uint8Array([2]).buffer);
    connection.channel('input-Z').receives(new Uint8Array([3]).buffer);
    expect(log).toEqual([
      ['control', 1],
      ['input', 2],
      ['input', 3],
    ]);
    expect(link.stats().received).toEqual({ input: 2, control: 1, bytes: 3 });
  });

  test.each([['text'], [null], [undefined], [{}], [new Uint8Array(2)]])('%o is no bytes: counted and dropped', async (data) => {
    const { connection, log, link } = await opened();
    connection.channel('control').receives(data);
    expect(log).toEqual([]);
    expect(link.stats().dropped.notBinary).toBe(1);
  });

  test('of more than 65 536 bytes are counted and dropped', async () => {
    const { connection, log, link } = await opened();
    connection.channel('control').receives(new ArrayBuffer(65_536));
    connection.channel('control').receives(new ArrayBuffer(65_537));
    expect(log).toHaveLength(1);
    expect(link.stats().dropped.tooLong).toBe(1);
  });

  test('that come before the last channel is open are delivered after open, in order; 64 at most', async () => {
    const { connection, log, link } = await exchanged();
    connection.channel('control').opens();
    for (let i = 0; i < 66; i++) connection.channel('control').receives(new Uint8Array([i]).buffer);
    connection.channel('input-R').opens();
    log.length = 0;
    connection.channel('input-Z').opens();
    expect(log.slice(-65)).toEqual([['open'], ...Array.from({ length: 64 }, (_, i) => ['control', i])]);
    expect(link.stats().dropped.early).toBe(2);
  });

  test('a close inside open or message is the end of them', async () => {
    const seen: number[] = [];
    const made = await exchanged({
      on: {
        signal() {},
        progress() {},
        open() {},
        closed() {},
        message: ([first = 0]) => {
          seen.push(first);
          made.link.close();
        },
      },
    });
    made.connection.channel('control').receives(new Uint8Array([1]).buffer);
    made.connection.channel('control').receives(new Uint8Array([2]).buffer);
    for (const channel of made.connection.channels) channel.opens();
    expect(seen).toEqual([1]);
  });

  test('a channel that the other side makes up is closed and counted', async () => {
    const { connection, link } = await opened();
    const foreign = new FakeChannel('foreign', {});
    connection.ondatachannel?.({ channel: foreign });
    expect(foreign.readyState).toBe('closing');
    expect(link.stats().dropped.foreignChannel).toBe(1);
  });
});

describe('sending', () => {
  test('inputs by the policy: R, then Z when they are old', async () => {
    const { link, connection, clock } = await opened();
    expect(link.sendInput(new Uint8Array([1]), { ageMs: 0 })).toBe(true);
    clock.advance(17);
    expect(link.sendInput(new Uint8Array([2]), { ageMs: 301 })).toBe(true);
    expect(connection.channel('input-R').sent).toEqual([new Uint8Array([1])]);
    expect(connection.channel('input-Z').sent).toEqual([new Uint8Array([2])]);
    expect(link.stats().sent).toEqual({ R: 1, Z: 1, control: 0, bytes: 2 });
  });

  test('an acknowledgement moves the estimate', async () => {
    const { link } = await opened();
    link.sendInput(new Uint8Array(1), { ageMs: 0, ackMs: 60 });
    expect(link.stats().ackMs).toBe(60);
  });

  test('inputs are skipped and counted while they are too many', async () => {
    const { link, clock } = await opened();
    link.sendInput(new Uint8Array(1), { ageMs: 3000 });
    clock.advance(17);
    expect(link.sendInput(new Uint8Array(1), { ageMs: 3000 })).toBe(false);
    expect(link.stats().skipped).toEqual({ rate: 1, blocked: 0, notOpen: 0, refused: 0 });
  });

  test.each(['input-R', 'input-Z'])('while %s buffers, one input packet in 100 ms goes out', async (label) => {
    const { link, connection, clock } = await opened();
    connection.channel(label).bufferedAmount = 1;
    const sent: boolean[] = [];
    for (let ms = 0; ms <= 200; ms += 20) {
      sent.push(link.sendInput(new Uint8Array(1), { ageMs: 0 }));
      clock.advance(20);
    }
    expect(sent.flatMap((yes, i) => (yes ? [i * 20] : []))).toEqual([0, 100, 200]);
    expect(link.stats().skipped.blocked).toBe(8);
  });

  test('what was asked for before an input was sampled holds for its packet, and for no other', async () => {
    const { link, connection, clock } = await opened();
    link.sendInput(new Uint8Array(1), { ageMs: 0 });
    clock.advance(20);
    link.prepareInput();
    connection.channel('input-R').bufferedAmount = 1;
    expect(link.sendInput(new Uint8Array(1), { ageMs: 0 })).toBe(true);
    clock.advance(20);
    expect(link.sendInput(new Uint8Array(1), { ageMs: 0 })).toBe(false);
  });

  test('what the control channel buffers does not hold up inputs', async () => {
    const { link, connection, clock } = await opened();
    connection.channel('control').bufferedAmount = 100_000;
    link.sendInput(new Uint8Array(1), { ageMs: 0 });
    clock.advance(17);
    expect(link.sendInput(new Uint8Array(1), { ageMs: 0 })).toBe(true);
  });

  test('a classic policy sends all the same', async () => {
    const { link, connection } = await opened({ policy: { maxRetransmits: 0 } });
    connection.channel('input-R').bufferedAmount = 1;
    for (let i = 0; i < 3; i++) expect(link.sendInput(new Uint8Array(1), { ageMs: 9000 })).toBe(true);
  });

  test('control messages up to 65 536 bytes; more is the caller’s mistake', async () => {
    const { link, connection } = await opened();
    expect(link.sendControl(new Uint8Array(65_536))).toBe(true);
    expect(() => link.sendControl(new Uint8Array(65_537))).toThrow(/65537 bytes.*at most 65536.*bad-option/);
    expect(connection.channel('control').sent).toHaveLength(1);
  });

  test('shared memory is copied', async () => {
    const { link, connection } = await opened();
    const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 3).fill(7);
    expect(link.sendControl(shared)).toBe(true);
    expect(connection.channel('control').sent[0]).toHaveProperty('buffer', expect.any(ArrayBuffer));
    expect(connection.channel('control').sent).toEqual([new Uint8Array([7, 7, 7])]);
  });

  test('nothing before it is open', async () => {
    const { link } = await exchanged();
    expect(link.sendInput(new Uint8Array(1), { ageMs: 0 })).toBe(false);
    expect(link.sendControl(new Uint8Array(1))).toBe(false);
    expect(link.stats().skipped.notOpen).toBe(2);
  });

  test('a full queue is no exception', async () => {
    const { link, connection } = await opened();
    for (const channel of connection.channels) channel.full = true;
    expect(link.sendInput(new Uint8Array(1), { ageMs: 0 })).toBe(false);
    expect(link.sendControl(new Uint8Array(1))).toBe(false);
    expect(link.stats().skipped.refused).toBe(2);
  });
});

describe('the end of an open link', () => {
  test.each(['control', 'input-R', 'input-Z'])('channel %s closes: peer-lost, once, with the time of silence', async (label) => {
    const made = await opened();
    made.clock.advance(100);
    made.connection.channel('input-R').receives(new Uint8Array(1).buffer);
    made.clock.advance(250);
    made.connection.channel(label).closes();
    for (const channel of made.connection.channels) channel.closes();
    made.connection.becomes({ connection: 'closed' });
    expect(made.errors).toMatchObject([
      { code: 'peer-lost', fields: { peer: 'm', silentMs: 250, why: 'its channels closed without a goodbye' } },
    ]);
    expect(made.connection.closed).toBe(1);
    expect(made.link.state).toBe('closed');
  });

  test.each(['failed', 'closed'] as const)('the connection becomes %s: peer-lost', async (connection) => {
    const made = await opened();
    made.connection.becomes({ connection });
    expect(made.errors).toMatchObject([{ code: 'peer-lost' }]);
  });

  test('disconnected is no end: it may come back', async () => {
    const made = await opened();
    made.connection.becomes({ ice: 'disconnected', connection: 'disconnected' });
    expect(made.link.state).toBe('open');
  });

  test('the other side says goodbye: peer-lost with its reason, after what it sent before', async () => {
    const made = await opened();
    made.connection.channel('control').receives(new Uint8Array([1]).buffer);
    made.connection.channel('control').receives(`bye:${'x'.repeat(300)}`);
    expect(made.log).toEqual([
      ['control', 1],
      ['closed', 'peer-lost'],
    ]);
    expect(made.errors).toMatchObject([{ fields: { why: `it left: ${'x'.repeat(256)}` } }]);
  });

  test('a goodbye counts only on the control channel', async () => {
    const made = await opened();
    made.connection.channel('input-R').receives('bye:');
    expect(made.link.state).toBe('open');
    expect(made.link.stats().dropped.notBinary).toBe(1);
  });

  test('the other side starts over: peer-lost', async () => {
    const made = scene('z');
    made.link.signal(OFFER);
    await settle();
    for (const channel of made.connection.channels) channel.opens();
    made.link.signal({ ...OFFER, attempt: 'another' });
    expect(made.errors).toMatchObject([{ code: 'peer-lost', fields: { why: 'it started over' } }]);
  });
});

describe('close', () => {
  test('before start holds nothing and says nothing', () => {
    const { rtc, made } = fakeRtc();
    const clock = new FakeClock();
    const never = (): never => {
      throw new Error('was called');
    };
    const on = { signal: never, progress: never, open: never, message: never, closed: never };
    const link = new PeerLink({ self: 'a', remote: 'm', rtc, clock, attempt: 'try', limitMs: 1000, on });
    link.close();
    link.start();
    expect(link.state).toBe('closed');
    expect(made).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('while connecting says goodbye, releases everything at once, and then nothing is called', async () => {
    const made = await exchanged();
    made.log.length = 0;
    made.link.close('changed my mind');
    made.link.close('again');
    expect(made.signals.at(-1)).toEqual({ attempt: 'try', kind: 'bye', reason: 'changed my mind' });
    expect(made.connection.closed).toBe(1);
    expect(made.clock.pending).toBe(0);
    made.connection.becomes({ ice: 'connected', connection: 'failed' });
    made.connection.finds(HOST);
    for (const channel of made.connection.channels) {
      channel.opens();
      channel.receives(new ArrayBuffer(1));
      channel.closes();
    }
    made.link.signal(CANDIDATE);
    made.clock.advance(100_000);
    await settle();
    expect(made.log).toEqual([['signal', 'bye']]);
    expect(made.link.stats().dropped.straySignal).toBe(1);
  });

  test('in the middle of a call to WebRTC: its result changes nothing', async () => {
    const made = scene();
    made.link.close();
    made.log.length = 0;
    await settle();
    expect(made.connection.calls).not.toContain('setLocalDescription fake offer');
    expect(made.log).toEqual([]);
  });

  test('when open says goodbye last, waits until the other side has closed, then releases the connection; no event', async () => {
    const made = await opened();
    made.link.sendControl(new Uint8Array([1]));
    made.link.close('done');
    made.link.close();
    expect(made.link.state).toBe('closed');
    expect(made.link.sendControl(new Uint8Array(1))).toBe(false);
    expect(made.connection.channel('control').sent).toEqual([new Uint8Array([1]), 'bye:done']);
    expect(made.connection.closed).toBe(0);
    made.connection.channel('control').receives(new ArrayBuffer(1));
    expect(made.connection.closed).toBe(0);
    made.connection.channel('control').closes();
    expect(made.connection.closed).toBe(1);
    expect(made.clock.pending).toBe(0);
    expect(made.log).toEqual([]);
  });

  test('of both sides at once: neither waits for the other', async () => {
    const made = await opened();
    made.link.close();
    made.connection.channel('control').receives('bye:closed');
    expect(made.connection.closed).toBe(1);
    expect(made.clock.pending).toBe(0);
  });

  test('when the goodbye cannot be sent releases the connection at once', async () => {
    const made = await opened();
    made.connection.channel('control').full = true;
    made.link.close();
    expect(made.connection.closed).toBe(1);
    expect(made.clock.pending).toBe(0);
  });

  test('when open says goodbye every 50 ms, and waits no longer than two seconds', async () => {
    const made = await opened();
    made.link.close('enough');
    const { sent } = made.connection.channel('control');
    expect(sent).toEqual(['bye:enough']);
    made.clock.advance(100);
    expect(sent).toEqual(['bye:enough', 'bye:enough', 'bye:enough']);
    made.clock.advance(1899);
    expect(made.connection.closed).toBe(0);
    made.clock.advance(1);
    expect(made.connection.closed).toBe(1);
    expect(made.clock.pending).toBe(0);
    made.connection.channel('control').closes();
    expect(made.connection.closed).toBe(1);
  });

  test('after the link was lost does nothing', async () => {
    const made = await opened();
    made.connection.channel('control').closes();
    made.log.length = 0;
    made.link.close();
    expect(made.connection.closed).toBe(1);
    expect(made.log).toEqual([]);
  });
});
