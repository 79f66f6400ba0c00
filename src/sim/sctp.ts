// One end of an SCTP association: its two halves, and the rule by which it acknowledges.
import type { Off, Clock } from '../core/clock.js';
import type { SctpMessage, SctpPacket } from './rtc-packets.js';
import { SctpReceiver } from './sctp-receiver.js';
import { type SendOptions, SctpSender } from './sctp-sender.js';

/** RFC 9260, 6.2: every second packet is acknowledged at once, a single one after this time. */
const ACK_EVERY = 2;
const ACK_DELAY_MS = 200;

export class SctpEndpoint {
  readonly #clock: Clock;
  readonly #emit: (packet: SctpPacket) => void;
  readonly #sender: SctpSender;
  readonly #receiver: SctpReceiver;
  /** Packets with something in them since the last acknowledgement. */
  #unacknowledged = 0;
  #stopDelay: Off | undefined;

  /** @param deliver Called with each message of the other side when its turn has come. */
  constructor(clock: Clock, emit: (packet: SctpPacket) => void, deliver: (message: SctpMessage) => void) {
    this.#clock = clock;
    this.#emit = emit;
    this.#receiver = new SctpReceiver(deliver);
    this.#sender = new SctpSender(clock, (chunks, forward) => {
      const ack = this.#unacknowledged > 0 ? { ack: this.#acknowledge() } : {};
      emit({ kind: 'sctp', chunks, ...ack, ...(forward === undefined ? {} : { forward }) });
    });
  }

  send(options: SendOptions): void {
    this.#sender.send(options);
  }

  buffered(stream: number): number {
    return this.#sender.buffered(stream);
  }

  discard(stream: number): void {
    this.#sender.discard(stream);
  }

  receive({ chunks, ack, forward }: SctpPacket): void {
    let again = false;
    for (const chunk of chunks) if (!this.#receiver.receive(chunk)) again = true;
    if (forward !== undefined) this.#receiver.forward(forward);
    if (chunks.length > 0 || forward !== undefined) {
      this.#unacknowledged++;
      if (again || forward !== undefined || this.#receiver.hasGaps || this.#unacknowledged >= ACK_EVERY) this.#acknowledgeNow();
      else this.#stopDelay ??= this.#clock.after(ACK_DELAY_MS, () => this.#acknowledgeNow());
    }
    if (ack !== undefined) this.#sender.acknowledged(ack);
  }

  #acknowledgeNow(): void {
    this.#emit({ kind: 'sctp', chunks: [], ack: this.#acknowledge() });
  }

  #acknowledge() {
    this.#unacknowledged = 0;
    this.#stopDelay?.();
    this.#stopDelay = undefined;
    return this.#receiver.ack;
  }
}
