// What hostile input is thrown at: one interface for a run in CI, a run of a hundred million, and the replay of a failure.

/** The outcomes of all items, by name; each item has exactly one. */
export type Outcomes = Record<string, number>;

/**
 * Something under attack. Items come in blocks: a block begins with everything fresh, and depends on the seed, its first index and
 * nothing else. So a failure is replayed by its block, and items of it can be left out to find those that matter.
 */
export interface Target {
  readonly name: string;
  /** Items of a block. */
  readonly block: number;
  readonly outcomes: Outcomes;
  /** Everything fresh, for the block that begins with this item. */
  begin(seed: number, first: number): void;
  /** Makes one item and hands it in. @throws if a property does not hold. */
  feed(seed: number, index: number): void;
  /** What the block as a whole must have kept. @throws if it does not hold. */
  end(): void;
}

export function count(outcomes: Outcomes, name: string): void {
  outcomes[name] = (outcomes[name] ?? 0) + 1;
}

/** @throws with what was broken. */
export function hold(holds: boolean, property: string, about: () => unknown = () => ''): void {
  if (!holds) throw new Error(`${property} ${String(about())}`);
}

/** Bytes as they can be pasted into a test. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 200)).toString('hex') + (bytes.length > 200 ? `… (${bytes.length} bytes)` : '');
}
