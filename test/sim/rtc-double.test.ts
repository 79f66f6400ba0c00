// The peer-connection double where real ones cannot be asked: what it does on paths that lose, break and end, at exact times. What it has in
// common with real ones is in test/link/conformance-cases.ts.
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import type { RtcConstructor, RtcDataChannel, RtcPeerConnection } from '../../src/link/rtc.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { passTime } from '../../src/sim/pass-time.js';
import { RtcWorld } from '../../src/sim/rtc-world.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

interface End {
  readonly connection: RtcPeerConnection;
  readonly channel: RtcDataChannel;
  readonly log: string[];
  readonly messages: unknown[];
}

class Stage {
  readonly clock = new VirtualClock();
  readonly world: RtcWorld;
  readonly a: End;
  readonly b: End;

  constructor(network: Impairment | ((from: string) => Impairment), seed = 1) {
    this.world = new RtcWorld({ clock: this.clock, rng: createRng(seed), network });
    this.a = this.#end(this.world.rtc('a'));
    this.b = this.#end(this.world.rtc('b'));
  }

  #end(rtc: RtcConstructor): End {
    const connection = new rtc();
    const log: string[] = [];
    const messages: unknown[] = [];
    const at = (what: string): number => log.push(`${Math.round(this.clock.now())} ${what}`);
    connection.oniceconnectionstatechange = () => at(`ice ${connection.iceConnectionState}`);
    connection.onconnectionstatechange = () => at(connection.connectionState);
    const channel = connection.createDataChannel('data', { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    channel.onopen = () => at('open');
    channel.onclose = () => at('close');
    channel.onmessage = ({ data }) => messages.push(data);
    return { connection, channel, log, messages };
  }

  pass(ms: number): Promise<void> {
    return passTime(this.clock, ms, breathe);
  }

  async #call<T>(promise: Promise<T>): Promise<T> {
    await this.pass(1);
    return promise;
  }

