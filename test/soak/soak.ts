// npm run soak: plays schedules from seeds over all cores until they are done or time is up; exit code 1 if any failed. See USAGE.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LIMITS } from '../../src/core/defaults.js';
import { scheduleFrom } from '../../src/sim/generator.js';
import { playSchedule } from '../../src/sim/play-schedule.js';
import type { Schedule } from '../../src/sim/schedule.js';
import { shrink } from '../../src/sim/shrink.js';
import { CommandLine } from './command-line.js';
import { engineHash } from './engine.js';
import { type Failed, SoakProgress } from './progress.js';
import { addAll, render, type Tally } from './tally.js';
import type { Done, Task } from './worker.js';

const CACHE = 'node_modules/.cache/rollwire-soak';
/** Seeds are 32 bits wide. */
const MAX_SEED = 0xffff_ffff;
/** Seeds if nothing else is asked for. */
const SEEDS = 1000;
/** A worker is a thread with a heap of its own: more of them than any machine has cores for is a slip. */
const MAX_WORKERS = 256;
/** Seeds that a worker is handed at once: some seconds of work. */
const CHUNK = 40;
const PROGRESS_MS = 5_000;
/** Bytes by which a worker's heap may grow between its first chunks and its last: what the engine keeps of a match that is over is 0. */
const MAX_GROWTH = 20_000_000;
/** Chunks after which code has been compiled and tables have grown; and between two measurements of the heap. */
const WARM_UP = 3;
const MEASURE_EVERY = 20;
/** Failures that are shrunk at the end, of different kinds. */
const MAX_SHRUNK = 3;
/** What a shell expects of a command that Ctrl-C has ended. */
const INTERRUPTED = 130;

const USAGE = `npm run soak: plays matches from seeds, one schedule a seed, under an oracle that knows the truth

  npm run soak -- [flags]

  --seeds A..B      the seeds to play (1..${SEEDS}; with --minutes or --frames: all)
  --peers N[..M]    how many peers a match has (2)
  --minutes M       no new seeds after so long
  --frames N        no new seeds after so many peer-frames
  --workers N       threads (one a core)
  --fresh           forget what is on record of these seeds, and play them again
  --seed N          play this one seed, whatever is on record, and leave the record as it is
  --schedule FILE   play the schedule in this file
  --shrink          make the schedules of failures smaller
  --histograms      print what was met, and how often
  --help            this text

The seeds that were played by the engine as it is built now are on record: a later run goes on where this one stopped.
Exit code 0: no seed of the range failed, now or before. 1: one did, memory grew, or nothing was played. 2: the flags cannot be used.
130: interrupted.
`;

const command = new CommandLine('soak', USAGE, {
  seeds: 'string',
  seed: 'string',
  peers: 'string',
  minutes: 'string',
  frames: 'string',
  workers: 'string',
  schedule: 'string',
  fresh: 'boolean',
  shrink: 'boolean',
  histograms: 'boolean',
});
const flags = command.values;

function scheduleIn(file: string): Schedule {
  try {
    const { schedule } = JSON.parse(readFileSync(file, 'utf8')) as { schedule?: Partial<Schedule> };
    if (Array.isArray(schedule?.peers) && Array.isArray(schedule.paths) && typeof schedule.ms === 'number') return schedule as Schedule;
  } catch {
    // Not there, or not JSON: refused below.
  }
  return command.refuse(`--schedule is "${file}"; use a JSON file with a "schedule" in it, such as those of test/soak/corpus`);
}

async function replay(file: string): Promise<boolean> {
  const others = Object.keys(flags).filter((flag) => flag !== 'schedule');
  if (others.length > 0) command.refuse(`--schedule stands alone; leave out --${others.join(', --')}`);
  const { failure, peerFrames } = await playSchedule(scheduleIn(file));
  console.log(
    failure === undefined ? `${file}: ${peerFrames} peer-frames, no failure` : `${file}: ${JSON.stringify(failure, undefined, 2)}`,
  );
  return failure === undefined;
}

function minutesOf(text: string): number {
  const minutes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  return minutes > 0 ? minutes : command.refuse(`--minutes is "${text}"; use a number above 0, such as 5 or 0.5`);
}

/** The seeds that are asked for. */
function seedsAsked(): readonly [number, number] {
  if (flags.seed !== undefined) {
    if (flags.seeds !== undefined || flags.fresh === true)
      command.refuse('--seed plays one seed without a record; leave out --seeds and --fresh');
    const seed = command.whole('seed', flags.seed, 1, MAX_SEED);
    return [seed, seed];
  }
  if (flags.seeds !== undefined) return command.span('seeds', flags.seeds, 1, MAX_SEED);
  return [1, flags.minutes === undefined && flags.frames === undefined ? SEEDS : MAX_SEED];
}

