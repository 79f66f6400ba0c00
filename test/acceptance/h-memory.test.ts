// Acceptance scenario H1, its last part: whatever a peer or a stranger sends, a running session keeps no more than before.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { unpack } from 'msgpackr';
import { expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { encodeControl, type ControlPacket } from '../../src/wire/control-packets.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { startedDuo } from './duo.js';
import { hostileKinds } from './hostile.js';

it('H1 200 000 hostile packets, and as many well-formed ones that lead nowhere: memory stays bounded', { timeout: 60_000 }, () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { a, b } = startedDuo({ inputDelay: 0 });
  b.tick(1);
  const real = b.sent.at(-1)!;
  const rng = createRng(1);
  const kinds = hostileKinds(unpack);
  const msgpack = new Msgpack();
  const agreed = { gameId: 'other@1', input: 'x', words: 1, players: 2, fps: 60, window: 8, checkInterval: 60 };
  const wellFormed = (n: number): ControlPacket =>
    [
      // A check of a frame that never comes; a hello to be answered; a step of a start that is over.
      { kind: 'check' as const, epoch: 0, frame: 60 * n, state: n, inputs: n },
      { kind: 'hello' as const, version: 1, epoch: 0, answer: false, nonce: 22, locals: 1, agreed },
      { kind: 'start' as const, step: 'propose' as const, ballot: n % 0x10000, epoch: 0, seed: n, roster: ['a', `b${n}`] },
    ][n % 3]!;
  let fed = 0;
  const feed = (count: number): void => {
    for (const until = fed + count; fed < until; fed++) {
      const from = fed % 2 === 0 ? 'b' : 'a stranger';
      a.session.receive(from, kinds[fed % kinds.length]!.make(real, rng), a.now);
      a.session.receive(from, new Uint8Array(encodeControl(msgpack, wellFormed(fed), 1)), a.now);
      // Nobody takes what there is to send, or the events.
    }
  };
  feed(20_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  feed(180_000);
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(500_000);
  const { badPackets, checksUnmatched } = a.session.stats();
  expect(Object.values(badPackets).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(250_000);
  expect(checksUnmatched).toBeGreaterThan(10_000);
  expect(a.session.state).toBe('running');
});
