// npm run soak:faults: plants each fault of faults.ts into a copy of the engine, and plays seeds until the oracle sees it.
// Exit code 1 if a fault is not seen, or its text does not stand exactly once in its file.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandLine } from './command-line.js';
import { type Fault, FAULTS } from './faults.js';

/** Seeds within which every fault must be seen. */
const MAX_SEEDS = 5_000;
/** How long the seeds of one fault may take. */
const LIMIT_MS = 20 * 60_000;

/** Each worker has a copy of the project: more of them than any machine has cores for is a slip. */
const MAX_WORKERS = 256;

const USAGE = `npm run soak:faults: plants each fault of test/soak/faults.ts into a copy of the engine, and plays seeds until the oracle sees it

  npm run soak:faults -- [flags]

  --only TEXT   only the faults with this in their names
  --seeds N     seeds within which each must be seen (${MAX_SEEDS})
  --workers N   faults at a time (one a core)
  --help        this text

Exit code 0: each was seen. 1: one was not, or does not fit the engine. 2: the flags cannot be used.
`;

const command = new CommandLine('soak:faults', USAGE, { only: 'string', seeds: 'string', workers: 'string' });
const flags = command.values;
const seeds = flags.seeds === undefined ? MAX_SEEDS : command.whole('seeds', flags.seeds, 1, 0xffff_ffff);
const workers = flags.workers === undefined ? availableParallelism() : command.whole('workers', flags.workers, 1, MAX_WORKERS);
const waiting = FAULTS.filter(({ name }) => flags.only === undefined || name.includes(flags.only));
if (waiting.length === 0)
  command.refuse(`--only is "${flags.only}"; use a part of a name in test/soak/faults.ts, such as "${FAULTS[0]!.name}"`);

/** A copy of the sources that can be compiled by itself. */
function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'rollwire-faults-'));
  for (const name of ['src', 'test/soak', 'package.json']) cpSync(name, join(copy, name), { recursive: true });
  // What is taken away may leave a name unused.
  const base = JSON.parse(readFileSync('tsconfig.base.json', 'utf8')) as { compilerOptions: Record<string, unknown> };
  Object.assign(base.compilerOptions, { noUnusedLocals: false, noUnusedParameters: false });
  writeFileSync(join(copy, 'tsconfig.base.json'), JSON.stringify(base));
  // All packages, but not the compiler's notes on what it has built.
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync('node_modules')) {
    if (name !== '.cache') symlinkSync(join(process.cwd(), 'node_modules', name), join(copy, 'node_modules', name));
  }
  return copy;
}

function run(command: string, args: readonly string[], cwd: string, limitMs: number): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** Plants one fault, compiles, plays. @returns a line about it, and whether it was seen. */
async function prove(copy: string, fault: Fault): Promise<{ seen: boolean; line: string }> {
  const path = join(copy, 'src', fault.file);
  const source = readFileSync(path, 'utf8');
  const times = source.split(fault.from).length - 1;
  if (times !== 1) return { seen: false, line: `${fault.name}: its text stands ${times} times in src/${fault.file}` };
  writeFileSync(
    path,
    source.replace(fault.from, () => fault.to),
  );
  try {
    const compiled = await run('node_modules/typescript/bin/tsc', ['-b', 'test/soak'], copy, 120_000);
    if (compiled.code !== 0) return { seen: false, line: `${fault.name}: does not compile: ${compiled.output.split('\n')[0]}` };
    const played = await run(
      process.execPath,
      ['dist/test/soak/first-failure.js', '1', String(seeds), String(LIMIT_MS)],
      copy,
      LIMIT_MS + 60_000,
    );
    if (played.code !== 0) return { seen: false, line: `${fault.name}: ended with ${played.code}: ${played.output.slice(-300)}` };
    const { seed, found } = JSON.parse(played.output.trim().split('\n').at(-1)!) as {
      seed: number;
      found?: { kind: string; text: string };
    };
    if (found === undefined) return { seen: false, line: `${fault.name}: NOT SEEN in ${seed - 1} seeds` };
    return { seen: true, line: `${String(seed).padStart(5)} seeds  ${fault.name.padEnd(58)} ${found.kind}: ${found.text.slice(0, 90)}` };
  } finally {
    writeFileSync(path, source);
  }
}

const all = waiting.length;
let seen = 0;

async function worker(): Promise<void> {
  const copy = copyProject();
  try {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const proof = await prove(copy, fault);
      if (proof.seen) seen++;
      console.log(proof.line);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

await Promise.all(Array.from({ length: workers }, worker));
console.log(`${seen} of ${all} planted faults seen`);
process.exitCode = seen === all ? 0 : 1;
