// The decoders under attack: whatever the bytes, an answer out of a short list, and a packet whose every field is in its range.
import { decodeControl, type ControlPacket } from '../../src/wire/control-packets.js';
import { createInputPacket, decodeInputPacket, type InputPacket } from '../../src/wire/input-packet.js';
import { MAX_FRAME, MAX_FRAMES_A_PACKET, MAX_TEXT } from '../../src/wire/limits.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { Dice } from './dice.js';
import { type Field, PacketForge } from './packets.js';
import { count, hex, hold, type Outcomes, type Target } from './target.js';

const REASONS: ReadonlySet<string> = new Set([
  'too long',
  'not msgpack integers',
  'not plain msgpack',
  'unknown kind',
  'bad field',
  'bad runs',
]);
/** Words before and after a packet's own that nothing may touch. */
const GUARD = 300;
const UNTOUCHED = 0xabcd;

interface Shape {
  readonly columns: number;
  readonly packet: InputPacket;
  readonly memory: Uint16Array;
  readonly valid: readonly (readonly Field[])[];
}

function shape(others: number, columns: number, valid: readonly (readonly Field[])[]): Shape {
  const length = MAX_FRAMES_A_PACKET * columns;
  const memory = new Uint16Array(length + 2 * GUARD).fill(UNTOUCHED);
  const packet = { ...createInputPacket(others, columns), words: memory.subarray(GUARD, GUARD + length) };
  return { columns, packet, memory, valid };
}

export class InputDecoderTarget implements Target {
  readonly name = 'input packets';
  readonly block = 10_000;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new PacketForge(this.#dice);
  readonly #msgpack = new Msgpack();
  readonly #shapes: readonly Shape[] = [
    shape(1, 1, [
      [0, 5, 7, 3, 1000, 7, 4, 0, 8],
      [0, 0, -1, 0, 0, 0, 1, 0, 2],
      [120, 127, 127, 127, 100_000, 100, 130, 0xffff, 128],
      [8, 1, 1, 1, 50, -1, 0],
    ]),
    shape(2, 3, [
      [0, 5, 7, 3, 1000, 7, [4, 1001], 1, 5, 2, 3, 7, 8, 0, 2, 9, 6],
      [0, 5, 7, 3, 1000, 0, [4, -3], 1, 1, 2, 1, 3, 1],
    ]),
  ];

  begin(): void {}

  feed(seed: number, index: number): void {
    const dice = this.#dice.start(seed, index);
    const { columns, packet, valid } = this.#shapes[dice.below(2)]!;
    const bytes = this.#forge.input(dice.pick(valid));
    const bad = decodeInputPacket(this.#msgpack, bytes, columns, packet);
    if (bad === null) hold(inputInRange(packet), 'every field is in its range', () => hex(bytes));
    else hold(REASONS.has(bad), 'a reason of the list', () => bad);
    count(this.outcomes, bad ?? 'read');
  }

  end(): void {
    for (const { memory } of this.#shapes) {
      const rims = [...memory.subarray(0, GUARD), ...memory.subarray(-GUARD)];
      hold(
        rims.every((word) => word === UNTOUCHED),
        'nothing is written beyond the words of a packet',
      );
    }
  }
}

export class ControlDecoderTarget implements Target {
  readonly name = 'control packets';
  readonly block = 10_000;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new PacketForge(this.#dice);
  readonly #msgpack = new Msgpack();

  begin(): void {}

  feed(seed: number, index: number): void {
    this.#dice.start(seed, index);
    const columns = 1 + this.#dice.below(3);
    const bytes = this.#forge.control();
    const packet = decodeControl(this.#msgpack, bytes, columns);
    if (typeof packet === 'string') hold(REASONS.has(packet), 'a reason of the list', () => packet);
    else hold(controlInRange(packet, columns), 'every field is in its range', () => hex(bytes));
    count(this.outcomes, typeof packet === 'string' ? packet : packet.kind);
  }

  end(): void {}
}

function within(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function inputInRange({ epoch, number, echo, hold: held, sim, first, count: frames, received }: InputPacket): boolean {
  return (
    within(epoch, 0, 15) &&
    within(number, 0, 127) &&
    within(echo, -1, 127) &&
    within(held, 0, 127) &&
    within(sim, 0, MAX_FRAME) &&
    within(first, 0, MAX_FRAME + 256) &&
    within(frames, 0, MAX_FRAMES_A_PACKET) &&
    received.every((frame) => frame >= -1 && frame <= sim + 256)
  );
}

function controlInRange(packet: ControlPacket, columns: number): boolean {
  if (!within(packet.epoch, 0, 15)) return false;
  switch (packet.kind) {
    case 'hello': {
      const { gameId, input, ...numbers } = packet.agreed;
      return (
        within(packet.version, 0, 0xffff) &&
        within(packet.nonce, 0, 0xffff_ffff) &&
        within(packet.locals, 1, 255) &&
        Math.max(gameId.length, input.length) <= MAX_TEXT &&
        Object.values(numbers).every((value) => within(value, 0, MAX_FRAME))
      );
    }
    case 'start':
      return (
        within(packet.ballot, 0, 0xffff) &&
        within(packet.seed, 0, 0xffff_ffff) &&
        packet.roster.length <= 255 &&
        packet.roster.every((peer) => typeof peer === 'string' && peer.length <= MAX_TEXT)
      );
    case 'check':
      return within(packet.frame, 0, MAX_FRAME) && Number.isSafeInteger(packet.state) && Number.isSafeInteger(packet.inputs);
    case 'details':
      return (
        within(packet.frame, 0, MAX_FRAME) &&
        [...packet.at, ...packet.summary].every((value) => Number.isInteger(value) && value >= -7 && value <= 0xffff_ffff)
      );
    case 'leave':
      return (
        packet.reason.length <= MAX_TEXT &&
        within(packet.first, 0, MAX_FRAME) &&
        within(packet.count, 0, MAX_FRAMES_A_PACKET) &&
        packet.words.length === MAX_FRAMES_A_PACKET * columns
      );
  }
}
