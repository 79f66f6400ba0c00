// From links to a start that all agree on, or to an error that both sides can name.
import { describe, expect, it } from 'vitest';
import { Handshake } from '../../src/session/handshake.js';
import type { ControlPacket, Start } from '../../src/wire/control-packets.js';
import { agreedOn, control, createSession, drain, eventsOf, hello, Mesh, readControl } from './mesh.js';
import { buttons } from '../games.js';

const start = (step: Start['step'], roster: readonly string[], rest: Partial<Start> = {}): Start => ({
  kind: 'start',
  step,
  ballot: 1,
  epoch: 0,
  seed: 77,
  roster,
  ...rest,
});
const kinds = (packets: readonly ControlPacket[]): string[] =>
  packets.map((packet) => (packet.kind === 'start' ? packet.step : packet.kind === 'hello' && packet.answer ? 'answer' : packet.kind));

/** Handshakes alone, with an ordered channel between each pair. */
class Room {
  readonly peers = new Map<string, Handshake>();
  readonly queue: { from: string; to: string; packet: ControlPacket }[] = [];
  readonly log: string[] = [];

  constructor(ids: readonly string[], players = ids.length) {
    ids.forEach((self, nonce) => {
      const send = (to: string, packet: ControlPacket): void => void this.queue.push({ from: self, to, packet });
      this.peers.set(self, new Handshake({ self, nonce, epoch: 3, locals: 1, agreed: agreedOn(players), send }));
    });
  }

  link(a: string, b: string): this {
    this.peers.get(a)!.connect(b);
    this.peers.get(b)!.connect(a);
    return this;
  }

  settle(): this {
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      const { from, to, packet } = next;
      this.log.push(`${from}→${to} ${kinds([packet])[0]}`);
      const peer = this.peers.get(to)!;
      if (packet.kind === 'hello') expect(peer.hello(from, packet)).toBeUndefined();
      if (packet.kind === 'start') peer.start(from, packet);
    }
    return this;
  }
}

describe('while starting', () => {
  it('hello is said again every 50 ms, which brings what was sent before sooner, until the match has begun', () => {
    const mesh = new Mesh(['a', 'b']);
    mesh.passes = () => false;
    mesh.connect();
    const hellos = (): number => mesh.log.filter(({ from, bytes }) => from === 'a' && readControl(bytes)?.kind === 'hello').length;
    const a = mesh.at('a');
    const first = hellos();
    expect(first).toBe(1);
    for (let ms = 10; ms <= 500; ms += 10) {
      mesh.tick(10);
      expect(a.deadline).toBeGreaterThan(mesh.now);
      expect(a.deadline).toBeLessThanOrEqual(mesh.now + 50);
    }
    expect(hellos() - first).toBe(10);
    // All before is lost: what is said again is enough to begin.
    mesh.passes = () => true;
    mesh.run(10, 10);
    expect(a.state).toBe('running');
    const begun = hellos();
    mesh.run(20, 10);
    expect(hellos()).toBe(begun);
  });
});

