// The order of calls in a tick, what is sent, and the numbers that a session gives about itself.
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { createSession, drain, eventsOf, isInput, Mesh, msgpack, performAll, readControl, readInput } from './mesh.js';

const code = (fn: () => unknown): string => {
  try {
    fn();
    return 'nothing thrown';
  } catch (error) {
    return error instanceof NetError ? error.code : String(error);
  }
};

describe('options', () => {
  it.each([
    ['players', 1],
    ['players', 9],
    ['locals', 0],
    ['locals', 2],
    ['inputDelay', -1],
    ['inputDelay', 31],
    ['window', 31],
    ['window', 0.5],
    ['fps', 0],
    ['fps', 241],
    ['checkInterval', 0],
    ['epoch', 16],
    ['nonce', -1],
    ['nonce', 2 ** 32],
    ['gameId', ''],
    ['gameId', 'x'.repeat(257)],
    ['self', ''],
  ])('refuses %s = %s by name', (option, value) => {
    expect(() => createSession('a', { [option]: value })).toThrow(new RegExp(`^${option} is .*\\[bad-option\\]$`, 'u'));
  });
});

describe('calls out of order', () => {
  const running = (): Mesh => new Mesh(['a', 'b']).connect();

  it('an input before the start, before begin, twice, or of a slot that is played elsewhere', () => {
    expect(code(() => createSession('a').input(0, 1))).toBe('call-order');
    const session = running().at('a');
    expect(code(() => session.input(0, 1))).toBe('call-order');
    expect(session.begin(1)).toBe('sample');
    expect(code(() => session.input(1, 1))).toBe('call-order');
    expect(code(() => session.input(-1, 1))).toBe('call-order');
    expect(code(() => session.input(0.5, 1))).toBe('call-order');
    session.input(0, 1);
    expect(code(() => session.input(0, 2))).toBe('call-order');
    // The first one stands.
    const sent = readInput(drain(session, 'a')[0]!.bytes)!;
    expect([sent.first, sent.count, ...sent.words.subarray(0, 2)]).toEqual([0, 2, 0, 1]);
  });

  it('an input while stalled', () => {
    const mesh = running();
    mesh.passes = () => false;
    mesh.run(12);
    const session = mesh.at('a');
    expect(session.begin(mesh.now + 16)).toBe('stalled');
    expect(code(() => session.input(0, 1))).toBe('call-order');
  });

  it('op before all packets were taken', () => {
    const session = running().at('a');
    session.begin(1);
    session.input(0, 1);
    expect(code(() => session.op())).toBe('call-order');
    drain(session, 'a');
    expect(session.op()).toMatchObject({ kind: 'save' });
  });

  it('a game that does nothing wrong after an error goes on', () => {
    const mesh = running();
    expect(code(() => mesh.at('a').input(0, 1))).toBe('call-order');
    expect(mesh.run(20).at('a').frame).toBe(20);
  });

  it('slots of one peer may be given in any order; only then is anything sent or simulated', () => {
    const mesh = new Mesh(['a', 'b'], (id) => ({ players: 3, locals: id === 'a' ? 2 : 1 })).connect();
    const session = mesh.at('a');
    session.begin(1);
    session.input(1, 5);
    expect(drain(session, 'a')).toEqual([]);
    expect(session.op()).toBeUndefined();
    session.input(0, 4);
    expect(drain(session, 'a')).toHaveLength(1);
    expect(performAll(session, { value: 0 })).toBe(1);
  });
});

