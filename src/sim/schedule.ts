// A schedule: everything that makes a simulated match what it is, as plain JSON, so that it can be made from a seed, simplified, kept
// and replayed.
import type { DelayBounds } from '../core/auto-delay.js';
import type { Plant } from './oracle.js';
import type { Impairment } from './impairment.js';
import type { Circumstances } from './sim-peer.js';

/** Who gives the inputs: another one each frame, none, one that is held so many frames on average, or random buttons. */
export type ScheduledBot =
  | { readonly kind: 'busy' | 'idle' }
  | { readonly kind: 'holds'; readonly frames: number }
  | { readonly kind: 'buttons'; readonly p: number };

/** One peer. */
export interface ScheduledPeer extends Circumstances {
  readonly locals: number;
  readonly inputDelay: number | 'auto' | DelayBounds;
  readonly bot: ScheduledBot;
  readonly saveEvery?: number;
  /** Default `repeat`. `wild` guesses something else for each frame. */
  readonly predict?: 'repeat' | 'neutral' | 'wild';
}

export interface Schedule {
  readonly seed: number;
  /** How long it lasts. */
  readonly ms: number;
  /** From when on nothing bad happens any more, so that progress can be judged. */
  readonly calmMs: number;
  /** The input channel from then on. */
  readonly calm: Impairment;
  readonly fps: number;
  readonly window: number;
  readonly checkInterval: number;
  /** ms of silence after which the match ends. */
  readonly waitMs: number;
  /** 16-bit words of an input. */
  readonly words: number;
  readonly peers: readonly ScheduledPeer[];
  /** For directed links, from peer to peer; those left out are perfect. */
  readonly paths: readonly (readonly [from: number, to: number, conditions: Impairment])[];
  /** Whether the game returns promises. */
  readonly promises?: true;
  readonly plant?: Plant;
  /** ms between packets of junk, sent to each peer in the name of the others. */
  readonly junkMs?: number;
  /** ms between packets that look like those of another match on the same link. */
  readonly strayMs?: number;
}
