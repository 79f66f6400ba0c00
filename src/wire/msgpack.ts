// The one place that knows msgpackr: plain values, no records, no extension types, and as little garbage as it can be used with.
// msgpackr writes into a buffer that the whole process shares; a packet is copied out of it before anybody else packs something.
import { Packr, REUSE_BUFFER_MODE, RESET_BUFFER_MODE, Unpackr } from 'msgpackr';
import { isIntegers, isPlain } from './scan.js';
import { MAX_DEPTH, MAX_INPUT_BYTES } from './limits.js';

/** What encodes and decodes packets: {@link Msgpack}, or a double of it. */
export interface PacketCodec {
  /** The bytes of a packet. Valid until the next call. */
  encode(fields: readonly unknown[]): Uint8Array;
  /** An array of integers (and at most flat arrays of integers), or null for anything else. Valid until the next call. Never throws. */
  decodeIntegers(bytes: Uint8Array): readonly (number | readonly number[])[] | null;
  /** An array of plain values, or null for anything else. Never throws. */
  decodePlain(bytes: Uint8Array): readonly unknown[] | null;
}

/** Return the shared buffer itself, not a view made for each packet; and write the next thing over it, not after it. */
const IN_PLACE = REUSE_BUFFER_MODE | RESET_BUFFER_MODE;

/** What `pack` returns `IN_PLACE`: the shared buffer, with the place of the packet in it. */
interface Packed {
  readonly start: number;
  readonly end: number;
  readonly [index: number]: number;
}

/** Encodes and decodes packets with msgpackr. */
export class Msgpack implements PacketCodec {
  readonly #packr = new Packr({ useRecords: false });
  readonly #unpackr = new Unpackr({ useRecords: false, copyBuffers: true });
  /** Packets are decoded from here: the decoder keeps a view on each buffer that it meets, which would be made for every packet. */
  readonly #scratch = new Uint8Array(MAX_INPUT_BYTES);
  /** Input packets are handed out in here, by a view for each length that has occurred. */
  readonly #encoded = new ArrayBuffer(MAX_INPUT_BYTES);
  readonly #views: Uint8Array[] = [];

  encode(fields: readonly unknown[]): Uint8Array {
    const packed: Packed = this.#packr.pack(fields, IN_PLACE);
    const { start, end } = packed;
    const bytes = this.#view(end - start);
    for (let i = start; i < end; i++) bytes[i - start] = packed[i]!;
    return bytes;
  }

  decodeIntegers(bytes: Uint8Array): readonly (number | readonly number[])[] | null {
    return isIntegers(bytes) ? (this.#decode(bytes) as readonly (number | readonly number[])[] | null) : null;
  }

  decodePlain(bytes: Uint8Array): readonly unknown[] | null {
    return isPlain(bytes, MAX_DEPTH) ? (this.#decode(bytes) as readonly unknown[] | null) : null;
  }

  #view(length: number): Uint8Array {
    if (length > MAX_INPUT_BYTES) return new Uint8Array(length);
    return (this.#views[length] ??= new Uint8Array(this.#encoded, 0, length));
  }

  #decode(bytes: Uint8Array): unknown {
    try {
      if (bytes.length > this.#scratch.length) return this.#unpackr.unpack(bytes);
      this.#scratch.set(bytes);
      return this.#unpackr.unpack(this.#scratch, bytes.length);
    } catch {
      // The scan lets through what the decoder accepts; should they ever differ, the packet is bad and nothing else.
      return null;
    }
  }
}
