// Acceptance scenario H3: an event queue that nobody drains stays bounded and keeps the important events. With a whole running session,
// and with a match that nobody listens to; in both cases the same course of events, told to somebody who does listen, is what is expected.
import { describe, expect, it } from 'vitest';
import { pack, unpack } from 'msgpackr';
import { Match, type MatchEvents } from '../../src/match/match.js';
import { Mesh } from '../../src/match/mesh.js';
import type { RtcConstructor } from '../../src/link/rtc.js';
import type { SessionEvent } from '../../src/session/events.js';
import { Session } from '../../src/session/p2p.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { KIND } from '../../src/wire/head.js';
import { buttons, chainGame, type ChainState } from '../games.js';
import { type Side, startedDuo } from './duo.js';

/** Events kept when nobody takes them, as documented. */
const KEPT = 64;
/** Longer than the half second after which a peer counts as interrupted. */
const SILENT_TICKS = 36;
const types = (events: readonly SessionEvent[]): string[] => events.map(({ type }) => type);
const count = (events: readonly SessionEvent[], type: string): number => types(events).filter((name) => name === type).length;

function take(side: Side): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (let event = side.session.event(); event !== undefined; event = side.session.event()) events.push(event);
  return events;
}

/** Delivers what b has sent; its checks are made false. */
function deliverFalse(a: Side, b: Side): void {
  a.receive(b, b.sent.splice(0));
  for (const bytes of b.control.splice(0)) {
    const fields = [...(unpack(bytes) as number[])];
    if ((fields[0]! & 7) === KIND.check) fields[3] = (fields[3]! + 1) % 1000;
    a.session.receive(b.id, pack(fields), a.now);
  }
}

/** A stormy match, seen by a: silences, a desync in every frame, a goodbye, the end. @param listen Called often. */
function stormyMatch(listen: (a: Side) => void): Side {
  const { a, b } = startedDuo({ checkInterval: 1 });
  const play = (ticks: number): void => {
    for (let n = 0; n < ticks; n++) {
      a.tick(n & 7);
      b.tick(n & 3);
      b.receive(a, a.sent.splice(0));
      b.receive(a, a.control.splice(0));
      deliverFalse(a, b);
      listen(a);
    }
  };
  play(100);
  for (let n = 0; n < 100; n++) {
    // Half a second and more in which only a is awake.
    for (let tick = 0; tick < SILENT_TICKS; tick++) {
      a.tick(1);
      listen(a);
    }
    b.receive(a, a.sent.splice(0));
    b.now = a.now;
    play(2);
  }
  b.session.leave('enough');
  b.send();
  deliverFalse(a, b);
  a.tick(0);
  listen(a);
  a.session.leave();
  listen(a);
  return a;
}

