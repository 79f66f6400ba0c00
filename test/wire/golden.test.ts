// The wire format is frozen: these packets have exactly the bytes in golden/packets.json, and those bytes are read as these packets.
// A failure here means that peers of different builds no longer understand each other. If that is wanted, raise PROTOCOL_VERSION and
// write the file anew: ROLLWIRE_GOLDEN=write npx vitest run test/wire/golden.test.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeControl } from '../../src/wire/control-packets.js';
import { createInputPacket, decodeInputPacket } from '../../src/wire/input-packet.js';
import { PROTOCOL_VERSION } from '../../src/wire/limits.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { controlSamples, encodeInput, encodeSamples, inputSamples } from './packet-samples.js';

interface Golden {
  readonly protocolVersion: number;
  readonly packets: Readonly<Record<string, string>>;
}

const path = fileURLToPath(new URL('golden/packets.json', import.meta.url));
if (process.env['ROLLWIRE_GOLDEN'] === 'write') {
  writeFileSync(path, `${JSON.stringify({ protocolVersion: PROTOCOL_VERSION, packets: encodeSamples() }, null, 2)}\n`);
}
const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden;
const frozen = (name: string): Uint8Array => Buffer.from(golden.packets[name] ?? '', 'hex');

describe('golden packets', () => {
  it('belong to this protocol version, none missing and none left over', () => {
    expect(golden.protocolVersion).toBe(PROTOCOL_VERSION);
    expect(Object.keys(golden.packets)).toEqual([...Object.keys(inputSamples), ...Object.keys(controlSamples)]);
  });

  it.each(Object.entries(encodeSamples()))('%s: is encoded to the frozen bytes', (name, hex) => {
    expect(hex).toBe(golden.packets[name]);
  });

  it.each(Object.entries(inputSamples))('%s: is read from the frozen bytes', (name, sample) => {
    const packet = createInputPacket(sample.received.length, sample.columns);
    expect(decodeInputPacket(new Msgpack(), frozen(name), sample.columns, packet)).toBeNull();
    const { words, received, ...fields } = packet;
    const { words: sampleWords, received: sampleReceived, columns, ...sampleFields } = sample;
    expect(fields).toEqual(sampleFields);
    expect([...received]).toEqual(sampleReceived);
    expect([...words.subarray(0, sample.count * columns)]).toEqual(sampleWords);
  });

  it.each(Object.entries(controlSamples))('%s: is read from the frozen bytes', (name, { packet, columns }) => {
    const read = decodeControl(new Msgpack(), frozen(name), columns);
    if (typeof read === 'string') throw new Error(read);
    if (read.kind === 'leave' && packet.kind === 'leave') {
      expect({ ...read, words: [...read.words.subarray(0, read.count * columns)] }).toEqual({ ...packet, words: [...packet.words] });
    } else {
      expect(read).toEqual(packet);
    }
  });
});

describe('the sizes that protocol.md promises, with 8 unacknowledged inputs at a frame of two bytes', () => {
  it.each([
    ['input: idle', 12],
    ['input: one change', 16],
    ['input: two changes', 20],
    ['input: two changes, never idle', 22],
  ])('%s: %i bytes', (name, bytes) => {
    expect(frozen(name).length).toBe(bytes);
  });

  it('an idle packet takes one byte less up to frame 255 and two more from frame 65536', () => {
    const size = (sim: number): number => {
      const packet = { ...inputSamples['input: idle']!, sim, first: sim - 7, received: [sim - 4] };
      return encodeInput(packet).length;
    };
    expect([size(127), size(128), size(255), size(256), size(65_535), size(65_536)]).toEqual([10, 11, 11, 12, 12, 14]);
  });
});
