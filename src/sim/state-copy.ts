// Copies of states that share nothing with the game, and where two of them differ. States that cannot be copied (they have functions) have no paths.
import type { Game } from '../core/game.js';
import { differingPaths } from '../core/state-difference.js';

/** Whose the two values are that are compared: what is put before each. */
export type Owners = readonly [a: string, b: string];

/** Paths at which two copies differ, if there are copies. */
export function between(a: unknown, b: unknown, owners: Owners = ['expected ', 'got ']): readonly string[] {
  if (a === undefined || b === undefined) return [];
  return differingPaths(a, b, undefined, (inA, inB) => `${owners[0]}${inA}, ${owners[1]}${inB}`);
}

/** A copy of what a game saved. Undefined if there is none to be had: a number that must be freed is a handle, and says nothing. */
export function copyOfSaved<S>(game: Pick<Game<never, S>, 'free'>, state: S): S | undefined {
  return game.free !== undefined && typeof state !== 'object' ? undefined : copyOf(state);
}

/** Undefined if the value cannot be copied. */
export function copyOf<T>(value: T): T | undefined {
  try {
    return structuredClone(value);
  } catch {
    return undefined;
  }
}
