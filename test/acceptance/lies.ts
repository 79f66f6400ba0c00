// Every lie that a peer can tell within the grammar of the packets, by the name of what it is about.
import { KIND } from '../../src/wire/head.js';
import type { Lie } from './liar.js';

const EPOCH = 0;
const AGREED = ['test@1', 'test:u16', 1, 2, 60, 8, 60];

/** Another unsigned 32-bit integer. */
const other = (half: number): number => (half === 0 ? 1 : half - 1);

const leaveOf = (first: number, ...runs: readonly number[]): readonly unknown[] => [KIND.leave + 8 * EPOCH, 'bored', first, ...runs];

export const LIES = {
  // ---- receipts
  'it acknowledges all that was ever sent, whether it came or not': {
    input: (told, { lastOfReceiver }) => {
      told.received.fill(lastOfReceiver);
    },
  },
  'it acknowledges inputs that do not exist yet': {
    input: (told, { lastOfReceiver }) => {
      told.received.fill(lastOfReceiver + 10);
    },
  },
  'it never acknowledges anything again': {
    input: (told) => {
      told.received.fill(100);
    },
  },
  // ---- frames
  'it claims to be at a frame far ahead': {
    input: (told) => {
      told.sim += 100;
    },
  },
  'it claims to be some frames ahead': {
    input: (told) => {
      told.sim += 20;
    },
  },
  'it claims to be far behind': {
    input: (told) => {
      told.sim = Math.max(0, told.sim - 100);
    },
  },
  'it gives inputs of frames to come, and leaves some out': {
    input: (told) => {
      told.first += 12;
    },
  },
  'it gives no inputs any more': {
    input: (told) => {
      told.inputs.length = 0;
    },
  },
  // ---- inputs
  'it says something else about inputs that it has given': {
    input: (told, { lastTold }) => {
      told.inputs = told.inputs.map((input, i) => (told.first + i <= lastTold ? input ^ 0x5555 : input));
    },
  },
  'it gives other inputs than it plays': {
    input: (told) => {
      told.inputs = told.inputs.map((input) => input ^ 1);
    },
  },
  'it gives other inputs to each of the others': {
    input: (told, { to }) => {
      if (to === 'peer-2') told.inputs = told.inputs.map((input) => input ^ 1);
    },
  },
  'it gives inputs for a slot that is not its own': {
    input: (told) => {
      told.inputs.push(...told.inputs.map(() => 0x7777));
    },
  },
  // ---- timing
  'it echoes any packet': {
    input: (told, { rng }) => {
      told.echo = rng.u32() % 128;
    },
  },
  'it says any time that it held a packet': {
    input: (told, { rng }) => {
      told.hold = rng.u32() % 128;
    },
  },
  'it numbers its packets at random': {
    input: (told, { rng }) => {
      told.number = rng.u32() % 128;
    },
  },
  // ---- checks
  'it floods with checks of frames that were not reached': {
    besides: (told) => Array.from({ length: 20 }, (_, i) => [KIND.check, 60 * (100 + told.sim + i), 0, i, 0, i]),
  },
  'it says that its state is another one': {
    control: (fields) => {
      if (fields[0] === KIND.check) fields[3] = other(fields[3]!);
    },
  },
  'it says that the inputs were other ones': {
    control: (fields) => {
      if (fields[0] === KIND.check) fields[5] = other(fields[5]!);
    },
  },
  'it floods with false checks of frames that were reached': {
    besides: (told) => Array.from({ length: 5 }, (_, i) => [KIND.check, 60 * Math.max(1, Math.floor(told.sim / 60) - 1), 0, i, 0, i]),
  },
  // ---- the start, again
  'it floods with hellos, as if nothing had begun': {
    besides: (_, { nonce }) => [0, 0, 0, 1].map((answer) => [KIND.hello, 1, answer, nonce, 1, ...AGREED]),
  },
  'it floods with hellos of other games': {
    besides: (_, { rng, nonce }) =>
      [0, 1].map((answer) => [KIND.hello, 1, answer, nonce, 1 + (rng.u32() % 200), 'other@1', ...AGREED.slice(1)]),
  },
  'it says hello as if it had been started anew, and plays on': {
    besides: (told, { rng }) => (told.sim % 30 === 0 ? [[KIND.hello, 1, 0, rng.u32(), 1, ...AGREED]] : []),
  },
  'it floods with what its states look like, though nobody asked': {
    besides: (told, { rng }) => Array.from({ length: 20 }, (_, i) => [KIND.details, 60 * (1 + (told.sim % 20)), [i], [rng.u32(), 1, 2]]),
  },
  'it floods with proposals of a new start': {
    besides: (told, { rng }) => [0, 1].map((step) => [KIND.start, step, 2 + (told.sim % 1000), rng.u32(), ['peer-0', 'peer-1']]),
  },
  'it goes over to another epoch': {
    input: (told) => {
      told.epoch = 3;
    },
  },
  // ---- goodbyes
  'it leaves with inputs that it has not given, and plays on': {
    besides: (told, { lastTold }) => (told.sim % 30 === 0 ? [leaveOf(lastTold + 1, 0xffff, 5)] : []),
  },
  'it leaves with inputs far ahead': {
    besides: (told) => (told.sim % 30 === 0 ? [leaveOf(told.sim + 1000, 0xffff, 5)] : []),
  },
  'it leaves with inputs after a gap': {
    besides: (told, { lastTold }) => (told.sim % 30 === 0 ? [leaveOf(lastTold + 20, 0xffff, 5)] : []),
  },
  'it says goodbye to one, with inputs that it does not give the other': {
    besides: (told, { to, lastTold }) =>
      told.sim % 30 === 0 ? [to === 'peer-2' ? leaveOf(lastTold + 1) : leaveOf(lastTold + 1, 0xffff, 3)] : [],
  },
} as const satisfies Readonly<Record<string, Lie>>;
