// Sessions under attack: one that plays with a peer who sends, between packets that keep it playing, everything that it should not;
// and one that has not started yet. The peer is made by hand from what the session sends, so that its lies are near the truth.
import type { InputCodec } from '../../src/core/input-codec.js';
import { NetError } from '../../src/core/errors.js';
import { Session } from '../../src/session/p2p.js';
import type { SessionStats } from '../../src/session/stats.js';
import { encodeControl, type ControlPacket } from '../../src/wire/control-packets.js';
import { KIND, kindOf } from '../../src/wire/head.js';
import { createInputPacket, decodeInputPacket } from '../../src/wire/input-packet.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { Dice } from './dice.js';
import { PacketForge } from './packets.js';
import { count, hold, type Outcomes, type Target } from './target.js';

const TICK_MS = 1000 / 60;
/** Hostile packets between two frames: half a thousand a second. */
const A_TICK = 8;
const BUTTONS: InputCodec<number> = {
  id: 'test:u16',
  words: 1,
  neutral: 0,
  encode: (input, to) => {
    to[0] = input;
  },
  decode: (from) => from[0]!,
};
const AGREED = { gameId: 'test@1', input: 'test:u16', words: 1, players: 2, fps: 60, window: 8, checkInterval: 60 };
const MSGPACK = new Msgpack();

function control(packet: ControlPacket): Uint8Array {
  return encodeControl(MSGPACK, packet, 1).slice();
}

const HELLO = control({ kind: 'hello', version: 1, epoch: 0, answer: true, nonce: 22, locals: 1, agreed: AGREED });
const startOf = (step: 'propose' | 'accept' | 'go', ballot = 1): Uint8Array =>
  control({ kind: 'start', step, ballot, epoch: 0, seed: 7, roster: ['a', 'b'] });

function createSession(self: string): Session<number, number> {
  return new Session<number, number>({ self, nonce: 11, input: BUTTONS, gameId: 'test@1', players: 2 });
}

function badPackets(stats: SessionStats): number {
  let sum = 0;
  for (const reason in stats.badPackets) sum += stats.badPackets[reason as keyof typeof stats.badPackets]!;
  return sum;
}