describe('two peers', () => {
  it('start with the same seed and seats in the order of their ids, whoever connects first', () => {
    for (const ids of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const mesh = new Mesh(ids).connect();
      const [alice, bob] = [mesh.at('alice'), mesh.at('bob')];
      expect([alice.state, bob.state]).toEqual(['running', 'running']);
      expect(alice.seed).toBe(bob.seed);
      expect(alice.seats).toEqual(bob.seats);
      expect(alice.seats.map(({ peer, slots }) => [peer, slots])).toEqual([
        ['alice', [0]],
        ['bob', [1]],
      ]);
      expect([alice.locals, bob.locals]).toEqual([[0], [1]]);
      expect(eventsOf(alice)).toEqual([{ type: 'started', seed: alice.seed }]);
    }
  });

  it('compare ids by UTF-16 code units', () => {
    const mesh = new Mesh(['a', 'B', '\u{1f600}', '\uff5e']).connect();
    expect(mesh.at('a').seats.map(({ peer }) => peer)).toEqual(['B', 'a', '\u{1f600}', '\uff5e']);
  });

  it('have another seed for other nonces', () => {
    const seeds = [0, 1, 2].map((nonce) => new Mesh(['a', 'b'], (id) => ({ nonce: id === 'a' ? 9 : nonce })).connect().at('a').seed);
    expect(new Set(seeds).size).toBe(3);
  });

  it('start also if a hello arrives before the own side knows that the link is up', () => {
    const [alice, bob] = [createSession('alice'), createSession('bob')];
    const carry = (): void => {
      for (const { bytes } of drain(bob, 'bob')) alice.receive('bob', bytes, 0);
    };
    bob.connect('alice');
    carry();
    for (const { bytes } of drain(alice, 'alice')) bob.receive('alice', bytes, 0);
    alice.connect('bob');
    carry();
    for (const { bytes } of drain(alice, 'alice')) bob.receive('alice', bytes, 0);
    expect([alice.state, bob.state]).toEqual(['running', 'running']);
  });

  it('start when the first input packet overtakes the go', () => {
    const mesh = new Mesh(['alice', 'bob']);
    const late: Uint8Array[] = [];
    mesh.passes = ({ bytes }) => {
      const packet = readControl(bytes);
      const isGo = packet?.kind === 'start' && packet.step === 'go';
      if (isGo) late.push(bytes);
      return !isGo;
    };
    mesh.connect();
    expect([mesh.at('alice').state, mesh.at('bob').state]).toEqual(['running', 'starting']);
    mesh.tick();
    expect(mesh.at('bob').state).toBe('running');
    // The go itself then changes nothing, and is no bad packet.
    expect(late).toHaveLength(1);
    mesh.at('bob').receive('alice', late[0]!, mesh.now);
    mesh.run(20);
    expect(mesh.at('bob').frame).toBe(20);
    expect(mesh.at('bob').stats().badPackets).toEqual({});
  });

  it('do not start by an input packet of another epoch, nor before they have accepted', () => {
    const bob = createSession('bob', { epoch: 2 });
    bob.connect('alice');
    bob.receive('alice', Uint8Array.of(0x99, 0, 0, 0xff, 0, 0, 0, 1, 0, 1), 0);
    expect([bob.state, bob.stats().badPackets]).toEqual(['starting', { 'unknown peer': 1 }]);
    bob.receive('alice', hello(agreedOn(), { epoch: 2 }), 0);
    bob.receive('alice', control(start('propose', ['alice', 'bob'], { epoch: 2 })), 0);
    bob.receive('alice', Uint8Array.of(0x99, 8, 0, 0xff, 0, 0, 0, 1, 0, 1), 0);
    expect([bob.state, bob.stats().badPackets]).toEqual(['starting', { 'unknown peer': 2 }]);
    bob.receive('alice', Uint8Array.of(0x99, 16, 0, 0xff, 0, 0, 0, 1, 0, 1), 0);
    expect([bob.state, bob.stats().badPackets]).toEqual(['running', { 'unknown peer': 2 }]);
  });

  it('hear nothing of what another session of the same peer said on the same link: no hello, no proposal', () => {
    const bob = createSession('bob', { epoch: 1 });
    bob.connect('alice');
    drain(bob, 'bob');
    // Late, from the match before: it was another game with other settings, and had a roster of its own.
    const before = { ...agreedOn(), gameId: 'before@1' };
    bob.receive('alice', hello(before, { answer: false }), 0);
    bob.receive('alice', control(start('propose', ['alice', 'bob'])), 0);
    bob.receive('alice', control(start('go', ['alice', 'bob'])), 0);
    expect([bob.state, bob.unheard, drain(bob, 'bob')]).toEqual(['starting', ['alice'], []]);
    expect(bob.stats().badPackets).toEqual({ 'other epoch': 3 });
    bob.receive('alice', hello(agreedOn(), { epoch: 1 }), 0);
    bob.receive('alice', control(start('propose', ['alice', 'bob'], { epoch: 1, seed: 77 })), 0);
    bob.receive('alice', control(start('go', ['alice', 'bob'], { epoch: 1 })), 0);
    expect([bob.state, bob.seed]).toEqual(['running', 77]);
  });
});

