// `npm run soak`, `soak:faults` and `hostile` as commands: the built programs in processes of their own. Needs `npm run build`, which
// `npm test` does first. Each test has a working folder of its own, since the soak keeps its record below it.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIST = join(ROOT, 'dist/test');
const folder = mkdtempSync(join(tmpdir(), 'rollwire-soak-'));
const running = new Set<ChildProcess>();

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a built program. @param onOutput Called with all output so far, each time that there is more. */
function run(
  program: string,
  args: readonly string[],
  cwd: string,
  onOutput: (out: string, child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [resolve(DIST, program), ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    onOutput(out, child);
  });
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, out, err });
    });
  });
}

function newFolder(): string {
  return mkdtempSync(join(folder, 'run-'));
}

/** The file that a soak in this folder keeps its record in. */
function recordIn(cwd: string): string {
  const cache = join(cwd, 'node_modules/.cache/rollwire-soak');
  const files = readdirSync(cache);
  expect(files).toHaveLength(1);
  return join(cache, files[0]!);
}

const soak = (cwd: string, ...args: string[]): Promise<Ended> => run('soak/soak.js', ['--workers', '1', ...args], cwd);

describe.concurrent('npm run soak', () => {
  test('goes on where it stopped, and says what it did not play again', async () => {
    const cwd = newFolder();
    const first = await soak(cwd, '--seeds', '1..2');
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^2 schedules, .* 0 failures/m);
    expect(first.out).not.toContain('played before');
    const more = await soak(cwd, '--seeds', '1..3');
    expect(more.out).toContain('2 of 3 seeds were played before; --fresh plays them again');
    expect(more.out).toMatch(/^1 schedules, /m);
    const again = await soak(cwd, '--seeds', '2..3');
    expect(again.code).toBe(0);
    expect(again.out).toContain('2 of 2 seeds were played before; --fresh plays them again');
    expect(again.out).toMatch(/^0 schedules, /m);
    expect(readFileSync(recordIn(cwd), 'utf8')).toBe('{"done":[[1,3]],"failures":[]}\n');
  });

  test('--fresh forgets at once, and only the seeds that it is for', async () => {
    const cwd = newFolder();
    await soak(cwd, '--seeds', '1..3');
    const interrupted = await run('soak/soak.js', ['--workers', '1', '--seeds', '2..100000', '--fresh'], cwd, (out, child) => {
      if (out.includes('to play')) child.kill('SIGINT');
    });
    expect(interrupted.code).toBe(130);
    expect(interrupted.err).toBe('');
    expect(interrupted.out).toContain('interrupted; the next run without --fresh goes on from here\n');
    expect(readFileSync(recordIn(cwd), 'utf8')).toBe('{"done":[[1,1]],"failures":[]}\n');
    const after = await soak(cwd, '--seeds', '1..2');
    expect(after.out).toContain('1 of 2 seeds were played before');
    expect(after.out).toMatch(/^1 schedules, /m);
  });

  test('--seed plays what was played before, and leaves the record as it is', async () => {
    const cwd = newFolder();
    await soak(cwd, '--seeds', '1..2');
    const record = readFileSync(recordIn(cwd), 'utf8');
    for (const seed of ['1', '7']) {
      const { code, out } = await soak(cwd, '--seed', seed);
      expect(code).toBe(0);
      expect(out).toMatch(/^1 schedules, /m);
    }
    expect(readFileSync(recordIn(cwd), 'utf8')).toBe(record);
  });

  test('the record of one engine says nothing of another', async () => {
    const [project, cwd] = [newFolder(), newFolder()];
    for (const part of ['package.json', 'dist/src', 'dist/test/soak']) cpSync(join(ROOT, part), join(project, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
    const play = (): Promise<Ended> => run(join(project, 'dist/test/soak/soak.js'), ['--workers', '1', '--seeds', '1'], cwd);
    expect((await play()).out).toMatch(/^1 schedules, /m);
    expect((await play()).out).toMatch(/^0 schedules, /m);
    appendFileSync(join(project, 'dist/src/wire/limits.js'), '// changed\n');
    expect((await play()).out).toMatch(/^1 schedules, /m);
  });

  test('a failure on record fails its range until it is settled, and no other', async () => {
    const cwd = newFolder();
    await soak(cwd, '--seeds', '1..3');
    const failures = [{ seed: 2, kind: 'states', text: 'planted' }];
    writeFileSync(recordIn(cwd), JSON.stringify({ done: [[1, 3]], failures }));
    const failing = await soak(cwd, '--seeds', '1..3');
    expect(failing.code).toBe(1);
    expect(failing.out).toContain('1 failures of earlier runs in these seeds are not settled');
    const other = await soak(cwd, '--seeds', '3');
    expect(other.code).toBe(0);
    expect(other.out).toContain('1 failures of earlier runs are on record for other seeds');
    expect((await soak(cwd, '--seeds', '2', '--fresh')).code).toBe(0);
    expect(readFileSync(recordIn(cwd), 'utf8')).toBe('{"done":[[1,3]],"failures":[]}\n');
  });
});

describe.concurrent('commands for those who test the engine', () => {
  test.for([
    ['soak/soak.js', '--workers', '0'],
    ['soak/soak.js', '--workers', 'abc'],
    ['soak/soak.js', '--frames', 'abc'],
    ['soak/soak.js', '--minutes', 'abc'],
    ['soak/soak.js', '--minutes', '0'],
    ['soak/soak.js', '--seeds', '1..2..3'],
    ['soak/soak.js', '--seeds', '3..2'],
    ['soak/soak.js', '--seeds', '0..2'],
    ['soak/soak.js', '--seeds', '1..4294967296'],
    ['soak/soak.js', '--seed', '1..2'],
    ['soak/soak.js', '--seed', '1', '--fresh'],
    ['soak/soak.js', '--peers', '9'],
    ['soak/soak.js', '--schedule', '/nope'],
    ['soak/soak.js', '--schedule', join(ROOT, 'package.json')],
    ['soak/soak.js', '--nonsense'],
    ['soak/soak.js', 'stray'],
    ['soak/planted-faults.js', '--seeds', 'abc'],
    ['soak/planted-faults.js', '--workers', '0'],
    ['soak/planted-faults.js', '--only', 'no such fault'],
    ['soak/planted-faults.js', '--nonsense'],
    ['hostile/main.js', '--packets', '0'],
    ['hostile/main.js', '--workers', '0'],
    ['hostile/main.js', '--target', 'nobody'],
    ['hostile/main.js', '--nonsense'],
    ['hostile/main.js', 'stray'],
  ])('%s %s %s: one line, exit 2', async ([program, ...args]) => {
    const { code, out, err } = await run(program!, args, folder);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^(soak|soak:faults|hostile): .*\n$/);
    expect(err).toContain(args[0]);
  });

  test.for(['soak/soak.js', 'soak/planted-faults.js', 'hostile/main.js'])('%s --help: the flags, exit 0', async (program) => {
    const { code, out, err } = await run(program, ['--help'], folder);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toContain('--workers N');
    expect(out).toContain('Exit code 0');
  });
});
