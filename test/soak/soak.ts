// npm run soak -- --seeds A..B [--peers N[..M]] [--minutes M] [--fresh] [--schedule FILE] [--shrink]
// Plays schedules from seeds over all cores until they are done or time is up; exit code 1 if any failed.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { scheduleFrom } from '../../src/sim/generator.js';
import { playSchedule } from '../../src/sim/play-schedule.js';
import type { Schedule } from '../../src/sim/schedule.js';
import { shrink } from '../../src/sim/shrink.js';
import { SoakProgress } from './progress.js';
import { addAll, render, type Tally } from './tally.js';
import type { Done, Task } from './worker.js';

const CACHE = 'node_modules/.cache/rollwire-soak';
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

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string' },
    peers: { type: 'string', default: '2' },
    minutes: { type: 'string' },
    frames: { type: 'string' },
    workers: { type: 'string' },
    schedule: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    histograms: { type: 'boolean', default: false },
  },
});

/** "A..B" or "A". */
function span(text: string): readonly [number, number] {
  const [from, to = from] = text.split('..').map(Number);
  if (!Number.isInteger(from) || !Number.isInteger(to) || from! < 1 || to! < from!)
    throw new Error(`${text} is not a range such as 1..100`);
  return [from!, to!];
}

async function replay(file: string): Promise<boolean> {
  const { schedule } = JSON.parse(readFileSync(file, 'utf8')) as { schedule: Schedule };
  const { failure, peerFrames } = await playSchedule(schedule);
  console.log(
    failure === undefined ? `${file}: ${peerFrames} peer-frames, no failure` : `${file}: ${JSON.stringify(failure, undefined, 2)}`,
  );
  return failure === undefined;
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
  writeFileSync(file, `${JSON.stringify({ what: now!.text, kind: now!.kind, schedule: shrunk.schedule }, undefined, 1)}\n`);
  console.log(`seed ${seed}, after ${shrunk.tries} tries: ${now!.kind}: ${now!.text}\n  ${JSON.stringify(shrunk.schedule)}`);
  console.log(`  replay: npm run soak -- --schedule ${file}`);
}

async function soak(): Promise<boolean> {
  const peers = span(flags.peers);
  const minutes = flags.minutes === undefined ? Infinity : Number(flags.minutes);
  const [from, to] =
    flags.seeds === undefined ? [1, flags.minutes === undefined && flags.frames === undefined ? 1000 : Infinity] : span(flags.seeds);
  const mostFrames = flags.frames === undefined ? Infinity : Number(flags.frames);
  const workers = flags.workers === undefined ? availableParallelism() : Number(flags.workers);
  const progress = new SoakProgress(join(CACHE, `peers-${flags.peers}.json`), flags.fresh);
  const total: Tally = {};
  const started = performance.now();
  const cpu = process.cpuUsage();
  let cursor = from;
  const earlier = progress.failures.length;
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
  const ticker = setInterval(() => console.log(`… seed ${cursor - 1}: ${line()}`), PROGRESS_MS);
  const take = (done: Done): void => {
    addAll(total, done.tally);
    failed += done.failures.length;
    for (const { seed, failure } of done.failures) {
      console.log(
        `seed ${seed}: ${failure.kind} at ${failure.atMs.toFixed(1)} ms, peer ${failure.peer}, frame ${failure.frame}: ${failure.text}`,
      );
      console.log(`  replay: npm run soak -- --peers ${flags.peers} --seeds ${seed}..${seed} --fresh`);
    }
    progress.finished(
      [done.task.from, done.task.to],
      done.failures.map(({ seed, failure }) => ({ seed, kind: failure.kind, text: failure.text })),
    );
  };
  await Promise.all(Array.from({ length: workers }, () => runWorker(next, take, (bytes) => (grown = Math.max(grown, bytes)))));
  clearInterval(ticker);
  if (flags.histograms) console.log(render(total));
  console.log(`${line()}; a worker's heap grew by at most ${(grown / 1e6).toFixed(1)} MB`);
  if (earlier > 0) console.log(`${earlier} failures of earlier runs are not settled: play them again with --fresh --seeds`);
  if (flags.shrink) {
    const kinds = new Set<string>();
    for (const { seed, kind } of progress.failures) {
      if (kinds.has(kind) || kinds.size >= MAX_SHRUNK) continue;
      kinds.add(kind);
      await makeSmaller(seed, peers);
    }
  }
  return progress.failures.length === 0 && grown <= MAX_GROWTH;
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
