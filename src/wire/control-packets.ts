// The packets of the control channel (reliable, ordered): hello, start, check, leave, details. One table says what each carries.
import type { Frame } from '../core/frame.js';
import { EPOCHS, epochOf, head, KIND, kindOf, type BadPacket } from './head.js';
import { MAX_CONTROL_BYTES, MAX_FRAME, MAX_FRAMES_A_PACKET, MAX_TEXT, PROTOCOL_VERSION } from './limits.js';
import type { PacketCodec } from './msgpack.js';
import { packColumn, unpackColumns, type WordAt } from './runs.js';

/** What all peers of a match must have in common, by the names that a mismatch is reported with. */
export interface Agreed {
  readonly gameId: string;
  /** The input codec's id. */
  readonly input: string;
  /** 16-bit words of an input. */
  readonly words: number;
  readonly players: number;
  readonly fps: number;
  readonly window: number;
  readonly checkInterval: number;
}

/** "This is what I play, and with which settings." Sent when a link is up; one with `answer` false is answered, in every state. */
export interface Hello {
  readonly kind: 'hello';
  readonly version: number;
  /** Of the sender's session: a hello that comes late must not speak for the next one on the same link. */
  readonly epoch: number;
  readonly answer: boolean;
  /** 32 random bits; all peers' nonces together make the match's seed. */
  readonly nonce: number;
  /** Slots that the sender plays, at least 1. */
  readonly locals: number;
  readonly agreed: Agreed;
}

/** `propose`: by the lowest peer id, to all. `accept`: back to it, once all links of the roster are up here. `go`: all have accepted. */
export interface Start {
  readonly kind: 'start';
  readonly step: 'propose' | 'accept' | 'go';
  readonly ballot: number;
  readonly epoch: number;
  readonly seed: number;
  /** The peers in the order of their slots. */
  readonly roster: readonly string[];
}

/** The hash of the final state of a frame, and of all inputs before it. */
export interface Check {
  readonly kind: 'check';
  readonly epoch: number;
  readonly frame: Frame;
  readonly state: number;
  readonly inputs: number;
}

/** What the sender's state of a frame looks like, so that it can be found where two states differ: see `core/state-tree.ts`. */
export interface Details {
  readonly kind: 'details';
  readonly epoch: number;
  readonly frame: Frame;
  /** Which part of the state: indices of children from its root on. */
  readonly at: readonly number[];
  /** The summary of that part; empty if there is none. */
  readonly summary: readonly number[];
}

/** A polite goodbye, with all inputs that the receiver has not acknowledged, so that nothing is missing afterwards. */
export interface Leave {
  readonly kind: 'leave';
  readonly epoch: number;
  readonly reason: string;
  /** The frame of the first input that follows. */
  readonly first: Frame;
  readonly count: number;
  /** Frame by frame, in a frame slot by slot of the sender. */
  readonly words: Uint16Array;
}

export type ControlPacket = Hello | Start | Check | Leave | Details;

const STEPS = ['propose', 'accept', 'go'] as const;

/** The bytes of a control packet, valid until the next call. @param columns Words a frame of the sender's slots (leave only). */
export function encodeControl(msgpack: PacketCodec, packet: ControlPacket, columns: number): Uint8Array {
  switch (packet.kind) {
    case 'hello': {
      const { gameId, input, words, players, fps, window, checkInterval } = packet.agreed;
      const answer = packet.answer ? 1 : 0;
      return msgpack.encode([
        head(KIND.hello, packet.epoch),
        packet.version,
        answer,
        packet.nonce,
        packet.locals,
        gameId,
        input,
        words,
        players,
        fps,
        window,
        checkInterval,
      ]);
    }
    case 'start':
      return msgpack.encode([head(KIND.start, packet.epoch), STEPS.indexOf(packet.step), packet.ballot, packet.seed, packet.roster]);
    case 'check':
      return msgpack.encode([
        head(KIND.check, packet.epoch),
        packet.frame,
        high(packet.state),
        low(packet.state),
        high(packet.inputs),
        low(packet.inputs),
      ]);
    case 'details':
      return msgpack.encode([head(KIND.details, packet.epoch), packet.frame, packet.at, packet.summary]);
    case 'leave': {
      const fields: unknown[] = [head(KIND.leave, packet.epoch), packet.reason, packet.first];
      const word: WordAt = (frame, column) => packet.words[(frame - packet.first) * columns + column]!;
      for (let column = 0; column < columns; column++) packColumn(fields, fields.length, packet.first, packet.count, column, word);
      return msgpack.encode(fields);
    }
  }
}

