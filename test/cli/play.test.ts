// `rollwire play` as a user runs it: the built program in processes of its own. Needs `npm run build`, which `npm test` does first.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { PlayReport } from '../../src/cli/play-report.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rollwire-play-'));
const running = new Set<ChildProcess>();

// The tests run side by side: what one leaves behind after a failure is ended when all are done.
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly pids: readonly number[];
}

/** Runs the command. @param onOutput Called with all output so far, each time that there is more. */
function rollwire(args: readonly string[], onOutput: (out: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let out = '';
  let err = '';
  const pids = new Set<number>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    for (const pid of childrenOf(child.pid!)) pids.add(pid);
    onOutput(out, child);
  });
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, out, err, pids: [...pids] });
    });
  });
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function readReport(path: string): PlayReport {
  return JSON.parse(readFileSync(path, 'utf8')) as PlayReport;
}

describe.concurrent('rollwire play', () => {
  test('plays, proves both peers equal to each other and to a replay, and says so', { timeout: 60_000 }, async () => {
    const json = join(folder, 'good.json');
    const { code, out, err, pids } = await rollwire(['play', '--frames', '300', '--json', json]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('equal: inputs and states of 2 peers and of a replay without a network, at all 300 frames');
    expect(out).toContain('rtt');
    const report = readReport(json);
    expect(report).toMatchObject({ equal: true, frames: 300, network: { delayMs: 40, jitterMs: 10, loss: 0.05, burstMs: 0, seed: 1 } });
    expect(report.checksum).toBeGreaterThan(0);
    expect(report.connectMs).toBeGreaterThan(100);
    expect(report.relay.aToB.forwarded).toBeGreaterThan(300);
    expect(report.relay.aToB.dropped).toBeGreaterThan(0);
    expect(report.relay.bToA.forwarded).toBeGreaterThan(300);
    expect(report.peers).toHaveLength(2);
    for (const peer of report.peers) {
      expect(peer.confirmedFrame).toBeGreaterThanOrEqual(299);
      expect(peer.rollbacks).toBeGreaterThan(0);
      expect(peer.resimulatedFrames).toBeGreaterThanOrEqual(peer.rollbacks);
      expect(peer.maxRollbackDepth).toBeGreaterThan(0);
      expect(peer.maxRollbackDepth).toBeLessThanOrEqual(8);
      expect(peer.stalledFrames).toBeGreaterThanOrEqual(0);
      expect(peer.inputPacketsSent).toBeGreaterThanOrEqual(300);
      expect(peer.otherPacketsSent).toBeLessThan(20);
      expect(peer.inputBytesMean).toBeLessThan(20);
      expect(peer.rttMs.p50).toBeGreaterThan(75);
      expect(peer.rttMs.p99).toBeGreaterThanOrEqual(peer.rttMs.p50!);
      expect(peer.inputDelayMs.p50).toBeGreaterThan(30);
      expect(peer.inputDelayMs.p99).toBeGreaterThanOrEqual(peer.inputDelayMs.p50!);
    }
    expect(pids.length).toBeGreaterThan(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('the seed decides the final state; the network does not', { timeout: 60_000 }, async () => {
    const file = (name: string): string => join(folder, name);
    const run = (name: string, ...flags: string[]): Promise<Ended> => rollwire(['play', '--frames', '120', '--json', file(name), ...flags]);
    const [clean, bad, other] = await Promise.all([
      run('clean.json', '--delay', '0', '--loss', '0', '--input-delay', '3', '--window', '0'),
      run('bad.json', '--delay', '80', '--jitter', '30', '--loss', '10', '--burst', '60', '--input-delay', '3'),
      run('other.json', '--delay', '0', '--loss', '0', '--input-delay', '3', '--seed', '2'),
    ]);
    expect([clean.code, bad.code, other.code]).toEqual([0, 0, 0]);
    expect(readReport(file('bad.json')).checksum).toBe(readReport(file('clean.json')).checksum);
    expect(readReport(file('other.json')).checksum).not.toBe(readReport(file('clean.json')).checksum);
    // Lockstep never predicts.
    expect(readReport(file('clean.json')).peers.map(({ rollbacks }) => rollbacks)).toEqual([0, 0]);
  });

  test('a black hole ends with the stage named, and the relay let nothing through', { timeout: 60_000 }, async () => {
    const json = join(folder, 'hole.json');
    const { code, out } = await rollwire(['play', '--frames', '60', '--loss', '100', '--json', json]);
    expect(code).toBe(1);
    expect(out).toContain('no pair of addresses to peer-2 answered');
    const report = readReport(json);
    expect(report.equal).toBe(false);
    expect(report.relay.aToB).toMatchObject({ forwarded: 0, bytes: 0 });
    expect(report.relay.aToB.dropped).toBeGreaterThan(10);
    expect(report.failures.map(({ code: why, stage }) => `${why} after ${stage}`)).toEqual([
      'no-pair after candidates',
      'no-pair after candidates',
    ]);
  });

  test('a killed peer is reported by the other by name', { timeout: 60_000 }, async () => {
    let killed: number | undefined;
    const { code, out, pids } = await rollwire(['play', '--frames', '6000'], (text, child) => {
      if (killed !== undefined || !/peer-1 \d+ .*peer-2 \d+ /.test(text)) return;
      killed = childrenOf(child.pid!).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('"self":"peer-2"'));
      process.kill(killed!, 'SIGKILL');
    });
    expect(killed).toBeDefined();
    expect(code).toBe(1);
    expect(out).toContain('peer-2: its process ended (SIGKILL)');
    expect(out).toMatch(/peer-1 got as far as "play": peer-2 was lost/);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('Ctrl-C ends all processes', { timeout: 60_000 }, async () => {
    const { code, err, pids } = await rollwire(['play', '--frames', '6000'], (text, child) => {
      if (/peer-1 \d+ /.test(text)) child.kill('SIGINT');
    });
    expect(code).toBe(130);
    expect(err).toContain('interrupted');
    expect(pids).toHaveLength(2);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test.for([
    ['--frames', 'abc'],
    ['--frames', '0'],
    ['--loss', '101'],
    ['--delay', '-1'],
    ['--jitter', '50'],
    ['--window', '31'],
    ['--nonsense'],
    ['--inputs', join(folder, 'missing.u16')],
    ['--json', join(folder, 'missing', 'out.json')],
    ['--json', folder],
    ['--input-delay', '0', '--window', '0'],
  ])('bad flags %s %s: one line, exit 2', async (flags) => {
    const { code, out, err } = await rollwire(['play', ...flags]);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain(flags[0]);
  });

  test('an input file of odd length: one line, exit 2', async () => {
    const file = join(folder, 'odd.u16');
    writeFileSync(file, new Uint8Array(4001));
    const { code, err } = await rollwire(['play', '--inputs', file]);
    expect(code).toBe(2);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain('4001 bytes');
  });

  test('a taken port: one line, exit 2', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      const { port } = server.address() as AddressInfo;
      const { code, err } = await rollwire(['play', '--port', String(port)]);
      expect(code).toBe(2);
      expect(err.trim().split('\n')).toHaveLength(1);
      expect(err).toContain(String(port));
    } finally {
      server.close();
    }
  });

  test('an unknown command: one line, exit 2', async () => {
    const { code, err } = await rollwire(['paly']);
    expect(code).toBe(2);
    expect(err).toBe('rollwire: there is no command "paly"; see rollwire --help\n');
  });

  test('--help explains every flag', async () => {
    const { code, out } = await rollwire(['play', '--help']);
    expect(code).toBe(0);
    for (const flag of ['frames', 'delay', 'jitter', 'loss', 'burst', 'seed', 'input-delay', 'window', 'inputs', 'json', 'port', 'help']) {
      expect(out).toContain(`--${flag}`);
    }
  });
});
