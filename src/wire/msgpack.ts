// The one place that knows msgpackr: plain values, no records, no extension types.
import { Packr, Unpackr } from 'msgpackr';
import { isIntegers, isPlain } from './scan.js';
import { MAX_DEPTH, MAX_INPUT_BYTES } from './limits.js';

/** Encodes and decodes packets. */
export class Msgpack {
  readonly #packr = new Packr({ useRecords: false });
  readonly #unpackr = new Unpackr({ useRecords: false, copyBuffers: true });
  /** Packets are decoded from here: the decoder keeps a view on each buffer that it meets, which would be made for every packet. */
  readonly #scratch = new Uint8Array(MAX_INPUT_BYTES);

  /** The bytes of a packet. Valid until the next call. */
  encode(fields: readonly unknown[]): Uint8Array {
    return this.#packr.pack(fields);
  }

  /** An array of integers (and at most flat arrays of integers), or null for anything else. Never throws. */
  decodeIntegers(bytes: Uint8Array): readonly (number | readonly number[])[] | null {
    return isIntegers(bytes) ? (this.#decode(bytes) as readonly (number | readonly number[])[] | null) : null;
  }

  /** An array of plain values, or null for anything else. Never throws. */
  decodePlain(bytes: Uint8Array): readonly unknown[] | null {
    return isPlain(bytes, MAX_DEPTH) ? (this.#decode(bytes) as readonly unknown[] | null) : null;
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
