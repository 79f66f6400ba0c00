// What joinMatch and a match do when something goes wrong on the way, or when the application itself fails.
import { afterEach, describe, expect, test } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import type { Game } from '../../src/core/game.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import type { MatchOptions } from '../../src/match/options.js';
import { loopback, type Loopback } from '../../src/node/loopback.js';
import { RTCPeerConnection } from '../../src/node/wrtc.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from '../../src/signaling/interface.js';
import { memorySignaling } from '../../src/signaling/memory.js';
import { buttons, chainGame, type ChainState } from '../games.js';
import { until } from './rig.js';

type Options = MatchOptions<number, ChainState>;

const closing: { close(): void }[] = [];

afterEach(() => {
  for (const open of closing.splice(0).reverse()) open.close();
});

function options(signaling: Signaling, more: Partial<Options> = {}): Options {
  return { input: buttons, gameId: 'chain@1', players: 2, game: chainGame(), signaling, room: 'test', rtc: RTCPeerConnection, ...more };
}

/** An adapter that hands on to another, and shows and changes what it carries. */
class Tapped implements Signaling {
  readonly #inner: Signaling;
  readonly rooms: { room: SignalingRoom; on: SignalingHandlers; closed: number }[] = [];
  passes = true;

  constructor(inner: Signaling) {
    this.#inner = inner;
  }

  async join(name: string, on: SignalingHandlers, signal?: AbortSignal): Promise<SignalingRoom> {
    const room = await this.#inner.join(name, on, signal);
    const entry = { room, on, closed: 0 };
    this.rooms.push(entry);
    return {
      self: room.self,
      send: (to, what) => {
        if (this.passes) room.send(to, what);
      },
      close: () => {
        entry.closed++;
        room.close();
      },
    };
  }
}

