// All channels of one end of a connection: which stream is whose, who opened it, and how it is closed on both sides.
import type { Clock } from '../core/clock.js';
import type { RtcChannelOptions } from '../link/rtc.js';
import { type ChannelTransport, SimDataChannel } from './rtc-channel.js';
import type { SctpMessage, SctpPacket } from './rtc-packets.js';
import { SctpEndpoint } from './sctp.js';

export interface ChannelTableOptions {
  readonly clock: Clock;
  /** Calls a handler of the application, as a task of its own. */
  readonly task: (event: () => void) => void;
  readonly emit: (packet: SctpPacket) => void;
  /** The other side has opened a channel on its own. */
  readonly announced: (channel: SimDataChannel) => void;
  /** A message came for a channel that is not there. */
  readonly stray: () => void;
}

export class ChannelTable implements ChannelTransport {
  readonly #options: ChannelTableOptions;
  /** By stream. */
  readonly #channels = new Map<number, SimDataChannel>();
  /** Those that get a stream when the connection is up. */
  readonly #unnumbered: SimDataChannel[] = [];
  #sctp: SctpEndpoint | undefined;
  /** The first stream that this side may take. */
  #firstStream = 0;

  constructor(options: ChannelTableOptions) {
    this.#options = options;
  }

  /** Whether the connection is up. */
  get up(): boolean {
    return this.#sctp !== undefined;
  }

  /** @throws `TypeError` for options that cannot be, `OperationError` if the id is taken. */
  create(label: string, options: RtcChannelOptions): SimDataChannel {
    const { id, ...unnumbered } = options;
    if (options.negotiated === true && id === undefined) throw new TypeError('a negotiated channel needs an id');
    const channel = new SimDataChannel(this, label, options.negotiated === true ? options : unnumbered);
    if (channel.id === undefined) {
      this.#unnumbered.push(channel);
    } else {
      if (this.#channels.has(channel.id)) throw new DOMException(`id ${channel.id} is taken`, 'OperationError');
      this.#channels.set(channel.id, channel);
    }
    if (this.up) this.#open();
    return channel;
  }

  /** The connection is up. */
  start(client: boolean): void {
    // RFC 8832: the DTLS client takes the even streams.
    this.#firstStream = client ? 0 : 1;
    const { clock, emit } = this.#options;
    this.#sctp = new SctpEndpoint(clock, emit, (message) => this.#deliver(message));
    this.#open();
  }

  /** False if the connection is not up. */
  receive(packet: SctpPacket): boolean {
    this.#sctp?.receive(packet);
    return this.up;
  }

  /** The other side has closed the connection. False if it was not up. */
  aborted(): boolean {
    if (!this.up) return false;
    for (const channel of this.#channels.values()) this.#options.task(() => channel.ended(true));
    this.#channels.clear();
    return true;
  }

  /** This side closes the connection: no handler is called. */
  end(): void {
    for (const channel of [...this.#channels.values(), ...this.#unnumbered]) channel.ended(false);
  }

  send({ id, ordered, maxRetransmits }: SimDataChannel, content: string | Uint8Array<ArrayBuffer>, bytes: number): void {
    if (id !== undefined) this.#sctp?.send({ stream: id, kind: 'data', ordered, maxRetransmits, content, bytes });
  }

  buffered({ id }: SimDataChannel): number {
    return id === undefined ? 0 : (this.#sctp?.buffered(id) ?? 0);
  }

  close(channel: SimDataChannel): void {
    if (this.up && channel.id !== undefined) return this.#sendReset(channel.id);
    if (channel.id !== undefined) this.#channels.delete(channel.id);
    this.#options.task(() => channel.ended(true));
  }

  #open(): void {
    for (const channel of this.#unnumbered.splice(0)) {
      let id = this.#firstStream;
      while (this.#channels.has(id)) id += 2;
      channel.id = id;
      this.#channels.set(id, channel);
      const { label, ordered, maxRetransmits } = channel;
      const content = { label, ordered, maxRetransmits };
      this.#sctp?.send({ stream: id, kind: 'open', ordered: true, maxRetransmits: Infinity, content, bytes: label.length });
    }
    for (const channel of this.#channels.values()) this.#options.task(() => channel.opened());
  }

  #deliver({ stream, kind, content }: SctpMessage): void {
    const { task, announced, stray } = this.#options;
    const channel = this.#channels.get(stream);
    if (kind === 'reset') return this.#reset(stream, channel);
    if (channel !== undefined) {
      if (kind === 'data') task(() => channel.received(content));
    } else if (kind === 'open' && typeof content === 'object' && content !== null && 'label' in content) {
      const { label, ordered, maxRetransmits } = content;
      const foreign = new SimDataChannel(this, label, { ordered, maxRetransmits, id: stream });
      this.#channels.set(stream, foreign);
      task(() => announced(foreign));
      task(() => foreign.opened());
    } else {
      stray();
    }
  }

  /** The other side has closed a channel, or answers to our closing it. */
  #reset(stream: number, channel: SimDataChannel | undefined): void {
    if (channel === undefined) return;
    if (channel.readyState !== 'closing') this.#sendReset(stream);
    this.#channels.delete(stream);
    this.#options.task(() => channel.ended(true));
  }

  #sendReset(stream: number): void {
    this.#sctp?.discard(stream);
    this.#sctp?.send({ stream, kind: 'reset', ordered: false, maxRetransmits: Infinity, content: null, bytes: 0 });
  }
}
