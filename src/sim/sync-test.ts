// The sync test of rollback games: one game alone, rolled back and simulated again all the time, must come out the same each time. It finds
// what would desync a match on one machine, in milliseconds and with the name of the fault. What differs between machines (Math.sin in
// another browser) it cannot find.
import { DEFAULTS, LIMITS } from '../core/defaults.js';
import { requireInteger } from '../core/errors.js';
import type { Frame } from '../core/frame.js';
import type { Game, MaybePromise } from '../core/game.js';
import type { InputCodec } from '../core/input-codec.js';
import { createRng, type Rng } from '../core/rng.js';
import { Ambient } from './ambient.js';
import type { Bot } from './bots.js';
import { requireGame, requireInput } from './check-game.js';
import { counted } from './counted.js';
import { randomInputs } from './random-inputs.js';
import { adviceFor, FaultFound, type SyncFinding } from './sync-fault.js';
import { between } from './state-copy.js';
import { AGAIN, FIRST, type Kept, type Pass, Subject } from './sync-subject.js';

/** Frames of a test unless told otherwise: ten seconds at 60 Hz. */
const FRAMES = 600;
/**
 * Two answers of the surroundings that differ in everything: as random numbers, bytes, parts of a UUID and times (in ms, seconds, minutes
 * and hours), and each also modulo 2, 3 and 5, or at least 2 and 3. e / 10, and a number found by trying.
 */
const HELD_STILL = [0.271828182845, 0.852159444807] as const;

export interface SyncTestOptions<I> {
  readonly input: InputCodec<I>;
  /** Slots, 1 to 8. Default 2. */
  readonly players?: number;
  /** How long the game is played. Default 600. */
  readonly frames?: number;
  /** Frames of each rollback, 1 to 30. Default 8. */
  readonly depth?: number;
  /** Of the players' inputs: the same seed plays the same. Default 1. */
  readonly seed?: number;
  /** Makes a slot's player. Default: random inputs. */
  readonly bots?: (slot: number, rng: Rng) => Bot<I>;
}

/** The game came out the same each time. */
export interface SyncTestPass {
  readonly ok: true;
  readonly frames: number;
  /** Frames simulated in all. */
  readonly simulated: number;
  readonly rollbacks: number;
  /** How often `advance` asked its surroundings for randomness or the time: make sure that only effects depend on it. By the function's name. */
  readonly ambientCalls: Readonly<Record<string, number>>;
  /** All of this in a sentence. */
  readonly text: string;
}

/** The game did not come out the same. */
export interface SyncTestFailure extends SyncFinding {
  readonly ok: false;
  /** What to do about it. */
  readonly advice: string;
  /** How often `advance` asked its surroundings for randomness or the time until then, whether it mattered or not. By the function's name. */
  readonly ambientCalls: Readonly<Record<string, number>>;
  /** All of this, to be printed. */
  readonly text: string;
}

export type SyncTestResult = SyncTestPass | SyncTestFailure;

/**
 * Plays a game alone. First each frame is followed by a rollback of `depth` frames, which are simulated again with the same inputs; then
 * the game is played once more with wrong guesses of the other players' inputs, which are rolled back. Every state must be the one of the
 * first time. The states are compared by the game's `checksum`, if it has one.
 * @param game The game, or better a function that makes new ones: then a new game's start is checked too, and more faults are told apart.
 * @returns The first fault, or statistics; for synchronous and asynchronous games alike.
 * @throws NetError (rejects with it) `bad-option` for options that mean nothing, for states that need a checksum and have none, and for a `save` that returns nothing.
 */
export async function syncTest<I, S>(
  game: Game<I, S> | (() => MaybePromise<Game<I, S>>),
  options: SyncTestOptions<I>,
): Promise<SyncTestResult> {
  const { input, players = 2, frames = FRAMES, depth = DEFAULTS.window, seed = 1, bots } = options;
  requireInput(input);
  if (typeof game !== 'function') requireGame(game);
  requireInteger('players', players, 1, LIMITS.players);
  requireInteger('frames', frames, 1, 1_000_000);
  requireInteger('depth', depth, 1, LIMITS.window);
  const rng = createRng(seed, 'sync-test');
  const play = (name: string, make: (slot: number, rng: Rng) => Bot<I>): Uint16Array[] =>
    playedInputs(input, players, frames, (slot) => make(slot, rng.fork(`${name} ${slot}`)));
  const random = (_: number, its: Rng): Bot<I> => randomInputs(input, its);
  const test = new SyncTest(game, input, players, depth, play('player', bots ?? random), play('guess', random));
  try {
    return await test.run();
  } catch (error) {
    if (!(error instanceof FaultFound)) throw error;
    const { finding } = error;
    const advice = adviceFor(finding);
    const paths = finding.paths.map((path) => `\n  ${path}`).join('');
    const ambientCalls = { ...test.ambient.calls };
    const others = Object.keys(ambientCalls).filter((name) => !finding.calls.includes(name));
    const called = others.length === 0 ? '' : ` advance() ${finding.calls.length === 0 ? '' : 'also '}called ${others.join(', ')}.`;
    return { ok: false, ...finding, advice, ambientCalls, text: `frame ${finding.frame}: ${finding.fault}. ${advice}${called}${paths}` };
  }
}