describe('what must agree', () => {
  it.each([
    ['gameId', { gameId: 'other@1' }, 'game@1', 'other@1'],
    ['input', { input: { ...buttons, id: 'other' } }, 'test:u16', 'other'],
    ['words', { input: { ...buttons, words: 2 } }, 1, 2],
    ['players', { players: 3 }, 2, 3],
    ['fps', { fps: 50 }, 60, 50],
    ['window', { window: 9 }, 8, 9],
    ['checkInterval', { checkInterval: 30 }, 60, 30],
  ] as const)('%s: both sides name the field and both values', (field, options, ours, theirs) => {
    for (const first of ['alice', 'bob']) {
      const mesh = new Mesh(['alice', 'bob'], (id) => (id === 'bob' ? options : {}));
      const second = first === 'alice' ? 'bob' : 'alice';
      // The first one's hello arrives before the second's side of the link is up.
      mesh.at(first).connect(second);
      mesh.deliver();
      mesh.at(second).connect(first);
      mesh.deliver();
      const error = (id: string): unknown => eventsOf(mesh.at(id)).flatMap((event) => (event.type === 'ended' ? [event.error] : []))[0];
      expect(error('alice')).toMatchObject({ code: 'config-mismatch', fields: { peer: 'bob', field, local: ours, remote: theirs } });
      expect(error('bob')).toMatchObject({ code: 'config-mismatch', fields: { peer: 'alice', field, local: theirs, remote: ours } });
    }
  });

  it('the version: each names its own and the other’s, and answers first', () => {
    const alice = createSession('alice');
    alice.receive('bob', msgpackHello(2), 0);
    expect(alice.state).toBe('ended');
    expect(eventsOf(alice)).toMatchObject([
      { type: 'ended', error: { code: 'version-mismatch', fields: { peer: 'bob', local: 1, remote: 2 } } },
    ]);
    expect(drain(alice, 'alice').map(({ bytes }) => readControl(bytes))).toMatchObject([{ kind: 'hello', version: 1, answer: true }]);
  });

  it('the sum of the local slots', () => {
    const alice = createSession('alice', { players: 3 });
    alice.connect('bob');
    alice.receive('bob', hello(agreedOn(3), { locals: 3 }), 0);
    expect(eventsOf(alice)).toMatchObject([{ type: 'ended', error: { code: 'config-mismatch', fields: { field: 'locals' } } }]);
  });

  it('only before the start: a hello that differs while playing is counted, and ends nothing', () => {
    const mesh = new Mesh(['alice', 'bob']).connect();
    mesh.at('alice').receive('bob', hello({ ...agreedOn(), fps: 30 }, { nonce: 1 }), 1);
    expect(mesh.at('alice').state).toBe('running');
    expect(mesh.at('alice').stats().badPackets).toEqual({ 'out of place': 1 });
  });

  it('several local slots: seats follow the ids', () => {
    const mesh = new Mesh(['alice', 'bob'], (id) => ({ players: 3, locals: id === 'alice' ? 2 : 1 })).connect();
    expect(mesh.at('bob').seats.map(({ slots }) => slots)).toEqual([[0, 1], [2]]);
    mesh.run(30);
    expect([...mesh.sessions.values()].map((session) => session.frame)).toEqual([30, 30]);
  });
});

describe('a hello is answered', () => {
  const question = hello(agreedOn(), { answer: false });
  const answers = (session: ReturnType<typeof createSession>): number =>
    drain(session, '').filter(({ bytes }) => {
      const packet = readControl(bytes);
      return packet?.kind === 'hello' && packet.answer;
    }).length;

  it('before the own link is up, after it, after the start, and again each time', () => {
    const alice = createSession('alice');
    alice.receive('bob', question, 0);
    expect(answers(alice)).toBe(1);
    alice.connect('bob');
    alice.receive('bob', question, 0);
    expect(answers(alice)).toBe(1);
    alice.receive('bob', control(start('accept', ['alice', 'bob'])), 0);
    expect(alice.state).toBe('running');
    alice.receive('bob', question, 0);
    expect(answers(alice)).toBe(1);
    alice.receive('bob', question, 0);
    expect(answers(alice)).toBe(1);
  });

  it('of proposals with ever higher ballots: the last one is accepted, once', () => {
    const bob = createSession('bob');
    bob.connect('alice');
    bob.receive('alice', hello(), 0);
    drain(bob, 'bob');
    for (let ballot = 1; ballot <= 1_000; ballot++) bob.receive('alice', control(start('propose', ['alice', 'bob'], { ballot })), 0);
    const accepts = drain(bob, 'bob').map(({ bytes }) => readControl(bytes));
    expect(accepts).toMatchObject([{ kind: 'start', step: 'accept', ballot: 1_000 }]);
  });

  it('once for a flood of them: what waits to be sent stays small', () => {
    const alice = createSession('alice', { players: 3 });
    const asked = hello(agreedOn(3), { answer: false });
    for (let i = 0; i < 10_000; i++) for (const peer of ['bob', 'carol']) alice.receive(peer, asked, 0);
    expect(alice.state).toBe('starting');
    // An answer and a proposal to each.
    expect(drain(alice, 'alice')).toHaveLength(4);
  });

  it('an answer is not', () => {
    const alice = createSession('alice');
    alice.connect('bob');
    drain(alice, 'alice');
    alice.receive('bob', hello(), 0);
    expect(answers(alice)).toBe(0);
  });
});