describe('a tick', () => {
  it('sends one input packet to each other peer, also while stalled', () => {
    const mesh = new Mesh(['a', 'b', 'c']).connect();
    mesh.passes = () => false;
    for (let i = 0; i < 30; i++) {
      mesh.log.length = 0;
      mesh.tick();
      const counts = ['a', 'b', 'c'].map((id) => mesh.log.filter(({ from }) => from === id).length);
      expect(counts).toEqual([2, 2, 2]);
      expect(mesh.log.every(({ channel, bytes }) => channel === 'input' && isInput(bytes))).toBe(true);
    }
    // Frame f is simulated while f − confirmed ≤ 8, and nothing at all (−1) is confirmed.
    expect(mesh.at('a').frame).toBe(8);
    expect(mesh.at('a').stats().stalled).toBe(30 - 8);
  });

  it('applies an input exactly inputDelay frames later, after neutral ones', () => {
    for (const inputDelay of [0, 1, 5]) {
      const mesh = new Mesh(['a', 'b'], () => ({ inputDelay })).connect();
      mesh.at('a').begin(1);
      mesh.at('a').input(0, 7);
      const packet = readInput(drain(mesh.at('a'), 'a')[0]!.bytes)!;
      expect([...packet.words.subarray(0, packet.count)]).toEqual([...Array.from({ length: inputDelay }, () => 0), 7]);
    }
  });

  it('repeats what is unacknowledged, unchanged, until it is acknowledged', () => {
    const mesh = new Mesh(['a', 'b']).connect();
    let n = 0;
    mesh.passes = ({ from }) => from === 'b';
    const given = new Map<number, number>();
    for (let i = 0; i < 9; i++) {
      mesh.log.length = 0;
      mesh.tick(16, ['a', 'b'], (id) => (id === 'a' ? ++n : 0));
      const packet = readInput(mesh.log.find(({ from }) => from === 'a')!.bytes)!;
      for (let at = 0; at < packet.count; at++) {
        const word = packet.words[at]!;
        expect(given.get(packet.first + at) ?? word).toBe(word);
        given.set(packet.first + at, word);
      }
      expect(packet.first).toBe(0);
    }
    mesh.passes = () => true;
    mesh.run(3);
    const last = readInput(mesh.log.filter(({ from }) => from === 'a').at(-1)!.bytes)!;
    expect(last.count).toBeLessThanOrEqual(2);
    expect(mesh.at('a').stats().peers[0]!.ackedFrame).toBeGreaterThanOrEqual(9);
  });

  it('a packet that the transport did not take gives its number to the next, and is no loss there', () => {
    const mesh = new Mesh(['a', 'b']).connect();
    const a = mesh.at('a');
    const numbers: number[] = [];
    for (let i = 0; i < 40; i++) {
      mesh.now += 16;
      a.begin(mesh.now);
      a.input(0, 1);
      for (let next = a.transmit(); next !== undefined; next = a.transmit()) {
        const { number } = readInput(next.bytes)!;
        if (i % 4 === 3) {
          a.unsent();
          // A second call takes back nothing more.
          a.unsent();
        } else {
          numbers.push(number);
          mesh.at('b').receive('a', next.bytes, mesh.now);
        }
      }
      performAll(a, { value: 0 });
      mesh.tick(0, ['b']);
    }
    expect(numbers).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(mesh.at('b').stats().peers[0]!.loss).toBe(0);
    expect(a.stats().peers[0]).toMatchObject({ inputPacketsSent: 30, sendsSkipped: 10 });
  });

  it('unsent after a control packet takes back nothing', () => {
    const session = createSession('a');
    session.connect('b');
    expect(session.transmit()).toMatchObject({ channel: 'control' });
    session.unsent();
    expect(session.transmit()).toBeUndefined();
  });

  it('with nobody late there is no rollback and both games are the same', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(200, 16, undefined, (id) => (id === 'a' ? 3 : 4));
    expect(mesh.states.get('a')).toEqual(mesh.states.get('b'));
    expect(mesh.at('a').stats()).toMatchObject({ rollbacks: 0, checksPassed: 3 });
    expect(mesh.at('a').confirmedFrame).toBe(199);
  });
});