/** For each frame the words of all slots. */
function playedInputs<I>(codec: InputCodec<I>, players: number, frames: number, bot: (slot: number) => Bot<I>): Uint16Array[] {
  const bots = Array.from({ length: players }, (_, slot) => bot(slot));
  return Array.from({ length: frames }, (_, frame) => {
    const words = new Uint16Array(players * codec.words);
    bots.forEach((play, slot) => codec.encode(play(frame), words.subarray(slot * codec.words, (slot + 1) * codec.words)));
    return words;
  });
}

class SyncTest<I, S> {
  readonly ambient = new Ambient();
  readonly #make: (() => MaybePromise<Game<I, S>>) | undefined;
  readonly #codec: InputCodec<I>;
  readonly #players: number;
  readonly #depth: number;
  readonly #inputs: readonly Uint16Array[];
  readonly #guesses: readonly Uint16Array[];
  /** The hash of each state, by its frame, from the first time. */
  readonly #hashes: number[] = [];
  /** The states to which a rollback may go, by frame. */
  readonly #kept = new Map<Frame, Kept<S>>();
  #game: Game<I, S> | undefined;
  #simulated = 0;
  #rollbacks = 0;

  constructor(
    game: Game<I, S> | (() => MaybePromise<Game<I, S>>),
    codec: InputCodec<I>,
    players: number,
    depth: number,
    inputs: readonly Uint16Array[],
    guesses: readonly Uint16Array[],
  ) {
    this.#make = typeof game === 'function' ? game : undefined;
    this.#game = typeof game === 'function' ? undefined : game;
    this.#codec = codec;
    this.#players = players;
    this.#depth = depth;
    this.#inputs = inputs;
    this.#guesses = guesses;
  }

  async run(): Promise<SyncTestPass> {
    const subject = await this.#subject();
    const start = await this.#start(subject);
    await this.#rollBackEveryFrame(subject);
    for (const { state } of this.#kept.values()) subject.free(state);
    await this.#guessWrong(await this.#restart(subject, start), start);
    subject.free(start.state);
    const frames = this.#inputs.length;
    const ambientCalls = { ...this.ambient.calls };
    const calls = Object.entries(ambientCalls).map(([name, times]) => `${name} ${counted(times, 'time')}`);
    const warning = calls.length === 0 ? '' : `; advance() called ${calls.join(', ')}: make sure that only effects depend on it`;
    return {
      ok: true,
      frames,
      simulated: this.#simulated,
      rollbacks: this.#rollbacks,
      ambientCalls,
      text: `${counted(frames, 'frame')} came out the same after ${counted(this.#rollbacks, 'rollback')}, ${counted(this.#simulated, 'frame')} simulated in all${warning}`,
    };
  }

  /** A new game, if we can make one; the one that was given otherwise. */
  async #subject(): Promise<Subject<I, S>> {
    const game = this.#make === undefined ? this.#game! : await this.#make();
    requireGame(game);
    return new Subject(game, this.#codec, this.#players, this.ambient);
  }

  /** A game at its start: a new one, if we can make one; the one that there is, taken back, otherwise. */
  async #restart(present: Subject<I, S>, start: Kept<S>): Promise<Subject<I, S>> {
    if (this.#make !== undefined) return this.#subject();
    await present.load(0, start.state);
    return present;
  }

  async #start(subject: Subject<I, S>): Promise<Kept<S>> {
    const start = await subject.keep(0, undefined);
    this.#hashes[0] = start.hash;
    if (this.#make !== undefined) {
      const other = await (await this.#subject()).look(0, start.hash);
      if (other.hash !== start.hash) throw new FaultFound('start-differs', 0, { paths: between(start.copy, other.copy) });
    }
    return start;
  }

  async #rollBackEveryFrame(subject: Subject<I, S>): Promise<void> {
    await this.#keepFirst(subject, 0, undefined);
    for (let frame = 0; frame < this.#inputs.length; frame++) {
      await this.#advance(subject, frame, FIRST);
      subject.requireUnchanged(this.#kept.get(frame)!, frame, 'save-aliased');
      const oldest = frame - this.#depth;
      await this.#keepFirst(subject, frame + 1, this.#kept.get(oldest)?.state);
      this.#kept.delete(oldest);
      await this.#rollBack(subject, Math.max(0, oldest + 1), frame);
    }
  }

  /** Keeps the state of a frame for the first time, and sees whether `save` is what it must be. */
  async #keepFirst(subject: Subject<I, S>, frame: Frame, reuse: S | undefined): Promise<void> {
    const kept = await subject.keep(frame, reuse);
    const fresh = await subject.look(frame, kept.hash);
    if (fresh.hash !== kept.hash) {
      const fault = reuse !== undefined && (await subject.look(frame)).hash === fresh.hash ? 'reuse-not-filled' : 'save-differs';
      throw new FaultFound(fault, frame, { paths: between(fresh.copy, kept.copy) });
    }
    this.#hashes[frame] = kept.hash;
    this.#kept.set(frame, kept);
  }