describe('three peers', () => {
  it('start once every link is up, with the same kickoff everywhere, in the fewest packets', () => {
    const room = new Room(['a', 'b', 'c']).link('a', 'b').link('b', 'c').settle();
    expect([...room.peers.values()].map(({ kickoff }) => kickoff)).toEqual([undefined, undefined, undefined]);
    room.link('a', 'c').settle();
    const kickoffs = [...room.peers.values()].map(({ kickoff }) => kickoff);
    expect(kickoffs[0]).toMatchObject({ epoch: 3, seats: [{ peer: 'a' }, { peer: 'b' }, { peer: 'c' }] });
    expect(kickoffs[1]).toEqual(kickoffs[0]);
    expect(kickoffs[2]).toEqual(kickoffs[0]);
    expect(room.log.filter((line) => /propose|accept|go/u.test(line)).sort()).toEqual([
      'a→b go',
      'a→b propose',
      'a→c go',
      'a→c propose',
      'b→a accept',
      'c→a accept',
    ]);
  });

  it('a proposal that comes before the last link is up is accepted when it is', () => {
    const sent: ControlPacket[] = [];
    const b = new Handshake({
      self: 'b',
      nonce: 1,
      epoch: 0,
      locals: 1,
      agreed: agreedOn(3),
      send: (_, packet) => void sent.push(packet),
    });
    const answer = { kind: 'hello', version: 1, epoch: 0, answer: true, nonce: 5, locals: 1, agreed: agreedOn(3) } as const;
    b.connect('a');
    b.hello('a', answer);
    expect(b.start('a', start('propose', ['a', 'b', 'c']))).toBe(true);
    expect(kinds(sent)).toEqual(['hello']);
    b.connect('c');
    expect(b.unheard).toEqual(['c']);
    b.hello('c', answer);
    expect(kinds(sent)).toEqual(['hello', 'hello', 'accept']);
    // A go for another ballot, from somebody else, or twice.
    expect(b.start('a', start('go', ['a', 'b', 'c'], { ballot: 2 }))).toBe(false);
    expect(b.start('c', start('go', ['a', 'b', 'c']))).toBe(false);
    expect(b.kickoff).toBeUndefined();
    expect(b.start('a', start('go', ['a', 'b', 'c']))).toBe(true);
    expect(b.kickoff).toMatchObject({ seed: 77 });
    expect(b.start('a', start('go', ['a', 'b', 'c']))).toBe(false);
  });

  it('the proposer waits for everyone, and a second accept of the same peer does not stand for another', () => {
    const mesh = new Mesh(['a', 'b', 'c']);
    mesh.passes = ({ from, bytes }) => !(from === 'c' && readControl(bytes)?.kind === 'start');
    mesh.connect();
    mesh.at('a').receive('b', control(start('accept', [])), 0);
    expect(mesh.at('a').state).toBe('starting');
  });
});

