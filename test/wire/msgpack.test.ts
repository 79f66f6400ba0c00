// What is peculiar to how msgpackr is used: packets are written into memory that is used again, and it is nobody else's.
import { pack, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { MAX_INPUT_BYTES } from '../../src/wire/limits.js';
import { Msgpack } from '../../src/wire/msgpack.js';

describe('encoded packets', () => {
  it('stay as they are while the application packs something with msgpackr, and so does what it packed', () => {
    const msgpack = new Msgpack();
    const kept: { value: unknown; bytes: Uint8Array }[] = [];
    // More than msgpackr's shared buffer holds, so that it makes another one in between.
    for (let i = 0; i < 2_000; i++) {
      const bytes = msgpack.encode([i, -1 - i, 5]);
      const value = { score: i, name: 'x'.repeat(i % 40) };
      kept.push({ value, bytes: pack(value) });
      expect(msgpack.decodeIntegers(bytes)).toEqual([i, -1 - i, 5]);
    }
    for (const { value, bytes } of kept) expect(unpack(bytes)).toEqual(value);
  });

  it('stay as they are while another session encodes', () => {
    const [one, other] = [new Msgpack(), new Msgpack()];
    const bytes = one.encode([1, 2, 3]);
    other.encode([4, 5, 6]);
    expect([...bytes]).toEqual([0x93, 1, 2, 3]);
  });

  it('of equal length are handed out in one object, so that a packet a tick leaves no garbage', () => {
    const msgpack = new Msgpack();
    const first = msgpack.encode([1, 2, 3]);
    expect(msgpack.encode([1, 2, 300]).length).toBe(6);
    const third = msgpack.encode([7, 8, 9]);
    expect(third).toBe(first);
    expect([...third]).toEqual([0x93, 7, 8, 9]);
  });

  it.each([MAX_INPUT_BYTES - 1, MAX_INPUT_BYTES, MAX_INPUT_BYTES + 1, 20_000])('may be %i bytes long', (length) => {
    const fields = Array.from({ length: length - 3 }, (_, i) => i % 128);
    const bytes = new Msgpack().encode(fields);
    expect(bytes.length).toBe(length);
    expect([...bytes.subarray(3)]).toEqual(fields);
  });
});
