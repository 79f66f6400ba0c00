// One core's part of a long run.
import { parentPort, workerData } from 'node:worker_threads';
import { attackPart, type Plan } from './plan.js';

const { plan, worker } = workerData as { readonly plan: Plan; readonly worker: number };
/** Items between two messages. */
const TELL = 200_000;
let untold = 0;

const report = attackPart(plan, worker, (items) => {
  untold += items;
  if (untold < TELL) return;
  parentPort!.postMessage(untold);
  untold = 0;
});
parentPort!.postMessage(report);
