// A peer that lies: a real session whose packets are rewritten on their way out. It plays validly but for its one lie.
import { pack, unpack } from 'msgpackr';
import { createRng, type Rng } from '../../src/core/rng.js';
import { KIND, kindOf } from '../../src/wire/head.js';
import { Scenario, type Setup } from './scenario.js';

/** When the lie begins: the match is well under way. */
export const LIES_FROM_MS = 2_000;

/** The liar's packet of the input channel, taken apart. Frames are absolute here; they are made relative again when it is sent. */
export interface Told {
  epoch: number;
  number: number;
  echo: number;
  hold: number;
  sim: number;
  first: number;
  received: number[];
  /** Frame by frame. */
  inputs: number[];
}

/** What there is to lie with. */
export interface Lying {
  readonly rng: Rng;
  readonly to: string;
  /** The last frame of which the receiver has sent its input to anybody. */
  readonly lastOfReceiver: number;
  /** The number with which the liar said hello. */
  readonly nonce: number;
  /** The last frame of which the liar has ever sent an input to this receiver. */
  readonly lastTold: number;
}

export interface Lie {
  /** Changes a packet of the input channel; false: it is not sent. */
  input?(told: Told, lying: Lying): boolean | void;
  /** Changes the fields of a check or a goodbye. */
  control?(fields: number[], lying: Lying): void;
  /** Messages of the control channel that are sent besides, before each packet of the input channel. */
  besides?(told: Readonly<Told>, lying: Lying): readonly (readonly unknown[])[];
}

function apart(bytes: Uint8Array): Told {
  const [head, number, echo, hold, sim, back, received, ...runs] = unpack(bytes) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    ...number[],
  ];
  const inputs: number[] = [];
  for (let i = 0; i < runs.length; i += 2) for (let n = runs[i + 1]!; n > 0; n--) inputs.push(runs[i]!);
  return {
    epoch: head >> 3,
    number,
    echo,
    hold,
    sim,
    first: sim - back,
    received: [received].flat().map((behind) => sim - behind),
    inputs,
  };
}

function together({ epoch, number, echo, hold, sim, first, received, inputs }: Told): Uint8Array {
  const behind = received.map((frame) => sim - frame);
  const runs = inputs.flatMap((input) => [input, 1]);
  return pack([KIND.input + 8 * epoch, number, echo, hold, sim, sim - first, behind.length === 1 ? behind[0] : behind, ...runs]);
}

/** A match in which peer-1 lies from {@link LIES_FROM_MS} on. */
export function lyingMatch(setup: Setup, lie: Lie): Scenario {
  const scenario = new Scenario(setup);
  const { network, clock } = scenario.simulation;
  const send = network.send.bind(network);
  const sendReliable = network.sendReliable.bind(network);
  const rng = createRng(setup.seed, 'lies');
  let nonce = 0;
  const lastSent = new Map<string, number>();
  const lastTold = new Map<string, number>();
  const lying = (to: string): Lying => ({ rng, to, nonce, lastOfReceiver: lastSent.get(to) ?? -1, lastTold: lastTold.get(to) ?? -1 });
  network.send = (from, to, bytes) => {
    const told = apart(bytes);
    const last = told.first + told.inputs.length - 1;
    lastSent.set(from, Math.max(last, lastSent.get(from) ?? -1));
    if (from !== 'peer-1' || clock.now() < LIES_FROM_MS) {
      if (from === 'peer-1') lastTold.set(to, Math.max(last, lastTold.get(to) ?? -1));
      send(from, to, bytes);
      return;
    }
    const about = lying(to);
    for (const fields of lie.besides?.(told, about) ?? []) sendReliable(from, to, pack(fields));
    const goes = lie.input?.(told, about) !== false;
    lastTold.set(to, Math.max(last, lastTold.get(to) ?? -1));
    if (goes) send(from, to, together(told));
  };
  network.sendReliable = (from, to, bytes) => {
    const [head, , , said] = unpack(bytes) as number[];
    if (from === 'peer-1' && kindOf(head!) === KIND.hello) nonce = said!;
    if (from !== 'peer-1' || clock.now() < LIES_FROM_MS || lie.control === undefined) return sendReliable(from, to, bytes);
    const fields = [...(unpack(bytes) as number[])];
    lie.control(fields, lying(to));
    sendReliable(from, to, pack(fields));
  };
  return scenario;
}
