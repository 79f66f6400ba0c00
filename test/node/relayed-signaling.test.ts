// What a peer behind relayed signaling gets to see. Signals are plain values here: no WebRTC, no relay.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCandidate } from '../../src/negotiation/signal.js';
import type { Signal } from '../../src/negotiation/signal.js';
import { relayedSignaling } from '../../src/node/relayed-signaling.js';
import type { RelayedSignaling } from '../../src/node/relayed-signaling.js';
import { withoutCandidates } from '../../src/node/sdp-candidates.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from '../../src/signaling/interface.js';

const RELAY = { host: '127.0.0.1', port: 40_001 };
const SDP = 'v=0\r\na=mid:0\r\na=candidate:1 1 udp 2122194687 192.0.2.2 4 typ host\r\na=end-of-candidates\r\na=setup:actpass\r\n';
const BARE = 'v=0\r\na=mid:0\r\na=setup:actpass\r\n';
const OFFER: Signal = { attempt: 'one', kind: 'description', type: 'offer', sdp: SDP, iceServers: [{ urls: 'stun:192.0.2.9' }] };

/** An adapter whose events the test makes by hand. */
function byHand(iceServers?: SignalingRoom['iceServers']) {
  const sent: (readonly [string, Signal])[] = [];
  const state: { handlers?: SignalingHandlers; closes: number; room?: string; abort?: AbortSignal | undefined } = { closes: 0 };
  const adapter: Signaling = {
    async join(room, on, abort) {
      Object.assign(state, { handlers: on, room, abort });
      const opened: SignalingRoom = { self: 'me', send: (to, signal) => void sent.push([to, signal]), close: () => void state.closes++ };
      return iceServers === undefined ? opened : { ...opened, iceServers };
    },
  };
  return { adapter, state, sent };
}

async function joined(relayFor = (_remote: string): typeof RELAY | undefined => RELAY) {
  const { adapter, state, sent } = byHand();
  const signaling: RelayedSignaling = relayedSignaling(adapter, relayFor);
  const seen: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void seen.push([name, ...args]);
  const on = { peer: note('peer'), gone: note('gone'), signal: note('signal'), status: note('status'), unknown: note('unknown') };
  const room = await signaling.join('room', on);
  return { signaling, room, seen, sent, state, incoming: (signal: Signal) => state.handlers!.signal('them', signal) };
}

