// `rollwire server`, called as the command line calls it, with the process's streams and signals.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runServer } from '../../src/cli/server-command.js';
import { startRoomServer } from '../../src/server/index.js';
import { RawClient } from './raw-client.js';

afterEach(() => vi.restoreAllMocks());

/** What the command writes, and a wait for its first output. */
function watchOutput(): { out: string[]; err: string[]; first: Promise<string> } {
  const out: string[] = [];
  const err: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  const first = new Promise<string>((resolve) => {
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out.push(String(text));
      resolve(String(text));
      return true;
    });
  });
  return { out, err, first };
}

/** Calls what listens to a signal since `before`, as the signal itself would also reach the test runner. */
function signalNewListeners(signal: 'SIGINT' | 'SIGTERM', before: readonly unknown[]): void {
  for (const listener of process.listeners(signal)) if (!before.includes(listener)) listener(signal);
}

describe('rollwire server', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('prints its address, serves until %s, and leaves nothing behind', async (signal) => {
    const before = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') };
    const { out, err, first } = watchOutput();
    const running = runServer(['--port', '0', '--host', '127.0.0.1']);
    const url = /ws:\/\/127\.0\.0\.1:\d+/.exec(await first)?.[0] ?? '';
    const client = await RawClient.joined(url, 'room');
    signalNewListeners(signal, before[signal]);
    expect(await running).toBe(0);
    expect(await client.closed).toBe(1001);
    expect(out).toHaveLength(1);
    expect(err).toEqual([]);
    expect(process.listeners('SIGINT')).toEqual(before.SIGINT);
    expect(process.listeners('SIGTERM')).toEqual(before.SIGTERM);
  });

  it('explains itself', async () => {
    const { out, err } = watchOutput();
    expect(await runServer(['--help'])).toBe(0);
    expect(out.join('')).toMatch(/--port N[^]*--host H[^]*--help/);
    expect(err).toEqual([]);
  });

  it.each([
    ['an unknown flag', ['--prot', '1'], '--prot'],
    ['a stray word', ['now'], 'now'],
    ['a port without a number', ['--port'], '--port'],
    ['a port that is no number', ['--port', 'http'], '"http"'],
    ['an empty port', ['--port', ''], '""'],
    ['a port that is too high', ['--port', '65536'], '65536'],
    ['a negative port', ['--port=-1'], '"-1"'],
    ['a host of another machine', ['--port', '0', '--host', '192.0.2.1'], '192.0.2.1'],
  ])('refuses %s in one line', async (_what, argv, mention) => {
    const { out, err } = watchOutput();
    expect(await runServer(argv)).toBe(2);
    expect(out).toEqual([]);
    expect(err.join('')).toMatch(/^rollwire server: .+\n$/);
    expect(err.join('')).toContain(mention);
  });

  it('says which port is taken', async () => {
    const server = await startRoomServer();
    try {
      const { err } = watchOutput();
      expect(await runServer(['--port', String(server.port)])).toBe(2);
      expect(err).toEqual([`rollwire server: port ${server.port} is taken by another program; choose another port [port-taken]\n`]);
    } finally {
      await server.close();
    }
  });
});
