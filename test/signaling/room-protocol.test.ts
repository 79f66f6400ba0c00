// What both ends of the room protocol take and refuse.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeMessage,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_PEER_ID,
  MAX_ROOM_NAME,
  MAX_ROOM_PEERS,
  MAX_SERVER_MESSAGE_LENGTH,
  parseClientMessage,
  parseServerMessage,
  type ClientMessage,
  type ServerMessage,
} from '../../src/signaling/room-protocol.js';

// A code point may take two UTF-16 code units.
const room = fc.string({ minLength: 1, maxLength: MAX_ROOM_NAME / 2, unit: 'binary' });
const id = fc.string({ minLength: 1, maxLength: MAX_PEER_ID / 2, unit: 'binary' });
const signal = fc.jsonValue({ maxDepth: 3 }).map((value): unknown => JSON.parse(JSON.stringify(value)));
const v = fc.nat();

const clientMessages: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), v, room }),
  fc.record({ kind: fc.constant('join' as const), v, room, id }),
  fc.record({ kind: fc.constant('signal' as const), to: id, signal }),
  fc.constant({ kind: 'leave' as const }),
);

/** Nobody is in a room twice. */
const members = fc.uniqueArray(id, { minLength: 1 }).map(([self, ...peers]) => ({ self: self!, peers }));

const serverMessages: fc.Arbitrary<ServerMessage> = fc.oneof(
  members.map((room) => ({ kind: 'joined' as const, ...room })),
  members.map((room) => ({
    kind: 'joined' as const,
    ...room,
    iceServers: [{ urls: ['stun:a'], username: 'u', credential: 'c' }, { urls: 'stun:b' }],
  })),
  fc.record({ kind: fc.constantFrom('peer' as const, 'gone' as const), id }),
  fc.record({ kind: fc.constant('signal' as const), from: id, signal }),
  fc.record({ kind: fc.constant('refused' as const), code: fc.string({ maxLength: 20 }), reason: fc.string({ maxLength: 100 }) }),
  fc.constant({ kind: 'refused' as const, code: 'room-full', reason: 'full', players: 2 }),
);

/** Values in the shape of messages, with something wrong somewhere, most of the time. */
const strange = fc.oneof(
  fc.anything(),
  fc.string(),
  fc.json(),
  fc
    .record(
      {
        kind: fc.constantFrom('join', 'signal', 'leave', 'joined', 'peer', 'gone', 'refused', '__proto__'),
        v: fc.anything(),
        room: fc.anything(),
        id: fc.anything(),
        to: fc.anything(),
        from: fc.anything(),
        self: fc.anything(),
        peers: fc.anything(),
        signal: fc.anything(),
        code: fc.anything(),
        reason: fc.anything(),
        iceServers: fc.anything(),
      },
      { requiredKeys: ['kind'] },
    )
    .map((value) => encodeMessage(value as ClientMessage)),
);

describe('room protocol', () => {
  it('reads back every message that it writes', () => {
    const fromClient = fc.property(clientMessages, (message) => {
      expect(parseClientMessage(encodeMessage(message))).toEqual(message);
    });
    const fromServer = fc.property(serverMessages, (message) => {
      expect(parseServerMessage(encodeMessage(message))).toEqual(message);
    });
    fc.assert(fromClient);
    fc.assert(fromServer);
  });

  it('never throws at what strangers send, and what it takes keeps the caps', () => {
    fc.assert(
      fc.property(strange, (value) => {
        const fromClient = parseClientMessage(value);
        if (fromClient?.kind === 'join') expect(fromClient.room.length).toBeLessThanOrEqual(MAX_ROOM_NAME);
        if (fromClient?.kind === 'signal') expect(fromClient.to.length).toBeLessThanOrEqual(MAX_PEER_ID);
        parseServerMessage(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['null', 'null'],
    ['bytes', new Uint8Array(3)],
    ['an unknown kind', '{"kind":"shout"}'],
    ['a kind of the other side', '{"kind":"joined","self":"a","peers":[]}'],
    ['a join without a version', '{"kind":"join","room":"a"}'],
    ['a version that is no integer', '{"kind":"join","v":1.5,"room":"a"}'],
    ['an empty room name', '{"kind":"join","v":1,"room":""}'],
    ['a room name that is too long', JSON.stringify({ kind: 'join', v: 1, room: 'x'.repeat(MAX_ROOM_NAME + 1) })],
    ['an empty id', '{"kind":"join","v":1,"room":"a","id":""}'],
    ['an id that is too long', JSON.stringify({ kind: 'join', v: 1, room: 'a', id: 'x'.repeat(MAX_PEER_ID + 1) })],
    ['an id that is no text', '{"kind":"join","v":1,"room":"a","id":null}'],
    ['a signal to nobody', '{"kind":"signal","signal":{}}'],
    ['a kind that is only inherited', '{"__proto__":{"kind":"leave"}}'],
    ['more than the longest message', `{"kind":"leave"${' '.repeat(MAX_CLIENT_MESSAGE_BYTES)}}`],
  ])('a server does not take %s', (_what, text) => {
    expect(parseClientMessage(text)).toBeNull();
  });

  it('a server takes a room name and an id of the longest length, and any version', () => {
    const message = { kind: 'join', v: 99, room: 'r'.repeat(MAX_ROOM_NAME), id: 'i'.repeat(MAX_PEER_ID) } as const;
    expect(parseClientMessage(JSON.stringify(message))).toEqual(message);
  });

  it.each([
    ['peers that are no list', { kind: 'joined', self: 'a', peers: 'b' }],
    ['a peer that is no text', { kind: 'joined', self: 'a', peers: [1] }],
    ['too many peers', { kind: 'joined', self: 'a', peers: Array.from({ length: MAX_ROOM_PEERS }, (_, i) => `${i}`) }],
    ['a peer twice', { kind: 'joined', self: 'a', peers: ['b', 'c', 'b'] }],
    ['itself among the others', { kind: 'joined', self: 'a', peers: ['b', 'a'] }],
    ['ICE servers that are none', { kind: 'joined', self: 'a', peers: [], iceServers: [{ urls: 5 }] }],
    ['a peer without an id', { kind: 'peer' }],
    ['a signal from nobody', { kind: 'signal', signal: {} }],
    ['a refusal without a reason', { kind: 'refused', code: 'x' }],
    ['more than the longest message', { kind: 'signal', from: 'a', signal: 'x'.repeat(MAX_SERVER_MESSAGE_LENGTH) }],
  ])('a client does not take %s', (_what, message) => {
    expect(parseServerMessage(JSON.stringify(message))).toBeNull();
  });

  it('a client takes codes of refusals that it does not know', () => {
    const message = { kind: 'refused', code: 'of-the-future', reason: 'because' };
    expect(parseServerMessage(JSON.stringify(message))).toEqual(message);
  });

  it('writes nothing for values that are not JSON', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(encodeMessage({ kind: 'signal', to: 'a', signal: cycle })).toBeNull();
    expect(encodeMessage({ kind: 'signal', to: 'a', signal: 1n })).toBeNull();
  });
});
