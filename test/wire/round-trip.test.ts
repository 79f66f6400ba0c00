// What is encoded is what is decoded, over the whole space of packets that a peer may send.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ControlPacket, decodeControl, encodeControl } from '../../src/wire/control-packets.js';
import { createInputPacket, decodeInputPacket, InputPacketWriter } from '../../src/wire/input-packet.js';
import { MAX_CONTROL_BYTES, MAX_FRAME, MAX_FRAMES_A_PACKET, MAX_INPUT_BYTES, MAX_TEXT } from '../../src/wire/limits.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { packColumn, unpackColumns, type WordAt } from '../../src/wire/runs.js';

const msgpack = new Msgpack();
const value = fc.oneof(fc.constantFrom(0, 1, 127, 128, 255, 256, 0xffff), fc.integer({ min: 0, max: 0xffff }));
/** Words that repeat, as people's inputs do. */
const wordsOf = (length: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    fc.array(value, { minLength: length, maxLength: length }),
    fc.array(fc.constantFrom(0, 0x100), { minLength: length, maxLength: length }),
    value.map((held) => Array.from({ length }, () => held)),
  );
const columns = fc.integer({ min: 1, max: 8 });
const count = fc.oneof(fc.integer({ min: 0, max: 16 }), fc.integer({ min: 0, max: MAX_FRAMES_A_PACKET }));
const frame = fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: MAX_FRAME }), fc.constant(MAX_FRAME));
const block = fc
  .tuple(columns, count)
  .chain(([c, n]) => fc.record({ columns: fc.constant(c), count: fc.constant(n), words: wordsOf(c * n) }));

/** How many runs all columns take. */
function changes(words: readonly number[], columnCount: number): number {
  return words.filter((held, i) => i < columnCount || held !== words[i - columnCount]).length;
}

describe('runs', () => {
  it('give the columns back, whatever stands before them', () => {
    fc.assert(
      fc.property(block, fc.array(fc.constant('before'), { maxLength: 3 }), ({ columns: c, count: n, words }, before) => {
        const fields: unknown[] = [...before];
        const word: WordAt = (at, column) => words[(at - 1000) * c + column]!;
        for (let column = 0; column < c; column++) expect(packColumn(fields, fields.length, 1000, n, column, word)).toBe(fields.length);
        const into = new Uint16Array(MAX_FRAMES_A_PACKET * c);
        expect(unpackColumns(fields, before.length, c, MAX_FRAMES_A_PACKET, into)).toBe(n);
        expect([...into.subarray(0, n * c)]).toEqual(words);
      }),
    );
  });

  it('are as few as the changes', () => {
    const fields: unknown[] = [];
    packColumn(fields, 0, 100, 6, 0, (at) => [5, 5, 5, 9, 9, 5][at - 100]!);
    expect(fields).toEqual([5, 3, 9, 2, 5, 1]);
  });

  it.each<[string, readonly unknown[], number]>([
    ['a value without a length', [1, 2, 3], 1],
    ['a length of 0', [1, 0], 1],
    ['a negative length', [1, -1, 1, 3], 1],
    ['a length that is no integer', [1, 1.5, 1, 1.5], 1],
    ['lengths that are no integers, but whole together', [1, 1.5, 2, 1.5, 3, 1], 2],
    ['a length of NaN', [1, NaN], 1],
    ['more frames than are allowed', [1, 65, 1, 64], 1],
    ['columns of different lengths', [1, 3, 2, 1], 2],
    ['a run across two columns', [1, 1, 2, 3], 2],
    ['a value over 16 bits', [0x10000, 1], 1],
    ['a negative value', [-1, 1], 1],
    ['a value that is no integer', [0.5, 1], 1],
    ['a value of NaN', [NaN, 1], 1],
    ['a text for a value', ['1', 1], 1],
    ['a list for a length', [1, [1]], 1],
    ['nothing for no columns', [], 0],
    ['something for no columns', [1, 1], 0],
  ])('refuses %s', (_, fields, columnCount) => {
    expect(unpackColumns(fields, 0, columnCount, MAX_FRAMES_A_PACKET, new Uint16Array(256))).toBe(-1);
  });
});

