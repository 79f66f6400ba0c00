// One workload of the netcode bench, played with one codec in a process of its own, since what one session has taught the compiler changes
// what another costs. Started by netcode.ts: the arguments say what to play, the output is the outcome as JSON. A match is long and is
// played in turns of some seconds, of which the first ones are left out and the median counts; in between, the floor plays the same.
import { readFileSync } from 'node:fs';
import { FloorPeer } from './floor.js';
import { Handover } from './handover.js';
import { type Cost, measure, median } from './measure.js';
import { Pair } from './pair.js';
import { makeWorkload, makeWrongWorkload, PEERS, TICK_MS, WINDOW, Wire, type Workload } from './workload.js';

const TURN_TICKS = 10_000;
const TURNS = 12;
/** Turns in which the compiler is still at work. */
const WARM_UP = 5;
/** How far each frame rolls back where every input is wrong. */
const WRONG_DEPTH = 6;

export interface Outcome {
  readonly us: number;
  readonly allocBytes: number;
  readonly floorUs: number;
  readonly floorAllocBytes: number;
  readonly meanBytes: number;
  readonly inputPerTick: number;
  readonly otherPerSecond: number;
  readonly rollbacksPer100: number;
  readonly resimulatedPerFrame: number;
  /** Packets that were refused: something else would have been measured. */
  readonly badPackets: number;
}

class Floor {
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

function workloadNamed(name: string): Workload {
  const ticks = TURNS * TURN_TICKS;
  if (name === 'random') return makeWorkload(ticks, 1);
  if (name === 'wrong') return makeWrongWorkload(ticks, WRONG_DEPTH);
  return makeWorkload(ticks, 1, readFileSync(new URL(`../../examples/inputs/${name}.u16`, import.meta.url)));
}

function play(workload: Workload, pair: Pair): Outcome {
  const floor = new Floor(workload);
  const costs: Cost[] = [];
  const floorCosts: Cost[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const from = turn * TURN_TICKS;
    costs.push(measure(PEERS.length * TURN_TICKS, () => pair.play(from, from + TURN_TICKS)));
    floorCosts.push(measure(PEERS.length * TURN_TICKS, () => floor.play(from, from + TURN_TICKS)));
  }
  const of = (list: readonly Cost[], key: keyof Cost): number => median(list.slice(WARM_UP).map((cost) => cost[key]));
  const [stats, other] = [pair.sessions[0].stats(), pair.sessions[1].stats()];
  const peer = stats.peers[0]!;
  const { ticks } = workload;
  const bad = [...Object.values(stats.badPackets), ...Object.values(other.badPackets)];
  return {
    us: of(costs, 'us'),
    allocBytes: of(costs, 'bytes'),
    floorUs: of(floorCosts, 'us'),
    floorAllocBytes: of(floorCosts, 'bytes'),
    meanBytes: peer.inputBytesSent / peer.inputPacketsSent,
    inputPerTick: peer.inputPacketsSent / ticks,
    otherPerSecond: (1000 * peer.otherPacketsSent) / (ticks * TICK_MS),
    rollbacksPer100: (100 * stats.rollbacks) / ticks,
    resimulatedPerFrame: stats.resimulated / ticks,
    badPackets: bad.reduce((sum, count) => sum + count, 0),
  };
}

const [name = '', codec = ''] = process.argv.slice(2);
const workload = workloadNamed(name);
console.log(JSON.stringify(play(workload, codec === 'handover' ? new Pair(workload, new Handover()) : new Pair(workload))));
