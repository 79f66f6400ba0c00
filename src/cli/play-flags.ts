// The flags of `rollwire play`: read, checked, explained.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULTS, LIMITS } from '../core/defaults.js';
import { NetError } from '../core/errors.js';

/** What a run is to be like. */
export interface PlaySettings {
  readonly frames: number;
  /** One-way delay in ms. */
  readonly delay: number;
  readonly jitter: number;
  /** Percent of packets lost. */
  readonly loss: number;
  /** Mean length in ms of the outages that make up the loss; 0: each packet on its own. */
  readonly burst: number;
  readonly seed: number;
  readonly inputDelay: number;
  readonly window: number;
  /** The path of the recorded inputs. */
  readonly inputs: string;
  readonly port: number;
}

interface Flag {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly text: string;
}

const FLAGS: readonly Flag[] = [
  { name: 'frames', value: 1800, min: 1, max: 1_000_000, text: 'frames to play, 60 a second' },
  { name: 'delay', value: 40, min: 0, max: 5_000, text: 'one-way delay of the network, in ms' },
  { name: 'jitter', value: 10, min: 0, max: 5_000, text: 'by how much each delay differs from it at most, in ms' },
  { name: 'loss', value: 5, min: 0, max: 100, text: 'packets lost, in percent' },
  {
    name: 'burst',
    value: 0,
    min: 0,
    max: 60_000,
    text: 'mean length of the outages that make up the loss, in ms; 0: each packet on its own',
  },
  { name: 'seed', value: 1, min: 0, max: 0xffff_ffff, text: 'seed of the network and of the game' },
  {
    name: 'input-delay',
    value: DEFAULTS.inputDelay,
    min: 0,
    max: LIMITS.inputDelay,
    text: 'frames between sampling an input and applying it',
  },
  {
    name: 'window',
    value: DEFAULTS.window,
    min: 0,
    max: LIMITS.window,
    text: 'frames simulated ahead of the confirmed ones; 0 is lockstep',
  },
  { name: 'port', value: 0, min: 0, max: 65_535, text: 'port of the room server; 0: any free one' },
];

const INPUTS = fileURLToPath(new URL('../../../examples/inputs/melee-v2_0.u16', import.meta.url));

export const PLAY_HELP = `rollwire play: two processes play a duel over WebRTC through a bad network, and prove that both saw the same game

  rollwire play [flags]

${FLAGS.map(({ name, value, text }) => `  ${`--${name} N`.padEnd(16)} ${text} (${value})`).join('\n')}
  --inputs FILE    recorded inputs of two players, 16 bits each (examples/inputs/melee-v2_0.u16)
  --json FILE      write all results there
  --help           this text

Exit code 0: both games are equal to each other and to a replay without any network, at every frame. 1: not, or the match failed.
2: the flags cannot be used. 130: interrupted.
`;

/** @throws NetError `bad-option` */
export function parsePlayFlags(argv: readonly string[]): 'help' | { settings: PlaySettings; json: string | undefined } {
  let values: Record<string, string | boolean | undefined>;
  try {
    const numbers = Object.fromEntries(FLAGS.map(({ name }) => [name, { type: 'string' as const }]));
    ({ values } = parseArgs({
      args: [...argv],
      options: { ...numbers, inputs: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
    }));
  } catch (error) {
    throw new NetError('bad-option', {
      option: 'the command line',
      got: argv.join(' '),
      expected: `the flags that --help lists (${error instanceof Error ? error.message.split(/[.\n]/)[0] : 'not understood'})`,
    });
  }
  if (values['help'] === true) return 'help';
  const number = Object.fromEntries(FLAGS.map((flag) => [flag.name, integer(flag, values[flag.name])]));
  const settings: PlaySettings = {
    frames: number['frames']!,
    delay: number['delay']!,
    // A shorter delay than the default jitter leaves less room for jitter.
    jitter: values['jitter'] === undefined ? Math.min(number['jitter']!, number['delay']!) : number['jitter']!,
    loss: number['loss']!,
    burst: number['burst']!,
    seed: number['seed']!,
    inputDelay: number['input-delay']!,
    window: number['window']!,
    port: number['port']!,
    inputs: typeof values['inputs'] === 'string' ? resolve(values['inputs']) : INPUTS,
  };
  if (settings.jitter > settings.delay) {
    throw new NetError('bad-option', { option: '--jitter', got: settings.jitter, expected: `at most the delay, ${settings.delay}` });
  }
  if (settings.window === 0 && settings.inputDelay === 0) {
    throw new NetError('bad-option', {
      option: '--input-delay',
      got: 0,
      expected: 'at least 1 with --window 0: in lockstep nothing is guessed',
    });
  }
  const json = typeof values['json'] === 'string' ? resolve(values['json']) : undefined;
  if (json !== undefined) requireWritable(json);
  return { settings, json };
}

/** The recorded inputs of two players. @throws NetError `bad-option` */
export function readInputs(path: string): Uint8Array {
  const refuse = (got: string, expected: string): never => {
    throw new NetError('bad-option', { option: '--inputs', got, expected });
  };
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return refuse(path, 'a file that exists and can be read');
  }
  if (bytes.length === 0 || bytes.length % 4 !== 0)
    refuse(`${path}, ${bytes.length} bytes long`, 'a file of 4 bytes a frame: two players, 16 bits each');
  return bytes;
}

function integer({ name, value, min, max }: Flag, given: string | boolean | undefined): number {
  if (given === undefined) return value;
  const number = typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : NaN;
  if (number >= min && number <= max) return number;
  throw new NetError('bad-option', { option: `--${name}`, got: given, expected: `an integer from ${min} to ${max}` });
}

/** The results are worth nothing if they cannot be kept: better to know it before the match. */
function requireWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch {
    throw new NetError('bad-option', { option: '--json', got: file, expected: 'a file that can be written to, in a folder that exists' });
  }
}
