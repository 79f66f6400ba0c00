// Packets that must be refused, made from real ones and from nothing: what strangers, and a peer gone wrong, may send.
import { pack } from 'msgpackr';
import type { Rng } from '../../src/core/rng.js';

/** A kind of hostile packet. `make` is handed a copy of a real packet of the input channel. */
export interface Hostile {
  readonly name: string;
  make(real: Uint8Array, rng: Rng): Uint8Array;
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function randomBytes(rng: Rng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => rng.u32() & 0xff);
}

/** One to three bits the other way round. */
export function flipped(real: Uint8Array, rng: Rng): Uint8Array {
  const copy = new Uint8Array(real);
  for (let n = 1 + (rng.u32() % 3); n > 0; n--) copy[rng.u32() % copy.length]! ^= 1 << (rng.u32() & 7);
  return copy;
}

function nested(levels: number): Uint8Array {
  return join(new Uint8Array(levels).fill(0x91), bytes(0));
}

/** What no field of an input packet may be, whichever it is. */
const NEVER_A_FIELD: readonly unknown[] = [
  0xffff_ffff,
  -0x8000_0000,
  2 ** 53,
  -(2 ** 53),
  2n ** 63n,
  -(2n ** 62n),
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  null,
  true,
  'x',
  [],
  [1, 2],
  { length: 1 },
  new Uint8Array(3),
];

/** The fields before the runs, with what else each of them may not be. In their order: head, number, echo, hold, sim, back, received. */
const RANGES: readonly (readonly number[])[] = [
  [-1, 128, 5, 6, 7, 3 + 8 * 9, 255],
  [-1, 128, 65_536],
  [-2, 128, -129],
  [-1, 128, 1000],
  [-1, 0x7fff_0001],
  [257, -257, 32_768],
  [-257, 70_000, 0x7fff_0002],
];

function fieldsOf(real: Uint8Array, unpack: (bytes: Uint8Array) => unknown): unknown[] {
  return [...(unpack(real) as unknown[])];
}

/** Everything that must be refused whoever sends it. @param unpack Any msgpack decoder. */
export function hostileKinds(unpack: (bytes: Uint8Array) => unknown): readonly Hostile[] {
  const fixed: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', bytes()],
    ['one byte', bytes(0x90)],
    ['an array of nothing', bytes(0xdc, 0, 0)],
    ['an input head alone', bytes(0x91, 0)],
    ['length bomb: array of 65 535', bytes(0xdc, 0xff, 0xff, 0, 0, 0)],
    ['length bomb: array of 4 G', bytes(0xdd, 0xff, 0xff, 0xff, 0xff, 0, 0)],
    ['length bomb: array of 4 G as a field', bytes(0x92, 0, 0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['length bomb: text of 4 GB', bytes(0x92, 1, 0xdb, 0xff, 0xff, 0xff, 0xff, 65)],
    ['length bomb: text of 64 KB', bytes(0x92, 1, 0xda, 0xff, 0xff, 65)],
    ['length bomb: bytes of 4 GB', bytes(0x92, 1, 0xc6, 0xff, 0xff, 0xff, 0xff, 1)],
    ['length bomb: map of 4 G', bytes(0x92, 1, 0xdf, 0xff, 0xff, 0xff, 0xff, 1)],
    ['length bomb: extension of 4 GB', bytes(0x92, 1, 0xc9, 0xff, 0xff, 0xff, 0xff, 1)],
    ['extension 1', bytes(0x92, 0, 0xd4, 1, 1)],
    ['extension 4', bytes(0x92, 1, 0xd6, 0xff, 0, 0, 0, 1)],
    ['extension 8', bytes(0x92, 1, 0xd7, 0xff, 0, 0, 0, 1, 0, 0, 0, 1)],
    ['extension 16', join(bytes(0x92, 1, 0xd8, 5), new Uint8Array(16))],
    ['extension by length', bytes(0x92, 1, 0xc7, 2, 0x65, 1, 2)],
    ['a map', bytes(0x81, 0, 0)],
    ['a map with __proto__', join(bytes(0x92, 1), pack({ ['__proto__x']: 1 }))],
    ['the reserved byte', bytes(0x92, 0, 0xc1)],
    ['64-bit integers', bytes(0x92, 0, 0xcf, 0, 0, 0, 0, 0, 0, 0, 1)],
    ['nested 5', join(bytes(0x92, 1), nested(5))],
    ['nested 1 000', nested(1000)],
    ['nested 16 000', nested(16_000)],
    ['oversized control', join(bytes(0xdc, 0xff, 0xff, 3), new Uint8Array(65_534))],
    ['an unknown kind', bytes(0x92, 5, 0)],
  ];
  return [
    ...fixed.map(([name, packet]): Hostile => ({ name, make: () => packet })),
    { name: 'random bytes', make: (_, rng) => randomBytes(rng, rng.u32() % 64) },
    { name: 'many random bytes', make: (_, rng) => randomBytes(rng, rng.u32() % 3000) },
    { name: 'cut off', make: (real, rng) => real.slice(0, rng.u32() % real.length) },
    { name: 'trailing bytes', make: (real, rng) => join(real, randomBytes(rng, 1 + (rng.u32() % 8))) },
    { name: 'twice in one', make: (real) => join(real, real) },
    {
      name: 'oversized: 2 000 runs',
      make: (real) => pack([...fieldsOf(real, unpack).slice(0, 7), ...Array.from({ length: 4000 }, () => 1)]),
    },
    { name: 'oversized by padding', make: (real) => join(real, new Uint8Array(1100)) },
    {
      name: 'a field of another type or size',
      make: (real, rng) => {
        const fields = fieldsOf(real, unpack);
        fields[rng.u32() % fields.length] = NEVER_A_FIELD[rng.u32() % NEVER_A_FIELD.length];
        return pack(fields);
      },
    },
    {
      name: 'a field out of its range',
      make: (real, rng) => {
        const fields = fieldsOf(real, unpack);
        const index = rng.u32() % RANGES.length;
        fields[index] = RANGES[index]![rng.u32() % RANGES[index]!.length];
        return pack(fields);
      },
    },
    {
      name: 'a frame far ahead',
      make: (real, rng) => {
        const fields = fieldsOf(real, unpack);
        const ahead = 1000 * 2 ** (rng.u32() % 20);
        fields[4] = (fields[4] as number) + ahead;
        // The receipt stays what it was.
        fields[6] = (fields[6] as number) + ahead;
        return pack(fields);
      },
    },
    {
      name: 'a receipt for frames that do not exist',
      make: (real, rng) => {
        const fields = fieldsOf(real, unpack);
        fields[6] = -60 - (rng.u32() % 190);
        return pack(fields);
      },
    },
    {
      name: 'runs that do not fit',
      make: (real, rng) => {
        const fields = fieldsOf(real, unpack).slice(0, 7);
        const wrong = [[1], [1, 0], [1, -1], [-1, 1], [65_536, 1], [1, 129], [1, 100, 2, 100], [[1], 1], [1, [1]]] as const;
        return pack([...fields, ...wrong[rng.u32() % wrong.length]!]);
      },
    },
    {
      name: 'a receipt for each of three',
      make: (real) => {
        const fields = fieldsOf(real, unpack);
        fields[6] = [1, 1];
        return pack(fields);
      },
    },
    {
      name: 'of another session',
      make: (real, rng) => {
        const copy = new Uint8Array(real);
        copy[copy[0] === 0xdc ? 3 : 1] = 8 * (1 + (rng.u32() % 15));
        return copy;
      },
    },
  ];
}
