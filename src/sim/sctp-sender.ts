// The sending half of SCTP as browsers have it under DataChannels: fragments, a congestion window that a timeout shrinks to one packet,
// fast retransmission, and the giving up of messages that may be lost. Its stalls under loss are what it is for: a message that is given up
// holds the acknowledgements until a FORWARD-TSN has gone round, one gap at a time (RFC 3758, C1), and meanwhile the timer runs.
// The trade-off: one queue for all channels, no receiver window, no path MTU discovery.
import type { Clock, Off } from '../core/clock.js';
import type { MessageContent, SctpAck, SctpChunk, SctpForward, SctpMessage } from './rtc-packets.js';

/** Bytes of chunks that a packet of browsers holds: 1200 less what DTLS and SCTP's common header take. */
const PACKET_BYTES = 1191;
const CHUNK_HEADER = 16;
/** The largest fragment, measured in wrtc. */
const FRAGMENT_BYTES = 1163;
/** dcSCTP's initial congestion window, and the least after a fast retransmission, in packets. */
const START_PACKETS = 10;
const MIN_PACKETS = 4;
/** RFC 9260: so many acknowledgements of later chunks mean that one is lost. */
const MISSES = 3;
/** Retransmission timeouts as measured in browsers: 0.4, 0.8, 1.6, 3 s; 0.5 s before the first round trip was seen. */
const FIRST_TIMEOUT_MS = 500;
const MIN_TIMEOUT_MS = 400;
const MAX_TIMEOUT_MS = 3000;
/** RFC 9260, 6.3.1. */
const RTT_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;

export interface SendOptions {
  readonly stream: number;
  readonly kind: SctpMessage['kind'];
  readonly ordered: boolean;
  /** Infinity: it is repeated until it arrives. */
  readonly maxRetransmits: number;
  readonly content: MessageContent;
  /** Of the content. */
  readonly bytes: number;
}

interface Outstanding {
  readonly chunk: SctpChunk;
  readonly maxRetransmits: number;
  state: 'flying' | 'acked' | 'lost' | 'abandoned';
  retransmits: number;
  misses: number;
  sentAt: number;
}

interface Queued {
  readonly message: SctpMessage;
  readonly maxRetransmits: number;
  /** Of each fragment that was not sent yet. */
  readonly sizes: number[];
}

export class SctpSender {
  readonly #clock: Clock;
  readonly #emit: (chunks: readonly SctpChunk[], forward: SctpForward | undefined) => void;
  readonly #queue: Queued[] = [];
  /** Sent and not yet acknowledged cumulatively, in order. */
  readonly #outstanding: Outstanding[] = [];
  readonly #sequences = new Map<number, number>();
  readonly #buffered = new Map<number, number>();
  #nextTsn = 1;
  #acked = 0;
  #flight = 0;
  #window = START_PACKETS * PACKET_BYTES;
  #threshold = Infinity;
  /** Bytes acknowledged since the window last grew by a packet in congestion avoidance. */
  #credit = 0;
  /** Losses up to this chunk belong to one event, for which the window is cut once. */
  #recovery = 0;
  #rtt = 0;
  #deviation = 0;
  #backoff = 0;
  #stopTimer: Off | undefined;