describe('H3 an event queue that nobody drains', () => {
  it('H3 of a running session: bounded, counted, and what matters is in it', () => {
    const all: SessionEvent[] = [];
    stormyMatch((side) => all.push(...take(side)));
    // The storm was one.
    expect(count(all, 'desync')).toBeGreaterThan(200);
    expect(count(all, 'interrupted')).toBeGreaterThan(90);
    expect(count(all, 'resumed')).toBeGreaterThan(90);
    expect([count(all, 'dropped'), types(all).at(-1)]).toEqual([1, 'ended']);

    const a = stormyMatch(() => undefined);
    const { eventsDropped } = a.session.stats();
    const kept = take(a);
    expect(kept).toHaveLength(KEPT);
    expect(eventsDropped).toBe(all.length - KEPT);
    // Each kept one is one that happened, in its order.
    let at = -1;
    for (const event of kept) {
      at = all.findIndex((one, index) => index > at && JSON.stringify(one) === JSON.stringify(event));
      expect(at, JSON.stringify(event)).toBeGreaterThanOrEqual(0);
    }
    expect(kept[0]!.type).toBe('started');
    expect([count(kept, 'dropped'), types(kept).at(-1)]).toEqual([1, 'ended']);
    // When it began to differ says more than when it still did.
    expect(kept.find(({ type }) => type === 'desync')).toEqual(all.find(({ type }) => type === 'desync'));
    expect(take(a)).toEqual([]);
  });

  it('H3 of a match that nobody listens to: bounded, counted, and told to whoever listens in the end', () => {
    const all: SessionEvent[] = [];
    const { match, tick, say } = lonelyMatch((event) => all.push(event));
    for (let frame = 0; frame < 200; frame++) {
      say([0, frame % 128, -1, 0, frame, 0, 1, frame & 3, 1]);
      // A false check of each frame.
      say([KIND.check, frame, 0, 1, 0, 1]);
      tick();
    }
    for (let n = 0; n < 50; n++) {
      for (let silent = 0; silent < SILENT_TICKS; silent++) tick();
      say([0, (200 + n) % 128, -1, 0, 200, -1, 1]);
      tick();
    }
    say([KIND.leave, 'enough', 200]);
    tick();
    match.close();
    expect(count(all, 'desync')).toBeGreaterThan(150);
    expect([count(all, 'interrupted'), count(all, 'resumed')]).toEqual([50, 50]);

    const { eventsDropped } = match.stats();
    const told: SessionEvent[] = [];
    for (const name of ['interrupted', 'resumed', 'dropped', 'desync', 'ended'] as const satisfies readonly (keyof MatchEvents)[]) {
      match.on(name, (event) => told.push(event as unknown as SessionEvent));
    }
    // "started" is for the match itself.
    expect(told).toHaveLength(KEPT);
    expect(eventsDropped).toBe(all.length - 1 - KEPT);
    expect([count(told, 'dropped'), count(told, 'ended')]).toEqual([1, 1]);
    expect(told.find(({ type }) => type === 'desync')).toEqual(all.find(({ type }) => type === 'desync'));
    // Once each.
    const again: unknown[] = [];
    match.on('desync', (event) => again.push(event));
    expect(again).toEqual([]);
  });
});

/** A whole match with its loop and mesh, whose other player is written by hand: no link, no network. */
function lonelyMatch(seen: (event: SessionEvent) => void) {
  const clock = new VirtualClock();
  const game = chainGame();
  const play = { input: buttons, gameId: 'test@1', players: 2, checkInterval: 1 };
  const session = new Session<number, ChainState>({ ...play, self: 'a', nonce: 1 });
  const room = { self: 'a', send: () => undefined, close: () => undefined };
  const noRtc = class {
    constructor() {
      throw new Error('no connection is made here');
    }
  } as unknown as RtcConstructor;
  let match: Match<number, ChainState> | undefined;
  /** What `joinMatch` does with the events of a match that has begun; not part of the public type. */
  const hand = (to: unknown, event: SessionEvent): void => (to as { emit(event: SessionEvent): void }).emit(event);
  const mesh = new Mesh<number, ChainState>({
    match: { ...play, game, signaling: { join: () => Promise.resolve(room) }, room: 'test' },
    session,
    room,
    rtc: noRtc,
    clock,
    random: () => 1,
    limitAt: 0,
    received: () => undefined,
    progress: () => undefined,
    event: (event) => {
      seen(event);
      if (match !== undefined) hand(match, event);
    },
    failed: (error) => {
      throw error;
    },
  });
  /** Something that the other player says. */
  const say = (fields: readonly unknown[]): void => {
    session.receive('b', pack(fields), clock.now());
    mesh.flush();
    mesh.drain();
  };
  session.connect('b');
  say([KIND.hello, 1, 1, 22, 1, 'test@1', 'test:u16', 1, 2, 60, 8, 1]);
  say([KIND.start, 1, 1, 7, ['a', 'b']]);
  expect(session.state).toBe('running');
  match = new Match({ self: 'a', session, mesh, game, clock, fps: 60, timeline: [], release: () => undefined });
  let wake = (): number => 0;
  match.run({
    sample: () => 1,
    ticker: {
      start: (fn) => {
        wake = fn;
        return () => undefined;
      },
    },
  });
  const tick = (): void => {
    clock.runTo(clock.now() + 1000 / 60);
    wake();
  };
  return { match, tick, say };
}
