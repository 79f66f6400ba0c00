// The words of the simulation's timeline: frames, slots, and what is known of an input.

/**
 * A step of the simulation, from 0. "State f" is the game's state before the inputs of frame f are applied, so state 0
 * is the beginning and advancing frame f makes state f + 1.
 */
export type Frame = number;

/** A player's place in the match (a "player handle"): 0 to players − 1, the same on all peers. */
export type Slot = number;

/** "No frame yet": one before the first. */
export const NO_FRAME: Frame = -1;

/** A frame that never comes. */
export const NEVER: Frame = Number.MAX_SAFE_INTEGER;

/**
 * What is known of the input that a slot is given at a frame.
 * `confirmed`: it is the real one. `predicted`: a guess; the frame is simulated again if it was wrong.
 * `absent`: nobody plays the slot (left, lost); the input is neutral. A game may let its state depend on whether a slot
 * is absent (it is the same for all peers), never on confirmed or predicted.
 */
export type InputStatus = 'confirmed' | 'predicted' | 'absent';