async function errorOf(promise: Promise<{ close(): void }>): Promise<NetError> {
  const outcome = await promise.then(
    (match) => {
      closing.push(match);
      return undefined;
    },
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(NetError);
  return outcome as NetError;
}

async function twoMatches(
  more: readonly [Partial<Options>, Partial<Options>] = [{}, {}],
): Promise<[Match<number, ChainState>, Match<number, ChainState>]> {
  const net: Loopback = await loopback({ peers: 2 });
  const [a, b] = await Promise.all([
    joinMatch({ ...options(net.peers[0]!.signaling), room: 'test', ...more[0] }),
    joinMatch({ ...options(net.peers[1]!.signaling), room: 'test', ...more[1] }),
  ]);
  closing.push(net, a, b);
  return [a, b];
}

describe('joining', () => {
  test('two peers that reach the same limit together both end, whoever is first', async () => {
    const signaling = new Tapped(memorySignaling());
    signaling.passes = false;
    const start = performance.now();
    const errors = await Promise.all([1, 2].map(() => errorOf(joinMatch(options(signaling, { connectLimitMs: 400 })))));
    expect(performance.now() - start).toBeLessThan(2_000);
    for (const { code } of errors) expect(['no-offer', 'no-answer', 'peer-gone']).toContain(code);
    expect(signaling.rooms.map(({ closed }) => closed)).toEqual([1, 1]);
  });

  test('a peer that leaves the room while it connects is named, not an empty room', async () => {
    const memory = memorySignaling();
    const silent = await memory.join('test', {
      peer: () => {},
      gone: () => {},
      signal: () => {},
      status: () => {},
      unknown: () => {},
    });
    const seen: string[] = [];
    const joining = errorOf(
      joinMatch(options(memory, { connectLimitMs: 500, onProgress: ({ stage, text }) => seen.push(`${stage} ${text}`) })),
    );
    await until(() => seen.some((line) => line.startsWith('peer')));
    silent.close();
    expect(await joining).toMatchObject({ code: 'peer-gone', fields: { peer: 'peer-1', why: 'it left the room' } });
  });

  test('what signaling brings and nobody understands may be any value: it is shown, shortly, and nothing throws', async () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const memory = memorySignaling();
    const odd: Signaling = {
      join: (name, on, signal) => {
        for (const value of [cycle, 1n, undefined, Symbol('odd'), 'x'.repeat(10_000)]) on.unknown(value);
        return memory.join(name, on, signal);
      },
    };
    const seen: string[] = [];
    await errorOf(joinMatch(options(odd, { connectLimitMs: 50, onProgress: ({ text }) => seen.push(text) })));
    const shown = seen.filter((text) => text.includes('unknown')).map((text) => text.split('unknown: ')[1]!);
    expect(shown.slice(0, 4)).toEqual(['no JSON (object)', 'no JSON (bigint)', 'undefined', 'Symbol(odd)']);
    expect(shown[4]).toHaveLength(120);
  });

  test('signaling that never answers is named, and given up', async () => {
    let aborted = false;
    const mute: Signaling = {
      join: (_room, _on, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            aborted = true;
            reject(new NetError('aborted', { why: 'told to' }));
          });
        }),
    };
    expect(await errorOf(joinMatch(options(mute, { connectLimitMs: 100 })))).toMatchObject({
      code: 'signaling-lost',
      fields: { stage: 'signaling', cause: 'joining the room took longer than 100 ms' },
    });
    expect(aborted).toBe(true);
  });

  test('a match begins also if the first messages of both sides never come', async () => {
    class Forgetful extends RTCPeerConnection {
      override createDataChannel(...args: Parameters<InstanceType<typeof RTCPeerConnection>['createDataChannel']>) {
        const channel = super.createDataChannel(...args);
        const send: (message: Uint8Array<ArrayBuffer>) => void = channel.send.bind(channel);
        let forgotten = 0;
        if (args[0] === 'control') {
          channel.send = (message: string | Uint8Array<ArrayBuffer>) => {
            if (++forgotten > 1 && typeof message !== 'string') send(message);
          };
        }
        return channel;
      }
    }
    const [a, b] = await twoMatches([{ rtc: Forgetful }, { rtc: Forgetful }]);
    expect(a.seed).toBe(b.seed);
  });

  test('signaling that closes while it is needed is named', async () => {
    const signaling = new Tapped(memorySignaling());
    const joining = errorOf(joinMatch(options(signaling)));
    await until(() => signaling.rooms.length === 1);
    signaling.rooms[0]!.on.status('closed', 'the server went away');
    expect(await joining).toMatchObject({ code: 'signaling-lost', fields: { cause: 'the server went away' } });
  });

  test('signaling that closes once the links are up is not missed', async () => {
    const signaling = new Tapped(memorySignaling());
    const matches = await Promise.all([joinMatch(options(signaling)), joinMatch(options(signaling))]);
    closing.push(...matches);
    for (const { on } of signaling.rooms) on.status('closed', 'the server went away');
    for (const match of matches) match.run({ sample: () => 1 });
    await until(() => matches.every((match) => match.confirmedFrame > 30));
  });

  test('bad options are refused before anybody can see us', async () => {
    const signaling = new Tapped(memorySignaling());
    for (const bad of [{ players: 1 }, { window: 99 }, { channel: { maxRetransmits: -1 } }, { window: 0, inputDelay: 0 }] as const) {
      expect(await errorOf(joinMatch(options(signaling, bad)))).toMatchObject({ code: 'bad-option' });
    }
    expect(signaling.rooms).toEqual([]);
  });

  test.each(['signaling', 'peer', 'offer', 'dtls', 'handshake'])(
    'what onProgress throws at stage "%s" comes out of joinMatch',
    async (stage) => {
      const signaling = new Tapped(memorySignaling());
      const bug = new Error(`bug at ${stage}`);
      const onProgress: Options['onProgress'] = (progress) => {
        if (progress.stage === stage) throw bug;
      };
      const other = joinMatch(options(signaling, { connectLimitMs: 1_000 })).catch((error: unknown) => error);
      await expect(joinMatch(options(signaling, { onProgress }))).rejects.toBe(bug);
      // The other one ends too: with an error of its own at its limit, or at once.
      expect(await other).toBeInstanceOf(NetError);
      expect(signaling.rooms.every(({ closed }) => closed === 1)).toBe(true);
    },
  );

  test('visitors of the room after the start leave no trace', async () => {
    const signaling = new Tapped(memorySignaling());
    const matches = await Promise.all([joinMatch(options(signaling)), joinMatch(options(signaling))]);
    closing.push(...matches);
    const { length } = matches[0].timeline;
    for (let i = 0; i < 100; i++) {
      signaling.rooms[0]!.on.peer(`visitor-${i}`);
      signaling.rooms[0]!.on.signal(`visitor-${i}`, { attempt: 'x', kind: 'bye', reason: 'hello?' });
    }
    expect(matches[0].stats().straySignals).toBe(100);
    expect(matches[0].timeline).toHaveLength(length);
  });
});

