import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { PeerLink } from '../../src/link/peer-link.js';
import type { PeerLinkOptions } from '../../src/link/link-options.js';
import type { Signal } from '../../src/negotiation/signal.js';
import { FakeChannel, FakeClock, fakeRtc, settle } from './fake-rtc.js';
import type { Broken, FakeConnection } from './fake-rtc.js';

const HOST = 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host';
const ANSWER: Signal = { attempt: 'try', kind: 'description', type: 'answer', sdp: 'their answer' };
const OFFER: Signal = { attempt: 'try', kind: 'description', type: 'offer', sdp: 'their offer' };
const CANDIDATE: Signal = { attempt: 'try', kind: 'candidate', candidate: { candidate: HOST, sdpMid: '0' } };

interface Scene {
  readonly link: PeerLink;
  readonly clock: FakeClock;
  readonly connection: FakeConnection;
  /** What the handlers were called with, in order. */
  readonly log: unknown[];
  readonly signals: Signal[];
  readonly errors: NetError[];
}

/** A started link to 'm' from 'a' (which offers) or from 'z'. */
function scene(self: 'a' | 'z' = 'a', options: Partial<PeerLinkOptions> = {}, broken: Broken = {}): Scene {
  const clock = new FakeClock();
  const { rtc, made } = fakeRtc(broken);
  const log: unknown[] = [];
  const signals: Signal[] = [];
  const errors: NetError[] = [];
  const link = new PeerLink({
    self,
    remote: 'm',
    rtc,
    clock,
    attempt: 'try',
    limitMs: 20_000,
    on: {
      signal: (signal) => {
        signals.push(signal);
        log.push(['signal', signal.kind]);
      },
      progress: ({ stage }) => log.push(['progress', stage]),
      open: () => log.push(['open']),
      message: (bytes, kind) => log.push([kind, ...bytes]),
      closed: (error) => {
        errors.push(error);
        log.push(['closed', error.code]);
      },
    },
    ...options,
  });
  link.start();
  return { link, clock, connection: made[0] as FakeConnection, log, signals, errors };
}

/** An offering link with both descriptions and an address on each side. */
async function exchanged(options: Partial<PeerLinkOptions> = {}, broken: Broken = {}): Promise<Scene> {
  const made = scene('a', options, broken);
  await settle();
  made.connection.finds(HOST);
  made.link.signal(ANSWER);
  made.link.signal(CANDIDATE);
  await settle();
  return made;
}

async function opened(options: Partial<PeerLinkOptions> = {}): Promise<Scene> {
  const made = await exchanged(options);
  made.connection.becomes({ ice: 'connected', connection: 'connected' });
  for (const channel of made.connection.channels) channel.opens();
  made.log.length = 0;
  return made;
}

