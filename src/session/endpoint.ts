// What we know of one remote peer: which of its packets came, what it has received, its round-trip time, how far it is
// ahead, and whether it is still there.
import { DEFAULTS } from '../core/defaults.js';
import { type Frame, NO_FRAME, type Slot } from '../core/frame.js';
import type { PeerId } from '../core/peer.js';
import { TimeSync } from '../core/time-sync.js';
import { createInputPacket, type InputPacket, MAX_HOLD_MS } from '../wire/input-packet.js';
import { NUMBER_RANGE } from '../wire/limits.js';
import type { PeerStats } from './stats.js';

/** Weights of RFC 6298 for the smoothed round-trip time and its deviation. */
const RTT_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;

/** A packet that comes after so many newer ones was lost and repeated by the transport (TCP's rule for the same question). */
const LATE = 3;

export interface EndpointOptions {
  readonly peer: PeerId;
  /** The slots that it plays. */
  readonly slots: readonly Slot[];
  /** Words a frame of its slots. */
  readonly columns: number;
  /** Peers in the match besides it. */
  readonly others: number;
  /** Our place among the receipts in its packets. */
  readonly receiptIndex: number;
  readonly fps: number;
  /** ms of silence after which it is given up. */
  readonly waitMs: number;
  readonly now: number;
}

export class Endpoint {
  readonly peer: PeerId;
  readonly slots: readonly Slot[];
  readonly columns: number;
  /** What the last packet held; reused. */
  readonly packet: InputPacket;
  readonly timeSync = new TimeSync();
  readonly #framesAMs: number;
  readonly #receiptIndex: number;
  readonly #waitMs: number;
  readonly #sentAt = new Float64Array(NUMBER_RANGE);
  readonly #simAt = new Int32Array(NUMBER_RANGE);
  readonly #arrived = new Uint8Array(NUMBER_RANGE);
  /** All numbers are counted from 0 without going round; on the wire they go round. */
  #sent = 0;
  #lastNumber = -1;
  #lastArrivedAt = 0;
  #remoteSim: Frame = 0;
  #acked: Frame = NO_FRAME;
  #ackMs = -1;
  #heardAt: number;
  /** The longest sleep of ours since then. */
  #sleptMs = 0;
  #interrupted = false;
  #rtt = 0;
  #deviation = 0;
  #packets = 0;
  #bytes = 0;
  #others = 0;
  #received = 0;
  #skipped = 0;

  constructor(options: EndpointOptions) {
    this.peer = options.peer;
    this.slots = options.slots;
    this.columns = options.columns;
    this.packet = createInputPacket(options.others, options.columns);
    this.#framesAMs = options.fps / 1000;
    this.#receiptIndex = options.receiptIndex;
    this.#waitMs = options.waitMs;
    this.#heardAt = options.now;
  }

  /** The last frame of ours that the peer is known to have. */
  get acked(): Frame {
    return this.#acked;
  }

  /** ms that a packet takes to or from the peer, with what jitter adds; 0 until measured. */
  get oneWayMs(): number {
    return this.#rtt / 2 + this.#deviation;
  }

  // ---- sending

  /** Fills in what the next input packet says of numbers and timing. */
  stamp(packet: Pick<InputPacket, 'number' | 'echo' | 'hold'>, now: number): void {
    packet.number = this.#sent % NUMBER_RANGE;
    packet.echo = this.#lastNumber < 0 ? -1 : this.#lastNumber % NUMBER_RANGE;
    packet.hold = this.#lastNumber < 0 ? 0 : Math.min(MAX_HOLD_MS, Math.max(0, Math.floor(now - this.#lastArrivedAt)));
  }

  sentInput(now: number, sim: Frame, bytes: number): void {
    const index = this.#sent % NUMBER_RANGE;
    this.#sentAt[index] = now;
    this.#simAt[index] = sim;
    this.#sent++;
    this.#packets++;
    this.#bytes += bytes;
  }

  /** The last input packet did not leave after all: its number is used again, so that it does not look lost. */
  unsentInput(bytes: number): void {
    this.#sent--;
    this.#packets--;
    this.#bytes -= bytes;
    this.#skipped++;
  }

  sentOther(): void {
    this.#others++;
  }

  // ---- receiving

  /** Anything valid has come. True if the peer had been interrupted. */
  heard(now: number): boolean {
    const was = this.#interrupted;
    this.#interrupted = false;
    this.#heardAt = now;
    this.#sleptMs = 0;
    this.#received++;
    return was;
  }

