// Finds out, together with another peer, where the states of a frame differ: both send summaries of theirs, and look closer at the places
// that differ, until these have names of their own or nothing more can be seen.
import type { Frame } from '../core/frame.js';
import { type Address, compare, summarize } from '../core/state-tree.js';

/**
 * Hashes in one summary: about 2.5 KB, most games' states as a whole, and 300 KB of bytes in blocks of 1 KB. More than a message should
 * have while a match runs, since one that has begun holds up the inputs; but it is sent once, in a match that has gone wrong.
 */
const BUDGET = 512;
/** Places named: more than anybody reads. */
const MAX_PLACES = 16;
/** Places looked at more closely: what differs in more of them has no one place. */
const MAX_QUESTIONS = 8;
/** ms after which what is known so far has to do: some round trips, and the timeouts of SCTP after which a lost message is sent again. */
const LIMIT_MS = 4_000;

interface Place {
  readonly path: string;
  /** Set while the other side's summary of it is awaited. */
  awaited: string | undefined;
}

export class Examination<S> {
  readonly frame: Frame;
  readonly #state: S;
  readonly #endsAt: number;
  readonly #send: (at: Address, summary: readonly number[]) => void;
  readonly #places: Place[] = [];
  #asked = 0;

  /** Begins at once. @param state Must stay as it is until `done`. */
  constructor(frame: Frame, state: S, now: number, send: (at: Address, summary: readonly number[]) => void) {
    this.frame = frame;
    this.#state = state;
    this.#endsAt = now + LIMIT_MS;
    this.#send = send;
    this.#ask('', []);
  }

  /** Takes the other side's summary of a place. One that was not awaited, or is none, changes nothing. */
  take(at: Address, summary: readonly number[]): void {
    const index = this.#places.findIndex(({ awaited }) => awaited === keyOf(at));
    if (index < 0) return;
    this.#places[index]!.awaited = undefined;
    const found = compare(this.#state, summary, MAX_PLACES, at);
    // Nothing differs, or it cannot be told: then what was known of the place is all there is.
    if (found === null || found.length === 0) return;
    const after = this.#places.slice(index + 1);
    this.#places.length = index;
    for (const { path, at: below } of found) {
      if (below !== undefined && this.#asked < MAX_QUESTIONS) this.#ask(path, below);
      else this.#places.push({ path, awaited: undefined });
    }
    this.#places.push(...after);
  }

  /** Whether nothing more will be found. */
  done(now: number): boolean {
    return now >= this.#endsAt || this.#places.every(({ awaited }) => awaited === undefined);
  }

  /** What has been found. */
  get paths(): readonly string[] {
    return this.#places
      .filter(({ path }) => path !== '')
      .slice(0, MAX_PLACES)
      .map(({ path }) => path);
  }

  #ask(path: string, at: Address): void {
    const summary = summarize(this.#state, BUDGET, at);
    this.#asked++;
    // Sent even if there is none, so that the other side does not wait for it.
    this.#send(at, summary ?? []);
    this.#places.push({ path, awaited: summary === null ? undefined : keyOf(at) });
  }
}

function keyOf(at: Address): string {
  return at.join('.');
}
