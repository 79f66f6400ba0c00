// Some sessions in one process, with a perfect or a hand-made network between them, driven tick by tick.
import type { PeerId } from '../../src/core/peer.js';
import type { SessionEvent } from '../../src/session/events.js';
import type { SessionOptions } from '../../src/session/options.js';
import { Session } from '../../src/session/p2p.js';
import { type Agreed, type ControlPacket, decodeControl, encodeControl } from '../../src/wire/control-packets.js';
import { KIND, kindOf } from '../../src/wire/head.js';
import { createInputPacket, decodeInputPacket, type InputPacket } from '../../src/wire/input-packet.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { buttons } from '../games.js';

export interface Sent {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly channel: 'input' | 'control';
  readonly bytes: Uint8Array;
}

export type TestSession = Session<number, number>;
type Options = Partial<SessionOptions<number, number>>;

export const msgpack = new Msgpack();

export function createSession(self: PeerId, options: Options = {}): TestSession {
  return new Session<number, number>({ self, nonce: 1, input: buttons, gameId: 'game@1', players: 2, ...options });
}

/** What peers with the options of `createSession` agree on. */
export function agreedOn(players = 2): Agreed {
  return { gameId: 'game@1', input: buttons.id, words: 1, players, fps: 60, window: 8, checkInterval: 60 };
}

export function control(packet: ControlPacket): Uint8Array {
  return encodeControl(msgpack, packet, 1).slice();
}

export function hello(
  agreed: Agreed = agreedOn(),
  rest: { answer?: boolean; locals?: number; version?: number; nonce?: number; epoch?: number } = {},
): Uint8Array {
  return control({ kind: 'hello', version: 1, epoch: 0, answer: true, nonce: 5, locals: 1, agreed, ...rest });
}

/** All that waits to be sent. */
export function drain(session: TestSession, from: PeerId): Sent[] {
  const sent: Sent[] = [];
  for (let next = session.transmit(); next !== undefined; next = session.transmit()) {
    sent.push({ from, to: next.to, channel: next.channel, bytes: next.bytes.slice() });
  }
  return sent;
}

/** What an input packet says; undefined for any other packet. */
export function readInput(bytes: Uint8Array, others = 1): InputPacket | undefined {
  const packet = createInputPacket(others, 1);
  return decodeInputPacket(msgpack, bytes, 1, packet) === null ? packet : undefined;
}

export function readControl(bytes: Uint8Array): ControlPacket | undefined {
  const packet = decodeControl(msgpack, bytes, 1);
  return typeof packet === 'string' ? undefined : packet;
}

export function isInput(bytes: Uint8Array): boolean {
  return kindOf(bytes[bytes[0] === 0xdc ? 3 : 1]!) === KIND.input;
}

/** Carries out all operations of a game whose state is the sum of its inputs. @returns how many frames were simulated. */
export function performAll(session: TestSession, state: { value: number }): number {
  let advances = 0;
  for (let op = session.op(); op !== undefined; op = session.op()) {
    if (op.kind === 'save') op.keep(state.value);
    else if (op.kind === 'load') state.value = op.state;
    else if (op.kind === 'advance') {
      advances++;
      state.value = op.inputs.reduce((sum, input) => (sum * 31 + input) % 1_000_003, state.value);
    }
  }
  return advances;
}

export function eventsOf(session: TestSession): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (let event = session.event(); event !== undefined; event = session.event()) events.push(event);
  return events;
}

export class Mesh {
  readonly sessions = new Map<PeerId, TestSession>();
  readonly states = new Map<PeerId, { value: number }>();
  /** Every event of every peer, in order, since it was last emptied. */
  readonly events: (SessionEvent & { readonly at: PeerId })[] = [];
  /** Every packet that was sent. */
  readonly log: Sent[] = [];
  now = 0;
  /** Which packets arrive. */
  passes: (sent: Sent) => boolean = () => true;

  constructor(ids: readonly PeerId[], options: (id: PeerId, index: number) => Options = () => ({})) {
    ids.forEach((id, index) => {
      this.sessions.set(id, createSession(id, { players: ids.length, nonce: index, ...options(id, index) }));
      this.states.set(id, { value: 0 });
    });
  }

  at(id: PeerId): TestSession {
    return this.sessions.get(id)!;
  }

  /** All links are up, and everything that follows from it is delivered. */
  connect(): this {
    for (const [id, session] of this.sessions) {
      for (const other of this.sessions.keys()) if (other !== id) session.connect(other);
    }
    this.deliver();
    return this;
  }

  /** Delivers until nobody has anything to send. */
  deliver(): void {
    for (let busy = true; busy;) {
      busy = false;
      for (const [id, session] of this.sessions) {
        for (const sent of drain(session, id)) {
          busy = true;
          this.log.push(sent);
          if (this.passes(sent)) this.at(sent.to).receive(id, sent.bytes, this.now);
        }
      }
    }
  }

  /** One tick of all of these peers (default: everyone). */
  tick(ms = 16, who: readonly PeerId[] = [...this.sessions.keys()], input: (id: PeerId) => number = () => 1): void {
    this.now += ms;
    for (const id of who) {
      const session = this.at(id);
      if (session.begin(this.now) === 'sample') for (const slot of session.locals) session.input(slot, input(id));
    }
    this.deliver();
    for (const id of who) performAll(this.at(id), this.states.get(id)!);
    for (const [id, session] of this.sessions) for (const event of eventsOf(session)) this.events.push({ ...event, at: id });
  }

  run(ticks: number, ms = 16, who?: readonly PeerId[], input?: (id: PeerId) => number): this {
    for (let i = 0; i < ticks; i++) this.tick(ms, who, input);
    return this;
  }

  /** The events of one type since the list was last emptied. */
  seen<T extends SessionEvent['type']>(type: T): (Extract<SessionEvent, { type: T }> & { readonly at: PeerId })[] {
    return this.events.filter((event) => event.type === type) as (Extract<SessionEvent, { type: T }> & { readonly at: PeerId })[];
  }
}