describe('lies', () => {
  /** A peer that has heard all hellos of a match of these peers. */
  const ready = (self: string, others: readonly string[]): ReturnType<typeof createSession> => {
    const players = others.length + 1;
    const session = createSession(self, { players });
    for (const other of others) {
      session.connect(other);
      session.receive(other, hello(agreedOn(players)), 0);
    }
    drain(session, self);
    return session;
  };
  const accepts = (session: ReturnType<typeof createSession>): number =>
    drain(session, '').filter(({ bytes }) => readControl(bytes)?.kind === 'start').length;

  it.each<[string, string, readonly string[], string, readonly string[]]>([
    ['by somebody who is not its lowest', 'c', ['a', 'b'], 'b', ['a', 'b', 'c']],
    ['by a stranger', 'c', ['a', 'b'], 'x', ['x', 'c']],
    ['without us', 'c', ['a', 'b'], 'a', ['a', 'b']],
    ['without somebody else', 'c', ['a', 'b'], 'a', ['a', 'c']],
    ['with somebody else', 'c', ['a', 'b'], 'a', ['a', 'b', 'c', 'd']],
    ['with a name twice', 'c', ['a', 'b'], 'a', ['a', 'a', 'b', 'c']],
    ['out of order', 'c', ['a', 'b'], 'a', ['a', 'c', 'b']],
    ['with two names in one', 'b', ['a', 'c', 'd'], 'a', ['a', 'b', 'c\nd']],
    ['of nobody', 'c', ['a', 'b'], 'a', []],
    ['of __proto__', 'c', ['a', 'b'], 'a', ['__proto__', 'a', 'b', 'c']],
  ])('a roster %s is not accepted, and a go for it starts nothing', (_, self, others, from, roster) => {
    const session = ready(self, others);
    session.receive(from, control(start('propose', roster)), 0);
    expect(accepts(session)).toBe(0);
    session.receive(from, control(start('go', roster)), 0);
    expect(session.state).toBe('starting');
  });

  it('a roster out of order is counted: who sends it does not keep the rules', () => {
    const session = ready('c', ['a', 'b']);
    session.receive('a', control(start('propose', ['a', 'c', 'b'])), 0);
    expect(session.stats().badPackets).toEqual({ 'out of place': 1 });
    // It does not stand in the way of a good one.
    session.receive('a', control(start('propose', ['a', 'b', 'c'])), 0);
    expect(accepts(session)).toBe(1);
  });

  it('an input packet does not start a match whose proposal was not accepted yet', () => {
    const session = createSession('b', { players: 3 });
    for (const peer of ['a', 'c']) session.connect(peer);
    session.receive('a', hello(agreedOn(3)), 0);
    session.receive('a', control(start('propose', ['a', 'b', 'c'])), 0);
    session.receive('a', Uint8Array.of(0x99, 0, 0, 0xff, 0, 0, 0x92, 1, 1, 0, 1), 0);
    expect([session.state, session.stats().badPackets]).toEqual(['starting', { 'unknown peer': 1 }]);
  });

  it('nor is a proposal of somebody who is not the lowest of all, though it is of those it names', () => {
    const session = ready('c', ['a', 'b']);
    session.receive('b', control(start('propose', ['b', 'c'])), 0);
    expect(accepts(session)).toBe(0);
  });

  it('an accept of somebody who was not proposed to is no accept', () => {
    const session = createSession('a', { players: 3 });
    for (const peer of ['b', 'c', 'x']) session.connect(peer);
    // x has not said hello yet, so nothing is proposed.
    for (const peer of ['b', 'c']) session.receive(peer, hello(agreedOn(3)), 0);
    session.receive('x', control(start('accept', [])), 0);
    expect([session.state, session.stats().badPackets]).toEqual(['starting', { 'out of place': 1 }]);
    const proposer = ready('a', ['b', 'c']);
    proposer.connect('x');
    proposer.receive('x', control(start('accept', [])), 0);
    proposer.receive('b', control(start('accept', [])), 0);
    expect([proposer.state, proposer.stats().badPackets]).toEqual(['starting', { 'out of place': 1 }]);
    proposer.receive('c', control(start('accept', [])), 0);
    expect(proposer.state).toBe('running');
  });

  it('an accept of another ballot is none', () => {
    const session = ready('a', ['b']);
    session.receive('b', control(start('accept', [], { ballot: 2 })), 0);
    expect(session.state).toBe('starting');
  });

  it('a second hello that says otherwise does not change who plays how many slots', () => {
    for (const locals of [2, 7, 255]) {
      const session = ready('a', ['b', 'c']);
      session.receive('b', hello(agreedOn(3), { locals }), 0);
      for (const peer of ['b', 'c']) session.receive(peer, control(start('accept', [])), 0);
      expect(session.seats.map(({ slots }) => slots)).toEqual([[0], [1], [2]]);
    }
  });

  it('a hello of no slots is no hello', () => {
    const session = createSession('a');
    session.connect('b');
    session.receive('b', hello(agreedOn(), { locals: 0 }), 0);
    expect([session.state, session.stats().badPackets]).toEqual(['starting', { 'bad field': 1 }]);
  });

  it('inputs, checks and goodbyes of somebody who does not play are counted, and nothing else', () => {
    const mesh = new Mesh(['a', 'b']).connect();
    const check = control({ kind: 'check', epoch: 0, frame: 60, state: 1, inputs: 2 });
    const leave = control({ kind: 'leave', epoch: 0, reason: 'x', first: 0, count: 0, words: new Uint16Array(0) });
    const input = Uint8Array.of(0x99, 0, 0, 0xff, 0, 0, 0, 1, 0, 1);
    for (const bytes of [check, leave, input]) mesh.at('a').receive('stranger', bytes, 1);
    expect(mesh.at('a').stats().badPackets).toEqual({ 'unknown peer': 3 });
    expect(mesh.run(10).at('a').frame).toBe(10);
  });
});

function msgpackHello(version: number): Uint8Array {
  return Uint8Array.of(0x93, 1, version, 0);
}
