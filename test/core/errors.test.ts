// Every error says what happened and what to do, and carries a stable code.
import { describe, expect, it } from 'vitest';
import { type ErrorCode, NetError, requireInteger } from '../../src/core/errors.js';

/** One of each; the compiler sees to it that none is missing. */
const samples: { readonly [C in ErrorCode]: ConstructorParameters<typeof NetError<C>>[1] } = {
  'bad-option': { option: 'fps', got: -1, expected: 'an integer from 1 to 240' },
  'call-order': { call: 'op()', expected: 'take all packets first' },
  'signaling-unreachable': { url: 'ws://example.test', cause: 'refused' },
  'signaling-lost': { stage: 'room', cause: 'closed' },
  'port-taken': { port: 8787 },
  'id-taken': { room: 'duel-42', id: 'ann' },
  'room-full': { room: 'duel', players: 2 },
  'no-peer': { room: 'duel', present: 1, players: 2, limitMs: 20_000 },
  'no-offer': { peer: 'bob', limitMs: 20_000 },
  'no-answer': { peer: 'bob', limitMs: 20_000 },
  'no-candidates': { peer: 'bob', limitMs: 20_000, local: 3, remote: 0 },
  'no-pair': { peer: 'bob', limitMs: 20_000, local: 3, remote: 2 },
  'no-dtls': { peer: 'bob', limitMs: 20_000 },
  'no-channels': { peer: 'bob', limitMs: 20_000 },
  'no-handshake': { peer: 'bob', limitMs: 20_000 },
  'no-start': { peer: 'bob', limitMs: 20_000 },
  'rtc-refused': { peer: 'bob', step: 'createOffer', cause: 'closed' },
  'no-rtc': {},
  'version-mismatch': { peer: 'bob', local: 1, remote: 2 },
  'config-mismatch': { peer: 'bob', field: 'fps', local: 60, remote: 50 },
  'peer-lost': { peer: 'bob', silentMs: 5_000, why: 'no packets came any more' },
  'peer-gone': { peer: 'bob', stage: 'handshake', why: 'its link closed' },
  'game-failed': { frame: 90, cause: 'no such unit' },
  aborted: { why: 'closed' },
};

describe('NetError', () => {
  it.each(Object.entries(samples) as [ErrorCode, never][])('%s: a sentence, a remedy and its code at the end', (code, fields) => {
    const error = new NetError(code, fields);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'NetError', code, fields });
    expect(error.remedy.length).toBeGreaterThan(10);
    expect(error.message.endsWith(`; ${error.remedy} [${code}]`)).toBe(true);
    expect(error.message.length).toBeGreaterThan(error.remedy.length + code.length + 10);
    expect(error.message).not.toMatch(/undefined|NaN|\[object/u);
    for (const value of Object.values(fields)) {
      if (typeof value === 'string') expect(error.message).toContain(value);
    }
  });

  it('shows any value that was given, also one that cannot be turned into text', () => {
    const bare: unknown = Object.create(null);
    for (const got of [undefined, null, Symbol('s'), 5n, bare, [bare], () => 1, { toString: () => bare }]) {
      expect(new NetError('bad-option', { option: 'x', got, expected: 'y' }).message).toMatch(/^x is .+; use y \[bad-option\]$/su);
    }
  });

  it('does not repeat a long text in full', () => {
    const error = new NetError('config-mismatch', { peer: 'bob', field: 'gameId', local: 'a'.repeat(5_000), remote: 'b' });
    expect(error.message.length).toBeLessThan(400);
  });

  it('gives times in seconds', () => {
    expect(new NetError('no-offer', samples['no-offer']).message).toContain('20 s');
    expect(new NetError('peer-lost', { ...samples['peer-lost'], silentMs: 5_230 }).message).toContain('5.2 s');
  });
});

describe('requireInteger', () => {
  it('takes what is within its limits, and names what is not', () => {
    for (const good of [1, 5, 8]) expect(() => requireInteger('players', good, 1, 8)).not.toThrow();
    for (const bad of [0, 9, 1.5, NaN, Infinity, '5', null, undefined, 5n]) {
      expect(() => requireInteger('players', bad, 1, 8)).toThrow(/^players is .*use an integer from 1 to 8 \[bad-option\]$/u);
    }
  });
});