describe('incoming signals', () => {
  test('a description loses its candidates; the relay follows as the only candidate, then the end of candidates', async () => {
    const { signaling, seen, incoming } = await joined();
    incoming(OFFER);
    expect(seen).toEqual([
      ['signal', 'them', { ...OFFER, sdp: BARE }],
      [
        'signal',
        'them',
        {
          attempt: 'one',
          kind: 'candidate',
          candidate: { candidate: 'candidate:1 1 udp 2130706431 127.0.0.1 40001 typ host', sdpMid: '0', sdpMLineIndex: 0 },
        },
      ],
      ['signal', 'them', { attempt: 'one', kind: 'candidate', candidate: null }],
    ]);
    expect(signaling.withheld).toEqual({ trickled: 0, inDescriptions: 1, secondConnection: 0, noRelay: 0 });
  });

  test('each description brings the relay again, under its own attempt and connection', async () => {
    const { seen, incoming } = await joined();
    incoming({ attempt: 'one', connection: 0, kind: 'description', type: 'offer', sdp: BARE });
    incoming({ attempt: 'two', kind: 'description', type: 'answer', sdp: BARE });
    const tags = seen.map((event) => event[2] as Signal).map(({ attempt, connection, kind }) => [attempt, connection, kind]);
    expect(tags).toEqual([
      ['one', 0, 'description'],
      ['one', 0, 'candidate'],
      ['one', 0, 'candidate'],
      ['two', undefined, 'description'],
      ['two', undefined, 'candidate'],
      ['two', undefined, 'candidate'],
    ]);
  });

  test('trickled candidates are withheld and counted', async () => {
    const { signaling, seen, incoming } = await joined();
    const candidate = parseCandidate('candidate:1 1 udp 1 192.0.2.2 9 typ host')!;
    incoming({ attempt: 'one', kind: 'candidate', candidate });
    incoming({ attempt: 'one', kind: 'candidate', candidate: null });
    expect(seen).toEqual([]);
    expect(signaling.withheld.trickled).toBe(2);
  });

  test('a second connection gets no address through; a goodbye passes', async () => {
    const { signaling, seen, incoming } = await joined();
    incoming({ ...OFFER, connection: 1 });
    incoming({ attempt: 'one', connection: 1, kind: 'candidate', candidate: null });
    expect(seen).toEqual([]);
    expect(signaling.withheld).toMatchObject({ secondConnection: 2, noRelay: 0 });
    const bye: Signal = { attempt: 'one', connection: 1, kind: 'bye', reason: 'done' };
    incoming(bye);
    expect(seen).toEqual([['signal', 'them', bye]]);
  });

  test('a peer without a relay gets no address through', async () => {
    const asked: string[] = [];
    const { signaling, seen, incoming } = await joined((remote) => {
      asked.push(remote);
      return undefined;
    });
    incoming(OFFER);
    expect(asked).toEqual(['them']);
    expect(seen).toEqual([]);
    expect(signaling.withheld.noRelay).toBe(1);
  });

  test('nothing comes after close, also when a handler closes in the middle', async () => {
    const { adapter, state } = byHand();
    const seen: Signal[] = [];
    const room = await relayedSignaling(adapter, () => RELAY).join('room', {
      peer: () => undefined,
      gone: () => undefined,
      status: () => undefined,
      unknown: () => undefined,
      signal(_from, signal) {
        seen.push(signal);
        room.close();
      },
    });
    state.handlers!.signal('them', OFFER);
    expect(seen.map((signal) => signal.kind)).toEqual(['description']);
    room.close();
    expect(state.closes).toBe(2);
  });
});

test('everything else passes unchanged', async () => {
  const { room, seen, sent, state } = await joined();
  expect(room.self).toBe('me');
  expect('iceServers' in room).toBe(false);
  room.send('them', OFFER);
  expect(sent).toEqual([['them', OFFER]]);
  state.handlers!.peer('x');
  state.handlers!.gone('x');
  state.handlers!.status('offline', 'why');
  state.handlers!.unknown(7);
  expect(seen).toEqual([
    ['peer', 'x'],
    ['gone', 'x'],
    ['status', 'offline', 'why'],
    ['unknown', 7],
  ]);

  const servers = [{ urls: 'stun:192.0.2.9' }];
  const { adapter, state: second } = byHand(servers);
  const abort = new AbortController().signal;
  const handlers = state.handlers!;
  expect((await relayedSignaling(adapter, () => RELAY).join('other', handlers, abort)).iceServers).toBe(servers);
  expect(second.abort).toBe(abort);
  expect(second.room).toBe('other');
});

test('of any SDP only the candidate lines go', () => {
  const plain = fc.constantFrom('v=0', 'a=mid:0', 'a=candidates', 'a=ice-ufrag:x', '', 's=a=candidate:1', 'a=x\u2028y');
  const named = fc.constantFrom(
    'a=candidate:1 1 udp 1 192.0.2.2 4 typ host',
    'a=CANDIDATE:x',
    'a=candidate:\u2028 1',
    'a=end-of-candidates',
  );
  const lines = fc.array(fc.oneof(plain, named), { maxLength: 20 });
  fc.assert(
    fc.property(lines, fc.constantFrom('\r\n', '\n'), (all, newline) => {
      const isNamed = (line: string): boolean => /^a=(candidate:|end-)/i.test(line);
      const { sdp, candidates } = withoutCandidates(all.map((line) => line + newline).join(''));
      expect(sdp).toBe(
        all
          .filter((line) => !isNamed(line))
          .map((line) => line + newline)
          .join(''),
      );
      expect(candidates).toBe(all.filter((line) => /^a=candidate:/i.test(line)).length);
    }),
  );
});
