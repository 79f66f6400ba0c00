// A state as a tree of nodes that is the same on all machines whose states have the same shape: containers with their parts as children. The
// children of a long container are stretches of 16, 256 … items, and those of bytes stretches of words. The tree depends on kinds and
// lengths alone, so that the indices of children address the same place everywhere; and any part of it can be hashed by itself.
import { Hasher, hashInto } from './checksum.js';
import { bytesPath, isInstance, itemPath, type Items, itemsPath, type Parts, partsOf, pathOrState } from './state-parts.js';

/** Children of a stretch. Summaries get shorter with more, and coarser: 16 lets 512 nodes show 300 KB in blocks of 1 KB. */
const FAN = 16;
/** Children that a container may have without being divided: what has a name each, such as the fields of an object. */
export const DIRECT = 32;
/** Bytes of the smallest block: a number of most states. */
const WORD = 4;
/** Levels of values that are looked into: as deep as a state can be hashed. */
const MAX_DEPTH = 200;
/** The largest length that is looked into: what 32 bits hold. */
export const MAX_LENGTH = 0xffff_ffff;

/** What a summary calls each kind of node; `items` and `words` are stretches. */
export const KIND = { bytes: 1, array: 2, set: 3, map: 4, object: 5, items: 6, words: 7 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Where in a state: indices of children from its root on. */
export type Address = readonly number[];

/** A value of a state, or a stretch of the items of one. */
export interface Node {
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

/** The node at an address; null if there is none. @throws NotPlain */
export function find(state: unknown, at: Address): Node | null {
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

/** The kind of a node that has parts. */
export function kindOf(node: Node): Kind {
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

/** Children of a node of some kind and length, whatever it holds: at most 32. */
export function childrenOf(kind: Kind, length: number): number {
  return Math.ceil(length / stride(kind, length));
}

/** Children of this node. */
export function childCount(node: Node): number {
  return node.parts === undefined ? 0 : childrenOf(kindOf(node), node.to - node.from);
}

/** One child. @throws NotPlain */
export function child(node: Node, index: number): Node {
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
export function nameOf(node: Node): string {
  if (node.whole) return pathOrState(node.path);
  const parts = partsOf(node.value)!;
  return parts.kind === 'bytes'
    ? bytesPath(node.path, parts.view, node.from, node.to - 1)
    : itemsPath(node.path, parts, node.from, node.to - 1);
}

/** Hashes nodes with one hasher. */
export class NodeHasher {
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

/** The state has values that cannot be hashed. */
export class NotPlain extends Error {}
