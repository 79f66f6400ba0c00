// Links over real WebRTC, two in one process.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/core/clock.js';
import type { NetError } from '../../src/core/errors.js';
import { PeerLink } from '../../src/link/peer-link.js';
import type { PeerLinkOptions } from '../../src/link/link-options.js';
import type { Signal } from '../../src/negotiation/signal.js';
import { RTCPeerConnection } from '../../src/node/wrtc.js';

const STAGES = ['peer', 'offer', 'answer', 'candidates', 'pairs', 'dtls', 'channels'];
const NOWHERE = 'candidate:1 1 udp 2122260223 192.0.2.1 9 typ host';

const clock: Clock = {
  now: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

/** One side: what happened there, and promises of what will. */
class End {
  readonly link: PeerLink;
  readonly messages: { readonly kind: string; readonly bytes: Uint8Array }[] = [];
  readonly open: Promise<void>;
  readonly closed: Promise<NetError>;
  #waiting: { readonly count: number; readonly done: () => void } | null = null;

  constructor(self: string, remote: string, send: (signal: Signal) => void, options: Partial<PeerLinkOptions>) {
    let opened = (): void => {};
    let closed = (_error: NetError): void => {};
    this.open = new Promise((resolve) => (opened = resolve));
    this.closed = new Promise((resolve) => (closed = resolve));
    this.link = new PeerLink({
      self,
      remote,
      rtc: RTCPeerConnection,
      clock,
      attempt: `attempt of ${self}`,
      limitMs: 10_000,
      on: {
        // Signaling is never synchronous.
        signal: (signal) => queueMicrotask(() => send(signal)),
        progress() {},
        open: () => opened(),
        message: (bytes, kind) => {
          this.messages.push({ kind, bytes });
          if (this.#waiting !== null && this.messages.length >= this.#waiting.count) this.#waiting.done();
        },
        closed: (error) => closed(error),
      },
      ...options,
    });
    links.push(this.link);
  }

  /** Resolves when so many messages have come. */
  received(count: number): Promise<void> {
    return new Promise((done) => {
      this.#waiting = { count, done };
      if (this.messages.length >= count) done();
    });
  }
}

const links: PeerLink[] = [];

afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

type Filter = (from: 'a' | 'b', signal: Signal) => readonly Signal[];

/** Two started links; `a` offers. The filter sees every signal and says what arrives instead. */
function pair(
  filter: Filter = (_from, signal) => [signal],
  ofA: Partial<PeerLinkOptions> = {},
  ofB: Partial<PeerLinkOptions> = {},
): readonly [End, End] {
  const a: End = new End('a', 'b', (signal) => filter('a', signal).forEach((each) => b.link.signal(each)), ofA);
  const b: End = new End('b', 'a', (signal) => filter('b', signal).forEach((each) => a.link.signal(each)), ofB);
  a.link.start();
  b.link.start();
  return [a, b];
}

async function openPair(): Promise<readonly [End, End]> {
  const ends = pair();
  await Promise.all(ends.map((end) => end.open));
  return ends;
}

describe('connecting', () => {
  test('two links connect; the timeline of both has all stages in order', async () => {
    for (const { link } of await openPair()) {
      expect(link.state).toBe('open');
      expect(link.timeline.map(({ stage }) => stage)).toEqual(STAGES);
      const times = link.timeline.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((x, y) => x - y));
      const { candidates } = link.stats();
      expect(Math.min(candidates.local.host, candidates.remote.host)).toBeGreaterThan(0);
    }
  });

  test('the addresses of one side are enough: the other one is seen when it calls', async () => {
    const ends = pair((from, signal) => (from === 'b' && signal.kind === 'candidate' ? [] : [signal]));
    await Promise.all(ends.map((end) => end.open));
    for (const { link } of ends) expect(link.timeline.map(({ stage }) => stage)).toEqual(STAGES);
  });

  test('addresses inside the descriptions are enough (no trickle)', async () => {
    // wrtc may announce the end of candidates before the last of them: wait for the end and for one.
    const held = new Map<string, { description: Signal; lines: string; ended: boolean }>();
    const ends = pair((from, signal) => {
      const own = held.get(from);
      if (own === undefined) held.set(from, { description: signal, lines: '', ended: false });
      else if (signal.kind === 'candidate' && signal.candidate === null) own.ended = true;
      else if (signal.kind === 'candidate') own.lines += `a=${signal.candidate?.candidate}\r\n`;
      if (own === undefined || !own.ended || own.lines === '' || own.description.kind !== 'description') return [];
      const complete = { ...own.description, sdp: own.description.sdp + own.lines };
      own.description = signal;
      return [complete];
    });
    await Promise.all(ends.map((end) => end.open));
    expect(ends[0].link.stats().candidates.remote.host).toBeGreaterThan(0);
  });

  test('an address that cannot be reached or read does not prevent it', async () => {
    const bad = ['candidate:1 1 udp 2122260223 8a3c5f0e-1111-4222-8333-444455556666.local 50000 typ host', 'candidate:nonsense'];
    const ends = pair((_from, signal) => {
      if (signal.kind !== 'description') return [signal];
      return [
        signal,
        ...bad.map((candidate): Signal => ({ attempt: signal.attempt, kind: 'candidate', candidate: { candidate, sdpMLineIndex: 0 } })),
      ];
    });
    await Promise.all(ends.map((end) => end.open));
    for (const { link } of ends) expect(link.stats().negotiation.refusedCandidates).toBe(1);
  });

  test('sides with different policies understand each other', async () => {
    const ends = pair(undefined, { policy: { maxRetransmits: 0 } });
    await Promise.all(ends.map((end) => end.open));
    const [a, b] = ends;
    b.link.sendInput(new Uint8Array([1]), { ageMs: 1000 });
    a.link.sendInput(new Uint8Array([2]), { ageMs: 1000 });
    await Promise.all(ends.map((end) => end.received(1)));
    expect(b.link.stats().sent).toMatchObject({ R: 0, Z: 1 });
    expect(a.link.stats().sent).toMatchObject({ R: 1, Z: 0 });
  });
});

describe('messages', () => {
  test('of both kinds arrive unchanged, both ways', async () => {
    const [a, b] = await openPair();
    // Views of a part of a buffer, as encoders hand them out.
    const input = new Uint8Array([9, 9, 1, 2, 3, 9]).subarray(2, 5);
    const control = new Uint8Array(65_536).map((_, i) => i * 7);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(from.link.sendInput(input, { ageMs: 0 })).toBe(true);
      await to.received(1);
      expect(from.link.sendControl(control)).toBe(true);
      await to.received(2);
      expect(to.messages).toEqual([
        { kind: 'input', bytes: new Uint8Array([1, 2, 3]) },
        { kind: 'control', bytes: control },
      ]);
    }
  });

  test('control messages sent just before close arrive, in order', async () => {
    const [a, b] = await openPair();
    for (let i = 0; i < 5; i++) a.link.sendControl(new Uint8Array(20_000).fill(i));
    a.link.close();
    expect((await b.closed).code).toBe('peer-lost');
    expect(b.messages.map(({ bytes }) => [bytes.byteLength, bytes[0]])).toEqual([0, 1, 2, 3, 4].map((i) => [20_000, i]));
  });
});

