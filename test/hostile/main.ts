// `npm run hostile -- --packets 100M [--seed S] [--target NAME] [--item N]`: hostile packets and signals by the million on all cores.
// Ends with one line, and with 1 if a property did not hold. `--item` replays the block of one item of a target.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ProgressLine } from '../../src/cli/progress-line.js';
import { allTargets, attackBlock, type Failure } from './attack.js';
import { joined, type Plan, type Report } from './plan.js';

/** What is run if nothing else is asked for: some minutes on two cores. */
const PACKETS = '10M';
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6 };

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: PACKETS },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    item: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
});
const seed = wholeOf('seed', values.seed);
const names = allTargets().map(({ target }) => target.name);
if (values.target !== undefined && !names.includes(values.target)) refuse(`--target is one of: ${names.join(', ')}`);
process.exitCode = values.item === undefined ? await run() : replay(wholeOf('item', values.item));

async function run(): Promise<number> {
  const plan: Plan = {
    seed,
    items: wholeOf('packets', values.packets),
    workers: wholeOf('workers', values.workers),
    ...(values.target === undefined ? {} : { target: values.target }),
  };
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let done = 0;
  const line = new ProgressLine(process.stdout, () => [
    `${millions(done)} of ${millions(plan.items)} million hostile packets and signals, ${Math.round(done / seconds())} a second`,
  ]);
  line.start();
  const reports = await Promise.all(Array.from({ length: plan.workers }, (_, worker) => work(plan, worker, (items) => (done += items))));
  line.stop();
  const { items, outcomes, failures } = joined(reports);
  for (const [target, counts] of Object.entries(outcomes)) {
    const listed = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
    print(`${target}: ${listed.map(([name, n]) => `${n} ${name}`).join(', ')}`);
  }
  failures.forEach(tell);
  print(`${millions(items)} million hostile packets and signals, seed ${seed}, ${Math.round(seconds())} s: ${failures.length} failures`);
  return failures.length === 0 ? 0 : 1;
}

function work(plan: Plan, worker: number, progress: (items: number) => void): Promise<Report> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('worker.js', import.meta.url), { workerData: { plan, worker } });
    thread.on('message', (message: number | Report) => {
      if (typeof message === 'number') progress(message);
      else resolve(message);
    });
    thread.on('error', reject);
  });
}

/** The block of one item again, here. */
function replay(item: number): number {
  const target = allTargets().find(({ target: { name } }) => name === values.target)?.target;
  if (target === undefined) return refuse('--item needs --target');
  const failure = attackBlock(target, seed, item - (item % target.block));
  if (failure !== undefined) tell(failure);
  print(`${target.name}, the block of item ${item}, seed ${seed}: ${failure === undefined ? 'nothing fails' : 'fails'}`);
  return failure === undefined ? 0 : 1;
}

function tell({ target, seed: failing, index, needed, message }: Failure): void {
  const at = index < 0 ? 'the end of a block' : `item ${index}`;
  print(`FAILED ${target}, ${at}; needed of its block: ${needed.slice(0, 20).join(', ')}${needed.length > 20 ? ', …' : ''}`);
  print(`  ${message}`);
  if (needed.length > 0) print(`  replay: npm run hostile -- --seed ${failing} --target '${target}' --item ${needed.at(-1)}`);
}

/** A whole number, of which thousands and millions may be written as 500k and 100M. */
function wholeOf(flag: string, text: string): number {
  const [, digits, unit] = /^(\d+)([kM]?)$/.exec(text) ?? [];
  if (digits === undefined) return refuse(`--${flag} is "${text}"; give a whole number, such as 7, 500k or 100M`);
  return Number(digits) * UNITS[unit ?? '']!;
}

function refuse(why: string): never {
  process.stderr.write(`hostile: ${why}\n`);
  process.exit(2);
}

function millions(n: number): string {
  return (n / 1e6).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
