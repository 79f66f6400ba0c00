// A link on its way: stages, limits, and every way in which it does not come up.
import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { PeerLink } from '../../src/link/peer-link.js';
import { FakeClock, fakeRtc, settle } from './fake-rtc.js';
import { HOST, ANSWER, OFFER, CANDIDATE, scene, exchanged, opened, type Scene } from './one-link.js';

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