describe('the end', () => {
  test('a close is seen by the other side, and not reported here', async () => {
    const [a, b] = await openPair();
    let reported = false;
    void a.closed.then(() => (reported = true));
    a.link.close('enough');
    expect(await b.closed).toMatchObject({ code: 'peer-lost', fields: { peer: 'a', why: 'it left: enough' } });
    expect(b.link.state).toBe('closed');
    expect(reported).toBe(false);
  });

  test('a close while connecting tells the other side why', async () => {
    const [a, b] = await new Promise<readonly [End, End]>((resolve) => {
      const ends = pair((from, signal) => {
        if (from === 'a' || signal.kind !== 'description') return [signal];
        resolve(ends);
        return [];
      });
    });
    a.link.close('page closed');
    expect(await b.closed).toMatchObject({ code: 'peer-gone', fields: { why: 'it gave up: page closed' } });
  });
});

describe('what is withheld is named', () => {
  // Only one side gives up: what the other one reports is that.
  const limitMs = 700;

  test('the offer', async () => {
    const [, b] = pair(() => [], {}, { limitMs });
    expect(await b.closed).toMatchObject({ code: 'no-offer', fields: { peer: 'a', limitMs } });
  });

  test('the answer', async () => {
    const [a, b] = pair((from, signal) => (from === 'b' && signal.kind === 'description' ? [] : [signal]), { limitMs });
    expect(await a.closed).toMatchObject({ code: 'no-answer', fields: { peer: 'b', limitMs } });
    // It failed when a told it so, not at its own limit.
    expect(await b.closed).toMatchObject({ code: 'peer-gone', fields: { peer: 'a', why: 'it gave up: no-answer' } });
    expect(b.link.timeline.at(-1)?.atMs).toBeLessThan(5000);
  });

  test('all candidates', async () => {
    const [a] = pair((_from, signal) => (signal.kind === 'candidate' ? [] : [signal]), { limitMs });
    const error = await a.closed;
    expect(error).toMatchObject({ code: 'no-candidates', fields: { peer: 'b', limitMs, remote: 0 } });
    expect(error.fields).toHaveProperty('local', a.link.stats().candidates.local.host);
  });

  test('every address that works', async () => {
    const [a] = pair(
      (_from, signal) => (signal.kind === 'candidate' ? [{ ...signal, candidate: { candidate: NOWHERE, sdpMLineIndex: 0 } }] : [signal]),
      { limitMs },
    );
    expect(await a.closed).toMatchObject({ code: 'no-pair', fields: { peer: 'b', limitMs } });
  });

  test('a real description: WebRTC refuses nonsense', async () => {
    const [, b] = pair((_from, signal) => (signal.kind === 'description' ? [{ ...signal, sdp: 'nonsense' }] : [signal]));
    expect(await b.closed).toMatchObject({ code: 'rtc-refused', fields: { peer: 'a', step: 'setRemoteDescription' } });
  });
});

describe.skipIf(process.platform !== 'linux')('the process', () => {
  const threads = (): number => readdirSync('/proc/self/task').length;

  test('opening and closing again and again leaves no threads behind', () => {
    const counts: number[] = [];
    for (let i = 0; i < 30; i++) {
      new RTCPeerConnection().close();
      counts.push(threads());
    }
    // Without the idle connection each round adds 4.
    expect(counts.at(-1)).toBeLessThanOrEqual((counts[0] ?? 0) + 4);
  });

  const built = fileURLToPath(new URL('../../dist/src/node/wrtc.js', import.meta.url));
  test.skipIf(!existsSync(built))('Node ends by itself after the last close (needs a build)', () => {
    const script = `
      import { readdirSync } from 'node:fs';
      import { readFile } from 'node:fs/promises';
      const threads = () => readdirSync('/proc/self/task').length;
      // Starts Node's own pool of threads.
      await readFile(process.argv[1]);
      const before = threads();
      const { RTCPeerConnection } = await import(process.argv[1]);
      if (threads() !== before) throw new Error('importing did something');
      const connection = new RTCPeerConnection();
      connection.close();
      connection.close();`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, built], { timeout: 10_000, encoding: 'utf8' });
    expect({ status: child.status, signal: child.signal, stderr: child.stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  });
});
