// Inputs to words and back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { defineInput, type Field, type InputCodec } from '../../src/core/input-codec.js';

const codeOf = (fn: () => unknown): string => {
  try {
    fn();
    return 'nothing thrown';
  } catch (error) {
    return error instanceof NetError ? error.code : String(error);
  }
};
const words = <I>(codec: InputCodec<I>, input: I): number[] => {
  const to = new Uint16Array(codec.words).fill(0xeeee);
  codec.encode(input, to);
  return [...to];
};

describe('defineInput', () => {
  it('packs fields in their order, low bits first, and never across two words', () => {
    const codec = defineInput({ left: 'bool', right: 'bool', aim: 'u8', weapon: ['none', 'bow', 'sword'], x: 'i16', last: 'bool' });
    expect(codec.words).toBe(3);
    expect(words(codec, { left: true, right: false, aim: 0xab, weapon: 'sword', x: -2, last: true })).toEqual([
      0b1 | (0xab << 2) | (2 << 10),
      0xfffe,
      1,
    ]);
    // 12 bits are taken: 8 more begin a new word.
    expect(defineInput({ a: 'u8', b: ['x', 'y', 'z', 'w'], c: 'u8' }).words).toBe(2);
    expect(defineInput({ a: 'u8', b: 'u8' }).words).toBe(1);
  });

  it('is neutral where all is zero: false, 0 and the first name', () => {
    const codec = defineInput({ fire: 'bool', aim: 'i8', weapon: ['none', 'bow'] });
    expect(codec.neutral).toEqual({ fire: false, aim: 0, weapon: 'none' });
    expect(words(codec, codec.neutral)).toEqual([0]);
  });

  it('names its fields, their order and their types in its id', () => {
    const id = (fields: Record<string, Field>): string => defineInput(fields).id;
    expect(id({ left: 'bool', weapon: ['none', 'bow'] })).toBe('[["left","bool"],["weapon",["none","bow"]]]');
    const ids = [
      id({ a: 'bool', b: 'bool' }),
      id({ b: 'bool', a: 'bool' }),
      id({ a: 'bool', b: 'u8' }),
      id({ a: 'bool' }),
      id({ a: ['x', 'y'] }),
      id({ a: ['y', 'x'] }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('takes every type to its limits and back', () => {
    const codec = defineInput({ b: 'bool', u8: 'u8', i8: 'i8', u16: 'u16', i16: 'i16', one: ['only'], many: ['a', 'b', 'c', 'd', 'e'] });
    fc.assert(
      fc.property(
        fc.record({
          b: fc.boolean(),
          u8: fc.integer({ min: 0, max: 255 }),
          i8: fc.integer({ min: -128, max: 127 }),
          u16: fc.integer({ min: 0, max: 0xffff }),
          i16: fc.integer({ min: -0x8000, max: 0x7fff }),
          one: fc.constant('only' as const),
          many: fc.constantFrom('a' as const, 'b' as const, 'c' as const, 'd' as const, 'e' as const),
        }),
        (input) => {
          expect(codec.decode(Uint16Array.from(words(codec, input)))).toEqual(input);
        },
      ),
    );
  });

  it('makes some input of any words whatever, and writes each in one way only', () => {
    const fields = fc.array(
      fc.oneof(
        fc.constantFrom<Field>('bool', 'u8', 'i8', 'u16', 'i16'),
        fc.integer({ min: 1, max: 256 }).map((n): Field => ['n0', ...Array.from({ length: n - 1 }, (_, i) => `n${i + 1}`)]),
      ),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(fields, fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 12, maxLength: 12 }), (types, stranger) => {
        const codec = defineInput(Object.fromEntries(types.map((type, i) => [`f${i}`, type])));
        const input = codec.decode(Uint16Array.from(stranger.slice(0, codec.words)));
        const once = words(codec, input);
        expect(codec.decode(Uint16Array.from(once))).toEqual(input);
        expect(words(codec, codec.decode(Uint16Array.from(once)))).toEqual(once);
      }),
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['an unknown type', { a: 'u32' }],
    ['no type', { a: undefined }],
    ['no names', { a: [] }],
    ['the same name twice', { a: ['x', 'x'] }],
    ['257 names', { a: Array.from({ length: 257 }, (_, i) => `n${i}`) }],
    ['more than 32 words', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, 'u16']))],
  ])('refuses %s', (_, fields) => {
    expect(codeOf(() => defineInput(fields as Record<string, Field>))).toBe('bad-option');
  });

  it('takes 32 words and 256 names', () => {
    expect(defineInput(Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`f${i}`, 'u16' as const]))).words).toBe(32);
    const names = ['n0', ...Array.from({ length: 255 }, (_, i) => `n${i + 1}`)] as const;
    const codec = defineInput({ name: names });
    expect(words(codec, { name: 'n255' })).toEqual([255]);
  });

  it.each<[string, unknown]>([
    ['a number for a flag', { flag: 1, i8: 0, name: 'x' }],
    ['nothing for a flag', { i8: 0, name: 'x' }],
    ['a number over its range', { flag: true, i8: 128, name: 'x' }],
    ['a number under its range', { flag: true, i8: -129, name: 'x' }],
    ['a fraction', { flag: true, i8: 0.5, name: 'x' }],
    ['NaN', { flag: true, i8: NaN, name: 'x' }],
    ['a text for a number', { flag: true, i8: '1', name: 'x' }],
    ['an unknown name', { flag: true, i8: 0, name: 'z' }],
    ['an object without a prototype', { flag: Object.create(null), i8: 0, name: 'x' }],
  ])('refuses to encode %s, naming the field', (_, input) => {
    const codec = defineInput({ flag: 'bool', i8: 'i8', name: ['x', 'y'] });
    const encode = (): void => codec.encode(input as typeof codec.neutral, new Uint16Array(1));
    expect(codeOf(encode)).toBe('bad-option');
    expect(encode).toThrow(/^input\.(flag|i8|name) is /u);
  });
});

describe('merge', () => {
  const codec = defineInput({ jump: 'bool', aim: 'i8', item: ['none', 'bow', 'sword'] });

  it('keeps what is pressed in either sample, and the later number', () => {
    const merged = codec.merge!({ jump: true, aim: 5, item: 'sword' }, { jump: false, aim: -3, item: 'none' });
    expect(merged).toEqual({ jump: true, aim: -3, item: 'sword' });
    expect(codec.merge!({ jump: false, aim: 5, item: 'sword' }, { jump: true, aim: 0, item: 'bow' })).toEqual({
      jump: true,
      aim: 0,
      item: 'bow',
    });
  });
});
