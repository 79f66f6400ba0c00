// Where two states differ when both are at hand: paths with both values, `players[0].x: 3 / 4`. (For states on two machines: state-tree.ts.)
import {
  type Bytes,
  bytesPath,
  elementSize,
  itemPath,
  type Items,
  type Keyed,
  keyPath,
  lengthPath,
  partsOf,
  pathOrState,
  showValue,
} from './state-parts.js';

/** Levels that are looked into: as deep as a state can be hashed. */
const MAX_DEPTH = 200;
/** Values of a run of differing bytes or elements that are shown. */
const SHOWN_RUN = 8;

type Pair = (inA: string, inB: string) => string;

/**
 * Where two states differ, as `path: value in a / value in b`, at most `limit` of them; "nothing" where one has no such part. Equal by the
 * rules of `hashState`: −0 is not 0, NaN is NaN, the order of Maps and Sets matters. Fields of class instances are looked into as well;
 * functions count as equal.
 * @param pair How the two values are shown.
 */
export function differingPaths(a: unknown, b: unknown, limit = 16, pair: Pair = (inA, inB) => `${inA} / ${inB}`): readonly string[] {
  const walk = new Walk(limit, pair);
  walk.compare(a, b, '', 0);
  return walk.paths;
}

class Walk {
  readonly paths: string[] = [];
  readonly #limit: number;
  readonly #pair: Pair;

  constructor(limit: number, pair: Pair) {
    this.#limit = limit;
    this.#pair = pair;
  }

  compare(a: unknown, b: unknown, path: string, depth: number): void {
    if (a === b && a !== 0) return;
    if (this.paths.length >= this.#limit || depth > MAX_DEPTH) return;
    const partsA = partsOf(a);
    const partsB = partsOf(b);
    if (partsA === undefined || partsB === undefined || partsA.kind !== partsB.kind) {
      if (!sameScalar(a, b)) this.#found(pathOrState(path), showValue(a), showValue(b));
    } else if (partsA.kind === 'bytes') {
      this.#bytes(partsA, partsB as Bytes, path);
    } else if (partsA.kind === 'array' || partsA.kind === 'set') {
      this.#sequences(partsA, partsB as Items, path, depth);
    } else {
      this.#keyed(partsA, partsB as Keyed, path, depth);
    }
  }

  #sequences(a: Items, b: Items, path: string, depth: number): void {
    if (a.items.length !== b.items.length) this.#found(lengthPath(path, a), String(a.items.length), String(b.items.length));
    const common = Math.min(a.items.length, b.items.length);
    for (let i = 0; i < common && this.paths.length < this.#limit; i++) {
      this.compare(a.items[i], b.items[i], itemPath(path, a, i), depth + 1);
    }
  }

  #keyed(a: Keyed, b: Keyed, path: string, depth: number): void {
    const there = new Map(b.keys.map((key, i) => [key, i]));
    let common = 0;
    let moved = false;
    for (const [i, key] of a.keys.entries()) {
      const j = there.get(key);
      if (j === undefined) {
        this.#found(keyPath(path, a.kind, key), showValue(a.items[i]), 'nothing');
        continue;
      }
      there.delete(key);
      common++;
      if (i !== j) moved = true;
      this.compare(a.items[i], b.items[j], keyPath(path, a.kind, key), depth + 1);
    }
    for (const [key, j] of there) this.#found(keyPath(path, b.kind, key), 'nothing', showValue(b.items[j]));
    if (moved && common === a.keys.length && there.size === 0) {
      this.#found(`${pathOrState(path)} (order of keys)`, showList(a.keys), showList(b.keys));
    }
  }

  /** Runs of differing bytes, or of elements where the array has larger ones. */
  #bytes(a: Bytes, b: Bytes, path: string): void {
    const size = elementSize(a.view) === elementSize(b.view) ? elementSize(a.view) : 1;
    if (a.bytes.length !== b.bytes.length) {
      this.#found(lengthPath(path, a), String(a.bytes.length / elementSize(a.view)), String(b.bytes.length / elementSize(b.view)));
    }
    const common = Math.min(a.bytes.length, b.bytes.length);
    const differs = (at: number): boolean => {
      for (let i = at; i < at + size; i++) if (a.bytes[i] !== b.bytes[i]) return true;
      return false;
    };
    for (let at = 0; at < common && this.paths.length < this.#limit; at += size) {
      if (!differs(at)) continue;
      let end = at + size;
      while (end < common && differs(end)) end += size;
      this.#found(bytesPath(path, a.view, at, end - 1), showRun(a, at, end, size), showRun(b, at, end, size));
      at = end;
    }
  }

  #found(path: string, a: string, b: string): void {
    if (this.paths.length < this.#limit) this.paths.push(`${path}: ${this.#pair(a, b)}`);
  }
}

function sameScalar(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || (typeof a === 'function' && typeof b === 'function');
}

function showList(values: readonly unknown[]): string {
  return `${values.slice(0, SHOWN_RUN).map(showValue).join(', ')}${values.length > SHOWN_RUN ? ', …' : ''}`;
}

function showRun(parts: Bytes, from: number, to: number, size: number): string {
  // Whole elements are read through the view's own kind of numbers; a view of elements larger than bytes is a typed array.
  const elements = size === 1 ? parts.bytes : (parts.view as Int32Array);
  return showList([...elements.subarray(from / size, Math.min(to / size, from / size + SHOWN_RUN + 1))]);
}
