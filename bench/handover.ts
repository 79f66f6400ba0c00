// A codec that encodes nothing: packets are handed over as their fields, in arrays that are used again and again. What a session
// allocates with it is what it allocates without the codec. One object serves both ends; two peers only, whose fields are all numbers.
import type { PacketCodec } from '../src/wire/msgpack.js';

/** Packets that can be under way or in use at a time: those of some ten ticks are. */
const CELLS = 128;

interface Cell {
  /** An array for each count of fields that has occurred: one that shrinks and grows would be allocated again and again. */
  readonly byCount: unknown[][];
  /** What a session looks at before it decodes: an array's header, then the head; which cell this is, and the count of fields. */
  readonly bytes: Uint8Array;
}

export class Handover implements PacketCodec {
  readonly #cells: readonly Cell[] = Array.from({ length: CELLS }, (_, i) => ({ byCount: [], bytes: Uint8Array.of(0x90, 0, i, 0) }));
  #next = 0;

  encode(fields: readonly unknown[]): Uint8Array {
    const { byCount, bytes } = this.#cells[this.#next++ % CELLS]!;
    const count = fields.length;
    const copy = (byCount[count] ??= Array.from({ length: count }));
    for (let i = 0; i < count; i++) copy[i] = fields[i];
    bytes[1] = fields[0] as number;
    bytes[3] = count;
    return bytes;
  }

  decodeIntegers(bytes: Uint8Array): readonly number[] {
    return this.decodePlain(bytes) as readonly number[];
  }

  decodePlain(bytes: Uint8Array): readonly unknown[] {
    return this.#cells[bytes[2]!]!.byCount[bytes[3]!]!;
  }
}
