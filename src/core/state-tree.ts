// Where two states differ when they are on different machines: one side makes a summary of its state, a tree of hashes as a list of
// integers, and the other compares its own state with it. What the summary has no room for is one hash; a second round, with the
// address of what differs, looks into it. The price for few bytes: a place that differs has a name here, but no value of the other side.
//
// A summary is one node. A node is either a hash (32 bits, not negative), or a container that is looked into: minus its kind, its length,
// then for Maps and objects the hashes of their keys (one of all keys together, if there are many), then its children as nodes.
// The children of long containers are stretches of 16, 256 … items, and those of bytes stretches of words: the tree depends on the
// lengths alone, so that the indices of children address the same place on both machines.
import { Hasher, hashInto } from './checksum.js';
import { NetError } from './errors.js';
import {
  bytesPath,
  isInstance,
  itemPath,
  type Items,
  itemsPath,
  type Keyed,
  keyPath,
  lengthPath,
  type Parts,
  partsOf,
  pathOrState,
} from './state-parts.js';

/** Children of a stretch. Summaries get shorter with more, and coarser: 16 lets 512 nodes show 300 KB in blocks of 1 KB. */
const FAN = 16;
/** Children that a container may have without being divided: what has a name each, such as the fields of an object. */
const DIRECT = 32;
/** Bytes of the smallest block: a number of most states. */
const WORD = 4;
/** Levels of values that are looked into: as deep as a state can be hashed. */
const MAX_DEPTH = 200;
const MAX_LENGTH = 0xffff_ffff;

const KIND = { bytes: 1, array: 2, set: 3, map: 4, object: 5, items: 6, words: 7 } as const;
type Kind = (typeof KIND)[keyof typeof KIND];

/** Where in a state: indices of children from its root on. */
export type Address = readonly number[];

/** A place at which two states differ. */
export interface DifferentPlace {
  /** As a game's author would write it: `players[0].x`, `map.get("a")`, `units.length`, `bytes 1200..1499`. */
  readonly path: string;
  /** There is more to be seen below this place with a summary of it (see `summarize`); left out if not. */
  readonly at?: Address;
}

/**
 * A summary of a state, or of the part of it at an address: integers from −7 to 2^32 − 1, at most `budget` hashes and containers.
 * Null if it is not made of plain values (those for which `hashState` throws), or has no such part.
 */
export function summarize(state: unknown, budget = 512, at: Address = []): number[] | null {
  return orNull(() => {
    const root = find(state, at);
    return root === null ? null : new Summary(root, budget).numbers;
  });
}

/**
 * Compares a state with another machine's summary, made with the same `at`.
 * @returns The first `limit` places that differ, in the order of the state; none if all hashes are equal. Null if the state is not made
 * of plain values, or the numbers are no summary: they may come from a stranger, any are fine.
 */
export function compare(state: unknown, summary: readonly number[], limit = 16, at: Address = []): readonly DifferentPlace[] | null {
  return orNull(() => {
    const root = find(state, at);
    return root === null ? null : new Comparison(summary, limit).run(root, at);
  });
}

/** A value of a state, or a stretch of the items of one. */
interface Node {
  readonly value: unknown;
  /** The stretch of items or bytes: [from, to). Everything for a whole value. */
  readonly from: number;
  readonly to: number;
  /** Undefined for what has no children. */
  readonly parts: Parts | undefined;
  readonly whole: boolean;
  readonly path: string;
  readonly depth: number;
}

function wholeNode(value: unknown, path: string, depth: number): Node {
  if (depth > MAX_DEPTH || isInstance(value)) throw new NotPlain();
  const parts = partsOf(value);
  const to = parts === undefined ? 0 : lengthOf(parts);
  return { value, parts: to > MAX_LENGTH ? undefined : parts, from: 0, to, whole: true, path, depth };
}

function find(state: unknown, at: Address): Node | null {
  let node = wholeNode(state, '', 0);
  for (const index of at) {
    if (!Number.isInteger(index) || index < 0 || index >= childCount(node)) return null;
    node = child(node, index);
  }
  return node;
}

function lengthOf(parts: Parts): number {
  return parts.kind === 'bytes' ? parts.bytes.length : parts.items.length;
}

function kindOf(node: Node): Kind {
  const { kind } = node.parts!;
  if (node.whole) return KIND[kind];
  return kind === 'bytes' ? KIND.words : KIND.items;
}

/** Items, or bytes, in one child of a container or stretch of some length. */
function stride(kind: Kind, length: number): number {
  const unit = kind === KIND.bytes || kind === KIND.words ? WORD : 1;
  if (length <= DIRECT * unit) return unit;
  let size = unit * FAN;
  while (size * FAN < length) size *= FAN;
  return size;
}

