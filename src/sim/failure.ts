// What can go wrong in a simulated match, as an oracle sees it.
import type { Frame } from '../core/frame.js';

/**
 * `order`: operations out of order, or a state that is not there. `input`: a real input that was never given, or a final one that is not
 * the real one. `state`: a final state that a replay does not come to. `rewritten`: a final frame was simulated again. `depth`: a rollback
 * deeper than the window. `needless`: one without a reason, or several in one tick. `window`: a frame simulated or not against the window's
 * rule. `sampling`: not one input a new frame. `sending`: not one input packet a tick and peer, or one too large. `speed`: beyond its
 * bounds. `refused`: valid packets counted as bad. `desync`: a false alarm, a wrong one, or none. `silence`: an interruption that was none,
 * or none told. `drop`: a peer that left or died was not let go as it must be. `end`: an end without a reason, or none. `start`: no start.
 * `timing`: peers that run apart, or a round trip measured wrong. `stuck`: too little progress once all is well. `threw`: something was thrown. `memory`: more and more is kept.
 */
export type FailureKind =
  | 'order'
  | 'input'
  | 'state'
  | 'rewritten'
  | 'depth'
  | 'needless'
  | 'window'
  | 'sampling'
  | 'sending'
  | 'speed'
  | 'refused'
  | 'desync'
  | 'silence'
  | 'drop'
  | 'end'
  | 'start'
  | 'timing'
  | 'stuck'
  | 'threw'
  | 'memory';

export interface Failure {
  readonly kind: FailureKind;
  /** The peer's index. */
  readonly peer: number;
  readonly frame: Frame;
  /** On the world's clock. */
  readonly atMs: number;
  readonly text: string;
}
