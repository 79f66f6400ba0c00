// What a game is to rollwire: three functions, and the operations through which they are called.
import type { Frame, InputStatus } from './frame.js';

export type MaybePromise<T> = T | Promise<T>;

/** What `advance` is told besides the inputs. One object, reused: read it during the call. */
export interface Step {
  readonly frame: Frame;
  /** For each slot: what is known of its input. Only `absent` may influence the state. */
  readonly status: readonly InputStatus[];
  /** True if this frame was simulated before with other inputs. Play no sounds then. */
  readonly resimulating: boolean;
}

/** A deterministic game. The same state and inputs must give the same next state on every machine. */
export interface Game<I, S> {
  /** Simulates one frame. `inputs[slot]` is valid during the call only, and must not be changed. */
  advance(inputs: readonly I[], step: Step): MaybePromise<void>;
  /**
   * Returns the state: a fresh value, or `reuse` (an earlier one that is not needed any more) filled anew. What is not used
   * of `reuse` is the game's to free.
   */
  save(reuse: S | undefined): MaybePromise<S>;
  /** Takes a state back. Must copy what it will change: `saved` may be loaded again. */
  load(saved: S): MaybePromise<void>;
  /** Takes leave of a saved state that was not handed back as `reuse`: at the end of the match. For states that hold memory outside JavaScript. */
  free?(saved: S): void;
  /** A number that is equal for equal states. Default: a hash over bytes or plain objects. */
  checksum?(saved: S): number;
}

/** One thing for a game to do. One object, reused: valid until the next is asked for. */
export type Op<I, S> =
  | { readonly kind: 'load'; readonly state: S }
  | { readonly kind: 'advance'; readonly inputs: readonly I[]; readonly step: Step }
  | { readonly kind: 'save'; readonly reuse: S | undefined; keep(state: S): void }
  | { readonly kind: 'free'; readonly state: S };
