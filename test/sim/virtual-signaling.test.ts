// The signaling server on the virtual clock: it keeps the contract, and does to signals and connections what it is told to.
import { describe, expect, it, test } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import { NetError } from '../../src/core/errors.js';
import type { Signal } from '../../src/negotiation/signal.js';
import type { SignalingHandlers } from '../../src/signaling/interface.js';
import { signalingContract, type ContractWorld } from '../../src/signaling/contract.js';
import { passTime } from '../../src/sim/pass-time.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { VirtualSignaling, type VirtualSignalingOptions } from '../../src/sim/virtual-signaling.js';

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('unimpaired, it keeps the contract', () => {
  async function world(): Promise<ContractWorld> {
    const clock = new VirtualClock();
    const server = new VirtualSignaling({ clock, rng: createRng(1), delayMs: 20, jitterMs: 30 });
    let running = true;
    const runs = (async () => {
      while (running) await passTime(clock, 50, breathe);
    })();
    return {
      signaling: () => server.adapter(),
      cut: (self) => server.cut(self),
      close: async () => {
        running = false;
        await runs;
        await passTime(clock, 1000, breathe);
        if (server.members > 0) throw new Error(`${server.members} members stay`);
      },
    };
  }
  for (const { name, run } of signalingContract(world)) it(name, run);
});

function signal(n: number): Signal {
  return { attempt: `n${n}`, kind: 'bye', reason: '' };
}

/** Two peers in a room, with what they have heard. */
async function two(options: Partial<VirtualSignalingOptions> = {}) {
  const clock = new VirtualClock();
  const server = new VirtualSignaling({ clock, rng: createRng(7), delayMs: 10, ...options });
  const heard: string[][] = [[], []];
  const adapters = [server.adapter(), server.adapter()] as const;
  const handlers = (at: number): SignalingHandlers => ({
    peer: (id) => heard[at]!.push(`peer ${id}`),
    gone: (id) => heard[at]!.push(`gone ${id}`),
    signal: (from, what) => heard[at]!.push(`${what.attempt} from ${from}`),
    status: (state, why) => heard[at]!.push(`${state}: ${why}`),
    unknown: () => heard[at]!.push('unknown'),
  });
  const joining = adapters.map((adapter, at) => adapter.join('room', handlers(at)));
  await passTime(clock, 100, breathe);
  const [a, b] = await Promise.all(joining);
  for (const list of heard) list.length = 0;
  return { clock, server, heard, a: a!, b: b!, adapters, pass: (ms: number) => passTime(clock, ms, breathe) };
}

test('a message takes the way to the server and the way from there', async () => {
  const { a, b, heard, pass } = await two();
  a.send(b.self, signal(1));
  await pass(19);
  expect(heard[1]).toEqual([]);
  await pass(1);
  expect(heard[1]).toEqual(['n1 from peer-1']);
});

test('the shares of signals that were asked for are lost and doubled, and none is changed', async () => {
  const { a, b, heard, pass, server } = await two({ loss: 0.3, doubled: 0.2 });
  for (let n = 0; n < 1000; n++) a.send(b.self, signal(n));
  await pass(2000);
  const { sent, lost, doubled, delivered } = server.counters;
  expect(sent).toBe(1000);
  expect(lost).toBeGreaterThan(250);
  expect(lost).toBeLessThan(350);
  expect(doubled).toBeGreaterThan(150);
  expect(doubled).toBeLessThan(250);
  expect(delivered).toBe(sent - lost + doubled);
  expect(heard[1]).toHaveLength(delivered);
});

test('late signals are overtaken by others, and all come', async () => {
  const { a, b, heard, pass, server } = await two({ late: 0.2 });
  for (let n = 0; n < 100; n++) a.send(b.self, signal(n));
  await pass(2000);
  const order = heard[1]!.map((line) => Number(line.slice(1).split(' ')[0]));
  expect(order).not.toEqual(order.toSorted((x, y) => x - y));
  expect(new Set(order).size).toBe(100);
  expect(server.counters.late).toBeGreaterThan(10);
});

describe('the server dies', () => {
  test('and breaks its connections: everyone is told, and who joins is refused', async () => {
    const { server, heard, pass, adapters, a, b } = await two();
    server.die(true);
    a.send(b.self, signal(1));
    await pass(100);
    expect(heard).toEqual([['closed: the server has died'], ['closed: the server has died']]);
    expect(server.members).toBe(0);
    const joining = adapters[0].join('room', silent()).catch((error: unknown) => error);
    await pass(100);
    expect(await joining).toMatchObject({ code: 'signaling-unreachable' });
  });

  test('in silence: nobody is told, and nothing arrives', async () => {
    const { server, heard, pass, a, b } = await two();
    a.send(b.self, signal(1));
    server.die(false);
    a.send(b.self, signal(2));
    await pass(10_000);
    expect(heard).toEqual([[], []]);
  });

  test('and another one takes its place: it knows nobody, and can be joined', async () => {
    const { server, heard, pass, adapters, a, b } = await two();
    server.die(false);
    server.revive();
    a.send(b.self, signal(1));
    const joining = adapters[0].join('room', silent());
    await pass(100);
    expect((await joining).self).toBe('peer-3');
    expect(server.members).toBe(1);
    expect(heard).toEqual([[], []]);
  });
});

test('a process that dies hears nothing any more, not even that its join has ended; the others are told', async () => {
  const { server, heard, pass, adapters, a, b } = await two();
  const unsettled = adapters[0].join('room', silent());
  let settled = false;
  void unsettled.then(
    () => (settled = true),
    () => (settled = true),
  );
  adapters[0].vanish();
  b.send(a.self, signal(1));
  await pass(1000);
  expect(heard[0]).toEqual([]);
  expect(heard[1]).toContain('gone peer-1');
  expect(settled).toBe(false);
  expect(server.members).toBe(1);
});

test('the server may notice a death late', async () => {
  const { server, heard, pass, adapters } = await two();
  adapters[0].vanish(5000);
  await pass(4900);
  expect([heard[1], server.members]).toEqual([[], 2]);
  await pass(200);
  expect([heard[1], server.members]).toEqual([['gone peer-1'], 1]);
});

test('an abort ends the joining at once, and nobody stays', async () => {
  const { server, pass, adapters } = await two();
  const controller = new AbortController();
  const joining = adapters[0].join('room', silent(), controller.signal).catch((error: unknown) => error);
  controller.abort();
  expect(await joining).toBeInstanceOf(NetError);
  await pass(100);
  expect(server.members).toBe(2);
});

function silent(): SignalingHandlers {
  return { peer: () => {}, gone: () => {}, signal: () => {}, status: () => {}, unknown: () => {} };
}
