// How a game's input becomes the 16-bit words that are queued, compared and sent; and defineInput, which makes such a codec
// from a description of the fields.
import { LIMITS } from './defaults.js';
import { NetError, requireInteger } from './errors.js';

/** Turns one player's input of one frame into a fixed number of 16-bit words and back. */
export interface InputCodec<I> {
  /** Compared in the handshake: two peers whose ids differ refuse to play. */
  readonly id: string;
  /** 16-bit words a frame. Fixed; 1 to 32. */
  readonly words: number;
  /** The input of a player who does nothing, is absent, or has not begun. */
  readonly neutral: I;
  /** Writes `words` words. Equal inputs must give equal words. */
  encode(input: I, to: Uint16Array): void;
  /** Reads `words` words that were written by `encode` or came from a peer: any words must give some input. */
  decode(from: Uint16Array): I;
  /**
   * Joins two samples of which only one has a frame, because the input delay is being lowered, so that no press is lost: what is
   * pressed in either is pressed. (A press that is let go of for that one frame, and pressed again, becomes one.)
   * Left out: the earlier one is dropped, with whatever was pressed in it alone.
   */
  merge?(skipped: I, kept: I): I;
}

/** A field of an input: a flag, an integer of 8 or 16 bits, or one of some names (up to 256; the first is neutral). */
export type Field = 'bool' | 'u8' | 'i8' | 'u16' | 'i16' | readonly [string, ...string[]];

/** The input that {@link defineInput} makes of its fields. */
export type InputOf<F> = {
  readonly [K in keyof F]: F[K] extends 'bool' ? boolean : F[K] extends readonly string[] ? F[K][number] : number;
};

type Value = boolean | number | string;

interface Placed {
  readonly name: string;
  readonly field: Field;
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
}

const RANGE = { u8: [0, 0xff], i8: [-0x80, 0x7f], u16: [0, 0xffff], i16: [-0x8000, 0x7fff] } as const;

/**
 * Makes a codec from named fields, packed in their order: flags take a bit, names as many bits as they need.
 * When the input delay is lowered and two samples become one, flags that are set in either are set, and a name gives way to neutral only.
 * @throws NetError `bad-option` if a field's type is unknown or all together need more than 32 words.
 * @example
 * const input = defineInput({ left: 'bool', right: 'bool', aim: 'u8', weapon: ['none', 'bow', 'sword'] });
 */
export function defineInput<const F extends Record<string, Field>>(fields: F): InputCodec<InputOf<F>> {
  const placed: Placed[] = [];
  let word = 0;
  let used = 0;
  for (const [name, field] of Object.entries(fields)) {
    const bits = bitsOf(name, field);
    if (used + bits > 16) {
      word++;
      used = 0;
    }
    placed.push({ name, field, word, shift: used, mask: (1 << bits) - 1 });
    used += bits;
  }
  const words = word + 1;
  requireInteger('words of the input', words, 1, LIMITS.words);
  const decode = (from: Uint16Array): InputOf<F> => {
    const input: Record<string, Value> = {};
    for (const p of placed) input[p.name] = fromBits(p.field, (from[p.word]! >>> p.shift) & p.mask);
    // One object may be given for many frames: a game that changed it would change them all.
    return Object.freeze(input) as InputOf<F>;
  };
  return {
    id: JSON.stringify(placed.map(({ name, field }) => [name, field])),
    words,
    neutral: decode(new Uint16Array(words)),
    encode: (input, to) => {
      to.fill(0);
      const values = input as Record<string, Value>;
      for (const p of placed) to[p.word]! |= (toBits(p.name, p.field, values[p.name]) & p.mask) << p.shift;
    },
    decode,
    merge: (skipped, kept) => {
      const joined: Record<string, Value> = {};
      for (const { name, field } of placed) {
        joined[name] = mergeField(field, (skipped as Record<string, Value>)[name]!, (kept as Record<string, Value>)[name]!);
      }
      return joined as InputOf<F>;
    },
  };
}

/** What is pressed in either is pressed; of two numbers, which are where a stick or a mouse is, the later one counts. */
function mergeField(field: Field, skipped: Value, kept: Value): Value {
  if (field === 'bool') return skipped === true || kept === true;
  return typeof field !== 'string' && kept === field[0] ? skipped : kept;
}

function bitsOf(name: string, field: Field): number {
  if (field === 'bool') return 1;
  if (field === 'u8' || field === 'i8') return 8;
  if (field === 'u16' || field === 'i16') return 16;
  if (Array.isArray(field) && field.length >= 1 && field.length <= 256 && new Set(field).size === field.length) {
    return Math.max(1, Math.ceil(Math.log2(field.length)));
  }
  throw new NetError('bad-option', {
    option: `input field "${name}"`,
    got: field,
    expected: "'bool', 'u8', 'i8', 'u16', 'i16' or a list of 1 to 256 different names",
  });
}

function toBits(name: string, field: Field, value: Value | undefined): number {
  if (field === 'bool') {
    if (typeof value === 'boolean') return value ? 1 : 0;
    throw badValue(name, value, 'true or false');
  }
  if (typeof field === 'string') {
    const [min, max] = RANGE[field];
    requireInteger(`input.${name}`, value, min, max);
    return value as number;
  }
  const index = field.indexOf(value as string);
  if (index < 0) throw badValue(name, value, `one of ${field.join(', ')}`);
  return index;
}

function fromBits(field: Field, bits: number): Value {
  switch (field) {
    case 'bool':
      return bits === 1;
    case 'u8':
    case 'u16':
      return bits;
    case 'i8':
      return (bits << 24) >> 24;
    case 'i16':
      return (bits << 16) >> 16;
    default:
      return field[Math.min(bits, field.length - 1)]!;
  }
}

function badValue(name: string, got: unknown, expected: string): NetError {
  return new NetError('bad-option', { option: `input.${name}`, got, expected });
}
