// What a sync test can find wrong with a game: the list of faults, and what to do about each.
import type { Frame } from '../core/frame.js';
import { showValue } from '../core/state-parts.js';

const ADVICE = {
  'start-differs': 'Two new games do not begin with the same state: make the first state of constants, or of the seed of the match alone.',
  'save-differs':
    'save() answers differently when it is called twice in a row: it must neither change the game nor depend on anything but the state.',
  'reuse-not-filled': 'save(reuse) returns something else than save(undefined): fill every field of what is reused, and its length.',
  'save-aliased': 'A saved state changed while the game went on: save() must return a copy, also of nested objects and arrays.',
  'load-aliased': 'A saved state changed after it was loaded: load() must copy what advance() will change, also nested objects and arrays.',
  'load-incomplete':
    'After load(saved) the game does not have the state that was saved: restore every field, and forget what was there before.',
  'inputs-changed': 'advance() changed the inputs that it was given: copy an input before changing it.',
  ambient: 'advance() depends on randomness or time: compute random numbers from a field of the saved state, and count time in frames.',
  resimulating: 'The state depends on step.resimulating: use that for sounds and effects only, never for the state.',
  status: 'The state depends on whether inputs are predicted or confirmed: of step.status only "absent" may matter.',
  unsaved:
    'The state depends on something that is not saved (or on randomness or time, in a way that is not seen): put every field that advance() reads back later into save() and load().',
  threw: 'The game threw: see the error.',
} as const;

/** The advice for `ambient` if nothing was seen to be called. */
const UNSEEN =
  'advance() depends on randomness, time, or a variable outside the game that all its copies share (no call was seen): keep whatever it reads in the saved state.';

/** What is wrong with a game, as far as can be told. */
export type SyncFault = keyof typeof ADVICE;

/** The first thing that went wrong. */
export interface SyncFinding {
  readonly fault: SyncFault;
  /** The frame that was simulated, or before which the state was saved or loaded. */
  readonly frame: Frame;
  /** Where the states differ: `path: expected 3, got 4`. Empty where that cannot be said. */
  readonly paths: readonly string[];
  /** Functions of the surroundings that `advance` called, such as `Math.random`, if the fault is `ambient` and they are known. */
  readonly calls: readonly string[];
  /** What the game threw; with `inputs-changed`, what kept it from changing them, if something did. */
  readonly error?: unknown;
}

/** One sentence on what is wrong and what to do. */
export function adviceFor({ fault, calls, error }: SyncFinding): string {
  if (error !== undefined || fault === 'threw') return withError(ADVICE[fault], error);
  if (fault === 'ambient' && calls.length === 0) return UNSEEN;
  return calls.length === 0 ? ADVICE[fault] : `${ADVICE[fault]} Called: ${calls.join(', ')}.`;
}

/** The same advice, with what was thrown, and where. */
export function withError(advice: string, error: unknown): string {
  const place = placeOf(error);
  return `${advice.slice(0, -1)} (${messageOf(error)}${place === undefined ? '' : `, ${place}`}).`;
}

/** The first line of an error's stack that is not ours nor Node's: in the game, if it can be told. */
function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  const lines = error.stack.split('\n').map((line) => line.trim());
  const places = lines.filter((line) => /:\d+:\d+\)?$/u.test(line) && !line.includes('node:'));
  const ours = new URL('..', import.meta.url).pathname;
  // Bundled into one file with the game, everything is ours.
  return places.find((line) => !line.includes(ours)) ?? places[0];
}

/** What an error says. Anything may have been thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : showValue(error);
}

/** Carries a finding out of the test. */
export class FaultFound extends Error {
  readonly finding: SyncFinding;

  constructor(fault: SyncFault, frame: Frame, more: Partial<SyncFinding> = {}) {
    super(fault);
    this.finding = { paths: [], calls: [], ...more, fault, frame };
  }
}