describe('receipts', () => {
  /** An input packet of b's, good but for what is said here. */
  const packet = (fields: { number?: number; sim?: number; first?: number; count?: number; received?: number }): Uint8Array => {
    const { number = 0, sim = 0, first = 0, count = 1, received = -1 } = fields;
    const runs = count === 0 ? [] : [0, count];
    return msgpack.encode([0, number, -1, 0, sim, sim - first, sim - received, ...runs]).slice();
  };

  it('that claim more than was sent are refused and counted, with the inputs beside them', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(5, 16, ['a']);
    const a = mesh.at('a');
    // With a delay of 1, frames 0 to 5 were sent.
    a.receive('b', packet({ received: 6, count: 3 }), mesh.now);
    expect(a.stats().badPackets).toEqual({ 'out of place': 1 });
    expect([a.stats().peers[0]!.ackedFrame, a.confirmedFrame]).toEqual([-1, -1]);
    a.receive('b', packet({ received: 5, count: 3 }), mesh.now);
    expect(a.stats().badPackets).toEqual({ 'out of place': 1 });
    expect([a.stats().peers[0]!.ackedFrame, a.confirmedFrame]).toEqual([5, 2]);
  });

  it('never go back', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(5, 16, ['a']);
    const a = mesh.at('a');
    a.receive('b', packet({ received: 4, number: 1 }), mesh.now);
    a.receive('b', packet({ received: 2, number: 2 }), mesh.now);
    expect(a.stats().peers[0]!.ackedFrame).toBe(4);
  });

  it.each([
    ['a frame far ahead', { sim: 300, first: 200 }, 'frame too far'],
    ['inputs far ahead', { first: 0, count: 128 }, 'frame too far'],
    ['inputs after a gap', { first: 2, count: 1, sim: 2 }, 'gap'],
  ] as const)('packets with %s are counted, and give no input', (_, fields, reason) => {
    const mesh = new Mesh(['a', 'b']).connect().run(3, 16, ['a']);
    const a = mesh.at('a');
    a.receive('b', packet(fields), mesh.now);
    expect([a.stats().badPackets, a.confirmedFrame]).toEqual([{ [reason]: 1 }, -1]);
  });

  it('an input that was once given is not changed by a packet that says otherwise', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(3, 16, ['a']);
    const a = mesh.at('a');
    a.receive('b', packet({ count: 2 }), mesh.now);
    a.receive('b', msgpack.encode([0, 1, -1, 0, 0, 0, 1, 9, 3]).slice(), mesh.now);
    const seen: number[] = [];
    for (let op = a.op(); op !== undefined; op = a.op()) {
      if (op.kind === 'advance') seen[op.step.frame] = op.inputs[1]!;
      if (op.kind === 'save') op.keep(0);
    }
    // Frame 2 alone is new; 0 and 1 were simulated as 0, rightly.
    expect(seen).toEqual([undefined, undefined, 9]);
  });
});

describe('stats', () => {
  it('are all there, and mean what they say', () => {
    const mesh = new Mesh(['a', 'b']).connect();
    let dropped = 0;
    mesh.passes = ({ from, channel }) => from === 'a' || channel === 'control' || ++dropped % 4 !== 0;
    mesh.run(200);
    const stats = mesh.at('a').stats();
    expect(Object.keys(stats)).toEqual(
      expect.arrayContaining(['rollbacks', 'resimulated', 'depths', 'saves', 'predicted', 'stalled', 'speed', 'checksPassed']),
    );
    expect(stats).toMatchObject({ badPackets: {}, eventsDropped: 0, stalled: 0, checksPassed: 3 });
    expect(stats.depths).toHaveLength(9);
    const [peer] = stats.peers;
    expect(peer).toMatchObject({ peer: 'b', inputPacketsSent: 200, otherPacketsSent: 3, sendsSkipped: 0, packetsReceived: 150 + 3 });
    expect(peer!.loss).toBeCloseTo(0.25, 1);
    const bytes = mesh.log
      .filter(({ from, channel }) => from === 'a' && channel === 'input')
      .reduce((sum, { bytes: b }) => sum + b.length, 0);
    expect(peer!.inputBytesSent).toBe(bytes);
  });

  it('are a copy', () => {
    const mesh = new Mesh(['a', 'b'], () => ({ inputDelay: 0 })).connect();
    const stats = mesh.at('a').stats();
    const text = JSON.stringify(stats);
    mesh.at('a').receive('b', Uint8Array.of(1, 2, 3), mesh.now);
    mesh.passes = () => mesh.now % 160 === 0;
    mesh.run(60, 16, undefined, () => mesh.now % 7);
    expect(mesh.at('a').stats().rollbacks).toBeGreaterThan(0);
    expect(mesh.at('a').stats().badPackets).not.toEqual({});
    expect(JSON.stringify(stats)).toBe(text);
  });

  it('the round trip is measured without the time that the other held the packet', () => {
    const [a, b] = [...new Mesh(['a', 'b']).connect().sessions.values()] as [
      ReturnType<typeof createSession>,
      ReturnType<typeof createSession>,
    ];
    // 40 ms there, 30 ms waiting, 40 ms back.
    a.begin(1_000);
    a.input(0, 1);
    for (const { bytes } of drain(a, 'a')) b.receive('a', bytes, 1_040);
    performAll(a, { value: 0 });
    b.begin(1_070);
    b.input(1, 1);
    for (const { bytes } of drain(b, 'b')) a.receive('b', bytes, 1_110);
    expect(a.stats().peers[0]).toMatchObject({ rttMs: 80, jitterMs: 40 });
  });

  it('whoever is ahead runs slower, whoever is behind faster, within 5 %', () => {
    const mesh = new Mesh(['a', 'b']).connect().run(6, 16, ['a']).run(60);
    const [a, b] = [mesh.at('a').stats(), mesh.at('b').stats()];
    expect(a.peers[0]!.framesAhead).toBeGreaterThan(1);
    expect(b.peers[0]!.framesAhead).toBeCloseTo(-a.peers[0]!.framesAhead, 0);
    expect(a.speed).toBeLessThan(1);
    expect(a.speed).toBeGreaterThanOrEqual(0.95);
    expect(b.speed).toBeGreaterThan(1);
    expect(b.speed).toBeLessThanOrEqual(1.05);
  });
});

