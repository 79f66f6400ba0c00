// `npm run hostile`: hostile packets and signals by the million on all cores. See USAGE.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ProgressLine } from '../../src/cli/progress-line.js';
import { CommandLine } from '../soak/command-line.js';
import { allTargets, attackBlock, type Failure } from './attack.js';
import { joined, type Plan, type Report } from './plan.js';

/** What is run if nothing else is asked for: some minutes on two cores. */
const PACKETS = '10M';
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6 };

/** The most that is asked for at once: some days. */
const MAX_PACKETS = 1e12;
const MAX_SEED = 0xffff_ffff;
/** A worker is a thread with a heap of its own: more of them than any machine has cores for is a slip. */
const MAX_WORKERS = 256;
const TARGETS = allTargets().map(({ target }) => target.name);

const USAGE = `npm run hostile: bytes and signals that no peer would send, by the million

  npm run hostile -- [flags]

  --packets N    how many, such as 500k or 100M (${PACKETS})
  --seed N       where they come from (1)
  --target T     only this target: ${TARGETS.join(', ')}
  --item N       only the block of this item of the target
  --workers N    threads (one a core)
  --help         this text

Exit code 0: every property held. 1: one did not. 2: the flags cannot be used.
`;

const command = new CommandLine('hostile', USAGE, {
  packets: 'string',
  seed: 'string',
  target: 'string',
  item: 'string',
  workers: 'string',
});
const { values } = command;
const seed = wholeOf('seed', values.seed ?? '1', 0, MAX_SEED);
if (values.target !== undefined && !TARGETS.includes(values.target))
  command.refuse(`--target is "${values.target}"; use one of: ${TARGETS.join(', ')}`);
process.exitCode = values.item === undefined ? await run() : replay(wholeOf('item', values.item, 0, MAX_PACKETS));

async function run(): Promise<number> {
  const plan: Plan = {
    seed,
    items: wholeOf('packets', values.packets ?? PACKETS, 1, MAX_PACKETS),
    workers: values.workers === undefined ? availableParallelism() : command.whole('workers', values.workers, 1, MAX_WORKERS),
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
  if (target === undefined) return command.refuse('--item needs --target');
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
function wholeOf(flag: string, text: string, min: number, max: number): number {
  const [, digits, unit] = /^(\d+)([kM]?)$/.exec(text) ?? [];
  const number = digits === undefined ? NaN : Number(digits) * UNITS[unit ?? '']!;
  if (number >= min && number <= max) return number;
  return command.refuse(`--${flag} is "${text}"; use a whole number from ${min} to ${max}, such as 7, 500k or 100M`);
}

function millions(n: number): string {
  return (n / 1e6).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
