// The packets whose bytes are frozen, by name, and how they are encoded and decoded.
import { encodeControl, type ControlPacket } from '../../src/wire/control-packets.js';
import { InputPacketWriter, type InputPacket } from '../../src/wire/input-packet.js';
import { Msgpack } from '../../src/wire/msgpack.js';

export type InputSample = Omit<InputPacket, 'words' | 'received'> & {
  readonly received: readonly number[];
  readonly columns: number;
  /** Frame by frame. */
  readonly words: readonly number[];
};

const repeat = (count: number, ...values: readonly number[]): number[] => Array.from({ length: count }, () => values).flat();

/** 8 unacknowledged frames, of a simulation frame that takes two bytes. */
const base = { epoch: 0, number: 5, echo: 7, hold: 3, sim: 1000, first: 993, count: 8, columns: 1, received: [996] } as const;

export const inputSamples: Readonly<Record<string, InputSample>> = {
  'input: idle': { ...base, words: repeat(8, 0) },
  'input: held': { ...base, words: repeat(8, 0x1234) },
  'input: one change': { ...base, words: [...repeat(3, 0), ...repeat(5, 0x1234)] },
  'input: two changes': { ...base, words: [...repeat(2, 0), ...repeat(3, 0x1234), ...repeat(3, 0x0234)] },
  'input: two changes, never idle': { ...base, words: [...repeat(2, 0x8001), ...repeat(3, 0x8003), ...repeat(3, 0x8002)] },
  'input: two words of two slots': { ...base, columns: 4, words: [...repeat(5, 1, 0xffff, 0, 300), ...repeat(3, 1, 0x7fff, 128, 300)] },
  'input: to three peers': { ...base, received: [996, -1, 1003], words: repeat(8, 2) },
  'input: stalled, nothing unacknowledged': { ...base, first: 1001, count: 0, words: [] },
  'input: the first of a match': { ...base, number: 0, echo: -1, hold: 0, sim: 0, first: 0, count: 2, received: [-1], words: [0, 0] },
  'input: 128 frames late in a rematch': {
    ...base,
    epoch: 15,
    number: 127,
    echo: 127,
    hold: 127,
    sim: 100_000,
    first: 99_900,
    received: [99_870],
    count: 128,
    words: repeat(128, 0xffff),
  },
};

const agreed = { gameId: 'duel@3', input: 'left:bool,right:bool', words: 1, players: 2, fps: 60, window: 8, checkInterval: 60 };
const start = { kind: 'start', ballot: 1, epoch: 2, seed: 0xdeadbeef, roster: ['alice', 'bob', 'zoë'] } as const;

export const controlSamples: Readonly<Record<string, { readonly packet: ControlPacket; readonly columns: number }>> = {
  hello: { packet: { kind: 'hello', version: 1, epoch: 0, answer: false, nonce: 0xfedcba98, locals: 1, agreed }, columns: 1 },
  'hello: answer': { packet: { kind: 'hello', version: 1, epoch: 0, answer: true, nonce: 0, locals: 2, agreed }, columns: 1 },
  'start: propose': { packet: { ...start, step: 'propose' }, columns: 1 },
  'start: accept': { packet: { ...start, step: 'accept' }, columns: 1 },
  'start: go': { packet: { ...start, step: 'go' }, columns: 1 },
  check: { packet: { kind: 'check', epoch: 2, frame: 3600, state: 2 ** 53 - 1, inputs: 4294967296 }, columns: 1 },
  details: {
    packet: { kind: 'details', epoch: 2, frame: 3600, at: [0, 12], summary: [-5, 2, 0xdeadbeef, 7, 0, 4294967295] },
    columns: 1,
  },
  leave: {
    packet: { kind: 'leave', epoch: 2, reason: 'left', first: 3598, count: 3, words: Uint16Array.of(7, 0, 7, 0, 7, 512) },
    columns: 2,
  },
};

export function encodeInput(sample: InputSample): Uint8Array {
  const writer = new InputPacketWriter(new Msgpack(), sample.columns);
  const bytes = writer.encode(
    { ...sample, received: Int32Array.from(sample.received) },
    (frame, column) => sample.words[(frame - sample.first) * sample.columns + column]!,
  );
  return bytes.slice();
}

/** All samples' bytes as hex. */
export function encodeSamples(): Record<string, string> {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const all: Record<string, string> = {};
  for (const [name, sample] of Object.entries(inputSamples)) all[name] = hex(encodeInput(sample));
  for (const [name, { packet, columns }] of Object.entries(controlSamples)) all[name] = hex(encodeControl(new Msgpack(), packet, columns));
  return all;
}