describe('a desync', () => {
  it('of state is reported on both sides, with the frame and both hashes', () => {
    const mesh = new Mesh(['a', 'b'], () => ({ checksum: (state) => state })).connect();
    mesh.run(70);
    mesh.states.get('b')!.value++;
    mesh.run(60);
    expect(mesh.seen('desync')).toMatchObject([
      { at: 'a', peer: 'b', frame: 120, cause: 'state' },
      { at: 'b', peer: 'a', frame: 120, cause: 'state' },
    ]);
    const [a, b] = mesh.seen('desync');
    expect([a!.local, a!.remote]).toEqual([b!.remote, b!.local]);
    expect(a!.local).not.toBe(a!.remote);
  });

  it('is told after four seconds where the other side does not say what its state looks like', () => {
    const limitMs = 4_000;
    const mesh = new Mesh(['a', 'b'], () => ({ checksum: (state) => state })).connect();
    mesh.passes = ({ bytes }) => readControl(bytes)?.kind !== 'details';
    mesh.run(70);
    mesh.states.get('b')!.value++;
    while (mesh.at('a').frame <= 121) mesh.tick();
    const foundAt = mesh.now;
    // No check comes in the meantime: only the time passes.
    while (mesh.seen('desync').length < 2 && mesh.now - foundAt < 2 * limitMs) {
      mesh.now += 10;
      for (const id of ['a', 'b']) mesh.at(id).begin(mesh.now, true);
      mesh.deliver();
      for (const id of ['a', 'b']) mesh.events.push(...eventsOf(mesh.at(id)).map((event) => ({ ...event, at: id })));
    }
    expect(mesh.seen('desync')).toMatchObject([{ frame: 120 }, { frame: 120 }]);
    // The check is compared in the next tick, of 10 ms.
    expect(mesh.now - foundAt).toBeGreaterThanOrEqual(limitMs);
    expect(mesh.now - foundAt).toBeLessThanOrEqual(limitMs + 20);
  });

  it('is looked for in every check, also if there is one every frame and packets are slow', () => {
    const delayed: { at: number; deliver: () => void }[] = [];
    const mesh = new Mesh(['a', 'b'], () => ({ checkInterval: 1 })).connect();
    mesh.passes = ({ from, to, bytes }) => {
      delayed.push({ at: mesh.now + 96, deliver: () => mesh.at(to).receive(from, bytes, mesh.now) });
      return false;
    };
    for (let i = 0; i < 300; i++) {
      while (delayed.length > 0 && delayed[0]!.at <= mesh.now + 16) delayed.shift()!.deliver();
      mesh.tick();
    }
    expect(mesh.at('a').frame).toBeGreaterThan(280);
    expect(mesh.at('a').stats().checksPassed).toBeGreaterThan(260);
    expect(mesh.at('b').stats().checksPassed).toBeGreaterThan(260);
    expect(mesh.seen('desync')).toEqual([]);
  });

  it('in every frame leaves 64 events at most when nobody takes them', () => {
    let unequal = 0;
    const mesh = new Mesh(['a', 'b'], () => ({ checkInterval: 1, checksum: () => ++unequal })).connect();
    for (let i = 0; i < 200; i++) {
      mesh.now += 16;
      for (const id of ['a', 'b']) {
        mesh.at(id).begin(mesh.now);
        mesh.at(id).input(id === 'a' ? 0 : 1, 1);
      }
      mesh.deliver();
      for (const id of ['a', 'b']) performAll(mesh.at(id), mesh.states.get(id)!);
    }
    const { eventsDropped } = mesh.at('a').stats();
    expect(eventsDropped).toBeGreaterThan(100);
    const kept = eventsOf(mesh.at('a'));
    expect(kept).toHaveLength(64);
    expect(kept[0]).toMatchObject({ type: 'started' });
  });
});
