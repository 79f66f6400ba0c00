// The input packet: one a peer and tick, with all inputs that the other has not acknowledged, what we have received, and timing.
// A flat array of integers, with one absolute frame and everything else relative to it, so that most fields take one byte:
//   head, number, echo, hold, sim, back, received, value, length, value, length, …
import type { Frame } from '../core/frame.js';
import { head, KIND, kindOf, epochOf, type BadPacket } from './head.js';
import { MAX_FRAME, MAX_FRAMES_A_PACKET, MAX_INPUT_BYTES, NUMBER_RANGE } from './limits.js';
import type { PacketCodec } from './msgpack.js';
import { packColumn, unpackColumns, type WordAt } from './runs.js';

/** The largest `hold`, in ms: what one byte carries. A longer one says only "at least this". */
export const MAX_HOLD_MS = 127;

/** An input packet's content. Reused: what `decode` fills is valid until the next call. */
export interface InputPacket {
  epoch: number;
  /** Of this packet, 0 to 127, going round. */
  number: number;
  /** The number of the last packet that the sender had received, −1 if none. */
  echo: number;
  /** ms between that one's arrival and the sending of this, at most 127. */
  hold: number;
  /** The sender's simulation frame. */
  sim: Frame;
  /** The frame of the first input in the packet. */
  first: Frame;
  /** The last frame up to which the sender has all inputs, of each other peer in the match's order. */
  readonly received: Int32Array;
  /** How many frames of input follow. */
  count: number;
  /** The inputs' words, frame by frame; in a frame, slot by slot of the sender. */
  readonly words: Uint16Array;
}

/** @param others Peers besides the sender. @param columns Words a frame of all slots of the sender. */
export function createInputPacket(others: number, columns: number): InputPacket {
  return {
    epoch: 0,
    number: 0,
    echo: -1,
    hold: 0,
    sim: 0,
    first: 0,
    received: new Int32Array(others),
    count: 0,
    words: new Uint16Array(MAX_FRAMES_A_PACKET * columns),
  };
}

/** What two fields of a run take at the most. */
const BYTES_A_RUN = 4;
/** What the fields before the receipts take at the most: 3 for the array, 1 + 1 + 1 + 1 + 5 + 3, and 1 for the receipts' own array. */
const BYTES_BEFORE_RECEIPTS = 16;
/** A receipt, of somebody who left long ago. */
const BYTES_A_RECEIPT = 5;

/** The index of the first run. */
const RUNS_AT = 7;

export class InputPacketWriter {
  readonly #msgpack: PacketCodec;
  readonly #columns: number;
  readonly #fields: unknown[] = [];
  readonly #received: number[] = [];

  constructor(msgpack: PacketCodec, columns: number) {
    this.#msgpack = msgpack;
    this.#columns = columns;
  }

  /**
   * The bytes of a packet, valid until the next call.
   * Where all frames would make the packet too long, the first ones alone are sent: the rest follows once they are acknowledged.
   */
  encode(packet: Omit<InputPacket, 'words'>, word: WordAt): Uint8Array {
    // Fields are set by index and the array is cut at the end: emptying it first would allocate it anew each time.
    const fields = this.#fields;
    const { sim, received } = packet;
    fields[0] = head(KIND.input, packet.epoch);
    fields[1] = packet.number;
    fields[2] = packet.echo;
    fields[3] = packet.hold;
    fields[4] = sim;
    fields[5] = sim - packet.first;
    fields[6] = received.length === 1 ? sim - received[0]! : this.#receipts(sim, received);
    const before = BYTES_BEFORE_RECEIPTS + BYTES_A_RECEIPT * received.length;
    let count = Math.min(packet.count, MAX_FRAMES_A_PACKET);
    let next = this.#runs(packet.first, count, word);
    while (before + ((next - RUNS_AT) / 2) * BYTES_A_RUN > MAX_INPUT_BYTES && count > 1) {
      // As many as would fit if each frame took as much as these on average.
      const fitting = Math.floor((2 * count * (MAX_INPUT_BYTES - before)) / (BYTES_A_RUN * (next - RUNS_AT)));
      count = Math.max(1, Math.min(count - 1, fitting));
      next = this.#runs(packet.first, count, word);
    }
    fields.length = next;
    return this.#msgpack.encode(fields);
  }

  /** Writes the runs of all columns; returns the index after them. */
  #runs(first: Frame, count: number, word: WordAt): number {
    let next = RUNS_AT;
    for (let column = 0; column < this.#columns; column++) next = packColumn(this.#fields, next, first, count, column, word);
    return next;
  }

  #receipts(sim: Frame, received: Int32Array): readonly number[] {
    const receipts = this.#received;
    for (let i = 0; i < received.length; i++) receipts[i] = sim - received[i]!;
    receipts.length = received.length;
    return receipts;
  }
}

/** Fills `into` from a stranger's bytes. Null if it is a good packet; otherwise why not, and `into` is half filled. Never throws. */
export function decodeInputPacket(msgpack: PacketCodec, bytes: Uint8Array, columns: number, into: InputPacket): BadPacket | null {
  if (bytes.length > MAX_INPUT_BYTES) return 'too long';
  const fields = msgpack.decodeIntegers(bytes);
  if (fields === null) return 'not msgpack integers';
  // By index: taking an array apart by pattern allocates an iterator.
  const first = fields[0];
  const number = fields[1];
  const echo = fields[2];
  const hold = fields[3];
  const sim = fields[4];
  const back = fields[5];
  if (!inRange(first, 0, 127)) return 'bad field';
  if (kindOf(first) !== KIND.input) return 'unknown kind';
  if (
    !inRange(number, 0, NUMBER_RANGE - 1) ||
    !inRange(echo, -1, NUMBER_RANGE - 1) ||
    !inRange(hold, 0, MAX_HOLD_MS) ||
    !inRange(sim, 0, MAX_FRAME) ||
    !inRange(back, -MAX_BACK, MAX_BACK) ||
    sim - back < 0
  ) {
    return 'bad field';
  }
  into.epoch = epochOf(first);
  into.number = number;
  into.echo = echo;
  into.hold = hold;
  into.sim = sim;
  into.first = sim - back;
  if (!readReceived(fields[6], sim, into.received)) return 'bad field';
  into.count = unpackColumns(fields, RUNS_AT, columns, MAX_FRAMES_A_PACKET, into.words);
  return into.count < 0 ? 'bad runs' : null;
}

/** Frames between the sender's frame and the inputs that it sends: the longest span of inputs between peers that keep the rules. */
const MAX_BACK = 256;
/** A receipt may be as old as the match: that of a peer who has left stays where it is while the others go on. */
const MAX_RECEIPT_BACK = MAX_FRAME + 1;

function readReceived(field: unknown, sim: Frame, into: Int32Array): boolean {
  if (into.length === 1) {
    if (!inRange(field, -MAX_BACK, MAX_RECEIPT_BACK)) return false;
    into[0] = sim - field;
    return sim - field >= -1;
  }
  if (!Array.isArray(field) || field.length !== into.length) return false;
  for (let i = 0; i < into.length; i++) {
    const back: unknown = field[i];
    if (!inRange(back, -MAX_BACK, MAX_RECEIPT_BACK) || sim - back < -1) return false;
    into[i] = sim - back;
  }
  return true;
}

function inRange(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && value >= min && value <= max;
}
