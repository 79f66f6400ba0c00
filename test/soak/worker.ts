// One worker of the soak: plays the seeds that it is handed, and answers with what came of them.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import type { Failure } from '../../src/sim/failure.js';
import { scheduleFrom } from '../../src/sim/generator.js';
import { playSchedule } from '../../src/sim/play-schedule.js';
import { type Tally, tally } from './tally.js';

/** Seeds to play: [from, to]. */
export interface Task {
  readonly from: number;
  readonly to: number;
  readonly peers: readonly [number, number];
  /** Whether the heap is to be measured afterwards. Not each time: collecting everything also throws away compiled code, and halves the speed. */
  readonly measure: boolean;
}

export interface Done {
  readonly task: Task;
  readonly tally: Tally;
  readonly failures: readonly { readonly seed: number; readonly failure: Failure }[];
  /** Bytes in use once all that is not needed has been collected; −1 if not measured. */
  readonly heapUsed: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

parentPort!.on('message', (task: Task) => {
  void play(task);
});

async function play(task: Task): Promise<void> {
  const counted: Tally = {};
  const failures: { seed: number; failure: Failure }[] = [];
  for (let seed = task.from; seed <= task.to; seed++) {
    const schedule = scheduleFrom(seed, task.peers);
    const outcome = await playSchedule(schedule);
    tally(counted, schedule, outcome);
    if (outcome.failure !== undefined) failures.push({ seed, failure: outcome.failure });
  }
  if (task.measure) collect();
  const heapUsed = task.measure ? process.memoryUsage().heapUsed : -1;
  const done: Done = { task, tally: counted, failures, heapUsed };
  parentPort!.postMessage(done);
}
