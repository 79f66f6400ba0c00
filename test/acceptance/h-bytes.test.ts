// Acceptance scenarios H1 and H2: bytes from strangers between the peers of a running match, and peers that do not fit together.
// The strongest oracle there is: the same match without the hostile packets. Nothing of it may change.
import { pack, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import { hashState } from '../../src/core/checksum.js';
import { createRng } from '../../src/core/rng.js';
import type { InputCodec } from '../../src/core/input-codec.js';
import type { PlayOptions } from '../../src/session/options.js';
import type { SessionStats } from '../../src/session/stats.js';
import { buttons } from '../games.js';
import { exchangeControl, startedDuo, unstartedDuo } from './duo.js';
import { flipped, hostileKinds, type Hostile } from './hostile.js';
import { Scenario, seeds, type Setup } from './scenario.js';

const KINDS = hostileKinds(unpack);
const SECONDS = 8;
const setupFor = (seed: number): Setup => ({ seed, network: { delayMs: 50, jitterMs: 20, loss: 0.05 } });

/**
 * All that a match is, as a hash of each part: what was played, when, with which operations, and all numbers but those of bad
 * packets, the count of received ones, and an average up to "now", which is the moment of the last packet.
 */
function transcript(scenario: Scenario): unknown {
  return scenario.simulation.peers.map(({ session, recorder, events, simulatedAt, speeds }, index) => {
    const { badPackets: _, peers, ...stats } = session.stats();
    const { inputs, hashes, advances, loads, saves } = recorder;
    const { packetsReceived: __, framesAhead: ___, ...peer } = peers[0]!;
    const all = { inputs, hashes, advances, loads, saves, events, simulatedAt, speeds, stats, peer, loaded: scenario.loads[index] };
    return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, hashState(JSON.parse(JSON.stringify(value)))]));
  });
}

const badPackets = (stats: SessionStats): number => Object.values(stats.badPackets).reduce((sum, n) => sum + n, 0);

/** Lets `inject` act every few ms, with a real packet that peer-1 sent to peer-0, once there is one. */
function disturb(scenario: Scenario, everyMs: number, inject: (real: Uint8Array, sent: readonly Uint8Array[]) => void): void {
  const sent: Uint8Array[] = [];
  scenario.tapInputs((from, _, bytes) => {
    if (from === 'peer-1') sent.push(new Uint8Array(bytes));
    return bytes;
  });
  const { clock } = scenario.simulation;
  const next = (): void => {
    if (scenario.peer(0).session.state === 'running' && sent.length > 0) inject(sent.at(-1)!, sent);
    clock.after(everyMs, next);
  };
  clock.after(500, next);
}

/** Hands a packet to peer-0, and says how it was counted. */
function handIn(scenario: Scenario, from: string, bytes: Uint8Array): { bad: number; reasons: readonly string[]; received: number } {
  const { session } = scenario.peer(0);
  const before = session.stats();
  const countBefore = { ...before.badPackets };
  session.receive(from, bytes, scenario.simulation.clock.now());
  const after = session.stats();
  return {
    bad: badPackets(after) - Object.values(countBefore).reduce((sum, n) => sum + n, 0),
    reasons: Object.entries(after.badPackets).flatMap(([reason, n]) =>
      n > (countBefore[reason as keyof typeof countBefore] ?? 0) ? [reason] : [],
    ),
    received: after.peers[0]!.packetsReceived - before.peers[0]!.packetsReceived,
  };
}

