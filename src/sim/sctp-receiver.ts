// The receiving half of SCTP: puts fragments together, ordered messages in order, and tells what has come.
import type { SctpAck, SctpChunk, SctpForward, SctpMessage } from './rtc-packets.js';

/**
 * dcSCTP tells of so many runs of chunks beyond a gap, and of no more: those after them count as not arrived. This is what chokes a channel
 * that gives up more gaps in a round trip than can be closed in one.
 */
const MAX_RUNS = 20;

export class SctpReceiver {
  readonly #deliver: (message: SctpMessage) => void;
  /** Everything up to here has come, or was given up. */
  #cumulative = 0;
  /** What has come after it, by number. */
  readonly #ahead = new Map<number, SctpChunk>();
  /** How many fragments of a message have come, if not all; of one that was given up it stays here until nobody knows it any more. */
  readonly #partial = new WeakMap<SctpMessage, number>();
  /** Of each stream the next ordered message, and those that came too early. */
  readonly #streams = new Map<number, { next: number; readonly early: Map<number, SctpMessage> }>();

  constructor(deliver: (message: SctpMessage) => void) {
    this.#deliver = deliver;
  }

  /** Something is missing. */
  get hasGaps(): boolean {
    return this.#ahead.size > 0;
  }

  get ack(): SctpAck {
    const gaps: number[] = [];
    let runs = 0;
    for (let tsn = this.#cumulative + 1, left = this.#ahead.size; left > 0; tsn++) {
      if (!this.#ahead.has(tsn)) continue;
      if (!this.#ahead.has(tsn - 1) && ++runs > MAX_RUNS) break;
      gaps.push(tsn);
      left--;
    }
    return { cumulative: this.#cumulative, gaps };
  }

  /** Takes a chunk. False if it had come before. */
  receive(chunk: SctpChunk): boolean {
    if (chunk.tsn <= this.#cumulative || this.#ahead.has(chunk.tsn)) return false;
    this.#ahead.set(chunk.tsn, chunk);
    const { message } = chunk;
    // A stream is closed by what comes after all that was sent on it.
    if (message.kind !== 'reset') this.#fragment(message);
    this.#advance();
    return true;
  }

  forward({ cumulative, skipped }: SctpForward): void {
    while (this.#cumulative < cumulative) this.#pass(++this.#cumulative);
    for (const { stream, sequence } of skipped) {
      const ordered = this.#stream(stream);
      // Those between the last one and the one left out have come, or were left out too.
      while (ordered.next <= sequence) {
        const message = ordered.early.get(ordered.next);
        ordered.early.delete(ordered.next++);
        if (message !== undefined) this.#deliver(message);
      }
      this.#inOrder(stream);
    }
    this.#advance();
  }

  #fragment(message: SctpMessage): void {
    const fragments = (this.#partial.get(message) ?? 0) + 1;
    if (fragments < message.fragments) {
      this.#partial.set(message, fragments);
      return;
    }
    this.#partial.delete(message);
    if (!message.ordered) return this.#deliver(message);
    this.#stream(message.stream).early.set(message.sequence, message);
    this.#inOrder(message.stream);
  }

  #inOrder(stream: number): void {
    const ordered = this.#stream(stream);
    for (let message = ordered.early.get(ordered.next); message !== undefined; message = ordered.early.get(ordered.next)) {
      ordered.early.delete(ordered.next++);
      this.#deliver(message);
    }
  }

  #advance(): void {
    while (this.#ahead.has(this.#cumulative + 1)) this.#pass(++this.#cumulative);
  }

  #pass(tsn: number): void {
    const message = this.#ahead.get(tsn)?.message;
    this.#ahead.delete(tsn);
    if (message?.kind !== 'reset') return;
    // The stream may be used again, and is counted from 0 then.
    this.#streams.delete(message.stream);
    this.#deliver(message);
  }

  #stream(id: number): { next: number; readonly early: Map<number, SctpMessage> } {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { next: 0, early: new Map() };
      this.#streams.set(id, stream);
    }
    return stream;
  }
}
