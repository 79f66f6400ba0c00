import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_SIGNAL_TEXT, parseCandidate, parseIceServers, parseSignal } from '../../src/negotiation/signal.js';
import { HOST } from './one-machine.js';

describe('parseSignal', () => {
  test('takes anything without throwing, and what it gives back it takes again', () => {
    const almost = fc.record(
      {
        attempt: fc.oneof(fc.string(), fc.anything()),
        connection: fc.oneof(fc.integer(), fc.anything()),
        kind: fc.oneof(fc.constantFrom('description', 'candidate', 'bye', 'report'), fc.anything()),
        type: fc.oneof(fc.constantFrom('offer', 'answer', 'rollback'), fc.anything()),
        sdp: fc.oneof(fc.string(), fc.anything()),
        candidate: fc.oneof(
          fc.constant(HOST),
          fc.constant(null),
          fc.record({ candidate: fc.string(), sdpMid: fc.anything() }),
          fc.anything(),
        ),
        reason: fc.oneof(fc.string(), fc.anything()),
        iceServers: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(almost, fc.anything()), (value) => {
        const signal = parseSignal(value);
        if (signal === null) return;
        const text = JSON.stringify(signal);
        expect(JSON.stringify(parseSignal(JSON.parse(text)))).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('refuses texts that are too long', () => {
    const offer = { attempt: 'x', kind: 'description', type: 'offer', sdp: 'x'.repeat(MAX_SIGNAL_TEXT) };
    expect(parseSignal(offer)).toEqual(offer);
    expect(parseSignal({ ...offer, sdp: `${offer.sdp}x` })).toBeNull();
  });
});

describe('parseCandidate', () => {
  test.each([[null], [undefined], ['']])('%o is the end of candidates', (value) => {
    expect(parseCandidate(value)).toBeNull();
    expect(parseSignal({ attempt: 'x', kind: 'candidate', candidate: value })).toEqual({
      attempt: 'x',
      kind: 'candidate',
      candidate: null,
    });
  });

  test.each([
    ['a line', HOST],
    ['a line without its prefix', HOST.slice('candidate:'.length)],
    ['a line of an SDP', `a=${HOST}`],
    ['an object', { candidate: HOST }],
    ['a JSON text', JSON.stringify({ candidate: HOST })],
  ])('takes %s', (_name, value) => {
    expect(parseCandidate(value)).toEqual({ candidate: HOST, sdpMLineIndex: 0 });
  });
});

describe('parseIceServers', () => {
  test('tells lists of ICE servers from other values', () => {
    expect(parseIceServers([{ urls: 'stun:a' }])).toEqual([{ urls: 'stun:a' }]);
    expect(parseIceServers([])).toEqual([]);
    for (const value of [undefined, null, {}, 'stun:a', [{}], [null], Array(17).fill({ urls: 'stun:a' })]) {
      expect(parseIceServers(value)).toBeNull();
    }
  });
});
