// Plays seeds until one fails, and prints which and how as JSON: what planted-faults.ts runs against a copy of the engine with a fault in it.
import { scheduleFrom } from '../../src/sim/generator.js';
import { playSchedule } from '../../src/sim/play-schedule.js';

const [from, to, limitMs] = process.argv.slice(2).map(Number) as [number, number, number];
const started = performance.now();
let seed = from;
let found: { kind: string; text: string } | undefined;
while (seed <= to && performance.now() - started < limitMs) {
  // A fault may make a match hang in one moment of the virtual clock: whoever started this ends it then.
  const { failure } = await playSchedule(scheduleFrom(seed));
  if (failure !== undefined) {
    found = { kind: failure.kind, text: failure.text.split('\n')[0]! };
    break;
  }
  seed++;
}
console.log(JSON.stringify({ seed, found }));