describe('H1: hostile packets in a running match', () => {
  it.each(['peer-1', 'a stranger'])(
    'H1 of every kind, sent as %s: nothing throws, each counted by one reason, the match is the same to the bit',
    (from) => {
      const reasons = new Set<string>();
      for (const seed of seeds(3)) {
        const untouched = new Scenario(setupFor(seed)).run(SECONDS * 1000);
        const scenario = new Scenario(setupFor(seed));
        const rng = createRng(seed, 'hostile');
        let injected = 0;
        disturb(scenario, 3, (real) => {
          const kind: Hostile = KINDS[injected++ % KINDS.length]!;
          const bytes = kind.make(real, rng);
          const counted = handIn(scenario, from, bytes);
          expect(counted.bad, `${kind.name}: ${bytes.subarray(0, 40).join(' ')}; ${scenario.replay}`).toBe(1);
          counted.reasons.forEach((reason) => reasons.add(reason));
        });
        scenario.run(SECONDS * 1000);
        expect(injected, scenario.replay).toBeGreaterThan(20 * KINDS.length);
        expect(badPackets(scenario.stats(0)), scenario.replay).toBe(injected);
        expect(
          scenario.total((stats) => stats.rollbacks),
          scenario.replay,
        ).toBeGreaterThan(40);
        expect(transcript(scenario), scenario.replay).toEqual(transcript(untouched));
        scenario.expectEqual({ confirmed: ((SECONDS * 1000 - scenario.startedAt) * 60) / 1000 - 20, badPackets: true });
      }
      const notPlain = ['not plain msgpack', 'too long', 'unknown kind'];
      // A stranger's input packets are not even read.
      expect([...reasons].toSorted()).toEqual(
        expect.arrayContaining(
          from === 'peer-1'
            ? [...notPlain, 'bad field', 'bad runs', 'frame too far', 'not msgpack integers', 'other epoch', 'out of place']
            : [...notPlain, 'unknown peer'],
        ),
      );
    },
  );

  it('H1 true copies and bit-flipped copies of real traffic, sent as a stranger: counted, the match is the same to the bit', () => {
    for (const seed of seeds(3)) {
      const untouched = new Scenario(setupFor(seed)).run(SECONDS * 1000);
      const scenario = new Scenario(setupFor(seed));
      const rng = createRng(seed, 'hostile');
      const control: Uint8Array[] = [];
      scenario.tapControl((_, bytes, pass) => {
        // Hellos are answered, whoever sends them.
        if ((bytes[bytes[0] === 0xdc ? 3 : 1]! & 7) !== 1) control.push(bytes);
        pass(bytes);
      });
      let injected = 0;
      disturb(scenario, 5, (real) => {
        for (const bytes of [real, flipped(real, rng), control[injected % control.length]!]) {
          expect(handIn(scenario, 'a stranger', bytes).bad, `${bytes.join(' ')}; ${scenario.replay}`).toBe(1);
          injected++;
        }
      });
      scenario.run(SECONDS * 1000);
      expect(injected, scenario.replay).toBeGreaterThan(3000);
      expect(transcript(scenario), scenario.replay).toEqual(transcript(untouched));
    }
  });

  it('H1 old packets of the peer again, from the last one to the first: nothing changes', () => {
    for (const seed of seeds(3)) {
      const untouched = new Scenario(setupFor(seed)).run(SECONDS * 1000);
      const scenario = new Scenario(setupFor(seed));
      const rng = createRng(seed, 'hostile');
      let injected = 0;
      disturb(scenario, 5, (_, sent) => {
        // Only what surely has arrived or been lost: an overtaking copy would be news.
        const arrived = sent.length - 20;
        if (arrived <= 0) return;
        injected++;
        handIn(scenario, 'peer-1', sent[rng.u32() % arrived]!);
      });
      scenario.run(SECONDS * 1000);
      expect(injected, scenario.replay).toBeGreaterThan(1000);
      expect(transcript(scenario), scenario.replay).toEqual(transcript(untouched));
      scenario.expectEqual({ confirmed: ((SECONDS * 1000 - scenario.startedAt) * 60) / 1000 - 20 });
    }
  });

  it('H1 bit-flipped copies, sent as the peer: nothing throws, and each is either taken or counted by reason', () => {
    let taken = 0;
    let refused = 0;
    for (const seed of seeds(6)) {
      const scenario = new Scenario(setupFor(seed));
      const rng = createRng(seed, 'hostile');
      disturb(scenario, 2, (real) => {
        if (scenario.peer(0).session.state !== 'running') return;
        const bytes = flipped(real, rng);
        const { bad, received } = handIn(scenario, 'peer-1', bytes);
        expect(bad + received, `${bytes.join(' ')}; ${scenario.replay}`).toBeGreaterThan(0);
        expect(bad, scenario.replay).toBeLessThanOrEqual(1);
        taken += received;
        refused += bad;
      });
      scenario.run(5000);
      const { frame, confirmedFrame } = scenario.peer(0).session;
      expect(Number.isSafeInteger(frame) && frame <= 320 && confirmedFrame < frame, scenario.replay).toBe(true);
    }
    expect(refused).toBeGreaterThan(1000);
    expect(taken).toBeGreaterThan(1000);
  });

  it('H1 inputs that leave a gap after those that are held: counted, not taken, and the whole ones repair it', () => {
    const { a, b } = startedDuo({ inputDelay: 0 });
    for (let frame = 0; frame < 5; frame++) b.tick(100 + frame);
    const fields = [...(unpack(b.sent[4]!) as number[])];
    const [head, number, echo, hold, sim, , received] = fields as [number, number, number, number, number, number, number];
    a.session.receive('b', pack([head, number, echo, hold, sim, sim - 3, received, 103, 1, 104, 1]), 1);
    expect(a.session.stats().badPackets).toEqual({ gap: 1 });
    expect(a.tick(1).simulated).toEqual([0]);
    expect(a.recorder.inputs[0]).toBe('1 0');
    a.receive(b, b.sent);
    expect(a.tick(2)).toMatchObject({ loads: [0], simulated: [1] });
    expect(a.recorder.inputs.slice(0, 2)).toEqual(['1 100', '2 101']);
  });

  it('H1 before the start: hostile packets change nothing, and no stranger starts the match', () => {
    const { a, b } = unstartedDuo({});
    const rng = createRng(1, 'hostile');
    const real = realInputPacket();
    let refused = 0;
    const attack = (): void => {
      for (const side of [a, b]) {
        for (const kind of KINDS) {
          side.session.receive('a stranger', kind.make(real, rng), 0);
          refused++;
        }
        side.session.receive('a stranger', real, 0);
        refused++;
      }
    };
    // Hellos, propose, accept, one at a time; all that is missing then is the "go".
    for (let step = 0; step < 3; step++) {
      attack();
      a.send();
      b.send();
      const [fromA, fromB] = [a.control.splice(0), b.control.splice(0)];
      b.receive(a, fromA);
      if (step < 2) a.receive(b, fromB);
      else a.control.push(...fromB);
      attack();
    }
    expect([a.session.state, b.session.state]).toEqual(['starting', 'starting']);
    expect(badPackets(a.session.stats()) + badPackets(b.session.stats())).toBe(refused);
    a.receive(b, a.control.splice(0));
    exchangeControl(a, b);
    expect([a.session.state, b.session.state]).toEqual(['running', 'running']);
  });
});