  /** Goes back to a frame and simulates everything up to `last` again. */
  async #rollBack(subject: Subject<I, S>, first: Frame, last: Frame): Promise<void> {
    const from = this.#kept.get(first)!;
    subject.requireUnchanged(from, first, 'save-aliased');
    await subject.load(first, from.state);
    this.#rollbacks++;
    const loaded = await subject.look(first, from.hash);
    if (loaded.hash !== from.hash) throw new FaultFound('load-incomplete', first, { paths: between(from.copy, loaded.copy) });
    for (let frame = first; frame <= last; frame++) {
      await this.#advance(subject, frame, AGAIN);
      if (frame === first) subject.requireUnchanged(from, first, 'load-aliased');
      const before = this.#kept.get(frame + 1)!;
      const state = await subject.save(frame + 1, before.state);
      const hash = subject.hash(state);
      if (hash !== before.hash) {
        const paths = between(before.copy, subject.copy(state));
        throw await this.#diagnose(subject, frame, paths);
      }
      this.#kept.set(frame + 1, { ...before, state });
    }
    subject.requireUnchanged(from, first, 'load-aliased');
  }

  /** Wrong guesses of everyone's inputs but the first slot's, a rollback's depth of frames at a time, then the real ones. */
  async #guessWrong(subject: Subject<I, S>, start: Kept<S>): Promise<void> {
    const local = this.#codec.words;
    for (let first = 0; first < this.#inputs.length; first += this.#depth) {
      const saved = await subject.save(first, undefined);
      const end = Math.min(first + this.#depth, this.#inputs.length);
      for (let frame = first; frame < end; frame++) {
        const guess = this.#guesses[frame]!;
        guess.set(this.#inputs[frame]!.subarray(0, local));
        await this.#advance(subject, frame, FIRST, guess);
      }
      await subject.load(first, saved);
      this.#rollbacks++;
      for (let frame = first; frame < end; frame++) {
        await this.#advance(subject, frame, AGAIN);
        const got = await subject.look(frame + 1, this.#hashes[frame + 1]);
        if (got.hash === this.#hashes[frame + 1]) continue;
        const expected = await this.#replay(subject, start, frame + 1);
        throw new FaultFound('unsaved', frame, { paths: between(expected, got.copy) });
      }
      subject.free(saved);
    }
  }

  /** A copy of a state as it was the first time; undefined if the game does not come to it again. */
  async #replay(subject: Subject<I, S>, start: Kept<S>, until: Frame): Promise<unknown> {
    const other = await this.#restart(subject, start);
    for (let frame = 0; frame < until; frame++) await this.#advance(other, frame, FIRST);
    const { hash, copy } = await other.look(until);
    return hash === this.#hashes[until] ? copy : undefined;
  }

  async #advance(subject: Subject<I, S>, frame: Frame, pass: Pass, words = this.#inputs[frame]!): Promise<void> {
    this.#simulated++;
    await subject.advance(frame, words, pass);
  }

  /** Why the same state and inputs led to another state: by trying what makes a difference. */
  async #diagnose(subject: Subject<I, S>, frame: Frame, paths: readonly string[]): Promise<FaultFound> {
    const { state } = this.#kept.get(frame)!;
    const attempt = async (pass: Pass): Promise<number> => {
      await subject.load(frame, state);
      await subject.advance(frame, this.#inputs[frame]!, pass);
      return (await subject.look(frame + 1)).hash;
    };
    const [still, otherwise] = HELD_STILL;
    const first = await attempt({ ...FIRST, fixed: still });
    // New games tell apart what is left behind in one game from what no game has in itself.
    const fresh = async (): Promise<number> => {
      const other = await this.#subject();
      for (let at = 0; at <= frame; at++) await other.advance(at, this.#inputs[at]!, { ...FIRST, fixed: still });
      return (await other.look(frame + 1)).hash;
    };
    const hidden = async (): Promise<FaultFound> =>
      new FaultFound(this.#make !== undefined && (await fresh()) !== (await fresh()) ? 'ambient' : 'unsaved', frame, { paths });
    if ((await attempt({ ...FIRST, fixed: still })) !== first) return hidden();
    const before = { ...this.ambient.calls };
    if ((await attempt({ ...FIRST, fixed: otherwise })) !== first) {
      const calls = Object.keys(before).filter((name) => this.ambient.calls[name] !== before[name]);
      return new FaultFound('ambient', frame, { paths, calls });
    }
    if ((await attempt({ ...AGAIN, fixed: still })) !== first) {
      const flagged = await attempt({ ...FIRST, resimulating: true, fixed: still });
      return new FaultFound(flagged === first ? 'status' : 'resimulating', frame, { paths });
    }
    return hidden();
  }
}