describe('connecting', () => {
  test('creates the channels that both sides know, before it negotiates', async () => {
    const { connection } = scene();
    await settle();
    expect(connection.channels.map(({ label, options, binaryType }) => ({ label, binaryType, ...options }))).toEqual([
      { label: 'control', binaryType: 'arraybuffer', negotiated: true, id: 0, ordered: true },
      { label: 'input-R', binaryType: 'arraybuffer', negotiated: true, id: 1, ordered: false, maxRetransmits: 4 },
      { label: 'input-Z', binaryType: 'arraybuffer', negotiated: true, id: 2, ordered: false, maxRetransmits: 0 },
    ]);
    expect(connection.calls).toEqual([...Array(3).fill('createDataChannel'), 'createOffer', 'setLocalDescription fake offer']);
  });

  test('a fixed policy sets the retransmissions of R', () => {
    expect(scene('a', { policy: { maxRetransmits: 1 } }).connection.channel('input-R').options.maxRetransmits).toBe(1);
  });

  test('hands on ICE servers, and the wish to be relayed only', () => {
    const iceServers = [{ urls: ['turn:turn.example.org'], username: 'u', credential: 'c' }, { urls: 'stun:stun.example.org' }];
    expect(scene('a', { iceServers, relayOnly: true }).connection.configuration).toEqual({ iceServers, iceTransportPolicy: 'relay' });
    expect(scene().connection.configuration).toEqual({ iceServers: [], iceTransportPolicy: 'all' });
  });

  test('passes every stage, then opens when the last channel is open', async () => {
    const { link, connection, clock, log } = await exchanged();
    clock.advance(30);
    connection.becomes({ ice: 'connected' });
    connection.becomes({ connection: 'connected' });
    connection.channels[0]?.opens();
    connection.channels[1]?.opens();
    expect(link.state).toBe('connecting');
    connection.channels[2]?.opens();
    expect(link.state).toBe('open');
    expect(log.slice(-4)).toEqual([['progress', 'pairs'], ['progress', 'dtls'], ['progress', 'channels'], ['open']]);
    expect(link.timeline.map(({ stage, atMs }) => [stage, atMs])).toEqual([
      ['peer', 0],
      ['offer', 0],
      ['answer', 0],
      ['candidates', 0],
      ['pairs', 30],
      ['dtls', 30],
      ['channels', 30],
    ]);
    expect(clock.pending).toBe(0);
  });

  test('the answering side answers and adds candidates', async () => {
    const { link, connection, signals } = scene('z');
    link.signal(CANDIDATE);
    link.signal(OFFER);
    await settle();
    expect(connection.calls.slice(3)).toEqual([
      'setRemoteDescription their offer',
      'createAnswer',
      'setLocalDescription fake answer',
      `addIceCandidate ${HOST}`,
    ]);
    expect(signals).toEqual([{ attempt: 'try', kind: 'description', type: 'answer', sdp: 'fake answer' }]);
  });

  test('a candidate that WebRTC refuses is counted', async () => {
    const { link } = await exchanged({}, { rejects: 'addIceCandidate' });
    expect(link.state).toBe('connecting');
    expect(link.stats().negotiation.refusedCandidates).toBe(1);
  });

  test('signals for a connection that it does not have are counted', async () => {
    const { link, connection } = scene();
    await settle();
    link.signal({ ...ANSWER, connection: 1 });
    await settle();
    expect(connection.calls).not.toContain('setRemoteDescription their answer');
    expect(link.stats().dropped.straySignal).toBe(1);
  });

  test('a signal that is answered inside its handler is handled too', async () => {
    const clock = new FakeClock();
    const links: PeerLink[] = [];
    const answered = new Promise<void>((done) => {
      const make = (self: string, remote: string, other: number): PeerLink =>
        new PeerLink({
          self,
          remote,
          rtc: fakeRtc().rtc,
          clock,
          attempt: 'try',
          limitMs: 1000,
          on: {
            signal: (signal) => links[other]?.signal(signal),
            progress: ({ stage }) => {
              if (self === 'a' && stage === 'answer') done();
            },
            open() {},
            message() {},
            closed() {},
          },
        });
      links.push(make('a', 'b', 1), make('b', 'a', 0));
      for (const link of links) link.start();
    });
    await answered;
  });

  test.each([
    [{ self: 'm' }, 'remote'],
    [{ attempt: '' }, 'attempt'],
    [{ limitMs: 0 }, 'limitMs'],
    [{ limitMs: Number.NaN }, 'limitMs'],
    [{ policy: { maxRetransmits: -1 } }, 'policy.maxRetransmits'],
    [{ policy: { maxRetransmits: 1.5 } }, 'policy.maxRetransmits'],
  ] as const)('%o is refused', (options, option) => {
    const refused = (): Scene => scene('a', options);
    expect(refused).toThrow(NetError);
    expect(refused).toThrow(option);
  });
});

describe('the limit', () => {
  async function atLimit(made: Scene): Promise<NetError | undefined> {
    await settle();
    made.clock.advance(19_999.9);
    expect(made.errors).toEqual([]);
    made.clock.advance(0.1);
    expect(made.link.state).toBe('closed');
    expect(made.connection.closed).toBe(1);
    expect(made.clock.pending).toBe(0);
    expect(made.link.timeline.at(-1)?.text).toBe(made.errors[0]?.message);
    return made.errors[0];
  }

  test('no offer', async () => {
    const made = scene('z');
    expect(await atLimit(made)).toMatchObject({ code: 'no-offer', fields: { peer: 'm', limitMs: 20_000 } });
    expect(made.signals).toEqual([]);
  });

  test('no answer; the other side is told', async () => {
    const made = scene();
    expect(await atLimit(made)).toMatchObject({ code: 'no-answer', fields: { peer: 'm', limitMs: 20_000 } });
    expect(made.signals.at(-1)).toEqual({ attempt: 'try', kind: 'bye', reason: 'no-answer' });
  });

  test('no candidates from there', async () => {
    const made = scene();
    await settle();
    made.connection.finds(HOST);
    made.link.signal(ANSWER);
    expect(await atLimit(made)).toMatchObject({ code: 'no-candidates', fields: { local: 1, remote: 0 } });
  });

  test('no pair', async () => {
    expect(await atLimit(await exchanged())).toMatchObject({ code: 'no-pair', fields: { local: 1, remote: 1 } });
  });

  test('no dtls', async () => {
    const made = await exchanged();
    made.connection.becomes({ ice: 'connected', connection: 'connecting' });
    expect(await atLimit(made)).toMatchObject({ code: 'no-dtls' });
  });

  test('no channels', async () => {
    const made = await exchanged();
    made.connection.becomes({ ice: 'completed', connection: 'connected' });
    made.connection.channel('control').opens();
    made.connection.channel('input-Z').opens();
    expect(await atLimit(made)).toMatchObject({ code: 'no-channels' });
  });

  test('a call to WebRTC that never comes back', async () => {
    expect(await atLimit(scene('a', {}, { hangs: 'createOffer' }))).toMatchObject({ code: 'rtc-refused', fields: { step: 'createOffer' } });
  });

  test('does not come after it is open', async () => {
    const { clock, errors } = await opened();
    clock.advance(100_000);
    expect(errors).toEqual([]);
  });
});

