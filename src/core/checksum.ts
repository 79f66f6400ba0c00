// Hashes that are equal on all machines: of bytes, of words, and of plain values (keys in sorted order).
// 53 bits, so that a hash is an exact JavaScript number. Fast rather than cryptographic: they find mistakes, not attackers.
import { NetError } from './errors.js';

/** Two 32-bit lanes that take 32-bit integers one after the other. */
export class Hasher {
  #a = 0x2f6e2b1;
  #b = 0x9b60933;
  readonly #float = new Float64Array(1);
  readonly #floatWords = new Int32Array(this.#float.buffer);

  reset(): this {
    this.#a = 0x2f6e2b1;
    this.#b = 0x9b60933;
    return this;
  }

  /** Takes the low 32 bits of an integer. */
  int(value: number): this {
    this.#a = Math.imul(this.#a ^ value, 0x85ebca6b);
    this.#a ^= this.#a >>> 15;
    this.#b = Math.imul(this.#b ^ value, 0xc2b2ae35);
    this.#b ^= this.#b >>> 13;
    return this;
  }

  /** Takes a number bit by bit; every NaN counts as the same. */
  float(value: number): this {
    this.#float[0] = Number.isNaN(value) ? NaN : value;
    return this.int(this.#floatWords[0]!).int(this.#floatWords[1]!);
  }

  bytes(bytes: Uint8Array): this {
    const whole = bytes.length & ~3;
    for (let i = 0; i < whole; i += 4) {
      this.int(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    }
    let rest = 0;
    for (let i = whole; i < bytes.length; i++) rest |= bytes[i]! << ((i - whole) * 8);
    return this.int(rest).int(bytes.length);
  }

  /** The hash of everything taken so far: an integer from 0 to 2^53 − 1. */
  value(): number {
    let a = this.#a ^ this.#b;
    a = Math.imul(a ^ (a >>> 16), 0x7feb352d);
    a ^= a >>> 15;
    let b = Math.imul(this.#b, 0x846ca68b) ^ this.#a;
    b = Math.imul(b ^ (b >>> 16), 0x2c1b3c6d);
    b ^= b >>> 16;
    return (b & 0x1fffff) * 4294967296 + (a >>> 0);
  }
}

/** The hash of some bytes: an integer from 0 to 2^53 − 1. */
export function hashBytes(bytes: Uint8Array): number {
  return new Hasher().bytes(bytes).value();
}

/**
 * The hash of a state: bytes, or a value made of plain objects, arrays, typed arrays, Maps, Sets, strings, numbers,
 * bigints, booleans, null and undefined. The order of an object's keys does not matter; that of Maps and Sets does.
 * @throws NetError `bad-option` for anything else (a function, a class instance), or for more than 200 levels.
 */
export function hashState(state: unknown): number {
  const hasher = new Hasher();
  if (state instanceof Uint8Array) return hasher.bytes(state).value();
  hashInto(hasher, state, 0);
  return hasher.value();
}

/**
 * Takes a value of the kinds that {@link hashState} knows. @param depth Levels that it lies below the state: 0 for the state itself.
 * @throws NetError `bad-option` as {@link hashState} does
 */
export function hashInto(hasher: Hasher, value: unknown, depth: number): void {
  if (depth > 200) throw unhashable('a value nested more than 200 levels deep (or in a circle)');
  switch (typeof value) {
    case 'number':
      hasher.int(1).float(value);
      return;
    case 'string':
      hasher.int(2).int(value.length);
      for (let i = 0; i < value.length; i++) hasher.int(value.charCodeAt(i));
      return;
    case 'boolean':
      hasher.int(value ? 4 : 3);
      return;
    case 'undefined':
      hasher.int(5);
      return;
    case 'bigint':
      hasher.int(6);
      hashInto(hasher, value.toString(), depth);
      return;
    case 'object':
      hashObject(hasher, value, depth + 1);
      return;
    default:
      throw unhashable(`a ${typeof value}`);
  }
}

function hashObject(hasher: Hasher, value: object | null, depth: number): void {
  if (value === null) {
    hasher.int(7);
  } else if (Array.isArray(value)) {
    hasher.int(8).int(value.length);
    for (const item of value) hashInto(hasher, item, depth);
  } else if (ArrayBuffer.isView(value)) {
    hasher.int(9).bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (value instanceof ArrayBuffer) {
    hasher.int(9).bytes(new Uint8Array(value));
  } else if (value instanceof Map || value instanceof Set) {
    hasher.int(value instanceof Map ? 10 : 11).int(value.size);
    for (const item of value) hashInto(hasher, item, depth);
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      throw unhashable(`a ${String((prototype as { constructor?: { name?: unknown } }).constructor?.name)}`);
    }
    const record = value as Record<string, unknown>;
    const keys = Object.keys(record).sort();
    hasher.int(12).int(keys.length);
    for (const key of keys) {
      hashInto(hasher, key, depth);
      hashInto(hasher, record[key], depth);
    }
  }
}

function unhashable(what: string): NetError {
  return new NetError('bad-option', {
    option: 'the saved state',
    got: what,
    expected: 'bytes, or plain objects, arrays, numbers and strings; or give the game a checksum function',
  });
}