/** Reads a control packet from a stranger's bytes; a text says why it is none. Never throws. @param columns As in `encodeControl`. */
export function decodeControl(msgpack: PacketCodec, bytes: Uint8Array, columns: number): ControlPacket | BadPacket {
  if (bytes.length > MAX_CONTROL_BYTES) return 'too long';
  const fields = msgpack.decodePlain(bytes);
  if (fields === null) return 'not plain msgpack';
  const first = fields[0];
  if (!isInteger(first, 0, 8 * EPOCHS - 1)) return 'bad field';
  switch (kindOf(first)) {
    case KIND.hello:
      return decodeHello(fields, epochOf(first));
    case KIND.start:
      return decodeStart(fields, epochOf(first));
    case KIND.check:
      return decodeCheck(fields, epochOf(first));
    case KIND.leave:
      return decodeLeave(fields, epochOf(first), columns);
    case KIND.details:
      return decodeDetails(fields, epochOf(first));
    default:
      return 'unknown kind';
  }
}

/** What is taken from another version's hello: only the place of its version is promised to stay. */
const FOREIGN: Omit<Hello, 'kind' | 'version' | 'epoch'> = {
  answer: false,
  nonce: 0,
  locals: 1,
  agreed: { gameId: '', input: '', words: 0, players: 0, fps: 0, window: 0, checkInterval: 0 },
};

function decodeHello(fields: readonly unknown[], epoch: number): Hello | BadPacket {
  const [, version, answer, nonce, locals, gameId, input, words, players, fps, window, checkInterval] = fields;
  if (!isInteger(version, 0, 0xffff)) return 'bad field';
  if (version !== PROTOCOL_VERSION) return { kind: 'hello', version, epoch, ...FOREIGN };
  const good =
    fields.length === 12 &&
    isInteger(answer, 0, 1) &&
    isInteger(nonce, 0, 0xffff_ffff) &&
    isInteger(locals, 1, 255) &&
    isText(gameId) &&
    isText(input) &&
    isInteger(words, 0, 0xffff) &&
    isInteger(players, 0, 0xffff) &&
    isInteger(fps, 0, 0xffff) &&
    isInteger(window, 0, 0xffff) &&
    isInteger(checkInterval, 0, MAX_FRAME);
  if (!good) return 'bad field';
  return {
    kind: 'hello',
    version,
    epoch,
    answer: answer === 1,
    nonce,
    locals,
    agreed: { gameId, input, words, players, fps, window, checkInterval },
  };
}

function decodeStart(fields: readonly unknown[], epoch: number): Start | BadPacket {
  if (fields.length !== 5) return 'bad field';
  const [, step, ballot, seed, roster] = fields;
  if (!isInteger(step, 0, STEPS.length - 1) || !isInteger(ballot, 0, 0xffff) || !isInteger(seed, 0, 0xffff_ffff)) return 'bad field';
  if (!Array.isArray(roster) || roster.length > 255 || !roster.every(isText)) return 'bad field';
  return { kind: 'start', step: STEPS[step]!, ballot, epoch, seed, roster };
}

function decodeCheck(fields: readonly unknown[], epoch: number): Check | BadPacket {
  if (fields.length !== 6) return 'bad field';
  const [, frame, stateHigh, stateLow, inputsHigh, inputsLow] = fields;
  if (!isInteger(frame, 0, MAX_FRAME)) return 'bad field';
  const state = whole(stateHigh, stateLow);
  const inputs = whole(inputsHigh, inputsLow);
  return state === null || inputs === null ? 'bad field' : { kind: 'check', epoch, frame, state, inputs };
}

function decodeDetails(fields: readonly unknown[], epoch: number): Details | BadPacket {
  if (fields.length !== 4) return 'bad field';
  const [, frame, at, summary] = fields;
  if (!isInteger(frame, 0, MAX_FRAME) || !areIntegers(at, 0, 0xffff_ffff) || !areIntegers(summary, -7, 0xffff_ffff)) return 'bad field';
  return { kind: 'details', epoch, frame, at, summary };
}

function decodeLeave(fields: readonly unknown[], epoch: number, columns: number): Leave | BadPacket {
  const [, reason, first] = fields;
  if (!isText(reason) || !isInteger(first, 0, MAX_FRAME)) return 'bad field';
  const words = new Uint16Array(MAX_FRAMES_A_PACKET * columns);
  const count = unpackColumns(fields, 3, columns, MAX_FRAMES_A_PACKET, words);
  return count < 0 ? 'bad runs' : { kind: 'leave', epoch, reason, first, count, words };
}

/** A hash of 53 bits goes as two integers. */
function high(hash: number): number {
  return Math.floor(hash / 4294967296);
}

function low(hash: number): number {
  return hash % 4294967296;
}

function whole(upper: unknown, lower: unknown): number | null {
  return isInteger(upper, 0, 0x1fffff) && isInteger(lower, 0, 0xffff_ffff) ? upper * 4294967296 + lower : null;
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function areIntegers(value: unknown, min: number, max: number): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => isInteger(item, min, max));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}