/** The first packet of a match. */
function realInputPacket(): Uint8Array {
  const { b } = startedDuo({});
  b.tick(1);
  return b.sent[0]!;
}

describe('H2: peers that do not fit together', () => {
  const twoWords: InputCodec<number> = { ...buttons, words: 2 };
  const differing: readonly (readonly [string, Partial<PlayOptions<number>>, unknown, unknown])[] = [
    ['gameId', { gameId: 'test@2' }, 'test@1', 'test@2'],
    ['input', { input: { ...buttons, id: 'test:other' } }, 'test:u16', 'test:other'],
    ['words', { input: twoWords }, 1, 2],
    ['players', { players: 3 }, 2, 3],
    ['fps', { fps: 30 }, 60, 30],
    ['window', { window: 7 }, 8, 7],
    ['checkInterval', { checkInterval: 61 }, 60, 61],
  ];

  it.each(differing)('H2 another %s: both sides end with the field and both values', (field, other, local, remote) => {
    for (const odd of [0, 1]) {
      const peers = [0, 1].map((index) => (index === odd ? other : {}));
      const scenario = new Scenario({ seed: 1, network: { delayMs: 50 }, peers }).run(2000);
      for (const index of [0, 1]) {
        const [here, there] = index === odd ? [remote, local] : [local, remote];
        const { events, session } = scenario.peer(index);
        expect(session.state, scenario.replay).toBe('ended');
        expect(events, scenario.replay).toEqual([{ type: 'ended', error: expect.any(NetError) }]);
        const { error } = events[0] as { error: NetError };
        expect([error.code, error.fields]).toEqual(['config-mismatch', { peer: `peer-${1 - index}`, field, local: here, remote: there }]);
        expect(error.message).toContain(field);
      }
    }
  });

  it.each([
    ['inputDelay', { inputDelay: 5 }],
    ['predict', { predict: () => 7 }],
  ] as const)('H2 another %s is no mismatch: the match is played, equal', (_, other) => {
    for (const seed of seeds(2)) {
      const scenario = new Scenario({ seed, network: { delayMs: 50 }, peers: [{}, other] }).run(5000);
      expect(
        scenario.total((stats) => stats.rollbacks),
        scenario.replay,
      ).toBeGreaterThan(10);
      scenario.expectEqual({ confirmed: 250 });
    }
  });

  it('H2 too many local players together: all sides end with "locals"', () => {
    const scenario = new Scenario({ seed: 1, play: { players: 3 }, network: { delayMs: 50 }, peers: [{}, {}, { locals: 2 }] }).run(2000);
    for (const peer of scenario.simulation.peers) {
      const errors = peer.events.map((event) => (event.type === 'ended' ? event.error : undefined));
      expect(errors, peer.id).toEqual([
        expect.objectContaining({ code: 'config-mismatch', fields: expect.objectContaining({ field: 'locals' }) }),
      ]);
    }
  });

  it('H2 another protocol version: both sides end with both versions, whatever else its hello holds', () => {
    // Of a future version only the place of the version is known.
    for (const rest of [[], [1, 2, 3], ['a', [1], null, 1.5], Array.from({ length: 40 }, () => 'later')]) {
      const { a, b } = unstartedDuo({});
      const future = pack([1, 2, ...rest]);
      const past = pack([1, 0, ...rest]);
      a.session.receive('b', future, 0);
      b.session.receive('a', past, 0);
      for (const [side, peer, remote] of [
        [a, 'b', 2],
        [b, 'a', 0],
      ] as const) {
        expect(side.session.state).toBe('ended');
        side.session.begin(1);
        const event = side.session.event();
        expect(event).toMatchObject({ type: 'ended', error: { code: 'version-mismatch', fields: { peer, local: 1, remote } } });
        // Its own hello still leaves, so that the other side learns of it as well.
        side.send();
        expect(side.control.length).toBeGreaterThanOrEqual(1);
      }
    }
  });

  it("H2 another session's packets, from the peer itself: counted as such, the match is the same to the bit", () => {
    for (const seed of seeds(2)) {
      const untouched = new Scenario(setupFor(seed)).run(SECONDS * 1000);
      const scenario = new Scenario(setupFor(seed));
      let injected = 0;
      disturb(scenario, 10, (real) => {
        const copy = new Uint8Array(real);
        copy[copy[0] === 0xdc ? 3 : 1] = 8 * (1 + (injected++ % 15));
        expect(handIn(scenario, 'peer-1', copy).reasons).toEqual(['other epoch']);
      });
      scenario.run(SECONDS * 1000);
      expect(scenario.stats(0).badPackets, scenario.replay).toEqual({ 'other epoch': injected });
      expect(injected).toBeGreaterThan(500);
      expect(transcript(scenario), scenario.replay).toEqual(transcript(untouched));
    }
  });
});
