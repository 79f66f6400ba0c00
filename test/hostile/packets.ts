// Hostile packets by grammar: valid traffic as lists of fields, of which some are exchanged, lengthened, cut, spliced or repeated, then
// written as msgpack in any of its forms, and now and then damaged as bytes. Everything happens in buffers that are reused.
import { unpack } from 'msgpackr';
import { encodeControl, type ControlPacket } from '../../src/wire/control-packets.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import type { Dice } from './dice.js';

/** A field: what plain msgpack holds, and what it must not hold, as bytes. */
export type Field = number | string | boolean | null | Raw | readonly Field[];

/** Bytes that are written as they are. */
class Raw {
  readonly bytes: readonly number[];

  constructor(...bytes: readonly number[]) {
    this.bytes = bytes;
  }
}

/** What no packet may hold: extensions, bytes, maps, 64-bit integers, 32-bit floats, the reserved byte, bombs, nesting. */
const FOREIGN: readonly Raw[] = [
  new Raw(0xc1),
  new Raw(0xc4, 1, 0),
  new Raw(0xc6, 0xff, 0xff, 0xff, 0xff),
  new Raw(0xc7, 2, 0x65, 1, 2),
  new Raw(0xc9, 0xff, 0xff, 0xff, 0xff, 1),
  new Raw(0xca, 0x3f, 0x80, 0, 0),
  new Raw(0xcf, 0, 0, 0, 0, 0, 0, 0, 1),
  new Raw(0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  new Raw(0xd4, 1, 1),
  new Raw(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61),
  new Raw(0xd6, 0xff, 0, 0, 0, 1),
  new Raw(0xd7, 0xff, 0, 0, 0, 1, 0, 0, 0, 1),
  new Raw(0x81, 0xa1, 0x61, 1),
  new Raw(0x81, 0xa9, ...Array.from('__proto__', (c) => c.charCodeAt(0)), 0x80),
  new Raw(0xdf, 0xff, 0xff, 0xff, 0xff),
  new Raw(0xdc, 0xff, 0xff),
  new Raw(0xdd, 0xff, 0xff, 0xff, 0xff),
  new Raw(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61),
  new Raw(0xda, 0xff, 0xff, 0x61),
  new Raw(...Array.from({ length: 40 }, () => 0x91), 0),
];

/** Texts of the right and the wrong length, and of characters that are handled wrongly somewhere. */
const TEXTS: readonly string[] = [
  '',
  'a',
  'b',
  'é',
  '\ufeffx',
  '\ud800',
  '__proto__',
  'constructor',
  'x'.repeat(256),
  'x'.repeat(257),
  'z'.repeat(3000),
];
const ODD: readonly Field[] = [
  null,
  true,
  false,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0.1,
  2 ** 53,
  [],
  [0],
  [[0]],
  [[[0]]],
  [1, 2, 3],
];

/** More than the longest packet that is looked at. */
const ROOM = 70_000;
const LONG = 1_101;

/** Valid control packets of all kinds, as fields. */
function controlTraffic(): readonly (readonly Field[])[] {
  const msgpack = new Msgpack();
  const agreed = { gameId: 'test@1', input: 'test:u16', words: 1, players: 2, fps: 60, window: 8, checkInterval: 60 };
  const start = { kind: 'start', ballot: 1, epoch: 0, seed: 7, roster: ['a', 'b'] } as const;
  const packets: readonly ControlPacket[] = [
    { kind: 'hello', version: 1, epoch: 0, answer: false, nonce: 22, locals: 1, agreed },
    { kind: 'hello', version: 1, epoch: 0, answer: true, nonce: 22, locals: 1, agreed },
    { ...start, step: 'propose' },
    { ...start, step: 'accept' },
    { ...start, step: 'go' },
    { kind: 'check', epoch: 0, frame: 60, state: 2 ** 40, inputs: 5 },
    { kind: 'details', epoch: 0, frame: 60, at: [0, 1], summary: [1, 2, 3] },
    { kind: 'leave', epoch: 0, reason: 'left', first: 0, count: 3, words: Uint16Array.of(1, 1, 2) },
  ];
  return packets.map((packet) => unpack(encodeControl(msgpack, packet, 1)) as Field[]);
}

export class PacketForge {
  readonly #dice: Dice;
  readonly #control = controlTraffic();
  readonly #out = new Uint8Array(ROOM);
  readonly #fields: Field[] = [];
  /** The bytes of all texts that occur. */
  readonly #texts = new Map<string, Uint8Array>();
  #length = 0;
  #at = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /**
   * A hostile packet of the input channel, valid until the next call.
   * @param valid The fields of a packet that would be taken, to start from.
   */
  input(valid: readonly Field[]): Uint8Array {
    return this.#forge(valid, 7);
  }

  /** A hostile packet of the control channel, valid until the next call. @param except Kinds not to start from, by their number. */
  control(except = -1): Uint8Array {
    let valid = this.#dice.pick(this.#control);
    while (valid[0] === except) valid = this.#dice.pick(this.#control);
    return this.#forge(valid, valid.length);
  }

  /** @param first The index after which fields come in pairs (runs). */
  #forge(valid: readonly Field[], first: number): Uint8Array {
    const dice = this.#dice;
    this.#length = valid.length;
    for (let i = 0; i < valid.length; i++) this.#fields[i] = valid[i]!;
    const way = dice.below(16);
    if (way === 0) return this.#noise();
    // One change finds what is checked; several find what is checked in the wrong order.
    for (let n = way < 10 ? 1 : dice.below(5); n > 0; n--) this.#change(first);
    this.#write();
    if (way >= 13) this.#damage();
    return this.#out.subarray(0, this.#at);
  }

  #change(first: number): void {
    const dice = this.#dice;
    const fields = this.#fields;
    const index = dice.below(this.#length + 1);
    const field = fields[index];
    switch (dice.below(13)) {
      case 0:
      case 1:
        this.#set(index, dice.edge());
        return;
      case 2:
        // Near what was there: off by a little, which is what bounds are about.
        if (typeof field === 'number') this.#set(index, field + dice.below(9) - 4);
        return;
      case 3:
        if (typeof field === 'number') this.#set(index, dice.oneIn(2) ? -field : field + dice.edge());
        return;
      case 4:
        this.#set(index, dice.pick(ODD));
        return;
      case 5:
        this.#set(index, dice.pick(FOREIGN));
        return;
      case 6:
        this.#set(index, dice.pick(TEXTS));
        return;
      case 7:
        // Runs that are one too many, overlap, or say the same again.
        for (let n = 1 + dice.below(dice.oneIn(50) ? 300 : 4); n > 0; n--) this.#push(dice.below(4), 1 + dice.below(130));
        return;
      case 8:
        this.#length = dice.oneIn(4) ? dice.below(this.#length + 1) : Math.max(0, this.#length - 1 - dice.below(2));
        return;
      case 9:
        // A splice: the rest of another packet.
        this.#splice(dice.pick(this.#control), index);
        return;
      case 10:
        if (this.#length > first) this.#set(first + dice.below(this.#length - first), dice.edge());
        return;
      case 11:
        if (this.#length > 1) this.#swap(dice.below(this.#length), dice.below(this.#length));
        return;
      default:
        // Other kinds and epochs.
        this.#set(0, dice.below(dice.oneIn(2) ? 8 : 128));
    }
  }

  #set(index: number, field: Field): void {
    this.#fields[index] = field;
    if (index === this.#length) this.#length++;
  }

  #push(...more: readonly Field[]): void {
    for (const field of more) this.#fields[this.#length++] = field;
  }

  #swap(i: number, j: number): void {
    const fields = this.#fields;
    const field = fields[i]!;
    fields[i] = fields[j]!;
    fields[j] = field;
  }

  #splice(other: readonly Field[], from: number): void {
    for (let i = from; i < other.length; i++) this.#fields[i] = other[i]!;
    this.#length = Math.max(Math.min(from, this.#length), other.length);
    for (let i = 0; i < this.#length; i++) this.#fields[i] ??= 0;
  }

  #noise(): Uint8Array {
    const dice = this.#dice;
    const length = dice.oneIn(500) ? LONG + dice.below(ROOM - LONG) : dice.below(48);
    for (let i = 0; i < length; i++) this.#out[i] = dice.u32();
    // Half of them look like an array of an input packet.
    if (length > 1 && dice.oneIn(2)) {
      this.#out[0] = 0x90 + dice.below(16);
      this.#out[1] = dice.below(64);
    }
    this.#at = length;
    return this.#out.subarray(0, length);
  }

  #write(): void {
    const dice = this.#dice;
    const length = this.#length;
    this.#at = 0;
    if (length < 16 && !dice.oneIn(20)) this.#byte(0x90 | length);
    else if (dice.oneIn(200)) this.#byte(0xdd, 0, 0, length >> 8, length & 255);
    else this.#byte(0xdc, length >> 8, length & 255);
    for (let i = 0; i < length; i++) this.#field(this.#fields[i]!);
  }

  #field(field: Field): void {
    // Room for the longest text after it; what does not fit is cut off, which is hostile too.
    if (this.#at > ROOM - 20_000) return;
    if (typeof field === 'number') this.#number(field);
    else if (typeof field === 'string') this.#text(field);
    else if (field === null) this.#byte(0xc0);
    else if (typeof field === 'boolean') this.#byte(field ? 0xc3 : 0xc2);
    else if (field instanceof Raw) this.#byte(...field.bytes);
    else {
      this.#byte(0x90 | (field.length & 15));
      for (const item of field) this.#field(item);
    }
  }

  #number(value: number): void {
    const out = this.#out;
    if (value >= 0 && value < 128 && Number.isInteger(value)) out[this.#at++] = value;
    else if (!Number.isInteger(value) || value > 0xffff_ffff || value < -0x8000_0000) this.#double(value);
    else if (value < 0 && value >= -32) out[this.#at++] = value & 255;
    else if (value >= 0 && value < 0x1_0000) {
      out[this.#at++] = 0xcd;
      out[this.#at++] = value >> 8;
      out[this.#at++] = value & 255;
    } else {
      out[this.#at++] = value < 0 ? 0xd2 : 0xce;
      for (let shift = 24; shift >= 0; shift -= 8) out[this.#at++] = (value >>> shift) & 255;
    }
  }

  #double(value: number): void {
    const view = new DataView(this.#out.buffer);
    view.setUint8(this.#at, 0xcb);
    view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  #text(text: string): void {
    let bytes = this.#texts.get(text);
    if (bytes === undefined) {
      bytes = new TextEncoder().encode(text);
      this.#texts.set(text, bytes);
    }
    if (bytes.length < 32) this.#byte(0xa0 | bytes.length);
    else this.#byte(0xda, bytes.length >> 8, bytes.length & 255);
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #byte(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#out[this.#at++] = byte;
  }

  /** Bits the other way round, the end cut off, something behind it, all of it twice. */
  #damage(): void {
    const dice = this.#dice;
    const out = this.#out;
    switch (dice.below(4)) {
      case 0:
        for (let n = 1 + dice.below(3); n > 0 && this.#at > 0; n--) out[dice.below(this.#at)]! ^= 1 << dice.below(8);
        return;
      case 1:
        this.#at = dice.below(this.#at + 1);
        return;
      case 2:
        for (let n = 1 + dice.below(8); n > 0; n--) this.#byte(dice.below(256));
        return;
      default:
        if (this.#at * 2 > ROOM) return;
        out.copyWithin(this.#at, 0, this.#at);
        this.#at *= 2;
    }
  }
}