  /**
   * Takes the timing of `packet`. @param ours Our frame now with its fraction, or undefined while we stand still.
   * Returns the measured round trip in ms, or −1 if the packet tells none.
   */
  takeTiming(now: number, ours: number | undefined): number {
    const { packet } = this;
    const number = this.#unwrap(packet);
    const ahead = number - this.#lastNumber;
    this.#mark(number, ahead);
    if (ahead <= 0) return -1;
    // A packet with the same frame as the one before: the peer stands still, and its frame tells nothing of its clock.
    const moves = packet.sim > this.#remoteSim;
    this.#lastNumber = number;
    this.#lastArrivedAt = now;
    this.#remoteSim = packet.sim;
    const back = (((this.#sent - 1 - packet.echo) % NUMBER_RANGE) + NUMBER_RANGE) % NUMBER_RANGE;
    if (packet.echo < 0 || packet.hold >= MAX_HOLD_MS || back >= this.#sent) return -1;
    const index = (this.#sent - 1 - back) % NUMBER_RANGE;
    const rtt = Math.max(0, now - this.#sentAt[index]! - packet.hold);
    this.#measure(rtt);
    if (moves && ours !== undefined) {
      this.timeSync.sample(now, ours - packet.sim, packet.sim - this.#simAt[index]! - packet.hold * this.#framesAMs);
    }
    return rtt;
  }

  /** The receipt for our inputs in `packet`. */
  get receipt(): Frame {
    return this.packet.received[this.#receiptIndex]!;
  }

  /** Takes the receipt. Returns the first frame that it acknowledges anew, or −1. */
  takeReceipt(): Frame {
    const { receipt } = this;
    if (receipt <= this.#acked) return NO_FRAME;
    const first = this.#acked + 1;
    this.#acked = receipt;
    return first;
  }

  /** An input of ours was acknowledged so many ms after it was made. */
  acknowledgedAfter(ms: number): void {
    this.#ackMs = ms;
  }

  /** The latest of these since it was last taken; −1 if none. */
  takeAckMs(): number {
    const ms = this.#ackMs;
    this.#ackMs = -1;
    return ms;
  }

  // ---- liveness

  silentMs(now: number): number {
    return now - this.#heardAt - this.#sleptMs;
  }

  /** True once when the peer has just been silent for too long. */
  interruptedNow(now: number): boolean {
    if (this.#interrupted || this.silentMs(now) < DEFAULTS.interruptedMs) return false;
    this.#interrupted = true;
    this.timeSync.clear();
    return true;
  }

  /**
   * For so many ms nothing could be heard, because we slept ourselves: they are no silence of the peer's. Of several sleeps the longest
   * counts alone: between two of them the peer could be heard, and a page whose timers are throttled sleeps nearly all the time.
   */
  excuse(ms: number, now: number): void {
    // At most until now: what did arrive while we slept must not be counted on top.
    this.#sleptMs = Math.max(this.#sleptMs, Math.min(ms, now - this.#heardAt));
  }

  /** When the next of the limits of silence is reached. */
  get deadline(): number {
    return this.#heardAt + this.#sleptMs + (this.#interrupted ? this.#waitMs : DEFAULTS.interruptedMs);
  }

  stats(now: number): PeerStats {
    return {
      peer: this.peer,
      rttMs: this.#rtt,
      jitterMs: this.#deviation,
      loss: this.#loss(),
      framesAhead: this.timeSync.offset(now),
      ackedFrame: this.#acked,
      inputPacketsSent: this.#packets,
      otherPacketsSent: this.#others,
      inputBytesSent: this.#bytes,
      packetsReceived: this.#received,
      sendsSkipped: this.#skipped,
    };
  }

  /** The packet's number without going round. One that is older by its frame cannot be newer by its number. */
  #unwrap(packet: InputPacket): number {
    if (this.#lastNumber < 0) return packet.number;
    const forward = (packet.number - (this.#lastNumber % NUMBER_RANGE) + NUMBER_RANGE) % NUMBER_RANGE;
    const older = packet.sim < this.#remoteSim || (packet.sim === this.#remoteSim && forward > NUMBER_RANGE / 2);
    return older ? this.#lastNumber + forward - (forward === 0 ? 0 : NUMBER_RANGE) : this.#lastNumber + forward;
  }

  #mark(number: number, ahead: number): void {
    if (ahead <= -NUMBER_RANGE || number < 0) return;
    for (let skipped = Math.max(this.#lastNumber + 1, number - NUMBER_RANGE + 1); skipped < number; skipped++) {
      this.#arrived[skipped % NUMBER_RANGE] = 0;
    }
    if (ahead > -LATE) this.#arrived[number % NUMBER_RANGE] = 1;
  }

  #loss(): number {
    const span = Math.min(NUMBER_RANGE, this.#lastNumber + 1);
    if (span === 0) return 0;
    let arrived = 0;
    for (let i = 0; i < span; i++) arrived += this.#arrived[i]!;
    return 1 - arrived / span;
  }

  #measure(rtt: number): void {
    if (this.#rtt === 0) {
      this.#rtt = rtt;
      this.#deviation = rtt / 2;
      return;
    }
    this.#deviation += DEVIATION_WEIGHT * (Math.abs(rtt - this.#rtt) - this.#deviation);
    this.#rtt += RTT_WEIGHT * (rtt - this.#rtt);
  }
}