describe('input packets', () => {
  const packets = fc
    .record({
      block,
      epoch: fc.integer({ min: 0, max: 15 }),
      number: fc.integer({ min: 0, max: 127 }),
      echo: fc.integer({ min: -1, max: 127 }),
      hold: fc.integer({ min: 0, max: 127 }),
      sim: frame,
      back: fc.integer({ min: -256, max: 256 }),
      /** Of each other peer: how far behind the sender's frame; a very old one is that of a peer who left. */
      receipts: fc.array(fc.oneof(fc.integer({ min: -256, max: 256 }), fc.nat(MAX_FRAME)), { minLength: 1, maxLength: 7 }),
    })
    .map(({ block: b, sim, back, receipts, ...rest }) => ({
      ...b,
      ...rest,
      sim,
      first: Math.max(0, sim - back),
      received: Int32Array.from(receipts, (behind) => Math.max(-1, sim - behind)),
    }));

  it('give back every field, and as many first frames as fit', () => {
    fc.assert(
      fc.property(packets, (sent) => {
        const writer = new InputPacketWriter(msgpack, sent.columns);
        const bytes = writer.encode(sent, (at, column) => sent.words[(at - sent.first) * sent.columns + column]!);
        expect(bytes.length).toBeLessThanOrEqual(MAX_INPUT_BYTES);
        const got = createInputPacket(sent.received.length, sent.columns);
        expect(decodeInputPacket(msgpack, bytes, sent.columns, got)).toBeNull();
        const { words, count: gotCount, ...fields } = got;
        const { epoch, number, echo, hold, sim, first, received } = sent;
        expect(fields).toEqual({ epoch, number, echo, hold, sim, first, received });
        expect(gotCount).toBeLessThanOrEqual(sent.count);
        if (changes(sent.words, sent.columns) <= 200) expect(gotCount).toBe(sent.count);
        if (sent.count > 0) expect(gotCount).toBeGreaterThan(0);
        expect([...words.subarray(0, gotCount * sent.columns)]).toEqual(sent.words.slice(0, gotCount * sent.columns));
      }),
      { numRuns: 500 },
    );
  });

  it.each([9, 12, 14, 16, 40, 128])('of %i frames that are too many carry as many as fit, not half of them', (count) => {
    const writer = new InputPacketWriter(msgpack, 32);
    const packet = { epoch: 0, number: 1, echo: 1, hold: 1, sim: 1_000, first: 990, received: Int32Array.of(995), count };
    const bytes = writer.encode(packet, (at, column) => 0x100 + ((at * 37 + column) % 0xf000));
    const got = createInputPacket(1, 32);
    expect(decodeInputPacket(msgpack, bytes, 32, got)).toBeNull();
    // 32 words of 4 bytes a frame.
    expect(got.count).toBe(8);
  });

  it('carry at least one frame of the largest inputs there are, within what a receiver looks at', () => {
    const most = 32 * 7;
    const writer = new InputPacketWriter(msgpack, most);
    const received = Int32Array.from({ length: 7 }, () => 99_000);
    const packet = { epoch: 15, number: 127, echo: 127, hold: 127, sim: 99_900, first: 99_800, received, count: 128 };
    const bytes = writer.encode(packet, (at, column) => 0xff00 + ((at * 7 + column) % 256));
    expect(bytes.length).toBeLessThanOrEqual(MAX_INPUT_BYTES);
    const got = createInputPacket(7, most);
    expect(decodeInputPacket(msgpack, bytes, most, got)).toBeNull();
    expect(got.count).toBe(1);
    expect(got.words[most - 1]).toBe(0xff00 + ((99_800 * 7 + most - 1) % 256));
  });

  it('keep all frames of a slot that changes in each of the most frames that can be unacknowledged', () => {
    const writer = new InputPacketWriter(msgpack, 1);
    const packet = { epoch: 0, number: 0, echo: 0, hold: 0, sim: 50_000, first: 49_970, received: Int32Array.of(49_980), count: 128 };
    const bytes = writer.encode(packet, (at) => at % 0x10000);
    const got = createInputPacket(1, 1);
    expect(decodeInputPacket(msgpack, bytes, 1, got)).toBeNull();
    expect(got.count).toBe(128);
    expect(bytes.length).toBeLessThan(600);
  });
});

describe('control packets', () => {
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
  const hash = fc.maxSafeNat();
  const epoch = fc.integer({ min: 0, max: 15 });
  /** Well-formed, and without a byte order mark, which decoders take away. */
  const text = fc.string({ unit: 'binary', maxLength: MAX_TEXT }).filter((t) => t.length <= MAX_TEXT && !t.startsWith('\ufeff'));
  const agreed = fc.record({
    gameId: text,
    input: text,
    words: u16,
    players: u16,
    fps: u16,
    window: u16,
    checkInterval: fc.integer({ min: 0, max: MAX_FRAME }),
  });
  const plain: fc.Arbitrary<ControlPacket> = fc.oneof(
    fc.record({
      kind: fc.constant('hello' as const),
      version: fc.constant(1),
      epoch,
      answer: fc.boolean(),
      nonce: u32,
      locals: fc.integer({ min: 1, max: 255 }),
      agreed,
    }),
    fc.record({
      kind: fc.constant('start' as const),
      step: fc.constantFrom('propose' as const, 'accept' as const, 'go' as const),
      ballot: u16,
      epoch,
      seed: u32,
      roster: fc.array(text, { maxLength: 8 }),
    }),
    fc.record({ kind: fc.constant('check' as const), epoch, frame, state: hash, inputs: hash }),
  );

  it('give back every field', () => {
    fc.assert(
      fc.property(plain, (packet) => {
        expect(decodeControl(msgpack, encodeControl(msgpack, packet, 1), 1)).toEqual(packet);
      }),
      { numRuns: 300 },
    );
  });

  it('say goodbye with all inputs', () => {
    fc.assert(
      fc.property(block, epoch, text, frame, (b, e, reason, first) => {
        const leave = { kind: 'leave' as const, epoch: e, reason, first, count: b.count, words: Uint16Array.from(b.words) };
        const bytes = encodeControl(msgpack, leave, b.columns);
        expect(bytes.length).toBeLessThanOrEqual(MAX_CONTROL_BYTES);
        const got = decodeControl(msgpack, bytes, b.columns);
        if (typeof got === 'string' || got.kind !== 'leave') throw new Error(JSON.stringify(got));
        expect({ ...got, words: [...got.words.subarray(0, b.count * b.columns)] }).toEqual({ ...leave, words: b.words });
      }),
    );
  });

  it('of another version are read only as far as the version', () => {
    const future = msgpack.encode([1, 2, 'whatever', ['comes', 'then']]);
    expect(decodeControl(msgpack, future, 1)).toMatchObject({ kind: 'hello', version: 2 });
  });
});
