// Two sessions that play a workload with each other, over nothing but arrays: no transport, no clock, a game that costs nothing.
import type { Game } from '../src/core/game.js';
import type { InputCodec } from '../src/core/input-codec.js';
import { perform } from '../src/match/perform.js';
import { Session } from '../src/session/p2p.js';
import type { PacketCodec } from '../src/wire/msgpack.js';
import { PEERS, TICK_MS, WINDOW, Wire, type Workload } from './workload.js';

/** One 16-bit word. */
export const u16: InputCodec<number> = {
  id: 'bench:u16',
  words: 1,
  neutral: 0,
  encode: (input, to) => {
    to[0] = input;
  },
  decode: (from) => from[0]!,
};

/** A game that costs next to nothing, so that what is measured is the netcode. */
export class SumGame implements Game<number, number> {
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

/** Two sessions that have agreed to play. */
export function startPair<S>(checksum: (state: S) => number, codec?: PacketCodec): readonly [Session<number, S>, Session<number, S>] {
  const make = (self: string): Session<number, S> =>
    new Session({ self, nonce: 1, input: u16, gameId: 'bench@1', players: 2, inputDelay: 0, window: WINDOW, checksum }, codec);
  const [a, b] = [make('a'), make('b')];
  a.connect('b');
  b.connect('a');
  while (a.state !== 'running' || b.state !== 'running') {
    for (let packet = a.transmit(); packet !== undefined; packet = a.transmit()) b.receive('a', packet.bytes.slice(), 0);
    for (let packet = b.transmit(); packet !== undefined; packet = b.transmit()) a.receive('b', packet.bytes.slice(), 0);
  }
  return [a, b];
}

/** Copies of packets, as a transport makes them, in memory that is used again: what a transport allocates is not the session's. */
export class Copies {
  /** Packets under way at a time: those of some ten ticks are. */
  readonly #cells: (readonly Uint8Array[])[] = Array.from({ length: 128 }, () => []);
  #next = 0;

  of(bytes: Uint8Array): Uint8Array {
    const cell = this.#cells[this.#next++ % this.#cells.length]! as Uint8Array[];
    const copy = (cell[bytes.length] ??= new Uint8Array(bytes.length));
    copy.set(bytes);
    return copy;
  }
}

/** Plays ticks of the workload, in order. */
export class Pair {
  readonly sessions: readonly [Session<number, number>, Session<number, number>];
  readonly #games = [new SumGame(), new SumGame()] as const;
  readonly #wires = [new Wire<Uint8Array>(), new Wire<Uint8Array>()] as const;
  readonly #receivers: readonly [(bytes: Uint8Array) => void, (bytes: Uint8Array) => void];
  readonly #copies = new Copies();
  readonly #workload: Workload;
  /**
   * For each tick, the time. What a clock allocates for its readings is not the session's, so they are there before; and the null makes the
   * engine keep them as they are handed on, instead of making each anew when it is read.
   */
  readonly #times: readonly (number | null)[];
  #now: number | null = null;

  constructor(workload: Workload, codec?: PacketCodec) {
    this.#workload = workload;
    this.#times = [null, ...Array.from({ length: workload.ticks }, (_, tick) => tick * TICK_MS)];
    this.sessions = startPair<number>((state) => state >>> 0, codec);
    const [a, b] = this.sessions;
    this.#receivers = [(bytes) => a.receive('b', bytes, this.#now!), (bytes) => b.receive('a', bytes, this.#now!)];
  }

  play(from: number, to: number): void {
    for (let tick = from; tick < to; tick++) {
      const now = this.#times[tick + 1]!;
      this.#now = now;
      for (const peer of PEERS) {
        const session = this.sessions[peer];
        this.#wires[1 - peer]!.arrive(tick, this.#receivers[peer]);
        if (session.begin(now) === 'sample') session.input(peer, this.#workload.inputs[peer][session.frame]!);
        for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
          const delay = packet.channel === 'input' ? this.#workload.delays[peer][tick]! : CONTROL_TICKS;
          this.#wires[peer].send(tick, delay, this.#copies.of(packet.bytes));
        }
        void perform(this.#games[peer], session);
      }
    }
  }
}

/** Ticks that a control packet is under way. */
const CONTROL_TICKS = 3;
