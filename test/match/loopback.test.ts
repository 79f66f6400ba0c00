// Real matches over real DataChannels in one process: playing, leaving, and what joinMatch says when it cannot.
import { afterEach, describe, expect, test } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import type { RtcChannelOptions, RtcConstructor, RtcDataChannel } from '../../src/link/rtc.js';
import { joinMatch } from '../../src/match/join.js';
import type { Progress } from '../../src/match/options.js';
import { loopback, type Loopback } from '../../src/node/loopback.js';
import { RTCPeerConnection } from '../../src/node/wrtc.js';
import { createInputPacket, decodeInputPacket } from '../../src/wire/input-packet.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { memorySignaling } from '../../src/signaling/memory.js';
import { buttons, chainGame, type ChainState } from '../games.js';
import { Rig, until } from './rig.js';

const closing: { close(): void }[] = [];

afterEach(() => {
  for (const open of closing.splice(0).reverse()) open.close();
});

async function startRig(...options: Parameters<typeof Rig.start>): Promise<Rig> {
  const rig = await Rig.start(...options);
  closing.push(rig);
  return rig;
}

async function startNet(): Promise<Loopback> {
  const net = await loopback({ peers: 2 });
  closing.push(net);
  return net;
}

const PLAY = { input: buttons, gameId: 'chain@1', players: 2 };