describe('a failure before it is open', () => {
  test('the connection fails: the error of its stage at once, with the time that it took', async () => {
    const made = await exchanged();
    made.clock.advance(7000);
    made.connection.becomes({ ice: 'failed', connection: 'failed' });
    expect(made.errors).toMatchObject([{ code: 'no-pair', fields: { limitMs: 7000, local: 1, remote: 1 } }]);
    expect(made.clock.pending).toBe(0);
  });

  test('DTLS fails', async () => {
    const made = await exchanged();
    made.connection.becomes({ ice: 'connected', connection: 'connecting' });
    made.connection.becomes({ connection: 'failed' });
    expect(made.errors).toMatchObject([{ code: 'no-dtls' }]);
  });

  test.each([
    ['constructor', 'create the connection'],
    ['createDataChannel', 'create the connection'],
    ['createOffer', 'createOffer'],
    ['setLocalDescription', 'setLocalDescription'],
    ['setRemoteDescription', 'setRemoteDescription'],
  ])('%s throws or rejects: rtc-refused, naming %s', async (name, step) => {
    for (const broken of [{ throws: name }, { rejects: name }]) {
      if ('rejects' in broken && step === 'create the connection') continue;
      const made = scene('a', {}, broken);
      await settle();
      made.link.signal(ANSWER);
      await settle();
      expect(made.errors).toMatchObject([{ code: 'rtc-refused', fields: { peer: 'm', step, cause: expect.stringContaining(name) } }]);
      if (name !== 'constructor') expect(made.connection.closed).toBe(1);
      expect(made.clock.pending).toBe(0);
      made.link.close();
      expect(made.errors).toHaveLength(1);
    }
  });

  test('the other side gives up: peer-gone with its reason', async () => {
    const made = await exchanged();
    made.link.signal({ attempt: 'try', kind: 'bye', reason: 'page closed' });
    expect(made.errors).toMatchObject([{ code: 'peer-gone', fields: { peer: 'm', stage: 'candidates', why: 'it gave up: page closed' } }]);
    expect(made.signals.filter(({ kind }) => kind === 'bye')).toEqual([]);
  });

  test('the other side finds no path: nor do we, with the time that it took', async () => {
    const made = await exchanged();
    made.clock.advance(3000);
    made.link.signal({ attempt: 'try', kind: 'bye', reason: 'no-dtls' });
    expect(made.errors).toMatchObject([{ code: 'no-pair', fields: { limitMs: 3000, local: 1, remote: 1 } }]);
  });

  test('the other side missed something of ours: it says what', async () => {
    const made = await exchanged();
    made.link.signal({ attempt: 'try', kind: 'bye', reason: 'no-answer' });
    expect(made.errors).toMatchObject([{ code: 'peer-gone', fields: { why: 'it gave up: no-answer' } }]);
  });

  test('the other side starts over: peer-gone', async () => {
    const made = scene('z');
    made.link.signal(OFFER);
    await settle();
    made.link.signal({ ...OFFER, attempt: 'another' });
    expect(made.errors).toMatchObject([{ code: 'peer-gone', fields: { why: 'it started over' } }]);
  });
});

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

  test('when open waits no longer than a second', async () => {
    const made = await opened();
    made.link.close();
    made.clock.advance(999);
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
