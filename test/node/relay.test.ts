// The relay over real UDP sockets of one process, without WebRTC.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { PreciseTimer } from '../../src/node/precise-timer.js';
import { startRelay } from '../../src/node/relay.js';
import type { Relay, RelayOptions } from '../../src/node/relay.js';
import type { UdpAddress } from '../../src/node/relay-core.js';
import { ImpairedPath } from '../../src/sim/impairment.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function relayWith(options: RelayOptions): Promise<Relay> {
  const relay = await startRelay(options);
  closing.push(() => relay.close());
  return relay;
}

interface Peer {
  readonly socket: Socket;
  send(text: string): void;
  /** The next message that has not been taken yet. */
  next(): Promise<string>;
}

async function peerOf(relayPort: UdpAddress): Promise<Peer> {
  const socket = createSocket('udp4');
  closing.push(() => socket.close());
  const messages: string[] = [];
  socket.on('message', (bytes, from) => {
    expect(from).toMatchObject({ address: relayPort.host, port: relayPort.port });
    messages.push(bytes.toString());
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    socket,
    send: (text) => socket.send(text, relayPort.port, relayPort.host),
    async next() {
      while (messages.length === 0) await once(socket, 'message');
      return messages.shift()!;
    },
  };
}

/** A relay and two peers that know each other through it. */
async function meet(options: RelayOptions): Promise<{ relay: Relay; a: Peer; b: Peer }> {
  const relay = await relayWith({ ...options, impair: {} });
  const a = await peerOf(relay.a);
  const b = await peerOf(relay.b);
  // The relay knows nobody when the first message comes: only the second one is sure to have somewhere to go.
  while (relay.stats().bToA.received === 0) {
    b.send('hello');
    await new Promise((resolve) => setImmediate(resolve));
  }
  a.send('hello');
  await b.next();
  b.send('hello');
  await a.next();
  relay.setImpairment(options.impair);
  return { relay, a, b };
}

describe('a relay', () => {
  test('carries both ways, each from the port that the peer sends to, and not before the delay', async () => {
    const { relay, a, b } = await meet({ impair: { aToB: { delayMs: 30 }, bToA: { delayMs: 10 } }, seed: 1 });
    const sent = performance.now();
    a.send('to b');
    b.send('to a');
    while ((await a.next()) !== 'to a') continue;
    const backAfter = performance.now() - sent;
    expect(await b.next()).toBe('to b');
    const thereAfter = performance.now() - sent;
    expect(backAfter).toBeGreaterThanOrEqual(10);
    expect(thereAfter).toBeGreaterThanOrEqual(30);
    // Generous: the machine may be busy.
    expect(thereAfter).toBeLessThan(30 + 100);
    expect(relay.stats().lateness.maxMs).toBeLessThan(100);
  });

  test('with a seed decides as the impaired path with that seed does', async () => {
    const seed = 77;
    // So many fit into the socket's receive buffer at once.
    const total = 100;
    const impair = { loss: 0.3 };
    const { relay, a, b } = await meet({ impair, seed });
    const rng = createRng(seed).fork('a-to-b');
    // One hello passed the direction on the way here.
    new ImpairedPath({}, rng).pass(0);
    const path = new ImpairedPath(impair, rng);
    const expected = Array.from({ length: total }, (_, i) => i).filter(() => path.pass(0).length > 0);

    const arrived: number[] = [];
    for (let i = 0; i < total; i++) a.send(String(i));
    while (arrived.length < expected.length) arrived.push(Number(await b.next()));
    expect(arrived).toEqual(expected);
    const { aToB } = relay.stats();
    expect(aToB).toMatchObject({ received: total + 1, dropped: total - expected.length, forwarded: expected.length + 1 });
  });

  test('in a blackout passes nothing and counts everything; after it all is as before', async () => {
    const { relay, a, b } = await meet({ impair: { loss: 1 }, seed: 1 });
    const before = relay.stats().aToB;
    for (let i = 0; i < 20; i++) a.send('lost');
    while (relay.stats().aToB.received < before.received + 20) await new Promise((resolve) => setImmediate(resolve));
    expect(relay.stats().aToB).toEqual({ ...before, received: before.received + 20, dropped: 20 });
    relay.setImpairment({});
    a.send('again');
    expect(await b.next()).toBe('again');
  });

  test('survives a peer whose port is gone', async () => {
    const { relay, a, b } = await meet({ impair: {}, seed: 1 });
    closing.splice(closing.length - 1);
    b.socket.close();
    for (let i = 0; i < 5; i++) a.send('nobody there');
    while (relay.stats().aToB.forwarded < 6) await new Promise((resolve) => setImmediate(resolve));
    const again = await peerOf(relay.b);
    again.send('to a');
    expect(await a.next()).toMatch(/hello|to a/);
  });

  test('frees its ports when closed, twice without harm, with packets on their way', async () => {
    const { relay, a } = await meet({ impair: { delayMs: 60_000 }, seed: 1 });
    a.send('too late');
    while (relay.stats().aToB.inFlight < 1) await new Promise((resolve) => setImmediate(resolve));
    relay.close();
    relay.close();
    expect(relay.stats().aToB.inFlight).toBe(1);
    for (const { host, port } of [relay.a, relay.b]) {
      const socket = createSocket('udp4');
      closing.push(() => socket.close());
      socket.bind(port, host);
      await once(socket, 'listening');
    }
  });

  test.each(['localhost', '::1', '0.0.0.0', '203.0.113.7', '', '1.2.3'])('refuses the host "%s"', async (host) => {
    await expect(startRelay({ impair: {}, seed: 1, host })).rejects.toMatchObject({ code: 'bad-option', fields: { option: 'host' } });
  });

  test('refuses conditions that mean nothing', async () => {
    await expect(startRelay({ impair: { loss: 5 }, seed: 1 })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(startRelay({ impair: {}, seed: NaN })).rejects.toMatchObject({ code: 'bad-option' });
  });
});

describe('the timer', () => {
  const now = (): number => performance.now();

  test('fires once, never early, for the last moment that was set', async () => {
    for (const wait of [0, 0.4, 1.5, 7.3]) {
      const due = now() + wait;
      let fired = 0;
      const at = await new Promise<number>((resolve) => {
        const timer = new PreciseTimer(now, () => {
          fired++;
          resolve(now());
        });
        timer.set(due + 50);
        timer.set(due);
      });
      expect(at).toBeGreaterThanOrEqual(due);
      expect(fired).toBe(1);
    }
  });

  test('holds one timer of the process while it waits, and none otherwise', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
    closing.push(() => vi.useRealTimers());
    const timer = new PreciseTimer(
      () => 0,
      () => undefined,
    );
    const held = [50, 20, 20, 0.5, 30, Infinity, 0.5, Infinity].map((due) => {
      timer.set(due);
      return vi.getTimerCount();
    });
    expect(held).toEqual([1, 1, 1, 1, 1, 0, 1, 0]);
  });

  test('does not fire when it was set to never, and can be set again', async () => {
    const fired: string[] = [];
    const cancelled = new PreciseTimer(now, () => fired.push('cancelled'));
    cancelled.set(now() + 5);
    cancelled.set(Infinity);
    const spinning = new PreciseTimer(now, () => fired.push('spinning'));
    spinning.set(now() + 0.5);
    spinning.set(Infinity);
    await new Promise<void>((resolve) => {
      const twice = new PreciseTimer(now, () => {
        fired.push('fired');
        if (fired.length === 2) resolve();
        else twice.set(now() + 8);
      });
      twice.set(now() + 4);
    });
    expect(fired).toEqual(['fired', 'fired']);
  });
});