async function errorOf(promise: Promise<{ close(): void }>): Promise<NetError> {
  const outcome = await promise.then(
    (match) => {
      match.close();
      return undefined;
    },
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(NetError);
  return outcome as NetError;
}

/** Peer connections whose input channels say when they are asked what they hold, and when something is sent. */
function watched(rtc: RtcConstructor, seen: (step: 'ask' | 'send') => void): RtcConstructor {
  return class extends rtc {
    override createDataChannel(label: string, options: RtcChannelOptions): RtcDataChannel {
      const channel = super.createDataChannel(label, options);
      if (!label.startsWith('input')) return channel;
      const send = channel.send.bind(channel) as (data: string | Uint8Array<ArrayBuffer>) => void;
      return Object.defineProperties(channel, {
        bufferedAmount: {
          get: () => {
            seen('ask');
            return 0;
          },
        },
        send: {
          value: (data: string | Uint8Array<ArrayBuffer>) => {
            seen('send');
            send(data);
          },
        },
      });
    }
  };
}

describe('a match', () => {
  test('plays at 60 Hz and stays equal', async () => {
    const rig = await startRig({ peers: 2 });
    const start = performance.now();
    await rig.play(300);
    expect(300 / ((performance.now() - start) / 1000)).toBeGreaterThan(50);
    expect(rig.difference()).toBe(-1);
    expect(rig.peers.map(({ match }) => match.slots.map(({ slot, peer, local }) => `${slot} ${peer} ${local}`))).toEqual([
      ['0 peer-1 true', '1 peer-2 false'],
      ['0 peer-1 false', '1 peer-2 true'],
    ]);
    expect(rig.peers[0]!.match.seed).toBe(rig.peers[1]!.match.seed);
    for (const { match, error } of rig.peers) {
      expect(error).toBeUndefined();
      expect(match.confirmedFrame).toBeGreaterThanOrEqual(300);
      expect(match.stats().badPackets).toEqual({});
      expect(match.stats().checksPassed).toBeGreaterThanOrEqual(4);
    }
  });

  test('asks WebRTC what it holds before an input is sampled, and nothing between that and its packet', async () => {
    const net = await startNet();
    const steps: ('sample' | 'ask' | 'send')[] = [];
    const matches = await Promise.all(
      net.peers.map(async (place, i) => {
        const rtc = i === 0 ? watched(place.rtc, (step) => steps.push(step)) : place.rtc;
        const match = await joinMatch({ ...PLAY, ...place, rtc, game: chainGame() });
        closing.push(match);
        return match;
      }),
    );
    steps.length = 0;
    matches.forEach((match, i) =>
      match.run({
        sample: () => {
          if (i === 0) steps.push('sample');
          return 0;
        },
      }),
    );
    await until(() => matches[0]!.frame >= 60);
    const after = steps.flatMap((step, i) => (step === 'sample' && i + 1 < steps.length ? [steps[i + 1]] : []));
    expect(after.length).toBeGreaterThanOrEqual(59);
    expect(after.every((step) => step === 'send')).toBe(true);
    expect(steps.filter((step) => step === 'ask').length).toBeGreaterThanOrEqual(59);
  });

  test('stays equal through loss, jitter and duplication', async () => {
    const impair = { delayMs: 40, jitterMs: 20, loss: 0.1, copies: 2 };
    const rig = await startRig({ peers: 2, impair, seed: 5 });
    await rig.play(300);
    expect(rig.difference()).toBe(-1);
    for (const { match } of rig.peers) expect(match.stats().rollbacks).toBeGreaterThan(10);
    const [relay] = rig.net.relayStats();
    expect(relay!.aToB.forwarded).toBeGreaterThan(relay!.aToB.received);
  });

  test('the packet with the input of a frame is handed to the channel before that frame is simulated', async () => {
    const net = await startNet();
    const msgpack = new Msgpack();
    const packet = createInputPacket(1, 1);
    /** The last frame whose input has been sent. */
    let sent = -1;
    const late: number[] = [];
    let simulated = 0;
    class Watched extends RTCPeerConnection {
      override createDataChannel(...args: Parameters<InstanceType<typeof RTCPeerConnection>['createDataChannel']>) {
        const channel = super.createDataChannel(...args);
        const send = channel.send.bind(channel);
        channel.send = (bytes: string | Uint8Array<ArrayBuffer>) => {
          if (typeof bytes === 'string') throw new Error('a link sends bytes');
          if (decodeInputPacket(msgpack, bytes, 1, packet) === null) sent = Math.max(sent, packet.first + packet.count - 1);
          send(bytes);
        };
        return channel;
      }
    }
    const game = chainGame();
    const inputDelay = 2;
    const [match, other] = await Promise.all([
      joinMatch({
        ...PLAY,
        ...net.peers[0]!,
        rtc: Watched,
        inputDelay,
        game: {
          ...game,
          advance: (inputs, step) => {
            if (!step.resimulating) {
              simulated++;
              if (sent < step.frame + inputDelay) late.push(step.frame);
            }
            return game.advance(inputs, step);
          },
        },
      }),
      joinMatch({ ...PLAY, ...net.peers[1]!, inputDelay, game: chainGame() }),
    ]);
    closing.push(match, other);
    other.run({ sample: () => 2 });
    await new Promise<void>((done) => {
      match.run({ sample: () => 1, draw: ({ frame }) => frame >= 120 && done() });
    });
    expect(simulated).toBeGreaterThanOrEqual(120);
    expect(late).toEqual([]);
  });

  test('a polite leave is known at once, the inputs arrive with it, and the other goes on alone', async () => {
    const rig = await startRig({ peers: 2, impair: { delayMs: 40, loss: 0.3 }, seed: 9 });
    await rig.play(120);
    const [leaver, stayer] = rig.peers;
    const left = new Promise<{ lastFrame: number; at: number }>((known) => {
      stayer!.match.on('dropped', ({ lastFrame }) => known({ lastFrame, at: performance.now() }));
    });
    const last = leaver!.match.frame;
    const start = performance.now();
    leaver!.match.close('had enough');
    const { lastFrame, at } = await left;
    expect(stayer!.dropped).toEqual(['peer-1 had enough']);
    // Input delay 1: the input of the frame that comes next has been given.
    expect(lastFrame).toBe(last);
    expect(at - start).toBeLessThan(2_000);
    await until(() => stayer!.match.confirmedFrame >= lastFrame + 60);
    expect(stayer!.recorder.inputs[lastFrame + 30]).toMatch(/^- \d+$/);
    expect(stayer!.error).toBeUndefined();
  });

  test('a match that is not run yet keeps its place', async () => {
    const net = await startNet();
    const [one, two] = await Promise.all(net.peers.map((place) => joinMatch({ ...PLAY, ...place, game: chainGame() })));
    closing.push(one!, two!);
    const events: string[] = [];
    one!.on('interrupted', () => events.push('interrupted'));
    one!.on('ended', () => events.push('ended'));
    one!.run({ sample: () => 0 });
    // The other says ten times a second that it is there: after twelve times, twice the limit of silence has passed.
    await until(() => one!.stats().peers[0]!.packetsReceived >= 12);
    expect(events).toEqual([]);
    two!.run({ sample: () => 0 });
    await until(() => one!.confirmedFrame >= 60);
    expect(() => two!.run({ sample: () => 0 })).toThrow(NetError);
  });

  test('an error in the game ends the match with its cause, and the other is told', async () => {
    const net = await startNet();
    const game = chainGame();
    const [bad, good] = await Promise.all([
      joinMatch({
        ...PLAY,
        ...net.peers[0]!,
        game: {
          ...game,
          advance: (inputs, step) => {
            if (step.frame === 30) throw new RangeError('out of ammunition');
            return game.advance(inputs, step);
          },
        },
      }),
      joinMatch({ ...PLAY, ...net.peers[1]!, game: chainGame() }),
    ]);
    closing.push(bad, good);
    const ended = new Promise<NetError | undefined>((done) => bad.on('ended', ({ error }) => done(error)));
    const dropped = new Promise<string>((done) => good.on('dropped', ({ why }) => done(why)));
    bad.run({ sample: () => 0 });
    good.run({ sample: () => 0 });
    const error = await ended;
    expect(error).toMatchObject({ code: 'game-failed', fields: { frame: 30 } });
    expect(error!.cause).toBeInstanceOf(RangeError);
    expect(await dropped).toBe('its game failed');
  });

  test('an asynchronous game plays through the same loop', async () => {
    const net = await startNet();
    const matches = await Promise.all(
      net.peers.map((place) => {
        const game = chainGame();
        const hashes: number[] = [];
        return joinMatch<number, ChainState>({
          ...PLAY,
          ...place,
          game: {
            advance: async (inputs, step) => {
              await Promise.resolve();
              await game.advance(inputs, step);
              hashes[step.frame] = (await game.save(undefined)).chain;
            },
            save: async (reuse) => game.save(reuse),
            load: async (saved) => game.load(saved),
          },
        }).then((match) => ({ match, hashes }));
      }),
    );
    closing.push(...matches.map(({ match }) => match));
    await Promise.all(
      matches.map(
        ({ match }, i) =>
          new Promise<void>((done) => {
            match.run({ sample: () => (match.frame * (i + 3)) & 0xff, draw: () => match.settledFrame >= 120 && done() });
          }),
      ),
    );
    const [a, b] = matches.map(({ hashes }) => hashes.slice(0, 120));
    expect(a).toHaveLength(120);
    expect(a).toEqual(b);
  });
});

describe('joinMatch says why it cannot', () => {
  test('nobody else in the room', async () => {
    const error = await errorOf(
      joinMatch({ ...PLAY, game: chainGame(), signaling: memorySignaling(), room: 'empty', rtc: RTCPeerConnection, connectLimitMs: 200 }),
    );
    expect(error).toMatchObject({ code: 'no-peer', fields: { room: 'empty', present: 1, players: 2, limitMs: 200 } });
  });

  test('a full room', async () => {
    const signaling = memorySignaling();
    const join = (): ReturnType<typeof joinMatch<number, { frame: number; chain: number }>> =>
      joinMatch({ ...PLAY, game: chainGame(), signaling, room: 'duel', rtc: RTCPeerConnection });
    const [one, two, error] = await Promise.all([join(), join(), errorOf(join())]);
    closing.push(one, two);
    expect(error).toMatchObject({ code: 'room-full', fields: { room: 'duel', players: 2 } });
  });

  test.for([
    ['gameId', { gameId: 'chain@2' }, 'chain@1', 'chain@2'],
    ['window', { window: 4 }, 8, 4],
    ['fps', { fps: 50 }, 60, 50],
  ] as const)('%s differs: both sides name it', async ([field, other, mine, theirs]) => {
    const net = await startNet();
    const [a, b] = await Promise.all([
      errorOf(joinMatch({ ...PLAY, ...net.peers[0]!, game: chainGame() })),
      errorOf(joinMatch({ ...PLAY, ...other, ...net.peers[1]!, game: chainGame() })),
    ]);
    expect(a).toMatchObject({ code: 'config-mismatch', fields: { field, local: mine, remote: theirs } });
    expect(b).toMatchObject({ code: 'config-mismatch', fields: { field, local: theirs, remote: mine } });
  });

  test('an abort, before and while joining', async () => {
    const join = (signal: AbortSignal): Promise<{ close(): void }> =>
      joinMatch({ ...PLAY, game: chainGame(), signaling: memorySignaling(), room: 'empty', rtc: RTCPeerConnection, signal });
    expect(await errorOf(join(AbortSignal.abort('not today')))).toMatchObject({ code: 'aborted', fields: { why: 'not today' } });
    const controller = new AbortController();
    const error = errorOf(join(controller.signal));
    controller.abort('changed my mind');
    expect(await error).toMatchObject({ code: 'aborted', fields: { why: 'changed my mind' } });
  });

  test('options that cannot work', async () => {
    const error = await errorOf(
      joinMatch({ ...PLAY, players: 9, game: chainGame(), signaling: memorySignaling(), room: 'empty', rtc: RTCPeerConnection }),
    );
    expect(error).toMatchObject({ code: 'bad-option', fields: { option: 'players', got: 9 } });
  });

  test('no WebRTC in this environment', async () => {
    expect(await errorOf(joinMatch({ ...PLAY, game: chainGame(), signaling: memorySignaling(), room: 'empty' }))).toMatchObject({
      code: 'no-rtc',
    });
  });
});

describe('the way to a match', () => {
  test('is told stage by stage, in order', async () => {
    const net = await startNet();
    const told: Progress[] = [];
    const matches = await Promise.all(
      net.peers.map((place, i) =>
        joinMatch({ ...PLAY, ...place, game: chainGame(), ...(i === 0 ? { onProgress: (p: Progress) => told.push(p) } : {}) }),
      ),
    );
    closing.push(...matches);
    const stages = told.map(({ stage }) => stage).filter((stage, i, all) => all.indexOf(stage) === i);
    expect(stages).toEqual([
      'signaling',
      'room',
      'peer',
      'offer',
      'answer',
      'candidates',
      'pairs',
      'dtls',
      'channels',
      'handshake',
      'start',
    ]);
    expect(told.map(({ atMs }) => atMs)).toEqual(told.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    expect(matches[0]!.timeline).toEqual(told);
  });
});
