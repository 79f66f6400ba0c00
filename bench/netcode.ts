// What the netcode costs a frame and peer: time, allocation, bytes and packets, beside a floor of bare typed arrays on the same workload.
// Both play one long match each, in turns of some seconds, in one process; the figures are medians of the turns. (A new match for each
// turn would measure the compiler: code that was made for one session is thrown away with it.)
import { readFileSync } from 'node:fs';
import type { Game } from '../src/core/game.js';
import type { InputCodec } from '../src/core/input-codec.js';
import { perform } from '../src/match/perform.js';
import { Session } from '../src/session/p2p.js';
import { FloorPeer } from './floor.js';
import { makeWorkload, Wire, type Workload } from './workload.js';

const TURN_TICKS = 10_000;
const TURNS = 12;
/** Turns in which the compiler is still at work. */
const WARM_UP = 5;
const WINDOW = 8;
const TICK_MS = 1000 / 60;
const PEERS = [0, 1] as const;

const codec: InputCodec<number> = {
  id: 'bench:u16',
  words: 1,
  neutral: 0,
  encode: (input, to) => {
    to[0] = input;
  },
  decode: (from) => from[0]!,
};

/** A game that costs next to nothing, so that what is measured is the netcode. */
class SumGame implements Game<number, number> {
  state = 0;

  advance(inputs: readonly number[]): void {
    this.state = (Math.imul(this.state, 31) + inputs[0]! + inputs[1]!) | 0;
  }

  save(): number {
    return this.state;
  }

  load(saved: number): void {
    this.state = saved;
  }
}

/** Plays ticks of the workload, in order. */
interface Contender {
  play(from: number, to: number): void;
}

class Rollwire implements Contender {
  readonly sessions: readonly [Session<number, number>, Session<number, number>];
  readonly #games = [new SumGame(), new SumGame()] as const;
  readonly #wires = [new Wire<Uint8Array>(), new Wire<Uint8Array>()] as const;
  readonly #receivers: readonly [(bytes: Uint8Array) => void, (bytes: Uint8Array) => void];
  readonly #workload: Workload;
  #now = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
    const make = (self: string): Session<number, number> =>
      new Session({
        self,
        nonce: 1,
        input: codec,
        gameId: 'bench@1',
        players: 2,
        inputDelay: 0,
        window: WINDOW,
        checksum: (state) => state >>> 0,
      });
    const [a, b] = [make('a'), make('b')];
    this.sessions = [a, b];
    this.#receivers = [(bytes) => a.receive('b', bytes, this.#now), (bytes) => b.receive('a', bytes, this.#now)];
    a.connect('b');
    b.connect('a');
    while (a.state !== 'running' || b.state !== 'running') {
      for (let packet = a.transmit(); packet !== undefined; packet = a.transmit()) this.#receivers[1](packet.bytes.slice());
      for (let packet = b.transmit(); packet !== undefined; packet = b.transmit()) this.#receivers[0](packet.bytes.slice());
    }
  }

  play(from: number, to: number): void {
    for (let tick = from; tick < to; tick++) {
      this.#now = tick * TICK_MS;
      for (const peer of PEERS) {
        const session = this.sessions[peer];
        this.#wires[1 - peer]!.arrive(tick, this.#receivers[peer]);
        if (session.begin(this.#now) === 'sample') session.input(peer, this.#workload.inputs[peer][session.frame]!);
        for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
          // The encoder's buffers are not written again before they have arrived: as with a real channel, nothing is copied.
          if (packet.channel === 'input') this.#wires[peer].send(tick, this.#workload.delays[peer][tick]!, packet.bytes);
          else this.#wires[peer].send(tick, 3, packet.bytes.slice());
        }
        void perform(this.#games[peer], session);
      }
    }
  }
}

class Floor implements Contender {
  readonly #peers = [new FloorPeer(), new FloorPeer()] as const;
  readonly #wires = [new Wire<Int32Array>(), new Wire<Int32Array>()] as const;
  readonly #receivers = [
    (packet: Int32Array): void => this.#peers[0].receive(packet),
    (packet: Int32Array): void => this.#peers[1].receive(packet),
  ] as const;
  readonly #pool = Array.from({ length: 128 }, () => new Int32Array(3 + 128));
  readonly #workload: Workload;
  #next = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  play(from: number, to: number): void {
    for (let tick = from; tick < to; tick++) {
      for (const index of PEERS) {
        const peer = this.#peers[index];
        this.#wires[1 - index]!.arrive(tick, this.#receivers[index]);
        if (!peer.tick(this.#workload.inputs[index][peer.sim]!, WINDOW)) continue;
        const copy = this.#pool[this.#next++ % this.#pool.length]!;
        copy.set(peer.packet);
        this.#wires[index].send(tick, this.#workload.delays[index][tick]!, copy);
      }
    }
  }
}

interface Cost {
  readonly us: number;
  readonly bytes: number;
}

/** The young generation is so large (see the flags of `npm run bench`) that nothing is collected in a turn: the heap grows by what is allocated. */
function measure(contender: Contender, turn: number): Cost {
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const start = performance.now();
  contender.play(turn * TURN_TICKS, (turn + 1) * TURN_TICKS);
  const ms = performance.now() - start;
  const bytes = process.memoryUsage().heapUsed - heap;
  return { us: (ms * 1000) / (2 * TURN_TICKS), bytes: bytes / (2 * TURN_TICKS) };
}

export interface NetcodeReport {
  readonly workload: string;
  readonly us: number;
  readonly floorUs: number;
  readonly ratio: number;
  readonly allocBytes: number;
  readonly floorAllocBytes: number;
  readonly meanBytes: number;
  readonly inputPerTick: number;
  readonly otherPerSecond: number;
  readonly rollbacksPer100: number;
  /** Whether the inputs are those of people. */
  readonly human: boolean;
}

/** Measures one workload. */
export function benchNetcode(name: string, recording?: Uint8Array): NetcodeReport {
  const ticks = TURNS * TURN_TICKS;
  const workload = makeWorkload(ticks, 1, recording);
  const rollwire = new Rollwire(workload);
  const floor = new Floor(workload);
  const costs: Cost[] = [];
  const floorCosts: Cost[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    costs.push(measure(rollwire, turn));
    floorCosts.push(measure(floor, turn));
  }
  const of = (list: readonly Cost[], key: keyof Cost): number => median(list.slice(WARM_UP).map((cost) => cost[key]));
  const stats = rollwire.sessions[0].stats();
  const peer = stats.peers[0]!;
  return {
    workload: name,
    us: of(costs, 'us'),
    floorUs: of(floorCosts, 'us'),
    ratio: of(costs, 'us') / of(floorCosts, 'us'),
    allocBytes: of(costs, 'bytes'),
    floorAllocBytes: of(floorCosts, 'bytes'),
    meanBytes: peer.inputBytesSent / peer.inputPacketsSent,
    inputPerTick: peer.inputPacketsSent / ticks,
    otherPerSecond: (1000 * peer.otherPacketsSent) / (ticks * TICK_MS),
    rollbacksPer100: (100 * stats.rollbacks) / ticks,
    human: recording !== undefined,
  };
}

/** The workloads: one bit flips with p = 0.1, and the recorded humans. */
export function netcodeReports(): NetcodeReport[] {
  const recording = (name: string): Uint8Array => readFileSync(new URL(`../../examples/inputs/${name}.u16`, import.meta.url));
  return [
    benchNetcode('one bit, p = 0.1'),
    ...['melee-v2_0', 'melee-nintendont', 'melee-ics2'].map((name) => benchNetcode(name, recording(name))),
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
