// The checks of the contract that are about what arrives: clauses 3, 4, 7, 10 and 11.
import type { Signal } from '../negotiation/signal.js';
import { bothWays, bye, expectNoThrow, expectSame, type Check, type Player } from './contract-scene.js';

/** Every kind of signal, with what is easily changed on the way: line ends, other scripts, quotes, nulls, length. */
const SIGNALS: readonly Signal[] = [
  { attempt: 'offer', kind: 'description', type: 'offer', sdp: `v=0\r\ns=\u00e9\u65e5"\\ \u{1f3ae}\r\n${'a=x\r\n'.repeat(2_000)}` },
  {
    attempt: 'answer',
    connection: 1,
    kind: 'description',
    type: 'answer',
    sdp: '',
    iceServers: [{ urls: ['stun:a', 'turn:b'], username: 'u' }],
  },
  {
    attempt: 'candidate',
    kind: 'candidate',
    candidate: { candidate: 'candidate:1 1 udp 2 10.0.0.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 },
  },
  { attempt: 'end of candidates', connection: 0, kind: 'candidate', candidate: null },
  { attempt: 'bye', kind: 'bye', reason: '' },
];

export const DELIVERY_CHECKS: readonly Check[] = [
  {
    clause: 3,
    name: "a signal arrives unchanged, with the sender's id, in both directions",
    async check(scene) {
      for (const [from, to] of bothWays(await scene.two())) {
        for (const signal of SIGNALS) from.room.send(to.self, signal);
        await scene.talk(from, to);
        expectSame(
          `signals from ${from.self} to ${to.self}`,
          to.seen.signals,
          SIGNALS.map((signal) => ({ from: from.self, signal })),
        );
      }
    },
  },
  {
    clause: 3,
    name: 'signals arrive once, in the order in which they were sent, and only where they were sent to',
    async check(scene) {
      const players: readonly Player[] = await scene.three();
      const sent = Array.from({ length: 30 }, (_, i) => i);
      const attempt = (from: Player, to: Player, i: number): string => `${players.indexOf(from)} to ${players.indexOf(to)}, number ${i}`;
      const pairs = players.flatMap((from) => players.filter((to) => to !== from).map((to) => [from, to] as const));
      for (const i of sent) for (const [from, to] of pairs) from.room.send(to.self, bye(attempt(from, to, i)));
      await scene.settle(players);
      for (const [from, to] of pairs) {
        const expected = sent.map((i) => attempt(from, to, i));
        expectSame(`signals from ${from.self} to ${to.self}`, to.seen.attemptsFrom(from.self), expected);
      }
      for (const { self, seen } of players) expectSame(`number of signals to ${self}`, seen.signals.length, 2 * sent.length);
    },
  },
  {
    clause: 4,
    name: 'a signal to an id that nobody has changes nothing',
    async check(scene) {
      const players = await scene.two();
      for (const id of ['nobody-has-this-id', '', '__proto__', 'x'.repeat(10_000)]) {
        for (const { room } of players) expectNoThrow(`send to "${id.slice(0, 20)}"`, () => room.send(id, bye('lost')));
      }
      await scene.settle(players);
      for (const { self, seen } of players) {
        expectSame(`signals, statuses and unknown messages at ${self}`, [seen.signals, seen.statuses, seen.unknowns], [[], [], []]);
      }
      expectSame('peers reported as gone', players[0].seen.gones.concat(players[1].seen.gones), []);
    },
  },
  {
    clause: 4,
    name: 'a signal to a peer that has left changes nothing',
    async check(scene) {
      const [left, first, second] = await scene.three();
      left.room.close();
      for (const { room } of [first, second]) expectNoThrow('send to a peer that is leaving', () => room.send(left.self, bye('lost')));
      for (const { room, seen } of [first, second]) {
        await seen.until(`gone ${left.self}`, () => seen.gones.includes(left.self));
        expectNoThrow('send to a peer that has left', () => room.send(left.self, bye('lost')));
      }
      await scene.settle([first, second]);
      for (const { self, seen } of [first, second]) {
        expectSame(`signals, statuses and unknown messages at ${self}`, [seen.signals, seen.statuses, seen.unknowns], [[], [], []]);
      }
    },
  },
  {
    clause: 7,
    name: 'no handler is called after close',
    async check(scene) {
      const [closed, first, second] = await scene.three();
      first.room.send(closed.self, bye('on its way'));
      closed.room.close();
      const before = [...closed.seen.log];
      first.room.send(closed.self, bye('too late'));
      await first.seen.until(`gone ${closed.self}`, () => first.seen.gones.includes(closed.self));
      const later = await scene.join();
      second.room.close();
      await first.seen.untilPresent([later.self]);
      await scene.settle([first, later]);
      expectSame('events at the peer that closed', closed.seen.log, before);
    },
  },
  {
    clause: 7,
    name: 'no handler is called after a close inside a handler',
    async check(scene) {
      const [closes, sends] = await scene.two();
      closes.seen.onSignal = () => closes.room.close();
      for (const attempt of ['one', 'two', 'three']) sends.room.send(closes.self, bye(attempt));
      await sends.seen.untilPresent([]);
      expectSame('signals at the peer that closed with the first', closes.seen.attemptsFrom(sends.self), ['one']);
    },
  },
  {
    clause: 10,
    name: 'a signal of no known kind is reported as unknown, at the one end or the other',
    async check(scene) {
      for (const [from, to] of bothWays(await scene.two())) {
        const unknowns = (): number => from.seen.unknowns.length + to.seen.unknowns.length;
        const before = unknowns();
        // As newer and faulty peers send them: types do not reach over the network.
        for (const strange of [
          { attempt: 'a', kind: 'of the future' },
          { attempt: 'b', kind: 'description', type: 'offer' },
        ]) {
          expectNoThrow('sending an unknown signal', () => from.room.send(to.self, strange as Signal));
        }
        await scene.talk(from, to);
        expectSame(`unknown messages for two such signals from ${from.self}`, unknowns() - before, 2);
        expectSame(`signals at ${to.self}`, to.seen.signals, []);
      }
    },
  },
  {
    clause: 11,
    name: 'send does not throw after close',
    async check(scene) {
      const [closed, other] = await scene.two();
      closed.room.close();
      for (const id of [other.self, closed.self, 'nobody']) expectNoThrow('send after close', () => closed.room.send(id, bye('late')));
      await other.seen.untilPresent([]);
      expectSame('signals at the other peer', other.seen.signals, []);
    },
  },
  {
    clause: 11,
    cuts: true,
    name: 'a lost connection is told by status, and send does not throw then',
    async check(scene) {
      const [lost, other] = await scene.two();
      scene.cut(lost);
      expectNoThrow('send on a lost connection', () => lost.room.send(other.self, bye('lost')));
      await lost.seen.until("status 'offline' or 'closed'", () => lost.seen.statuses.some((state) => state !== 'online'));
      expectNoThrow('send after the status', () => lost.room.send(other.self, bye('lost')));
      expectNoThrow('close after the status', () => lost.room.close());
    },
  },
];