  async negotiate(): Promise<void> {
    const { a, b } = this;
    const held: (() => void)[] = [];
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      from.connection.onicecandidate = ({ candidate }) => {
        if (candidate !== null) held.push(() => void to.connection.addIceCandidate(candidate).catch(() => {}));
      };
    }
    const offer = { type: 'offer', sdp: (await this.#call(a.connection.createOffer())).sdp! } as const;
    await this.#call(a.connection.setLocalDescription(offer));
    await this.#call(b.connection.setRemoteDescription(offer));
    const answer = { type: 'answer', sdp: (await this.#call(b.connection.createAnswer())).sdp! } as const;
    await this.#call(b.connection.setLocalDescription(answer));
    await this.#call(a.connection.setRemoteDescription(answer));
    await this.pass(50);
    for (const go of held) go();
  }

  async connect(): Promise<void> {
    await this.negotiate();
    await this.pass(5000);
    for (const { log } of [this.a, this.b]) expect(log.at(-1)).toMatch(/ open$/);
  }
}

const texts = (log: readonly string[]): string[] => log.map((line) => line.slice(line.indexOf(' ') + 1));

describe('connecting', () => {
  test('the one that offers sees: checking, connecting, connected, completed, connected, open', async () => {
    const stage = new Stage({ delayMs: 20 });
    await stage.connect();
    expect(texts(stage.a.log)).toEqual(['ice checking', 'connecting', 'ice connected', 'ice completed', 'connected', 'open']);
    expect(texts(stage.b.log)).toEqual(['ice checking', 'connecting', 'ice connected', 'connected', 'open']);
  });

  test('takes one round trip for ICE, two for DTLS and two for SCTP', async () => {
    const stage = new Stage({ delayMs: 100 });
    await stage.negotiate();
    const from = stage.clock.now();
    await stage.pass(5000);
    const when = (what: string): number => Number(stage.b.log[texts(stage.b.log).indexOf(what)]!.split(' ')[0]) - from;
    expect([when('ice connected'), when('connected'), when('open')].map((ms) => Math.round(ms / 10) * 10)).toEqual([200, 600, 1000]);
  });

  test('gets through heavy loss, later', async () => {
    let slowest = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const stage = new Stage({ delayMs: 40, loss: 0.2 }, seed);
      await stage.negotiate();
      await stage.pass(20_000);
      for (const { log } of [stage.a, stage.b]) {
        const opened = log.find((line) => line.endsWith(' open'));
        expect(opened).toBeDefined();
        slowest = Math.max(slowest, Number(opened!.split(' ')[0]));
      }
    }
    // A clean one takes half a second.
    expect(slowest).toBeGreaterThan(1500);
  });

  test('on a path that never works fails after 15 s of asking', async () => {
    const stage = new Stage({ loss: 1 });
    await stage.negotiate();
    const from = stage.clock.now();
    await stage.pass(30_000);
    for (const { log, connection } of [stage.a, stage.b]) {
      expect(texts(log)).toEqual(['ice checking', 'connecting', 'ice failed', 'failed']);
      expect(Number(log.at(-1)!.split(' ')[0]) - from).toBeCloseTo(15_000, -2);
      expect(connection.connectionState).toBe('failed');
    }
  });

  test('where only one direction works, nobody connects', async () => {
    const stage = new Stage((from) => (from === 'a' ? {} : { loss: 1 }));
    await stage.negotiate();
    await stage.pass(30_000);
    expect([stage.a.connection.connectionState, stage.b.connection.connectionState]).toEqual(['failed', 'failed']);
  });
});

describe('a path that goes away', () => {
  test('for long: disconnected after 5 s, failed after 15; the channels stay as they were', async () => {
    const stage = new Stage({ delayMs: 20, outages: [[10_000, Infinity]] });
    await stage.connect();
    await stage.pass(40_000);
    for (const { log, channel } of [stage.a, stage.b]) {
      expect(texts(log).slice(-4)).toEqual(['ice disconnected', 'disconnected', 'ice failed', 'failed']);
      const [disconnected, failed] = [log.at(-3)!, log.at(-1)!].map((line) => Number(line.split(' ')[0]) - 10_000);
      expect(disconnected).toBeGreaterThan(4000);
      expect(disconnected).toBeLessThan(6100);
      expect(failed).toBeGreaterThan(14_000);
      expect(failed).toBeLessThan(16_100);
      expect(() => channel.send('into the void')).not.toThrow();
    }
  });

  test('for eight seconds: connected again, and what is sent then arrives', async () => {
    const stage = new Stage({ delayMs: 20, outages: [[10_000, 18_000]] });
    await stage.connect();
    await stage.pass(20_000);
    for (const { log } of [stage.a, stage.b]) {
      expect(texts(log).slice(-4)).toEqual(['ice disconnected', 'disconnected', 'ice connected', 'connected']);
    }
    stage.a.channel.send('hello again');
    await stage.pass(100);
    expect(stage.b.messages).toEqual(['hello again']);
  });

  test('for three seconds: nobody is told', async () => {
    const stage = new Stage({ delayMs: 20, outages: [[10_000, 13_000]] });
    await stage.connect();
    await stage.pass(20_000);
    expect(texts(stage.b.log).at(-1)).toBe('open');
  });
});

describe('closing', () => {
  test('tells the other side after the way of one packet: its channels close, and later it is disconnected and fails', async () => {
    const stage = new Stage({ delayMs: 70 });
    await stage.connect();
    const from = stage.clock.now();
    stage.a.log.length = 0;
    stage.a.connection.close();
    await stage.pass(30_000);
    expect(stage.a.log).toEqual([]);
    expect(texts(stage.b.log).slice(-5)).toEqual(['close', 'ice disconnected', 'disconnected', 'ice failed', 'failed']);
    expect(Number(stage.b.log.at(-5)!.split(' ')[0]) - from).toBe(70);
  });

  test('of which the packet is lost is noticed by the silence alone', async () => {
    const stage = new Stage((from) => (from === 'a' ? { outages: [[6000, 7000]] } : {}));
    await stage.connect();
    await stage.pass(6500 - stage.clock.now());
    stage.a.connection.close();
    await stage.pass(30_000);
    expect(texts(stage.b.log).slice(-4)).toEqual(['ice disconnected', 'disconnected', 'ice failed', 'failed']);
    expect(texts(stage.b.log)).not.toContain('close');
  });

  test('of a process that dies is silent, and leaves nothing', async () => {
    const stage = new Stage({ delayMs: 20 });
    await stage.connect();
    stage.world.vanish('a');
    await stage.pass(4000);
    expect(texts(stage.b.log).at(-1)).toBe('open');
    expect(stage.world.open).toBe(1);
  });

  test('at any moment stops everything that goes on', async () => {
    for (let ms = 0; ms < 600; ms += 7) {
      const stage = new Stage({ delayMs: 30, jitterMs: 10 }, ms);
      void stage.negotiate().catch(() => {});
      await stage.pass(ms);
      stage.a.connection.close();
      const told = stage.a.log.length;
      await stage.pass(ms % 50);
      stage.b.connection.close();
      expect(stage.world.open).toBe(0);
      await stage.pass(1000);
      const now = stage.clock.now();
      while (stage.clock.step());
      expect(stage.clock.now()).toBe(now);
      expect(stage.a.log).toHaveLength(told);
    }
  });
});

describe('a channel', () => {
  test('counts what waits while the path is away, and the window is full', async () => {
    const stage = new Stage({ delayMs: 40, outages: [[10_000, 12_000]] });
    await stage.connect();
    await stage.pass(10_100 - stage.clock.now());
    for (let i = 0; i < 50; i++) stage.a.channel.send(new Uint8Array(1000));
    expect(stage.a.channel.bufferedAmount).toBeGreaterThan(30_000);
    await stage.pass(10_000);
    expect(stage.a.channel.bufferedAmount).toBe(0);
  });

  test('refuses a message that is too large, and more than 16 MiB that wait', async () => {
    const stage = new Stage({});
    await stage.connect();
    expect(() => stage.a.channel.send(new Uint8Array(262_145))).toThrow(TypeError);
    const sendMuch = (): void => {
      for (let i = 0; i < 70; i++) stage.a.channel.send(new Uint8Array(262_144));
    };
    expect(sendMuch).toThrow(/queue is full/);
  });
});

test('an address of an older connection leads to nobody, not to the next one', async () => {
  const stage = new Stage({ delayMs: 20 });
  await stage.connect();
  stage.b.connection.close();
  const next = new (stage.world.rtc('b'))();
  const before = stage.world.counters.toNobody;
  stage.a.channel.send('to whom?');
  await stage.pass(1000);
  expect(stage.world.counters.toNobody).toBeGreaterThan(before);
  expect(next.connectionState).toBe('new');
});

test('the same seed, the same packets', async () => {
  const counters = [];
  for (const seed of [5, 5, 6]) {
    const stage = new Stage({ delayMs: 40, jitterMs: 20, loss: 0.2 }, seed);
    await stage.negotiate();
    await stage.pass(20_000);
    counters.push([stage.a.log, stage.b.log, stage.world.counters]);
  }
  expect(counters[1]).toEqual(counters[0]);
  expect(counters[2]).not.toEqual(counters[0]);
});
