// The checks of the contract that are about who is in a room: clauses 1, 2, 5, 6, 8 and 9.
import { NetError } from '../core/errors.js';
import {
  bye,
  count,
  expect,
  expectNoThrow,
  expectSame,
  idsOf,
  sorted,
  type Check,
  type ContractScene,
  type Player,
} from './contract-scene.js';

export const MEMBERSHIP_CHECKS: readonly Check[] = [
  {
    clause: 1,
    name: 'those who came before are reported, in their order, when join resolves',
    async check(scene) {
      const before = [await scene.join(), await scene.join(), await scene.join()];
      const { seen } = await scene.join();
      expectSame('reported to the fourth peer when its join resolved', seen.reported, idsOf(before));
    },
  },
  {
    clause: 1,
    name: 'each peer is reported to each other one, once, and to itself never',
    async check(scene) {
      const players = await scene.three();
      await scene.settle(players);
      expectAllReported(players);
    },
  },
  {
    clause: 1,
    name: 'peers that join at the same time all find each other',
    async check(scene) {
      const players = await Promise.all([scene.join(), scene.join(), scene.join(), scene.join()]);
      for (const player of players) await player.seen.untilPresent(idsOf(players, player));
      await scene.settle(players);
      expectAllReported(players);
    },
  },
  {
    clause: 2,
    name: 'every peer has an id of its own, which does not change',
    async check(scene) {
      const players = await Promise.all([scene.join(), scene.join(), scene.join()]);
      for (const player of players) await player.seen.until('two other peers', () => player.seen.reported.length >= 2);
      expect(new Set(idsOf(players)).size === 3, `three peers in a room have the ids ${idsOf(players).join(', ')}`);
      await scene.settle(players);
      for (const { room, self } of players) expect(room.self === self, `the id of a peer was ${self} and became ${room.self}`);
    },
  },
  {
    clause: 5,
    name: 'a peer that closes its room is reported as gone to each other one, once',
    async check(scene) {
      // The one that came first, then the one that came last: both directions of who was there before.
      const [first, second, third] = await scene.three();
      first.room.close();
      await expectGoneOnce(scene, [second, third], first);
      const last = await scene.join();
      await scene.acquaint([second, third, last]);
      last.room.close();
      await expectGoneOnce(scene, [second, third], last);
    },
  },
  {
    clause: 5,
    cuts: true,
    name: 'a peer whose connection is lost is reported as gone to each other one, once',
    async check(scene) {
      const [first, second, third] = await scene.three();
      scene.cut(first);
      await expectGoneOnce(scene, [second, third], first);
      const last = await scene.join();
      await scene.acquaint([second, third, last]);
      scene.cut(last);
      await expectGoneOnce(scene, [second, third], last);
    },
  },
  {
    clause: 5,
    name: 'whoever comes again is reported again',
    async check(scene) {
      const [stays, leaves] = await scene.two();
      leaves.room.close();
      await stays.seen.untilPresent([]);
      const again = await scene.join();
      await stays.seen.untilPresent([again.self]);
      expectSame('reported to the one that came again', again.seen.reported, [stays.self]);
      await scene.settle([stays, again]);
    },
  },
  {
    clause: 6,
    name: 'peers and signals of one room are never seen in another',
    async check(scene) {
      const here = await scene.two('contract here');
      const there = await scene.two('contract there');
      for (const [from, to] of [
        [here[0], there[0]],
        [there[1], here[1]],
      ] as const) {
        from.room.send(to.self, bye('from another room'));
      }
      const guest = await scene.join('contract there');
      guest.room.close();
      await there[0].seen.until(`gone ${guest.self}`, () => there[0].seen.gones.includes(guest.self));
      await scene.settle(here);
      await scene.settle(there);
      for (const { self, seen } of [...here, ...there]) expectSame(`signals to ${self}`, seen.signals, []);
      for (const { self, seen } of here) {
        const friends = idsOf(here).filter((id) => id !== self);
        expectSame(`reported and gone at ${self}, two are in its room`, [seen.reported, seen.gones], [friends, []]);
      }
    },
  },
  {
    clause: 8,
    name: "close may be called twice, leaves the room, and is no 'closed' status",
    async check(scene) {
      const [closes, first, second] = await scene.three();
      closes.room.close();
      expectNoThrow('the second close', () => closes.room.close());
      await expectGoneOnce(scene, [first, second], closes);
      expectNoThrow('a close much later', () => closes.room.close());
      await scene.settle([first, second]);
      expectSame('statuses at the peer that closed', closes.seen.statuses, []);
    },
  },
  {
    clause: 9,
    name: 'join with an aborted signal rejects, and nobody sees that peer',
    async check(scene) {
      const witness = await scene.join();
      const seen = scene.observer();
      await expectAborted(scene, scene.world.signaling().join('contract', seen, AbortSignal.abort()));
      const later = await scene.join();
      await witness.seen.untilPresent([later.self]);
      await scene.settle([witness, later]);
      expectSame('reported to the witness', witness.seen.reported, [later.self]);
      expectSame('events at the peer that did not join', seen.log, []);
    },
  },
  {
    clause: 9,
    name: 'join rejects when its signal is aborted in the middle, and the peer does not stay',
    async check(scene) {
      const witness = await scene.join();
      const seen = scene.observer();
      const controller = new AbortController();
      const joining = scene.world.signaling().join('contract', seen, controller.signal);
      controller.abort();
      await expectAborted(scene, joining);
      const before = [...seen.log];
      const later = await scene.join();
      // It may have been there for a moment.
      await witness.seen.untilPresent([later.self]);
      await later.seen.untilPresent([witness.self]);
      await scene.settle([witness, later]);
      expectSame('events at the peer that did not join', seen.log, before);
    },
  },
  {
    clause: 9,
    name: 'a signal that is aborted after join changes nothing',
    async check(scene) {
      const controller = new AbortController();
      const joined = await scene.join('contract', controller.signal);
      const other = await scene.join();
      await joined.seen.untilPresent([other.self]);
      controller.abort();
      await scene.settle([joined, other]);
      expectSame('gone at the other peer', other.seen.gones, []);
      expectSame('statuses at the peer whose signal was aborted', joined.seen.statuses, []);
    },
  },
];

function expectAllReported(players: readonly Player[]): void {
  for (const player of players) {
    expectSame(`reported to ${player.self}`, sorted(player.seen.reported), sorted(idsOf(players, player)));
  }
}

async function expectGoneOnce(scene: ContractScene, others: readonly Player[], left: Player): Promise<void> {
  for (const { seen } of others) await seen.until(`gone ${left.self}`, () => seen.gones.includes(left.self));
  await scene.settle(others);
  for (const { self, seen } of others) expectSame(`times that ${self} was told that ${left.self} is gone`, count(seen.gones, left.self), 1);
}

async function expectAborted(scene: ContractScene, joining: Promise<unknown>): Promise<void> {
  const outcome = await scene.within(
    joining.then(
      () => 'no rejection',
      (error: unknown) => (error instanceof NetError ? `a NetError with the code ${error.code}` : `no NetError but ${String(error)}`),
    ),
    'an aborted join',
  );
  expectSame('outcome of the join', outcome, 'a NetError with the code aborted');
}
