// What a session is made from, checked once, with every default filled in from core/defaults.ts.
import type { DelayBounds } from '../core/auto-delay.js';
import { DEFAULTS, LIMITS } from '../core/defaults.js';
import { NetError, requireInteger } from '../core/errors.js';
import type { Frame } from '../core/frame.js';
import type { InputCodec } from '../core/input-codec.js';
import type { PeerId } from '../core/peer.js';
import { type Predictor, repeatLast } from '../core/predictor.js';
import { hashState } from '../core/checksum.js';
import { MAX_TEXT } from '../wire/limits.js';

/** How a match is played: the options that a game chooses. All but `inputDelay`, `saveEvery`, `waitMs`, `predict` and `locals` must be equal on all peers. */
export interface PlayOptions<I> {
  /** How inputs become words. */
  readonly input: InputCodec<I>;
  /** The game's name and version, such as "duel@3"; peers whose ids differ refuse to play. */
  readonly gameId: string;
  /** Slots in the match, 2 to 8. */
  readonly players: number;
  /** Slots played by this peer. Default 1. */
  readonly locals?: number;
  /**
   * Frames between sampling an input and applying it, 0 to 30; at least 1 with window 0, where a frame waits for everyone's input.
   * Each frame hides 1/fps of the delay, at the price of being felt. `'auto'`, or bounds: chosen from the measured round trip and its
   * jitter, and changed seldom; `'auto'` stays within 1 to 3. Default 1.
   */
  readonly inputDelay?: number | 'auto' | DelayBounds;
  /**
   * Frames that may be simulated ahead of the last confirmed one, 0 to 30; the deepest rollback. More hides longer delays and costs
   * more work in the worst frame. 0 is lockstep. Default 8.
   */
  readonly window?: number;
  /**
   * Of the frames that may be gone back to, each n-th is saved, 1 to 30: for games whose `save` costs more than their `advance`. A rollback
   * starts from the saved state before it. Default 1, every frame.
   */
  readonly saveEvery?: number;
  /** Frames a second, 1 to 240. Default 60. */
  readonly fps?: number;
  /** Frames between checks for a desync, at least 1. Default 60. */
  readonly checkInterval?: number;
  /**
   * ms of silence of a peer after which the match ends with `peer-lost`, 500 to 600 000. Until then it waits, standing still once the window
   * is used up, and goes on where it was when the peer is heard again. Default 30 000.
   */
  readonly waitMs?: number;
  /** Guesses of inputs that have not come. Default: the player goes on doing the same. */
  readonly predict?: Predictor<I>;
}

/** What benchmarks watch. Called at once, inside the session: keep it short. */
export interface Trace {
  /** The peer's input of this frame has become available here. */
  held?(peer: PeerId, frame: Frame, now: number): void;
  /** A round trip was measured, in ms. */
  rtt?(peer: PeerId, ms: number): void;
}

export interface SessionOptions<I, S> extends PlayOptions<I> {
  readonly self: PeerId;
  /** 32 random bits. All peers' nonces together make the match's seed. */
  readonly nonce: number;
  /** Which match this is on these links, 0 to 15, going round: packets of another one are told apart. Default 0. */
  readonly epoch?: number;
  /** The game's checksum of a saved state. Default: a hash over bytes or plain objects. */
  readonly checksum?: (state: S) => number;
  readonly trace?: Trace;
}

/** The same with nothing left open. */
export interface Settings<I, S> extends Required<Omit<SessionOptions<I, S>, 'inputDelay'>> {
  /** A delay that stays has equal bounds. */
  readonly inputDelay: DelayBounds;
}

/** Fills in the defaults. @throws NetError `bad-option` */
export function settingsFrom<I, S>(options: SessionOptions<I, S>): Settings<I, S> {
  const settings: Settings<I, S> = {
    self: options.self,
    nonce: options.nonce,
    input: options.input,
    gameId: options.gameId,
    players: options.players,
    locals: options.locals ?? 1,
    inputDelay: boundsOf(options.inputDelay ?? DEFAULTS.inputDelay),
    window: options.window ?? DEFAULTS.window,
    saveEvery: options.saveEvery ?? DEFAULTS.saveEvery,
    fps: options.fps ?? DEFAULTS.fps,
    checkInterval: options.checkInterval ?? DEFAULTS.checkInterval,
    waitMs: options.waitMs ?? DEFAULTS.waitMs,
    predict: options.predict ?? repeatLast,
    epoch: options.epoch ?? 0,
    checksum: options.checksum ?? hashState,
    trace: options.trace ?? {},
  };
  requireInteger('players', settings.players, 2, LIMITS.players);
  requireInteger('locals', settings.locals, 1, settings.players - 1);
  requireInteger('window', settings.window, 0, LIMITS.window);
  const isFixed = typeof options.inputDelay !== 'object';
  requireInputDelay(isFixed ? 'inputDelay' : 'inputDelay.min', settings.inputDelay.min, settings);
  if (!isFixed) requireInteger('inputDelay.max', settings.inputDelay.max, settings.inputDelay.min, LIMITS.inputDelay);
  requireInteger('saveEvery', settings.saveEvery, 1, LIMITS.window);
  requireInteger('fps', settings.fps, 1, LIMITS.fps);
  requireInteger('checkInterval', settings.checkInterval, 1, 1_000_000);
  requireInteger('waitMs', settings.waitMs, DEFAULTS.interruptedMs, LIMITS.waitMs);
  requireInteger('epoch', settings.epoch, 0, 15);
  requireInteger('nonce', settings.nonce, 0, 0xffff_ffff);
  requireInteger('input.words', settings.input.words, 1, LIMITS.words);
  requireText('gameId', settings.gameId);
  requireText('self', settings.self);
  return settings;
}

function boundsOf(inputDelay: number | 'auto' | DelayBounds): DelayBounds {
  if (inputDelay === 'auto') return DEFAULTS.autoDelay;
  return typeof inputDelay === 'object' ? inputDelay : { min: inputDelay, max: inputDelay };
}

/** In lockstep a frame needs our own input before it is begun; without a delay that would be sampled only then: nobody would ever move. */
export function requireInputDelay(option: string, got: unknown, { window }: { readonly window: number }): void {
  requireInteger(option, got, window === 0 ? 1 : 0, LIMITS.inputDelay);
}

function requireText(option: string, got: unknown): void {
  if (typeof got !== 'string' || got.length < 1 || got.length > MAX_TEXT) {
    throw new NetError('bad-option', { option, got, expected: `a text of 1 to ${MAX_TEXT} characters` });
  }
}
