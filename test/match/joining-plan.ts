// From a seed to everything that happens to two peers that want to play: conditions, faults and what they do, each from a generator of its own
// name, so that a new kind of fault leaves the old seeds much as they were.
import { createRng, type Rng } from '../../src/core/rng.js';
import type { Impairment } from '../../src/sim/impairment.js';

/** How a peer's part goes. */
export interface PeerPlan {
  /** When its process begins, in ms; undefined: never. */
  readonly startMs: number | undefined;
  /** How often it joins: again after a failure, again after a match. */
  readonly rounds: number;
  /** From one round to the next, in ms. */
  readonly pauseMs: number;
  /** When it gives up what it is doing then, joining or playing. It goes on with its next round. */
  readonly leaveMs: number | undefined;
  /** When its process dies, and after how long it comes back under a new id; undefined: never. */
  readonly dieMs: number | undefined;
  readonly backMs: number | undefined;
  /** How long after its death the signaling server takes it for present. */
  readonly ghostMs: number;
  /** Its adapter does not heed that joining is given up, and ends it in its own time. */
  readonly deafAdapter: boolean;
  /** It may use TURN alone, and there is none: it finds no address. */
  readonly relayOnly: boolean;
  /** How long it waits before it begins to play, in ms. */
  readonly idleMs: number;
  /** Frames that it plays. */
  readonly frames: number;
}

export interface JoinPlan {
  readonly seed: number;
  /** Names of what goes wrong. Empty: everything must connect. */
  readonly faults: readonly string[];
  readonly peers: readonly [PeerPlan, PeerPlan];
  readonly network: (from: string, to: string) => Impairment;
  /** No packet is lost at random. */
  readonly lossless: boolean;
  readonly signaling: {
    readonly delayMs: number;
    readonly jitterMs: number;
    readonly loss: number;
    readonly doubled: number;
    readonly late: number;
  };
  /** When the server dies, whether its connections break, and after how long there is another one. */
  readonly death: { readonly atMs: number; readonly told: boolean; readonly backMs: number | undefined } | undefined;
}

/** How often each kind of fault is in a plan. Several come together at times; a third of all plans has none. */
const SHARE = 0.1;

export function planOf(seed: number): JoinPlan {
  const rng = createRng(seed, 'plan');
  const faults: string[] = [];
  const has = (name: string): boolean => {
    const yes = rng.fork(name)() < SHARE;
    if (yes) faults.push(name);
    return yes;
  };
  const moments = rng.fork('moments');
  // Most of what can break breaks in the first second; the rest of the time is waiting.
  const moment = (): number => (moments() < 0.7 ? moments() * 1500 : moments() * 20_000);
  const signaling = has('bad signaling');
  const conditions = impairments(rng.fork('network'), has);
  const death = has('server death')
    ? { atMs: moment(), told: moments() < 0.5, backMs: moments() < 0.5 ? moments() * 5000 : undefined }
    : undefined;
  const signals = rng.fork('signaling');
  // Peers in one process or page: no message takes any time, and the limits of both come at the same moment.
  const inStep = rng.fork('in step')() < SHARE;
  const peers = ['a', 'b'].map((name): PeerPlan => {
    const own = rng.fork(name);
    const dies = has(`${name} dies`);
    return {
      startMs: has(`${name} never comes`) ? undefined : has(`${name} comes late`) ? own() * 25_000 : inStep ? 0 : own() * 500,
      rounds: 1 + (own.u32() % 3),
      pauseMs: own() * 1000,
      leaveMs: has(`${name} leaves`) ? moment() : undefined,
      dieMs: dies ? moment() : undefined,
      backMs: dies && moments() < 0.7 ? moments() * 3000 : undefined,
      ghostMs: dies && moments() < 0.3 ? moments() * 10_000 : 0,
      deafAdapter: rng.fork(`${name} deaf`)() < 0.2,
      relayOnly: has(`${name} has no address`),
      idleMs: rng.fork(`${name} idle`)() < 0.3 ? own() * 2000 : 0,
      frames: 5 + (own.u32() % 20),
    };
  });
  return {
    seed,
    faults,
    peers: [peers[0]!, peers[1]!],
    network: conditions,
    lossless: (conditions('a', 'b').loss ?? 0) === 0,
    signaling: {
      delayMs: inStep ? 0 : signals() * 150,
      jitterMs: inStep ? 0 : signals() * 100,
      loss: signaling ? signals() * 0.4 : 0,
      doubled: signals() < 0.3 ? signals() * 0.5 : 0,
      // Nothing is lost by it: it is no fault.
      late: signals() < 0.3 ? signals() * 0.5 : 0,
    },
    death,
  };
}

function impairments(rng: Rng, has: (name: string) => boolean): (from: string, to: string) => Impairment {
  const delayMs = rng() * rng() * 250;
  const jitterMs = rng() * delayMs * 0.5;
  const base: Impairment = {
    delayMs,
    jitterMs,
    loss: has('heavy loss') ? 0.2 + rng() * 0.5 : rng() < 0.5 ? 0 : rng() * 0.1,
    copies: rng() < 0.1 ? 2 : 1,
  };
  const dead: [number, number][] = [];
  if (has('no path')) dead.push([0, Infinity]);
  if (has('path dies')) dead.push([rng() * 3000, Infinity]);
  if (has('path breaks')) {
    const from = rng() * 3000;
    dead.push([from, from + rng() * 12_000]);
  }
  const both: Impairment = { ...base, outages: dead };
  if (!has('one way dead')) return () => both;
  const [direction, from] = [rng() < 0.5 ? 'a' : 'b', rng() < 0.5 ? 0 : rng() * 2000];
  return (sender) => (sender === direction ? { ...base, outages: [...dead, [from, Infinity]] } : both);
}
