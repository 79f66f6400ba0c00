// How often a guess of a person's input is right, and what wrong ones cost: repeat-last and neutral on recorded play. The cost comes
// from the real sync layer, in which a guess that was used stays until a rollback; it knows no game, so it counts frames, not time.
//
// Why no predictor that learns from the match is here. As long as no guess was wrong, the path that was guessed is the real one: a
// guess saves a rollback only where one certain change in the next frame is likelier than none, and people are seldom so regular.
// 184 designs were measured on the three 16-bit files and the three of whole pads (contexts of the value, how long it is held, the one
// or two before it, how long the last was held, alone or combined; fields together or apart; counts that age; thresholds). The best in
// its worst file resimulates 0.4 to 1.2 % less on the 16-bit files and 0.3 to 0.8 % less on the pads; yet one of the six players gets
// 0.3 % more of it at 16 bits, and fewer runs of 8 right guesses. Three designs are better in every figure of every file, by 0.03 to
// 0.75 %, but none in all matches of half the length: a choice among 184 for these files, not a gain. Filling the tables of the best
// from the other recordings first gains no more. One of the three, all in typed arrays, costs 0.2 µs a frame more than repeat-last at
// 16 bits and 0.6 to 0.9 with pads: at 16 bits and delay 4 it would pay for itself in games that take over 0.2 ms a frame.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { InputCodec } from '../src/core/input-codec.js';
import { type Predictor, predictNeutral, repeatLast } from '../src/core/predictor.js';
import { createRng } from '../src/core/rng.js';
import { SyncLayer } from '../src/core/sync-layer.js';

/** One player of a recording. */
interface Recording {
  readonly file: string;
  readonly player: number;
  readonly frames: number;
  /** Words of one input. */
  readonly words: number;
  readonly data: Uint16Array;
}

/** How many frames ahead of the last known input guesses are judged. */
export const AHEAD = [1, 2, 4, 8] as const;
/** One-way delays, in frames. */
const DELAYS = [2, 4, 6] as const;
const LOSSES = [0, 0.05] as const;
/** So large that no frame waits: the cost of guesses is asked for, not that of stalls. */
const WINDOW = 30;
/** 16-bit words of one player's input, by the recording's extension: 8-way stick and buttons, or a whole analogue pad of 8 bytes. */
const WORDS: Readonly<Record<string, number>> = { u16: 1, pad8: 4 };
const PLAYERS = 2;
const TURNS = 15;
/** Turns in which the compiler is still at work. */
const WARM_UP = 5;

export interface Cost {
  readonly delay: number;
  readonly loss: number;
  readonly rollbacks: number;
  readonly resimulated: number;
}

export interface PredictionReport {
  readonly file: string;
  readonly player: number;
  readonly predictor: string;
  /** For each of {@link AHEAD}: of all frames, the share in which the guess for the frame so far ahead is right, 0 to 1. */
  readonly right: readonly number[];
  /** The same for all guesses up to there. */
  readonly allRight: readonly number[];
  readonly costs: readonly Cost[];
}

export interface PredictionBench {
  readonly reports: readonly PredictionReport[];
  /** µs a frame of the whole sync layer at delay 4 and 5 % loss, resimulated frames included: medians of interleaved turns. */
  readonly us: readonly { readonly predictor: string; readonly us: number }[];
}

/** @param folder Where the recordings (`.u16`, `.pad8`) are; without, the examples' inputs. */
export function benchPrediction(folder = fileURLToPath(new URL('../../examples/inputs/', import.meta.url))): PredictionBench {
  const recordings = readRecordings(folder);
  const reports = recordings.flatMap((recording) =>
    predictorsFor(recording.words).map(({ name, predict }) => ({
      file: recording.file,
      player: recording.player,
      predictor: name,
      ...shares(recording, predict),
      costs: DELAYS.flatMap((delay) => LOSSES.map((loss) => play(recording, predict, delay, loss))),
    })),
  );
  return { reports, us: times(recordings) };
}

function readRecordings(folder: string): Recording[] {
  const names = readdirSync(folder).filter((name) => extension(name) in WORDS);
  if (names.length === 0) throw new Error(`no recordings (.u16, .pad8) in ${folder}`);
  return names.toSorted().flatMap((file) => {
    const bytes = readFileSync(`${folder}/${file}`);
    const words = WORDS[extension(file)]!;
    const frames = Math.floor(bytes.length / (2 * words * PLAYERS));
    return Array.from({ length: PLAYERS }, (_, player) => {
      const data = new Uint16Array(frames * words);
      for (let frame = 0; frame < frames; frame++) {
        for (let i = 0; i < words; i++) data[frame * words + i] = bytes.readUInt16LE(2 * ((frame * PLAYERS + player) * words + i));
      }
      return { file, player, frames, words, data };
    });
  });
}

