// A stranger's bytes: nothing throws, nothing comes out of its range, nothing is allocated because the bytes ask for it.
// The samples here are small; the ideas were run by hand on millions.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../src/core/rng.js';
import { decodeControl, encodeControl } from '../../src/wire/control-packets.js';
import { createInputPacket, decodeInputPacket } from '../../src/wire/input-packet.js';
import { MAX_CONTROL_BYTES, MAX_DEPTH, MAX_FRAME, MAX_FRAMES_A_PACKET, MAX_INPUT_BYTES } from '../../src/wire/limits.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { isIntegers, isPlain } from '../../src/wire/scan.js';
import { controlSamples, encodeInput, inputSamples } from './packet-samples.js';

const msgpack = new Msgpack();
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const valid: readonly Uint8Array[] = [
  ...Object.values(inputSamples).map(encodeInput),
  ...Object.values(controlSamples).map(({ packet, columns }) => encodeControl(msgpack, packet, columns).slice()),
];

/** msgpack of any kind of value, well-formed or nearly so: what generators of plain random bytes almost never hit. */
class Forger {
  readonly #rng: Rng;
  #out: number[] = [];

  constructor(seed: number) {
    this.#rng = createRng(seed, 'forger');
  }

  next(): Uint8Array {
    this.#out = [];
    const pick = this.#below(8);
    if (pick === 0) this.#push(...Array.from({ length: this.#below(60) }, () => this.#below(256)));
    else if (pick <= 3) this.#out = [...valid[this.#below(valid.length)]!];
    else if (pick <= 5) this.#array(1, true);
    else this.#array(MAX_DEPTH, false);
    if (this.#below(3) === 0) for (let i = this.#below(4); i >= 0; i--) this.#damage();
    if (this.#below(8) === 0) this.#out.length = this.#below(this.#out.length + 1);
    // At an odd place of a larger buffer, as messages of a transport may be.
    const offset = this.#below(9);
    const buffer = new Uint8Array(offset + this.#out.length + 5).fill(this.#below(256));
    buffer.set(this.#out, offset);
    return buffer.subarray(offset, offset + this.#out.length);
  }

  #damage(): void {
    const at = this.#below(this.#out.length + 1);
    const how = this.#below(3);
    if (how === 0 && at < this.#out.length) this.#out[at]! ^= 1 << this.#below(8);
    else if (how === 1) this.#out.splice(at, 1);
    else this.#out.splice(at, 0, this.#below(256));
  }

  #array(depth: number, integers: boolean): void {
    const length = this.#below(20);
    if (length < 16 && this.#below(4) > 0) this.#push(0x90 | length);
    else this.#push(0xdc, 0, length);
    for (let i = 0; i < length; i++) this.#value(depth, integers);
  }

  #value(depth: number, integers: boolean): void {
    const kind = this.#below(integers ? 6 : 11);
    if (kind === 0) this.#push(this.#below(128));
    else if (kind === 1) this.#push(0xe0 + this.#below(32));
    else if (kind === 2) this.#push(0xcc + 4 * this.#below(2), this.#below(256));
    else if (kind === 3) this.#push(0xcd + 4 * this.#below(2), ...this.#bytes(2));
    else if (kind === 4) this.#push(0xce + 4 * this.#below(2), ...this.#bytes(4));
    else if (kind === 5 && depth > 0) this.#array(depth - 1, integers);
    else if (kind === 5) this.#push(this.#below(128));
    else if (kind <= 8) this.#text();
    else if (kind === 9) this.#push(0xc0 + [0, 2, 3][this.#below(3)]!);
    else this.#push(0xcb, ...this.#bytes(8));
  }

  #text(): void {
    const length = this.#below([5, 32, 100, 300][this.#below(4)]!);
    const ascii = this.#below(2) === 0;
    if (length < 32 && this.#below(3) > 0) this.#push(0xa0 | length);
    else if (length < 256 && this.#below(3) > 0) this.#push(0xd9, length);
    else this.#push(0xda, length >> 8, length & 255);
    for (let i = 0; i < length; i++) this.#push(ascii ? 97 + this.#below(26) : this.#below(256));
  }

  #bytes(length: number): number[] {
    return Array.from({ length }, () => this.#below(256));
  }

  #push(...bytes: readonly number[]): void {
    this.#out.push(...bytes);
  }

  #below(n: number): number {
    return this.#rng.u32() % n;
  }
}

function expectInRange(packet: ReturnType<typeof createInputPacket>): void {
  const { epoch, number, echo, hold, sim, first, count, received } = packet;
  const within = (value: number, min: number, max: number): boolean => Number.isInteger(value) && value >= min && value <= max;
  const good =
    within(epoch, 0, 15) &&
    within(number, 0, 127) &&
    within(echo, -1, 127) &&
    within(hold, 0, 127) &&
    within(sim, 0, MAX_FRAME) &&
    within(first, 0, MAX_FRAME + 256) &&
    within(count, 0, MAX_FRAMES_A_PACKET) &&
    received.every((frame) => frame >= -1 && frame <= sim + 256);
  if (!good) throw new Error(`out of range: ${JSON.stringify(packet)}`);
}

describe('forged packets', () => {
  it('are refused or read, never thrown over, and the scan lets through nothing that msgpackr itself does not read', () => {
    const forger = new Forger(1);
    const reader = new Unpackr({ useRecords: false, copyBuffers: true });
    const packets = [createInputPacket(1, 1), createInputPacket(2, 3)] as const;
    const outcomes = { integers: 0, plain: 0, inputs: 0, controls: 0 };
    for (let i = 0; i < 60_000; i++) {
      const bytes = forger.next();
      const integers = isIntegers(bytes);
      const plain = isPlain(bytes, MAX_DEPTH);
      if (integers && !plain) throw new Error(`integers are plain too: ${Buffer.from(bytes).toString('hex')}`);
      if (plain && !Array.isArray(reader.unpack(bytes))) throw new Error(`no array: ${Buffer.from(bytes).toString('hex')}`);
      if (integers) outcomes.integers++;
      if (plain) outcomes.plain++;
      const columns = i % 2 === 0 ? 1 : 3;
      const packet = packets[i % 2]!;
      if (decodeInputPacket(msgpack, bytes, columns, packet) === null) {
        outcomes.inputs++;
        expectInRange(packet);
      }
      if (typeof decodeControl(msgpack, bytes, columns) !== 'string') outcomes.controls++;
    }
    // The forger is worth something: each path is taken often.
    expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(1_000);
  });

  it('cannot write beyond the buffers of a packet', () => {
    const forger = new Forger(2);
    const memory = new Uint16Array(MAX_FRAMES_A_PACKET + 200).fill(0xabcd);
    const received = new Int32Array(11).fill(-77);
    const packet = {
      ...createInputPacket(1, 1),
      words: memory.subarray(100, 100 + MAX_FRAMES_A_PACKET),
      received: received.subarray(5, 6),
    };
    for (let i = 0; i < 20_000; i++) decodeInputPacket(msgpack, forger.next(), 1, packet);
    // Long runs too, which chance makes seldom.
    for (const length of [1, 127, 128])
      decodeInputPacket(msgpack, msgpack.encode([0, 0, 0, 0, 9, 0, 0, 0xffff, length]).slice(), 1, packet);
    expect(packet.count).toBe(128);
    expect([...memory.subarray(0, 100), ...memory.subarray(228)].every((value) => value === 0xabcd)).toBe(true);
    expect([...received.subarray(0, 5), ...received.subarray(6)].every((value) => value === -77)).toBe(true);
  });

  it('of plain random bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2 * MAX_INPUT_BYTES }), (bytes) => {
        const reasons = ['too long', 'not msgpack integers', 'unknown kind', 'bad field', 'bad runs', null];
        expect(reasons).toContain(decodeInputPacket(msgpack, bytes, 2, createInputPacket(1, 2)));
        const control = decodeControl(msgpack, bytes, 2);
        expect(typeof control === 'string' || ['hello', 'start', 'check', 'leave'].includes(control.kind)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('may stop anywhere: every proper beginning of every kind of packet is refused', () => {
    for (const bytes of valid) {
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.slice(0, length);
        expect(decodeInputPacket(msgpack, cut, 1, createInputPacket(1, 1))).toBe('not msgpack integers');
        expect(decodeControl(msgpack, cut, 1)).toBe('not plain msgpack');
      }
    }
  });

  it('may go on: every packet with something after it is refused', () => {
    for (const bytes of valid) {
      const longer = Uint8Array.of(...bytes, 0);
      expect(decodeInputPacket(msgpack, longer, 1, createInputPacket(1, 1))).toBe('not msgpack integers');
      expect(decodeControl(msgpack, longer, 1)).toBe('not plain msgpack');
    }
  });
});

describe('bytes that ask for what they must not get', () => {
  const nested = (depth: number): Uint8Array => Uint8Array.of(...Array.from({ length: depth }, () => 0x91), 0);
  it.each<[string, Uint8Array]>([
    ['nothing', hex('')],
    ['no array at the top', hex('05')],
    ['a text at the top', hex('a161')],
    ['an array of 4 294 967 295', hex('dd ffffffff 00')],
    ['an array of 65 535 with nothing in it', hex('dc ffff')],
    ['an array of 65 535 in an array', hex('91 dc ffff 00')],
    ['an array whose length is cut off', hex('dc')],
    ['an array whose length is half cut off', hex('dc 00')],
    ['a text of 4 294 967 295 bytes', hex('91 db ffffffff 61')],
    ['a text of 65 535 bytes', hex('91 da ffff 61')],
    ['a text of 255 bytes', hex('91 d9 ff 61')],
    ['a text whose length is cut off', hex('91 d9')],
    ['a short text that is cut off', hex('91 a5 61')],
    ['bytes of 4 294 967 295', hex('91 c6 ffffffff 00')],
    ['bytes', hex('91 c4 01 00')],
    ['a map', hex('91 80')],
    ['a map with __proto__', hex('91 81 a9 5f5f70726f746f5f5f 80')],
    ['a map of 4 294 967 295', hex('91 df ffffffff')],
    ['an extension of 1 byte', hex('91 d4 01 00')],
    ['a record definition', hex('92 d4 72 40 91 a1 61')],
    ['a timestamp', hex('91 d6 ff 00000000')],
    ['an extension of 4 294 967 295 bytes', hex('91 c9 ffffffff 01')],
    ['an unsigned 64-bit integer', hex('91 cf 0000000000000001')],
    ['a signed 64-bit integer', hex('91 d3 ffffffffffffffff')],
    ['a 32-bit float', hex('91 ca 3f800000')],
    ['the byte that is never used', hex('91 c1')],
    ['8 000 levels', nested(8_000)],
    ['16 000 levels', nested(16_000)],
    ['5 levels', nested(5)],
  ])('%s is refused by both scans', (_, bytes) => {
    expect(isIntegers(bytes)).toBe(false);
    expect(isPlain(bytes, MAX_DEPTH)).toBe(false);
    expect(msgpack.decodeIntegers(bytes)).toBeNull();
    expect(msgpack.decodePlain(bytes)).toBeNull();
  });

  it.each<[string, Uint8Array, boolean]>([
    ['a double', hex('91 cb 3ff0000000000000'), false],
    ['NaN', hex('91 cb 7ff8000000000000'), false],
    ['a text', hex('91 a161'), false],
    ['null', hex('91 c0'), false],
    ['three levels', nested(3), false],
    ['a flat array inside', hex('92 01 92 02 ff'), true],
  ])('%s in an array: plain, and integers only where it is', (_, bytes, integers) => {
    expect(isPlain(bytes, MAX_DEPTH)).toBe(true);
    expect(isIntegers(bytes)).toBe(integers);
  });

  it('a packet that is longer than its kind may be is not looked at', () => {
    const long = (length: number): Uint8Array => new Uint8Array(length).fill(0x90);
    expect(decodeInputPacket(msgpack, long(MAX_INPUT_BYTES + 1), 1, createInputPacket(1, 1))).toBe('too long');
    expect(decodeControl(msgpack, long(MAX_CONTROL_BYTES + 1), 1)).toBe('too long');
  });
});

describe('fields out of their range', () => {
  const good: readonly unknown[] = [0, 0, -1, 0, 300, 1, 1, 5, 2];
  const decode = (fields: readonly unknown[]): string | null =>
    decodeInputPacket(msgpack, msgpack.encode(fields).slice(), 1, createInputPacket(1, 1));
  const replaced = (index: number, value: unknown): unknown[] => good.map((field, i) => (i === index ? value : field));

  it('the packet that they are put into is good', () => {
    expect(decode(good)).toBeNull();
  });

  it.each<[string, number, unknown, string]>([
    ['a kind of the control channel', 0, 1, 'unknown kind'],
    ['an epoch of 16', 0, 128, 'bad field'],
    ['a negative head', 0, -1, 'bad field'],
    ['a list for the head', 0, [0], 'bad field'],
    ['a number of 128', 1, 128, 'bad field'],
    ['an echo of −2', 2, -2, 'bad field'],
    ['a hold of 128', 3, 128, 'bad field'],
    ['a negative frame', 4, -1, 'bad field'],
    ['a frame beyond the last', 4, MAX_FRAME + 1, 'bad field'],
    ['the largest 32-bit frame', 4, 0xffff_ffff, 'bad field'],
    ['inputs from before the match', 5, 301, 'bad field'],
    ['inputs 257 frames ago', 5, 257, 'bad field'],
    ['inputs 257 frames ahead', 5, -257, 'bad field'],
    ['a receipt of frame −2', 6, 302, 'bad field'],
    ['a receipt far ahead', 6, -257, 'bad field'],
    ['receipts of two peers in a match of two', 6, [1, 1], 'bad field'],
    ['a value of 17 bits', 7, 0x1_0000, 'bad runs'],
    ['a list for a value', 7, [1], 'bad runs'],
    ['a run of 129', 8, 129, 'bad runs'],
    ['a float', 4, 300.5, 'not msgpack integers'],
    ['NaN', 4, NaN, 'not msgpack integers'],
    ['a 64-bit integer', 4, 2 ** 40, 'not msgpack integers'],
    ['null', 4, null, 'not msgpack integers'],
    ['a text', 4, '300', 'not msgpack integers'],
  ])('input packet with %s', (_, index, value, reason) => {
    expect(decode(replaced(index, value))).toBe(reason);
  });

  it('receipts must be as many as there are peers', () => {
    const packet = createInputPacket(2, 1);
    const decodeFor2 = (received: unknown): string | null =>
      decodeInputPacket(msgpack, msgpack.encode(replaced(6, received)).slice(), 1, packet);
    expect(decodeFor2([1, 301])).toBeNull();
    expect([...packet.received]).toEqual([299, -1]);
    for (const wrong of [1, [], [1], [1, 1, 1], [1, 302], [1, -257], [1, [1]]]) expect(decodeFor2(wrong)).not.toBeNull();
  });

  const hello: readonly unknown[] = [1, 1, 0, 5, 1, 'game', 'input', 1, 2, 60, 8, 60];
  const control = (fields: readonly unknown[]): unknown => decodeControl(msgpack, msgpack.encode(fields).slice(), 1);

  it('no field of a hello may be missing, of another type, a fraction, negative or too large', () => {
    expect(control(hello)).toMatchObject({ kind: 'hello' });
    for (let i = 1; i < hello.length; i++) {
      const text = typeof hello[i] === 'string';
      const wrong: unknown[] = [null, true, [], [1], 2 ** 31, 0.5, -1, NaN, Infinity, -Infinity, 2 ** 53, text ? 7 : '7', 'x'.repeat(257)];
      for (const value of wrong) {
        if (i === 3 && value === 2 ** 31) continue;
        const got = control(hello.map((field, at) => (at === i ? value : field)));
        expect(typeof got, `field ${i} = ${String(value)}`).toBe('string');
      }
      expect(typeof control(hello.slice(0, i))).toBe('string');
    }
  });

  it('a hello of somebody who plays no slot is refused: it would be a seat without a place', () => {
    expect(control(hello.map((field, i) => (i === 4 ? 0 : field)))).toBe('bad field');
  });

  it.each<[string, readonly unknown[]]>([
    ['a start with an unknown step', [2, 3, 1, 1, ['a']]],
    ['a start without a roster', [2, 0, 1, 1]],
    ['a start with numbers for peers', [2, 0, 1, 1, [1, 2]]],
    ['a start with lists for peers', [2, 0, 1, 1, [['a']]]],
    ['a start with 256 peers', [2, 0, 1, 1, Array.from({ length: 256 }, () => 'a')]],
    ['a start with a name of 257', [2, 0, 1, 1, ['x'.repeat(257)]]],
    ['a start with a fraction for a ballot', [2, 0, 0.5, 1, ['a']]],
    ['a check of a negative frame', [3, -1, 0, 0, 0, 0]],
    ['a check with a hash of 54 bits', [3, 60, 0x20_0000, 0, 0, 0]],
    ['a check with half a hash', [3, 60, 0, 0, 0]],
    ['a leave without a reason', [4, null, 0]],
    ['a leave from a frame beyond the last', [4, '', MAX_FRAME + 1]],
    ['a leave with a run of fractions', [4, '', 0, 1, 1.5, 1, 1.5]],
    ['a leave with NaN for an input', [4, '', 0, NaN, 1]],
    ['a leave with 129 frames', [4, '', 0, 1, 128, 1, 1]],
    ['an unknown kind', [5]],
    ['an input packet on the control channel', [0, 0, -1, 0, 300, 1, 1, 5, 2]],
    ['no head', []],
    ['a head that is a text', ['1']],
    ['a head of 128', [128]],
  ])('%s is refused', (_, fields) => {
    expect(typeof control(fields)).toBe('string');
  });
});

describe('300 000 hostile packets', () => {
  it('leave nothing behind', { timeout: 20_000 }, () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const forger = new Forger(3);
    const corpus = Array.from({ length: 3_000 }, () => forger.next());
    const packet = createInputPacket(1, 1);
    const feed = (rounds: number): void => {
      for (let round = 0; round < rounds; round++) {
        for (const bytes of corpus) {
          // One bit at another place each time.
          if (bytes.length > 0) bytes[round % bytes.length]! ^= 1 << (round % 8);
          decodeInputPacket(msgpack, bytes, 1, packet);
          decodeControl(msgpack, bytes, 1);
        }
      }
    };
    feed(10);
    collect();
    const before = process.memoryUsage().heapUsed;
    feed(100);
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
  });
});
