// Throws items at a target, block by block, and finds out which of them a failure needs.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClientTarget, NegotiationTarget, RoomProtocolTarget, SignalReaderTarget } from './signal-targets.js';
import { RunningSessionTarget, StartingSessionTarget } from './session-targets.js';
import type { Target } from './target.js';
import { ControlDecoderTarget, InputDecoderTarget } from './wire-targets.js';

/** All targets, each with its share of the items: most for the bytes of strangers, and all at rates that take comparable time. */
export function allTargets(): readonly { readonly target: Target; readonly share: number }[] {
  return [
    { target: new InputDecoderTarget(), share: 0.4 },
    { target: new ControlDecoderTarget(), share: 0.2 },
    { target: new RunningSessionTarget(), share: 0.2 },
    { target: new StartingSessionTarget(), share: 0.05 },
    { target: new SignalReaderTarget(), share: 0.06 },
    { target: new RoomProtocolTarget(), share: 0.04 },
    { target: new NegotiationTarget(), share: 0.03 },
    { target: new ClientTarget(), share: 0.02 },
  ];
}

/** A property that did not hold, with what it takes to see it again. */
export interface Failure {
  readonly target: string;
  readonly seed: number;
  /** The item at which it came to light; −1 if at the end of its block. */
  readonly index: number;
  /** The items of the block that are needed for it. */
  readonly needed: readonly number[];
  readonly message: string;
}

/** Runs one block from its first item. */
export function attackBlock(target: Target, seed: number, first: number): Failure | undefined {
  const items = Array.from({ length: target.block }, (_, i) => first + i);
  const failed = runItems(target, seed, first, items);
  if (failed === undefined) return undefined;
  const until = failed.index < 0 ? items : items.filter((index) => index <= failed.index);
  return { target: target.name, seed, needed: minimise(target, seed, first, until), ...failed };
}

/** Runs some items of a block. */
function runItems(
  target: Target,
  seed: number,
  first: number,
  items: readonly number[],
): { readonly index: number; readonly message: string } | undefined {
  let index = -1;
  try {
    target.begin(seed, first);
    for (index of items) target.feed(seed, index);
    index = -1;
    target.end();
    return undefined;
  } catch (error) {
    return { index, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Leaves out ever smaller parts as long as something still fails. */
function minimise(target: Target, seed: number, first: number, items: readonly number[]): readonly number[] {
  let needed = items;
  for (let size = needed.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < needed.length;) {
      const fewer = [...needed.slice(0, at), ...needed.slice(at + size)];
      if (runItems(target, seed, first, fewer) === undefined) at += size;
      else needed = fewer;
    }
  }
  return needed;
}

/** Bytes on the heap that are still needed. */
export function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