async function makeSmaller(seed: number, peers: readonly [number, number]): Promise<void> {
  const schedule = scheduleFrom(seed, peers);
  const { failure } = await playSchedule(schedule);
  if (failure === undefined) {
    console.log(`seed ${seed} does not fail any more`);
    return;
  }
  const shrunk = await shrink(schedule, async (candidate) => (await playSchedule(candidate)).failure?.kind === failure.kind);
  const { failure: now } = await playSchedule(shrunk.schedule);
  const file = join(CACHE, `failure-${seed}.json`);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ what: now!.text, kind: now!.kind, schedule: shrunk.schedule }, undefined, 1)}\n`);
  console.log(`seed ${seed}, after ${shrunk.tries} tries: ${now!.kind}: ${now!.text}\n  ${JSON.stringify(shrunk.schedule)}`);
  console.log(`  replay: npm run soak -- --schedule ${file}`);
}

async function soak(): Promise<boolean> {
  const asked = seedsAsked();
  const [from, to] = asked;
  const peers = command.span('peers', flags.peers ?? '2', 2, LIMITS.players);
  const minutes = flags.minutes === undefined ? Infinity : minutesOf(flags.minutes);
  const mostFrames = flags.frames === undefined ? Infinity : command.whole('frames', flags.frames, 1, Number.MAX_SAFE_INTEGER);
  const workers = flags.workers === undefined ? availableParallelism() : command.whole('workers', flags.workers, 1, MAX_WORKERS);
  const record = join(CACHE, `peers-${peers.join('-')}-${engineHash()}.json`);
  const progress = new SoakProgress(flags.seed === undefined ? record : undefined);
  if (flags.fresh === true) progress.forget(asked);
  const count = to - from + 1;
  const before = progress.played(asked);
  if (before > 0) console.log(`${before} of ${count} seeds were played before; --fresh plays them again`);
  const total: Tally = {};
  const started = performance.now();
  const cpu = process.cpuUsage();
  let cursor = from;
  const failuresAsked = (): readonly Failed[] => progress.failures.filter(({ seed }) => from <= seed && seed <= to);
  const earlier = failuresAsked().length;
  const elsewhere = progress.failures.length - earlier;
  let failed = 0;
  let grown = 0;
  const line = (): string => {
    const frames = total['peer-frames'] ?? 0;
    const seconds = (performance.now() - started) / 1000;
    // By the time that the processors really gave: a loaded machine says nothing of us. All threads, the collector's too.
    const used = process.cpuUsage(cpu);
    const perSecond = Math.round(frames / ((used.user + used.system) / 1e6));
    return `${total['schedules'] ?? 0} schedules, ${frames.toLocaleString('en')} peer-frames in ${seconds.toFixed(0)} s, ${perSecond.toLocaleString('en')} a CPU second, ${failed} failures`;
  };
  const next = (measure: boolean): Task | undefined => {
    if ((performance.now() - started) / 60_000 >= minutes || (total['peer-frames'] ?? 0) >= mostFrames) return undefined;
    const seeds = progress.next(cursor, to, CHUNK);
    if (seeds === undefined) return undefined;
    cursor = seeds[1] + 1;
    return { from: seeds[0], to: seeds[1], peers, measure };
  };
  const ticker = setInterval(() => console.log(`… ${line()}`), PROGRESS_MS);
  const interrupt = (): void => {
    console.log(
      flags.seed === undefined
        ? `interrupted; the next run${flags.fresh === true ? ' without --fresh' : ''} goes on from here`
        : 'interrupted',
    );
    process.exit(INTERRUPTED);
  };
  process.on('SIGINT', interrupt);
  const limited = minutes < Infinity || mostFrames < Infinity;
  if (before < count) console.log(`seeds ${from}..${to}, ${limited ? 'until the limit' : `${count - before} to play`}, ${workers} workers`);
  const take = (done: Done): void => {
    addAll(total, done.tally);
    failed += done.failures.length;
    for (const { seed, failure } of done.failures) {
      console.log(
        `seed ${seed}: ${failure.kind} at ${failure.atMs.toFixed(1)} ms, peer ${failure.peer}, frame ${failure.frame}: ${failure.text}`,
      );
      console.log(`  replay: npm run soak -- --peers ${flags.peers ?? '2'} --seed ${seed}`);
    }
    progress.finished(
      [done.task.from, done.task.to],
      done.failures.map(({ seed, failure }) => ({ seed, kind: failure.kind, text: failure.text })),
    );
  };
  await Promise.all(Array.from({ length: workers }, () => runWorker(next, take, (bytes) => (grown = Math.max(grown, bytes)))));
  clearInterval(ticker);
  // What follows plays in this thread, which must not keep Ctrl-C from ending it.
  process.off('SIGINT', interrupt);
  if (flags.histograms === true) console.log(render(total));
  console.log(`${line()}; a worker's heap grew by at most ${(grown / 1e6).toFixed(1)} MB`);
  const idle = (total['schedules'] ?? 0) === 0 && before < count;
  if (idle) console.log('nothing was played: time was up before; use more --minutes');
  if (earlier > 0) console.log(`${earlier} failures of earlier runs in these seeds are not settled: --fresh plays them again`);
  if (elsewhere > 0) console.log(`${elsewhere} failures of earlier runs are on record for other seeds`);
  const failures = failuresAsked();
  if (flags.shrink === true) {
    const kinds = new Set<string>();
    for (const { seed, kind } of failures) {
      if (kinds.has(kind) || kinds.size >= MAX_SHRUNK) continue;
      kinds.add(kind);
      await makeSmaller(seed, peers);
    }
  }
  return failures.length === 0 && grown <= MAX_GROWTH && !idle;
}

/** One worker, fed until there is no more. @param grew Told by how many bytes its heap is larger than it was when warm. */
function runWorker(next: (measure: boolean) => Task | undefined, take: (done: Done) => void, grew: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('worker.js', import.meta.url));
    let chunks = 0;
    let warm = 0;
    const feed = (): void => {
      const task = next(chunks % MEASURE_EVERY === WARM_UP);
      if (task === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(task);
    };
    worker.on('error', reject);
    worker.on('message', (done: Done) => {
      take(done);
      chunks++;
      if (done.heapUsed >= 0 && warm === 0) warm = done.heapUsed;
      if (done.heapUsed >= 0) grew(done.heapUsed - warm);
      feed();
    });
    feed();
  });
}

process.exitCode = (await (flags.schedule === undefined ? soak() : replay(flags.schedule))) ? 0 : 1;