function childrenOf(kind: Kind, length: number): number {
  return Math.ceil(length / stride(kind, length));
}

function childCount(node: Node): number {
  return node.parts === undefined ? 0 : childrenOf(kindOf(node), node.to - node.from);
}

function child(node: Node, index: number): Node {
  const parts = node.parts!;
  const size = stride(kindOf(node), node.to - node.from);
  const from = node.from + index * size;
  const to = Math.min(from + size, node.to);
  const { value, path, depth } = node;
  if (parts.kind !== 'bytes' && size === 1) return wholeNode(parts.items[from], itemPath(path, parts, from), depth + 1);
  // A word has no children.
  return { value, parts: parts.kind === 'bytes' && size === WORD ? undefined : parts, from, to, whole: false, path, depth };
}

/** What a difference somewhere in the node is called. */
function nameOf(node: Node): string {
  if (node.whole) return pathOrState(node.path);
  const parts = partsOf(node.value)!;
  return parts.kind === 'bytes'
    ? bytesPath(node.path, parts.view, node.from, node.to - 1)
    : itemsPath(node.path, parts, node.from, node.to - 1);
}

/** Hashes nodes with one hasher. */
class NodeHasher {
  readonly #hasher = new Hasher();

  node(node: Node): number {
    this.#hasher.reset();
    if (node.whole) {
      hashInto(this.#hasher, node.value, node.depth);
    } else if (ArrayBuffer.isView(node.value)) {
      this.#hasher.bytes(new Uint8Array(node.value.buffer, node.value.byteOffset + node.from, node.to - node.from));
    } else if (node.value instanceof ArrayBuffer) {
      this.#hasher.bytes(new Uint8Array(node.value, node.from, node.to - node.from));
    } else {
      const { items } = node.parts as Items;
      for (let i = node.from; i < node.to; i++) hashInto(this.#hasher, items[i], node.depth + 1);
    }
    return this.#short();
  }

  /** The hashes of the keys of a whole Map or object: of each, or of all together if they are many. Empty for everything else. */
  keys(node: Node): readonly number[] {
    const parts = node.parts!;
    if (!node.whole || (parts.kind !== 'map' && parts.kind !== 'object')) return [];
    if (parts.keys.length <= DIRECT) return parts.keys.map((key) => this.#key(key, node.depth));
    this.#hasher.reset();
    for (const key of parts.keys) hashInto(this.#hasher, key, node.depth + 1);
    return [this.#short()];
  }

  #key(key: unknown, depth: number): number {
    hashInto(this.#hasher.reset(), key, depth + 1);
    return this.#short();
  }

  #short(): number {
    return this.#hasher.value() % 0x1_0000_0000;
  }
}

class Summary {
  readonly numbers: number[] = [];
  readonly #hasher = new NodeHasher();
  /** Those that are looked into, with their children. */
  readonly #opened = new Map<Node, readonly Node[]>();

  constructor(root: Node, budget: number) {
    this.#open(root, budget);
    this.#write(root);
  }

  /** Level by level, as long as all children of one find room. */
  #open(root: Node, budget: number): void {
    let left = budget - 1;
    const queue = [root];
    for (const node of queue) {
      const count = childCount(node);
      if (node.parts === undefined || count > left) continue;
      left -= count;
      const children = Array.from({ length: count }, (_, i) => child(node, i));
      this.#opened.set(node, children);
      queue.push(...children);
    }
  }

  #write(node: Node): void {
    const children = this.#opened.get(node);
    if (children === undefined) {
      this.numbers.push(this.#hasher.node(node));
      return;
    }
    this.numbers.push(-kindOf(node), node.to - node.from, ...this.#hasher.keys(node));
    for (const one of children) this.#write(one);
  }
}

class Comparison {
  readonly #numbers: readonly number[];
  readonly #limit: number;
  readonly #hasher = new NodeHasher();
  readonly #places: DifferentPlace[] = [];
  /** The last place, while it is a run of words that the next word may continue. */
  #run: { readonly value: unknown; readonly from: number; readonly to: number } | undefined;
  #next = 0;

  constructor(numbers: readonly number[], limit: number) {
    this.#numbers = numbers;
    this.#limit = limit;
  }

  run(root: Node, at: Address): readonly DifferentPlace[] {
    this.#compare(root, at);
    // Once the limit is reached the rest is not looked at.
    if (!this.#full && this.#next !== this.#numbers.length) throw new NotSummary();
    return this.#places;
  }

  get #full(): boolean {
    return this.#places.length >= this.#limit;
  }

  /** @param at The node's address; undefined where indices do not mean the same on both sides. */
  #compare(node: Node, at: Address | undefined): void {
    if (this.#full) return;
    const head = this.#take(-KIND.words, MAX_LENGTH);
    if (head >= 0) {
      if (head !== this.#hasher.node(node)) this.#differs(node, at);
      return;
    }
    const kind = -head as Kind;
    const length = this.#take(0, MAX_LENGTH);
    const theirs = this.#takeKeys(kind, length);
    if (node.parts === undefined || kindOf(node) !== kind) {
      this.#found(nameOf(node));
      this.#skip(childrenOf(kind, length));
    } else if (kind === KIND.map || kind === KIND.object) {
      this.#compareKeyed(node, at, length, theirs);
    } else if (node.to - node.from === length) {
      for (let i = 0; i < childCount(node); i++) this.#compare(child(node, i), at && [...at, i]);
    } else {
      this.#found(lengthPath(node.path, node.parts));
      this.#skip(childrenOf(kind, length));
    }
  }

  #compareKeyed(node: Node, at: Address | undefined, length: number, theirs: readonly number[]): void {
    const parts = node.parts as Keyed;
    const ours = this.#hasher.keys(node);
    if (length === node.to && ours.every((key, i) => key === theirs[i])) {
      for (let i = 0; i < childCount(node); i++) this.#compare(child(node, i), at && [...at, i]);
    } else if (length > DIRECT || node.to > DIRECT) {
      this.#found(length === node.to ? `${pathOrState(node.path)} (keys)` : lengthPath(node.path, parts));
      this.#skip(childrenOf(KIND.map, length));
    } else {
      this.#compareByKey(node, parts, ours, theirs);
    }
  }

  /** What both have is compared; what only one has is named, as far as we know its name. */
  #compareByKey(node: Node, parts: Keyed, ours: readonly number[], theirs: readonly number[]): void {
    const known = new Set(theirs);
    const indices = new Map(ours.map((key, i) => [key, i]));
    ours.forEach((key, i) => {
      if (!known.has(key)) this.#found(`${keyPath(node.path, parts.kind, parts.keys[i])} only here`);
    });
    const unknown = theirs.filter((key) => !indices.has(key)).length;
    const place = pathOrState(node.path);
    if (unknown > 0) this.#found(`${place} (${unknown === 1 ? 'a key' : `${unknown} keys`} only there)`);
    else if (ours.length === theirs.length) this.#found(`${place} (order of keys)`);
    for (const key of theirs) {
      if (this.#full) return;
      const index = indices.get(key);
      if (index === undefined) this.#skip(1);
      else this.#compare(child(node, index), undefined);
    }
  }

  #differs(node: Node, at: Address | undefined): void {
    const last = this.#run;
    if (node.parts !== undefined || node.whole) {
      this.#found(nameOf(node), childCount(node) > 0 ? at : undefined);
    } else if (last !== undefined && last.value === node.value && last.to === node.from) {
      this.#places.pop();
      this.#foundWords({ ...node, from: last.from });
    } else {
      this.#foundWords(node);
    }
  }

  #foundWords(node: Node): void {
    this.#found(nameOf(node));
    this.#run = node;
  }

  #found(path: string, at?: Address): void {
    this.#run = undefined;
    if (!this.#full) this.#places.push(at === undefined ? { path } : { path, at });
  }

  /** Passes over some nodes of the summary with all that is below them. */
  #skip(nodes: number): void {
    for (let left = nodes; left > 0; left--) {
      const head = this.#take(-KIND.words, MAX_LENGTH);
      if (head >= 0) continue;
      const length = this.#take(0, MAX_LENGTH);
      this.#takeKeys(-head as Kind, length);
      left += childrenOf(-head as Kind, length);
    }
  }

  #takeKeys(kind: Kind, length: number): readonly number[] {
    if (kind !== KIND.map && kind !== KIND.object) return [];
    return Array.from({ length: length <= DIRECT ? length : 1 }, () => this.#take(0, MAX_LENGTH));
  }

  #take(min: number, max: number): number {
    const number = this.#numbers[this.#next++];
    if (number === undefined || !Number.isInteger(number) || number < min || number > max) throw new NotSummary();
    return number;
  }
}

/** The numbers cannot have come from `summarize`. */
class NotSummary extends Error {}

/** The state has values that cannot be hashed. */
class NotPlain extends Error {}

function orNull<T>(work: () => T | null): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotSummary || error instanceof NotPlain || (error instanceof NetError && error.code === 'bad-option')) return null;
    throw error;
  }
}