describe('a running match', () => {
  test('stopped and run again, an asynchronous game is never entered twice', async () => {
    const chain = chainGame();
    let inside = 0;
    let overlaps = 0;
    const slowly = async <T>(work: () => T | Promise<T>): Promise<T> => {
      if (++inside > 1) overlaps++;
      await new Promise((done) => setTimeout(done, 3));
      const result = await work();
      inside--;
      return result;
    };
    const game: Game<number, ChainState> = {
      advance: (inputs, step) => slowly(() => chain.advance([...inputs], { ...step, status: [...step.status] })),
      save: (reuse) => slowly(() => chain.save(reuse)),
      load: (saved) => slowly(() => chain.load(saved)),
    };
    const [slow, other] = await twoMatches([{ game }, {}]);
    other.run({ sample: () => other.frame & 3 });
    for (let round = 0; round < 10; round++) {
      const from = slow.frame;
      const stop = slow.run({ sample: () => slow.frame & 5 });
      await until(() => slow.frame > from + 2);
      stop();
    }
    expect(overlaps).toBe(0);
    expect(slow.frame).toBeGreaterThan(20);
  });

  test('stopped and run again while it samples, an asynchronous game is never entered twice', async () => {
    const chain = chainGame();
    let inside = 0;
    let most = 0;
    const slowly = async <T>(work: () => T | Promise<T>): Promise<T> => {
      most = Math.max(most, ++inside);
      await new Promise((done) => setTimeout(done, 40));
      const result = await work();
      inside--;
      return result;
    };
    const game: Game<number, ChainState> = {
      advance: (inputs, step) => slowly(() => chain.advance([...inputs], { ...step, status: [...step.status] })),
      save: (reuse) => slowly(() => chain.save(reuse)),
      load: (saved) => slowly(() => chain.load(saved)),
    };
    const [slow, other] = await twoMatches([{ game }, {}]);
    other.run({ sample: () => 1 });
    let restarts = 0;
    const run = (): void => {
      const stop = slow.run({
        sample: () => {
          if (slow.frame > 2 && restarts++ === 0) {
            stop();
            run();
          }
          return 1;
        },
      });
    };
    run();
    await until(() => slow.frame > 8);
    expect(restarts).toBeGreaterThan(0);
    expect(most).toBe(1);
  });

  test('a checksum that throws while no loop runs ends the match by name', async () => {
    let wrong = false;
    const game: Game<number, ChainState> = {
      ...chainGame(),
      checksum: (saved) => {
        if (wrong) throw new Error('no checksum today');
        return saved.chain;
      },
    };
    const play = { checkInterval: 1, inputDelay: 6 };
    const [a, b] = await twoMatches([
      { ...play, game },
      { ...play, game: { ...chainGame(), checksum: (saved) => saved.chain } },
    ]);
    const ended = new Promise<NetError | undefined>((told) => a.on('ended', ({ error }) => told(error)));
    const stop = a.run({ sample: () => 1 });
    b.run({ sample: () => 1 });
    await until(() => a.frame > 20);
    stop();
    wrong = true;
    expect(await ended).toMatchObject({ code: 'game-failed', fields: { cause: 'no checksum today' } });
  });

  test('events that came before anybody listened are told', async () => {
    const [a, b] = await twoMatches();
    a.run({ sample: () => 0 });
    b.close('no time');
    await until(() => a.stats().peers.length === 1 && Object.keys(a.stats().links).length === 0);
    const told: string[] = [];
    a.on('dropped', ({ peer, why }) => told.push(`${peer} ${why}`));
    expect(told).toEqual(['peer-2 no time']);
  });

  test('a handler that throws ends the match, which gives everything back', async () => {
    const net = await loopback({ peers: 2 });
    const signaling = new Tapped(memorySignaling());
    const [a, b] = await Promise.all([joinMatch(options(signaling)), joinMatch(options(signaling))]);
    closing.push(net, a, b);
    const ended = new Promise<NetError | undefined>((done) => a.on('ended', ({ error }) => done(error)));
    a.on('dropped', () => {
      throw new TypeError('bug in my handler');
    });
    a.run({ sample: () => 0 });
    b.run({ sample: () => 0 });
    await until(() => a.confirmedFrame > 10);
    b.close();
    const error = await ended;
    expect(error).toMatchObject({ code: 'game-failed' });
    expect(error!.cause).toBeInstanceOf(TypeError);
    expect(signaling.rooms.map(({ closed }) => closed)).toEqual([1, 1]);
  });

  test('a ticker that wakes up at once, and a game that fails then, stop cleanly', async () => {
    const [a] = await twoMatches();
    const ended = new Promise<NetError | undefined>((done) => a.on('ended', ({ error }) => done(error)));
    let stopped = 0;
    a.run({
      sample: () => {
        throw new Error('no pad');
      },
      ticker: {
        start: (wake) => {
          wake();
          return () => stopped++;
        },
      },
    });
    expect(await ended).toMatchObject({ code: 'game-failed', fields: { cause: 'no pad' } });
    expect(stopped).toBe(1);
  });
});
