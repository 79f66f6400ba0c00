// What can go wrong in a simulated match of somebody's game, and what to do about each.
import { withError } from './sync-fault.js';

const ADVICE = {
  state:
    'Equal inputs made different states: one of the games did not come back to where it was when it was rolled back, or they share a variable. syncTest finds most of such faults and names them.',
  unrepeatable:
    'Equal inputs made different states, and they are others each time that the match is played: the game depends on randomness or time, or its copies share a variable. syncTest names the call.',
  inputs:
    'Two peers confirmed different inputs: a fault of rollwire, or of an input codec whose encode is not a function of the input. Please report it with the replay.',
  stuck:
    'The match did not get there in time: the network lets too little through, a peer does nothing, or the window is too small for its delay.',
  'inputs-changed': 'advance() changed the inputs that it was given: copy an input before changing it.',
  threw: 'The game threw: see the error.',
} as const;

/**
 * What went wrong: `state`: the games of two peers differ, though their inputs are equal. `unrepeatable`: the same, but not at the same frame
 * or not in the same way each time that the match is played. `inputs-changed`: `advance` changed its inputs. `inputs`: two peers confirmed
 * different inputs. `stuck`: the match did not reach its last frame in four times its length and half a minute. `threw`: the game, its
 * checksum or its input codec threw.
 */
export type SimulateCause = keyof typeof ADVICE;

interface Failure {
  readonly cause: SimulateCause;
  readonly seed: number;
  readonly frame: number;
  readonly peers: readonly string[];
  readonly paths: readonly string[];
  readonly replay: string;
  readonly error?: unknown;
}

/** One sentence or two on what is wrong and what to do. */
export function adviceFor({ cause, error }: Pick<Failure, 'cause' | 'error'>): string {
  if (error === undefined) return ADVICE[cause];
  return withError(ADVICE[cause], error);
}

/** The whole failure, to be printed. */
export function describe(failure: Failure): string {
  const { cause, seed, frame, peers, paths, replay } = failure;
  const who = peers.length === 0 ? '' : `, ${peers.join(' and ')}`;
  return [
    `seed ${seed}, frame ${frame}${who}: ${cause}. ${adviceFor(failure)}`,
    ...paths.map((path) => `  ${path}`),
    `replay: ${replay}`,
  ].join('\n');
}