  constructor(clock: Clock, emit: (chunks: readonly SctpChunk[], forward: SctpForward | undefined) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Bytes of a stream that were handed over and not sent for the first time. */
  buffered(stream: number): number {
    return this.#buffered.get(stream) ?? 0;
  }

  send({ stream, kind, ordered, maxRetransmits, content, bytes }: SendOptions): void {
    const sizes: number[] = [];
    for (let left = bytes; left > 0; left -= FRAGMENT_BYTES) sizes.push(Math.min(left, FRAGMENT_BYTES));
    // An empty message is one byte on the wire.
    if (sizes.length === 0) sizes.push(1);
    let sequence = -1;
    if (ordered) {
      sequence = this.#sequences.get(stream) ?? 0;
      this.#sequences.set(stream, sequence + 1);
    }
    // The stream may be used again, and is counted from 0 then.
    if (kind === 'reset') this.#sequences.delete(stream);
    this.#queue.push({ message: { stream, kind, ordered, sequence, fragments: sizes.length, content }, maxRetransmits, sizes });
    this.#buffered.set(stream, this.buffered(stream) + bytes);
    this.#pump();
  }

  /** Forgets what a stream has not begun to send. */
  discard(stream: number): void {
    const kept = this.#queue.filter(({ message, sizes }) => message.stream !== stream || sizes.length < message.fragments);
    this.#queue.splice(0, this.#queue.length, ...kept);
    this.#buffered.delete(stream);
  }

  /** The other side has told what it has. */
  acknowledged({ cumulative, gaps }: SctpAck): void {
    const before = this.#flight;
    const advanced = cumulative > this.#acked;
    let bytes = 0;
    while (this.#outstanding.length > 0 && this.#outstanding[0]!.chunk.tsn <= cumulative) bytes += this.#take(this.#outstanding.shift()!);
    this.#acked = Math.max(this.#acked, cumulative);
    if (gaps.length > 0) bytes += this.#takeGaps(gaps);
    if (advanced) {
      this.#backoff = 0;
      this.#grow(bytes, before);
    }
    if (this.#outstanding.length === 0) this.#stop();
    else if (advanced) this.#restart();
    this.#forward();
    this.#pump();
  }

  #take(sent: Outstanding): number {
    if (sent.state === 'acked') return 0;
    const flew = sent.state === 'flying';
    if (flew) this.#flight -= sent.chunk.bytes;
    sent.state = 'acked';
    // Karn: what was sent twice tells no round trip.
    if (flew && sent.retransmits === 0) this.#measure(this.#clock.now() - sent.sentAt);
    return sent.chunk.bytes;
  }

  #takeGaps(gaps: readonly number[]): number {
    const has = new Set(gaps);
    let bytes = 0;
    let highest = 0;
    for (const sent of this.#outstanding) {
      if (sent.state === 'acked' || !has.has(sent.chunk.tsn)) continue;
      bytes += this.#take(sent);
      highest = sent.chunk.tsn;
    }
    let lost = false;
    for (const sent of this.#outstanding) {
      if (sent.chunk.tsn >= highest) break;
      if (sent.state !== 'flying' || ++sent.misses < MISSES) continue;
      this.#lose(sent);
      lost = true;
    }
    if (lost && this.#acked >= this.#recovery) {
      this.#threshold = Math.max(this.#window / 2, MIN_PACKETS * PACKET_BYTES);
      this.#window = this.#threshold;
      this.#credit = 0;
      this.#recovery = this.#nextTsn - 1;
    }
    return bytes;
  }

  /** Repeats a chunk, or gives its whole message up. */
  #lose(sent: Outstanding): void {
    this.#flight -= sent.chunk.bytes;
    sent.state = 'lost';
    if (sent.retransmits < sent.maxRetransmits) return;
    const { message } = sent.chunk;
    for (const other of this.#outstanding) {
      if (other.chunk.message !== message || other.state === 'acked') continue;
      if (other.state === 'flying') this.#flight -= other.chunk.bytes;
      other.state = 'abandoned';
    }
    const rest = this.#queue.findIndex((queued) => queued.message === message);
    if (rest >= 0) for (const size of this.#queue.splice(rest, 1)[0]!.sizes) this.#unbuffer(message.stream, size);
  }

  #grow(bytes: number, flightBefore: number): void {
    if (this.#acked < this.#recovery || flightBefore + PACKET_BYTES < this.#window) return;
    if (this.#window <= this.#threshold) {
      this.#window += Math.min(bytes, PACKET_BYTES);
      return;
    }
    this.#credit += bytes;
    if (this.#credit < this.#window) return;
    this.#credit -= this.#window;
    this.#window += PACKET_BYTES;
  }

  /** What was given up directly after the acknowledged is passed over: not what comes after the next gap. */
  #forward(): void {
    const forward = this.#forwardPoint();
    if (forward === undefined) return;
    this.#emit([], forward);
    if (this.#stopTimer === undefined) this.#restart();
  }

  #forwardPoint(): SctpForward | undefined {
    let cumulative = this.#acked;
    const skipped: { stream: number; sequence: number }[] = [];
    for (const { state, chunk } of this.#outstanding) {
      if (state !== 'abandoned' || chunk.tsn !== cumulative + 1) break;
      cumulative = chunk.tsn;
      if (chunk.message.ordered) skipped.push({ stream: chunk.message.stream, sequence: chunk.message.sequence });
    }
    return cumulative === this.#acked ? undefined : { cumulative, skipped };
  }

  /** Sends what the window allows: first what was lost, then what is new. */
  #pump(): void {
    while (this.#flight < this.#window) {
      const chunks: SctpChunk[] = [];
      let room = PACKET_BYTES;
      const fits = (bytes: number): boolean => this.#flight === 0 || Math.min(room, this.#window - this.#flight) >= bytes;
      const add = (sent: Outstanding): void => {
        sent.state = 'flying';
        sent.misses = 0;
        sent.sentAt = this.#clock.now();
        this.#flight += sent.chunk.bytes;
        room -= sent.chunk.bytes;
        chunks.push(sent.chunk);
      };
      for (const sent of this.#outstanding) {
        if (sent.state !== 'lost' || !fits(sent.chunk.bytes)) continue;
        sent.retransmits++;
        add(sent);
      }
      for (let next = this.#queue[0]; next !== undefined && fits(next.sizes[0]! + CHUNK_HEADER); next = this.#queue[0])
        add(this.#begin(next));
      if (chunks.length === 0) return;
      this.#emit(chunks, undefined);
      if (this.#stopTimer === undefined) this.#restart();
    }
  }

  #begin(queued: Queued): Outstanding {
    const { message, maxRetransmits, sizes } = queued;
    const bytes = sizes.shift()!;
    if (sizes.length === 0) this.#queue.shift();
    this.#unbuffer(message.stream, bytes);
    const chunk: SctpChunk = { tsn: this.#nextTsn++, bytes: bytes + CHUNK_HEADER, message };
    const sent: Outstanding = { chunk, maxRetransmits, state: 'flying', retransmits: 0, misses: 0, sentAt: 0 };
    this.#outstanding.push(sent);
    return sent;
  }

  #unbuffer(stream: number, bytes: number): void {
    this.#buffered.set(stream, Math.max(0, this.buffered(stream) - bytes));
  }

  #measure(ms: number): void {
    if (this.#rtt === 0) {
      this.#rtt = ms;
      this.#deviation = ms / 2;
      return;
    }
    this.#deviation += DEVIATION_WEIGHT * (Math.abs(this.#rtt - ms) - this.#deviation);
    this.#rtt += RTT_WEIGHT * (ms - this.#rtt);
  }

  #restart(): void {
    this.#stop();
    const base = this.#rtt === 0 ? FIRST_TIMEOUT_MS : Math.max(MIN_TIMEOUT_MS, this.#rtt + 4 * this.#deviation);
    this.#stopTimer = this.#clock.after(Math.min(MAX_TIMEOUT_MS, base * 2 ** this.#backoff), () => this.#timeout());
  }

  #stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #timeout(): void {
    this.#stopTimer = undefined;
    this.#backoff++;
    this.#threshold = Math.max(this.#window / 2, MIN_PACKETS * PACKET_BYTES);
    this.#window = PACKET_BYTES;
    this.#credit = 0;
    this.#recovery = 0;
    for (const sent of this.#outstanding) if (sent.state === 'flying') this.#lose(sent);
    this.#forward();
    this.#pump();
    if (this.#outstanding.length > 0 && this.#stopTimer === undefined) this.#restart();
  }
}
