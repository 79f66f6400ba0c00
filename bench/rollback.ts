// What an 8-frame rollback of a large state costs beyond what the game's own functions cost. One peer of a pair gets each packet 8 ticks
// late and guesses every input wrong, so that each of its ticks loads, simulates 8 frames again and one new one, and saves 8 states. The
// same calls on a game of its own, without rollwire, are timed in turns with it, and once more, which shows how much of a difference is noise.
import type { Game, Step } from '../src/core/game.js';
import { perform } from '../src/match/perform.js';
import { measure, median } from './measure.js';
import { Copies, startPair } from './pair.js';
import { TICK_MS, WINDOW, Wire } from './workload.js';

const STATE_BYTES = 300_000;
/** A byte in each page of memory is changed in each frame. */
const PAGE_BYTES = 4096;
const TICKS = 3_000;
/** Ticks in which the compiler is still at work. */
const WARM_UP = 500;
const ALLOCATION_TICKS = 1_000;

export interface RollbackReport {
  /** Medians of a tick. */
  readonly us: number;
  readonly ownUs: number;
  readonly ownAgainUs: number;
  /** Rollbacks of 8 frames a tick. */
  readonly deepPerTick: number;
  /** The calls of a tick, by their first letters. */
  readonly calls: string;
  /** States that the game has made, all in all. */
  readonly made: number;
  /** States handed to the game that it had not made, or that were not those of the frame that followed. */
  readonly foreign: number;
  /** Bytes allocated in a tick of both peers: packets, and whatever else. */
  readonly allocBytes: number;
}

/** A game whose state is bytes: the number of the frame, then what the inputs have made. */
class BytesGame implements Game<number, Uint8Array> {
  readonly made = new Set<Uint8Array>();
  /** The calls, once somebody wants to know them. */
  calls: string | undefined;
  foreign = 0;
  readonly #state: Uint8Array;
  readonly #frame: Uint32Array;

  constructor(bytes: number) {
    this.#state = new Uint8Array(bytes);
    this.#frame = new Uint32Array(this.#state.buffer, 0, 1);
  }

  advance(inputs: readonly number[], step: Step): void {
    if (this.calls !== undefined) this.calls += 'a';
    if (this.#frame[0] !== step.frame) this.foreign++;
    for (let at = 4; at < this.#state.length; at += PAGE_BYTES) this.#state[at]! += inputs[0]! + 3 * inputs[1]!;
    this.#frame[0]!++;
  }

  save(reuse: Uint8Array | undefined): Uint8Array {
    if (this.calls !== undefined) this.calls += 's';
    const into = reuse ?? new Uint8Array(this.#state.length);
    if (reuse === undefined) this.made.add(into);
    else if (!this.made.has(into)) this.foreign++;
    into.set(this.#state);
    return into;
  }

  load(saved: Uint8Array): void {
    if (this.calls !== undefined) this.calls += 'l';
    if (!this.made.has(saved)) this.foreign++;
    this.#state.set(saved);
  }
}

/** Two sessions; the first plays the large game. */
class Late {
  readonly game = new BytesGame(STATE_BYTES);
  readonly sessions = startPair<Uint8Array>(() => 0);
  readonly #small = new BytesGame(8);
  readonly #wires = [new Wire<Uint8Array>(), new Wire<Uint8Array>()] as const;
  readonly #copies = new Copies();
  #tick = 0;

  /** A tick of the second peer, then one of the first. Returns ms that the latter took. */
  tick(): number {
    this.#play(1);
    const start = performance.now();
    this.#play(0);
    const ms = performance.now() - start;
    this.#tick++;
    return ms;
  }

  #play(self: 0 | 1): void {
    const session = this.sessions[self];
    const tick = this.#tick;
    const now = tick * TICK_MS;
    this.#wires[1 - self]!.arrive(tick, (bytes) => session.receive(self === 0 ? 'b' : 'a', bytes, now));
    if (session.begin(now) === 'sample') session.input(self, (2 * tick + self) & 0xffff);
    for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
      this.#wires[self].send(tick, WINDOW, this.#copies.of(packet.bytes));
    }
    void perform(self === 0 ? this.game : this.#small, session);
  }
}

/** The same calls as a tick of {@link Late}, on a game of its own with as many states. */
class Own {
  readonly game = new BytesGame(STATE_BYTES);
  readonly #states: (Uint8Array | undefined)[] = Array.from({ length: WINDOW + 2 });
  readonly #inputs = [0, 0];
  readonly #step: { frame: number; status: ['confirmed', 'predicted']; resimulating: boolean } = {
    frame: 0,
    status: ['confirmed', 'predicted'],
    resimulating: false,
  };

  /** Before anything can be loaded: the first frames. */
  start(): void {
    for (let frame = 0; frame < WINDOW; frame++) {
      this.#save();
      this.#advance();
    }
  }

  /** Returns ms that the calls took. */
  tick(calls: string): number {
    const start = performance.now();
    for (const call of calls) {
      if (call === 'a') this.#advance();
      else if (call === 's') this.#save();
      else this.#load();
    }
    const ms = performance.now() - start;
    return ms;
  }

  #advance(): void {
    this.#inputs[1]!++;
    this.game.advance(this.#inputs, this.#step);
    this.#step.frame++;
  }

  #save(): void {
    const at = this.#step.frame % this.#states.length;
    this.#states[at] = this.game.save(this.#states[at]);
  }

  #load(): void {
    this.#step.frame -= WINDOW;
    this.game.load(this.#states[this.#step.frame % this.#states.length]!);
  }
}

export function benchRollback(): RollbackReport {
  const late = new Late();
  // Until the first packet has come, and until each tick makes the same calls.
  for (let tick = 0; tick < 2 * WINDOW + 2; tick++) late.tick();
  late.game.calls = '';
  late.tick();
  const { calls } = late.game;
  late.game.calls = undefined;
  const own = [new Own(), new Own()] as const;
  for (const each of own) each.start();
  const times: [number[], number[], number[]] = [[], [], []];
  const contenders = [() => late.tick(), () => own[0].tick(calls), () => own[1].tick(calls)] as const;
  for (let tick = 0; tick < WARM_UP + TICKS; tick++) {
    // Each goes first, second and third equally often.
    for (let k = 0; k < contenders.length; k++) {
      const turn = (tick + k) % contenders.length;
      const ms = contenders[turn]!();
      if (tick >= WARM_UP) times[turn]!.push(1000 * ms);
    }
  }
  const before = late.sessions[0].stats().depths[WINDOW]!;
  const { bytes } = measure(ALLOCATION_TICKS, () => {
    for (let tick = 0; tick < ALLOCATION_TICKS; tick++) late.tick();
  });
  return {
    us: median(times[0]),
    ownUs: median(times[1]),
    ownAgainUs: median(times[2]),
    deepPerTick: (late.sessions[0].stats().depths[WINDOW]! - before) / ALLOCATION_TICKS,
    calls,
    made: late.game.made.size,
    foreign: late.game.foreign + own[0].game.foreign + own[1].game.foreign,
    allocBytes: bytes,
  };
}