export class RunningSessionTarget implements Target {
  readonly name = 'running session';
  readonly block = 4_000;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new PacketForge(this.#dice);
  readonly #heard = createInputPacket(1, 1);
  #session = createSession('a');
  #game = 0;
  #now = 0;
  #ticks = 0;
  /** Since the last look at the counters. */
  #fed = 0;
  #uncounted = 0;
  #bad = 0;
  #received = 0;
  #number = 0;
  #drains = true;

  begin(_seed: number, first: number): void {
    this.#session = createSession('a');
    this.#game = 0;
    this.#now = 0;
    this.#ticks = 0;
    this.#fed = 0;
    this.#uncounted = 0;
    this.#number = 0;
    // In every other block nobody takes the events.
    this.#drains = (first / this.block) % 2 === 0;
    const session = this.#session;
    session.connect('b');
    session.receive('b', HELLO, 0);
    session.receive('b', startOf('accept'), 0);
    hold(session.state === 'running', 'the match starts');
    this.#note();
    this.#tick();
  }

  feed(seed: number, index: number): void {
    const dice = this.#dice.start(seed, index);
    const bytes = dice.below(3) === 0 ? this.#forge.control() : this.#forge.input(this.#valid(dice));
    const kind = kindOf(bytes[bytes[0] === 0xdc ? 3 : 1] ?? 0);
    // A goodbye ends what there is to attack: until shortly before the end of a block it comes from somebody else.
    const mayLeave = index % this.block > this.block - 200;
    const from = dice.oneIn(8) || (kind === KIND.leave && !mayLeave) ? 'a stranger' : 'b';
    // A hello is answered, and a go that comes again is nothing: neither need be counted.
    if (kind === KIND.hello || kind === KIND.start) this.#uncounted++;
    this.#session.receive(from, bytes, this.#now);
    this.#fed++;
    if (index % A_TICK === A_TICK - 1) {
      this.#judge();
      this.#tick();
    }
  }

  end(): void {
    this.#judge();
    hold(this.#session.frame > 0 || this.#session.state === 'ended', 'the match got somewhere');
  }

  /** Each packet since the last look was counted by one reason, or taken, or both: a part of what it brought was of use. */
  #judge(): void {
    const { state } = this.#session;
    const [badBefore, receivedBefore] = [this.#bad, this.#received];
    this.#note();
    const bad = this.#bad - badBefore;
    const received = this.#received - receivedBefore;
    const fed = this.#fed;
    hold(bad <= fed && received <= fed, 'none is counted twice', () => `${bad} and ${received} of ${fed}`);
    hold(bad + received >= fed - this.#uncounted || state === 'ended', 'each is counted', () => `${bad} and ${received} of ${fed}`);
    this.outcomes['refused'] = (this.outcomes['refused'] ?? 0) + bad;
    this.outcomes['taken'] = (this.outcomes['taken'] ?? 0) + received;
    this.outcomes[`in a ${state} session`] = (this.outcomes[`in a ${state} session`] ?? 0) + fed;
    this.#fed = 0;
    this.#uncounted = 0;
  }

  #note(): void {
    const stats = this.#session.stats();
    this.#bad = badPackets(stats);
    this.#received = stats.peers.reduce((sum, peer) => sum + peer.packetsReceived, 0);
  }

  /** What a peer that keeps the rules would send now. */
  #valid(dice: Dice): number[] {
    const { received, first, count: frames, sim } = this.#heard;
    const next = received[0]! + 1;
    const inputs = next > this.#session.frame + 2 ? 0 : 1 + dice.below(3);
    const at = Math.max(0, Math.min(next + inputs - 1, this.#session.frame + 2));
    const runs = Array.from({ length: inputs }, () => [dice.below(4), 1]).flat();
    return [0, this.#number, this.#heard.number, dice.below(20), at, at - next, at - (sim === 0 ? -1 : first + frames - 1), ...runs];
  }

  #tick(): void {
    const session = this.#session;
    this.#now += TICK_MS;
    this.#ticks++;
    if (session.begin(this.#now) === 'sample') for (const slot of session.locals) session.input(slot, this.#ticks & 3);
    for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
      if (packet.channel === 'input')
        hold(decodeInputPacket(MSGPACK, packet.bytes, 1, this.#heard) === null || this.#gaveUp(), 'it sends what can be read');
    }
    for (let op = session.op(); op !== undefined; op = session.op()) {
      if (op.kind === 'save') op.keep(this.#game);
      else if (op.kind === 'load') this.#game = op.state;
      else if (op.kind === 'advance') this.#game = (this.#game * 31 + op.inputs[0]! + op.inputs[1]!) % 1_000_003;
    }
    this.#goOn();
    this.#look();
  }

  /** The peer has not acknowledged for longer than a packet can reach back. */
  #gaveUp(): boolean {
    return this.#session.frame - this.#session.stats().peers[0]!.ackedFrame > 128;
  }

  /** One honest packet a tick, so that there always is a match to attack. */
  #goOn(): void {
    this.#number = (this.#number + 1) % 128;
    const honest = this.#valid(this.#dice);
    this.#session.receive('b', MSGPACK.encode(honest), this.#now);
    this.#note();
  }

  #look(): void {
    const session = this.#session;
    const stats = session.stats();
    const sane =
      session.frame <= this.#ticks &&
      session.confirmedFrame < session.frame &&
      session.speed >= 0.95 &&
      session.speed <= 1.05 &&
      stats.peers.every(({ rttMs, jitterMs, loss, framesAhead, ackedFrame }) => {
        return (
          rttMs >= 0 &&
          rttMs < 1e6 &&
          jitterMs >= 0 &&
          loss >= 0 &&
          loss <= 1 &&
          Number.isFinite(framesAhead) &&
          ackedFrame < session.frame + 32
        );
      });
    hold(sane, 'the numbers make sense', () => JSON.stringify({ ...stats, frame: session.frame, confirmed: session.confirmedFrame }));
    if (!this.#drains) return;
    for (let event = session.event(); event !== undefined; event = session.event()) {
      if (event.type === 'ended') hold(event.error instanceof NetError, 'an end has a name');
    }
  }
}

export class StartingSessionTarget implements Target {
  readonly name = 'starting session';
  readonly block = 48;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new PacketForge(this.#dice);
  #session = createSession('a');
  #other = 'b';
  #now = 0;
  #sent = 0;
  #fed = 0;

  begin(seed: number, first: number): void {
    const self = this.#dice.start(seed, first).oneIn(2) ? 'a' : 'b';
    this.#session = createSession(self);
    this.#other = self === 'a' ? 'b' : 'a';
    this.#now = 0;
    this.#sent = 0;
    this.#fed = 0;
    this.#session.connect(this.#other);
  }

  feed(seed: number, index: number): void {
    const dice = this.#dice.start(seed, index);
    const session = this.#session;
    const before = session.state;
    const bad = badPackets(session.stats());
    const from = dice.oneIn(16) ? 'a stranger' : this.#other;
    session.receive(from, this.#packet(dice), this.#now);
    const counted = badPackets(session.stats()) - bad;
    hold(counted <= (before === 'ended' ? 0 : 1), 'counted at most once, and not after the end');
    if (++this.#fed % 4 === 0) this.#tick();
    count(
      this.outcomes,
      session.state === before
        ? counted === 1
          ? 'refused'
          : before === 'ended'
            ? 'after the end'
            : `taken while ${before}`
        : `now ${session.state}`,
    );
  }

  end(): void {
    // One answer for each packet at the most, besides the hellos that are repeated.
    hold(this.#sent <= 2 * this.#fed + 4, 'it does not say more than it is told', () => this.#sent);
    let last: { readonly type: string; readonly error?: unknown } | undefined;
    for (let event = this.#session.event(); event !== undefined; event = this.#session.event()) last = event;
    if (this.#session.state !== 'ended') return;
    hold(last?.type === 'ended' && last.error instanceof NetError, 'an end has a name', () => JSON.stringify(last));
    count(this.outcomes, `ended: ${(last!.error as NetError).code}`);
  }

  /** The next step of the real thing now and then: every state of the handshake is to be attacked. */
  #packet(dice: Dice): Uint8Array {
    if (!dice.oneIn(6))
      return dice.oneIn(4) ? this.#forge.input([0, 0, -1, 0, 0, 0, 1, 0, 2]) : this.#forge.control(dice.oneIn(3) ? -1 : KIND.hello);
    return dice.pick([HELLO, HELLO, startOf('propose', 1 + dice.below(3)), startOf('accept'), startOf('go', 1 + dice.below(3))]);
  }

  #tick(): void {
    const session = this.#session;
    this.#now += TICK_MS;
    if (session.begin(this.#now) === 'sample') for (const slot of session.locals) session.input(slot, 1);
    for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) this.#sent++;
    for (let op = session.op(); op !== undefined; op = session.op()) if (op.kind === 'save') op.keep(0);
  }
}
