// What is to be sent: control packets in order, and one input packet a tick for each other peer, made when it is taken.
import { type Frame, NEVER, type Slot } from '../core/frame.js';
import type { PeerId } from '../core/peer.js';
import type { SyncLayer } from '../core/sync-layer.js';
import { type ControlPacket, encodeControl, type Leave } from '../wire/control-packets.js';
import { createInputPacket, type InputPacket, InputPacketWriter } from '../wire/input-packet.js';
import { MAX_FRAMES_A_PACKET, MAX_TEXT } from '../wire/limits.js';
import type { PacketCodec } from '../wire/msgpack.js';
import type { Endpoint } from './endpoint.js';
import type { Kickoff } from './handshake.js';

/** A packet to send. One object, reused: valid until the next call of `transmit`. */
export interface Transmit {
  readonly to: PeerId;
  /** `input` may be lost; `control` must arrive, in order. */
  readonly channel: 'input' | 'control';
  readonly bytes: Uint8Array;
  /** ms since the oldest of our inputs that the peer has not acknowledged was made; 0 if none. */
  readonly ageMs: number;
  /** ms from the making of an input to its acknowledgement, if one has come since the last packet; else −1. */
  readonly ackMs: number;
}

export interface OutboxOptions {
  readonly self: PeerId;
  readonly locals: number;
  /** 16-bit words of an input. */
  readonly words: number;
  /** Frames whose time of making is kept: as many as a ring of inputs holds. */
  readonly capacity: number;
}

export class Outbox<I, S> {
  readonly #options: OutboxOptions;
  readonly #columns: number;
  readonly #msgpack: PacketCodec;
  readonly #sync: SyncLayer<I, S>;
  readonly #writer: InputPacketWriter;
  readonly #control: { readonly to: PeerId; readonly packet: ControlPacket; readonly by: Endpoint | undefined }[] = [];
  #endpoints: readonly Endpoint[] = [];
  /** How many of these still have an input packet of this tick to be taken: the first ones. */
  #due = 0;
  readonly #createdAt: Float64Array;
  readonly #transmit: { -readonly [K in keyof Transmit]: Transmit[K] } = {
    to: '',
    channel: 'input',
    bytes: new Uint8Array(0),
    ageMs: 0,
    ackMs: -1,
  };
  #packet: InputPacket = createInputPacket(1, 0);
  #kickoff: Kickoff | undefined;
  #locals: readonly Slot[] = [];
  /** The first slot of each other peer, in the match's order: all slots of a peer are held up to the same frame. */
  #others: readonly Slot[] = [];
  #last: Endpoint | undefined;

  constructor(sync: SyncLayer<I, S>, msgpack: PacketCodec, options: OutboxOptions) {
    this.#sync = sync;
    this.#msgpack = msgpack;
    this.#options = options;
    this.#columns = options.locals * options.words;
    this.#writer = new InputPacketWriter(msgpack, this.#columns);
    this.#createdAt = new Float64Array(options.capacity);
  }

  /** The match begins: from now on there are inputs to send. */
  start(kickoff: Kickoff, locals: readonly Slot[]): void {
    this.#kickoff = kickoff;
    this.#locals = locals;
    this.#others = kickoff.seats.filter(({ peer }) => peer !== this.#options.self).map(({ slots }) => slots[0]!);
    this.#packet = createInputPacket(kickoff.seats.length - 1, 0);
    this.#packet.epoch = kickoff.epoch;
  }

  /** Notes when the local inputs of a frame were made. */
  created(frame: Frame, now: number): void {
    this.#createdAt[frame % this.#createdAt.length] = now;
  }

  createdAt(frame: Frame): number {
    return this.#createdAt[frame % this.#createdAt.length]!;
  }

  /** The last frame for which all local inputs have been given. */
  get lastFrame(): Frame {
    let last = NEVER;
    for (const slot of this.#locals) last = Math.min(last, this.#sync.queue(slot).held);
    return last;
  }

  /** Whether input packets of this tick wait to be taken. */
  get hasDue(): boolean {
    return this.#due > 0;
  }

  queueControl(to: PeerId, packet: ControlPacket, by?: Endpoint): void {
    // What answers the other side takes the place of an older answer that still waits: a flood of questions while nobody sends cannot fill
    // the queue.
    const kind = answerKind(packet);
    const waiting = kind === undefined ? -1 : this.#control.findIndex((one) => one.to === to && answerKind(one.packet) === kind);
    this.#control.splice(waiting < 0 ? this.#control.length : waiting, waiting < 0 ? 0 : 1, { to, packet, by });
  }

  /** The goodbye to one peer, with all inputs that it has not acknowledged. */
  queueLeave(endpoint: Endpoint, reason: string): void {
    const first = endpoint.acked + 1;
    const count = Math.min(this.lastFrame - endpoint.acked, MAX_FRAMES_A_PACKET);
    const columns = this.#columns;
    const words = new Uint16Array(count * columns);
    for (let i = 0; i < words.length; i++) words[i] = this.#word(first + Math.floor(i / columns), i % columns);
    const leave: Leave = { kind: 'leave', epoch: this.#kickoff!.epoch, reason: reason.slice(0, MAX_TEXT), first, count, words };
    this.queueControl(endpoint.peer, leave, endpoint);
  }

  /** A tick begins: each of these gets a packet. What was not taken in the last tick is replaced. */
  queueInputs(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    this.#due = endpoints.length;
  }

  /** The next control packet. */
  takeControl(): Transmit | undefined {
    const next = this.#control.shift();
    if (next === undefined) return undefined;
    next.by?.sentOther();
    this.#last = undefined;
    const transmit = this.#transmit;
    transmit.to = next.to;
    transmit.channel = 'control';
    transmit.bytes = encodeControl(this.#msgpack, next.packet, this.#columns);
    transmit.ageMs = 0;
    transmit.ackMs = -1;
    return transmit;
  }

  /** The next input packet of this tick. @param sim The frame at which the tick began. */
  takeInput(now: number, sim: Frame): Transmit | undefined {
    if (this.#due === 0) return undefined;
    const endpoint = this.#endpoints[--this.#due]!;
    const packet = this.#packet;
    endpoint.stamp(packet, now);
    packet.sim = sim;
    packet.first = endpoint.acked + 1;
    packet.count = this.lastFrame - endpoint.acked;
    for (let i = 0; i < this.#others.length; i++) packet.received[i] = this.#sync.queue(this.#others[i]!).held;
    this.#last = endpoint;
    const transmit = this.#transmit;
    transmit.to = endpoint.peer;
    transmit.channel = 'input';
    transmit.bytes = this.#writer.encode(packet, this.#word);
    transmit.ageMs = packet.count > 0 ? now - this.createdAt(packet.first) : 0;
    transmit.ackMs = endpoint.takeAckMs();
    endpoint.sentInput(now, sim, transmit.bytes.length);
    return transmit;
  }

  /** The last input packet did not leave. */
  unsent(): void {
    this.#last?.unsentInput(this.#transmit.bytes.length);
    this.#last = undefined;
  }

  readonly #word = (frame: Frame, column: number): number => {
    const { words } = this.#options;
    return this.#sync.queue(this.#locals[Math.floor(column / words)]!).word(frame, column % words);
  };
}

function answerKind(packet: ControlPacket): 'hello' | 'accept' | undefined {
  if (packet.kind === 'hello') return packet.answer ? 'hello' : undefined;
  return packet.kind === 'start' && packet.step === 'accept' ? 'accept' : undefined;
}
