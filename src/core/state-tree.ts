// Where two states differ when they are on different machines: one side makes a summary of its state, a tree of hashes as a list of
// integers, and the other compares its own state with it. What the summary has no room for is one hash; a second round, with the
// address of what differs, looks into it. The price for few bytes: a place that differs has a name here, but no value of the other side.
//
// A summary is one node. A node is either a hash (32 bits, not negative), or a container that is looked into: minus its kind, its length,
// then for Maps and objects the hashes of their keys (one of all keys together, if there are many), then its children as nodes.
// state-nodes.ts says which children a node has.
import { NetError } from './errors.js';
import {
  type Address,
  child,
  childCount,
  childrenOf,
  DIRECT,
  find,
  KIND,
  type Kind,
  kindOf,
  MAX_LENGTH,
  nameOf,
  type Node,
  NodeHasher,
  NotPlain,
} from './state-nodes.js';
import { type Keyed, keyPath, lengthPath, pathOrState } from './state-parts.js';

export type { Address } from './state-nodes.js';

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

function orNull<T>(work: () => T | null): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotSummary || error instanceof NotPlain || (error instanceof NetError && error.code === 'bad-option')) return null;
    throw error;
  }
}