function extension(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function codecOf(words: number): InputCodec<Uint16Array> {
  return {
    id: `bench:words:${words}`,
    words,
    neutral: new Uint16Array(words),
    encode: (input, to) => to.set(input),
    decode: (from) => from.slice(),
  };
}

function predictorsFor(words: number): { readonly name: string; readonly predict: Predictor<Uint16Array> }[] {
  return [
    { name: 'repeat-last', predict: repeatLast },
    { name: 'neutral', predict: predictNeutral<Uint16Array>(new Uint16Array(words)) },
  ];
}

/** Guesses from every frame on: how many are right so far ahead, and how many are right all the way. */
function shares(recording: Recording, predict: Predictor<Uint16Array>): Pick<PredictionReport, 'right' | 'allRight'> {
  const { frames, words, data } = recording;
  const inputAt = (frame: number): Uint16Array => data.subarray(frame * words, (frame + 1) * words);
  const furthest = Math.max(...AHEAD);
  const right = AHEAD.map(() => 0);
  const allRight = AHEAD.map(() => 0);
  // All distances are judged on the same frames.
  const judged = frames - furthest;
  for (let frame = 0; frame < judged; frame++) {
    let all = true;
    for (let ahead = 1; ahead <= furthest; ahead++) {
      const guess = predict(inputAt(frame), ahead, 0);
      const real = inputAt(frame + ahead);
      const isRight = guess.every((word, i) => word === real[i]);
      all &&= isRight;
      const at = AHEAD.findIndex((distance) => distance === ahead);
      if (at < 0) continue;
      if (isRight) right[at]!++;
      if (all) allRight[at]!++;
    }
  }
  return { right: right.map((count) => count / judged), allRight: allRight.map((count) => count / judged) };
}

/** Plays a recording through a sync layer: one packet a frame with all inputs so far, `delay` frames under way, some of them lost. */
function play(recording: Recording, predict: Predictor<Uint16Array>, delay: number, loss: number): Cost {
  const { frames, words, data } = recording;
  const sync = new SyncLayer<Uint16Array, number>({
    codec: codecOf(words),
    slots: 1,
    window: WINDOW,
    predict,
    saveEvery: 1,
    checkInterval: Number.MAX_SAFE_INTEGER,
    maxInputDelay: 0,
  });
  // The same packets are lost for every predictor.
  const rng = createRng(1, `${recording.file} ${recording.player} ${delay}`);
  let held = -1;
  let state = 0;
  for (let tick = 0; tick < frames + delay; tick++) {
    const sent = tick - delay;
    const isLost = rng() < loss;
    // The last packet always comes: in the end everything is known.
    if (sent >= 0 && (!isLost || sent === frames - 1)) while (held < sent) sync.append(0, data, ++held * words);
    if (tick < frames) {
      if (!sync.mayAdvance) throw new Error(`the window of ${WINDOW} frames is used up: choose another seed`);
      sync.grant();
    }
    for (let op = sync.op(); op !== undefined; op = sync.op()) {
      if (op.kind === 'load') state = op.state;
      else if (op.kind === 'save') op.keep(state);
      else if (op.kind === 'advance') state = advance(state, op.inputs[0]!);
    }
  }
  let truth = 0;
  for (let frame = 0; frame < frames; frame++) truth = advance(truth, data.subarray(frame * words, (frame + 1) * words));
  if (state !== truth) throw new Error(`${recording.file}: the sync layer did not end in the state of the real inputs`);
  const { rollbacks, resimulated } = sync.stats();
  return { delay, loss, rollbacks, resimulated };
}

function advance(state: number, input: Uint16Array): number {
  let next = state;
  for (const word of input) next = (Math.imul(next, 31) + word) | 0;
  return next;
}

function times(recordings: readonly Recording[]): PredictionBench['us'] {
  const names = predictorsFor(1).map(({ name }) => name);
  const turns = names.map((): number[] => []);
  const frames = recordings.reduce((sum, recording) => sum + recording.frames, 0);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [which, list] of turns.entries()) {
      const start = performance.now();
      for (const recording of recordings) play(recording, predictorsFor(recording.words)[which]!.predict, 4, 0.05);
      list.push(((performance.now() - start) * 1000) / frames);
    }
  }
  return names.map((predictor, which) => {
    const steady = turns[which]!.slice(WARM_UP).toSorted((a, b) => a - b);
    return { predictor, us: steady[steady.length >> 1]! };
  });
}
