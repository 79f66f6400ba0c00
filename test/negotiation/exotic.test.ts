// Values that no JSON text gives, but that an application may hand in: objects that run code when they are looked at.
import { describe, expect, test } from 'vitest';
import { parseCandidate, parseIceServers, parseSignal } from '../../src/negotiation/signal.js';

const explode = (): never => {
  throw new Error('looked at');
};
const BOMB: object = new Proxy({}, { get: explode, has: explode, ownKeys: explode, getPrototypeOf: explode });
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
};

describe('values that run code when they are read', () => {
  test.each<[string, unknown]>([
    ['a proxy', BOMB],
    ['a revoked proxy', revoked()],
    ['a getter that throws', Object.defineProperty({}, 'attempt', { get: explode })],
    ['a candidate that throws', { attempt: 'x', kind: 'candidate', candidate: BOMB }],
    ['servers that throw', { attempt: 'x', kind: 'description', type: 'offer', sdp: '', iceServers: [BOMB] }],
    ['servers that are a revoked proxy', { attempt: 'x', kind: 'description', type: 'offer', sdp: '', iceServers: revoked() }],
  ])('%s is no signal, and nothing throws', (_, value) => {
    expect(parseSignal(value)).toBeNull();
    expect(parseIceServers(value)).toBeNull();
    expect(parseIceServers([value])).toBeNull();
    expect(parseCandidate(value)).toBeUndefined();
  });

  test('a property that says something else the second time is read once', () => {
    let reads = 0;
    const value = {
      attempt: 'x',
      kind: 'bye',
      get reason(): unknown {
        return reads++ === 0 ? 'text' : { no: 'text' };
      },
    };
    expect(parseSignal(value)).toEqual({ attempt: 'x', kind: 'bye', reason: 'text' });
  });

  test('a list with methods of its own, or with holes, is judged by what is in it', () => {
    const list = Object.assign([{ urls: 5 }], { every: () => true });
    expect(parseIceServers(list)).toBeNull();
    // oxlint-disable-next-line no-sparse-arrays
    expect(parseIceServers([,])).toBeNull();
    // oxlint-disable-next-line no-sparse-arrays
    expect(parseIceServers([{ urls: [,] }])).toBeNull();
  });

  test('the answer is a copy: what happens to the value later changes nothing', () => {
    const server = { urls: ['stun:a'], extra: 'dropped' };
    const list = [server];
    const signal = parseSignal({ attempt: 'x', kind: 'description', type: 'offer', sdp: '', iceServers: list });
    server.urls[0] = 'stun:b';
    list.push({ urls: ['stun:c'], extra: '' });
    expect(signal).toEqual({ attempt: 'x', kind: 'description', type: 'offer', sdp: '', iceServers: [{ urls: ['stun:a'] }] });
  });
});
