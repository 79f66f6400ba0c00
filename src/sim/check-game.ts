// Refuses what is no game, no input and no state, before it can look like a fault of something else.
import { NetError } from '../core/errors.js';

/** @throws NetError `bad-option` */
export function requireInput(input: unknown): void {
  if (!has(input, ['encode', 'decode'])) refuse('input', input, 'what defineInput returns, or another InputCodec');
}

/** What a function that makes games returned, or was given instead of one. @throws NetError `bad-option` */
export function requireGame(game: unknown): void {
  if (!has(game, ['advance', 'save', 'load'])) refuse('game', game, 'an object with advance, save and load, or a function that makes such');
}

/** @throws NetError `bad-option` if there is no state: then nothing would be compared, and all would seem well. */
export function requireState<S>(state: S): S {
  if (state === undefined) refuse('what save() returned', state, 'the state: a copy of everything that advance() reads and changes');
  return state;
}

/** @throws NetError `bad-option` */
export function refuse(option: string, got: unknown, expected: string): never {
  throw new NetError('bad-option', { option, got, expected });
}

function has(value: unknown, methods: readonly string[]): boolean {
  return (
    typeof value === 'object' && value !== null && methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}
