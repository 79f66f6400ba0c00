// Two peers that play one match after the other over the same links: each gives its session up and begins the next when it wants to,
// while packets of the first are still on their way. Links deliver to whatever session a peer has at that moment.
import { createRng } from '../../src/core/rng.js';
import { NetError } from '../../src/core/errors.js';
import { perform } from '../../src/match/perform.js';
import type { SessionEvent } from '../../src/session/events.js';
import type { PlayOptions } from '../../src/session/options.js';
import { Session } from '../../src/session/p2p.js';
import { type Bot, randomButtons } from '../../src/sim/bots.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { Network } from '../../src/sim/network.js';
import { Recorder } from '../../src/sim/recorder.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { buttons, chainGame, type ChainState } from '../games.js';

const TICK_MS = 1000 / 60;

/** One match as one peer sees it. */
export interface Round {
  readonly session: Session<number, ChainState>;
  readonly recorder: Recorder<number, ChainState>;
  readonly bot: Bot<number>;
  readonly events: SessionEvent[];
  /** Inputs that it gave, in order. */
  readonly given: number[];
}

/** A packet of the first, second, … match. */
export interface Logged {
  readonly n: number;
  readonly bytes: Uint8Array;
}

export interface RematchSetup {
  readonly seed: number;
  readonly network: Impairment;
  /** What a match is played with: the n-th one. */
  readonly play?: (n: number) => Partial<PlayOptions<number>>;
  /** How the matches are numbered. Default: 0, 1, 2, … as peers on the same links must. */
  readonly epochOf?: (n: number) => number;
  /** Whether a peer says goodbye when it gives a match up; otherwise it just begins the next. Default true. */
  readonly polite?: boolean;
}

export class Rematch {
  readonly clock = new VirtualClock();
  readonly network: Network;
  /** For each peer its matches, the last one being the current one. */
  readonly rounds: readonly [Round[], Round[]] = [[], []];
  /** Every packet of each peer, with the match that it was sent in. */
  readonly log: readonly [Logged[], Logged[]] = [[], []];
  readonly #setup: RematchSetup;

  constructor(setup: RematchSetup) {
    this.#setup = setup;
    this.network = new Network(this.clock, createRng(setup.seed, 'network'), () => setup.network);
    for (const index of [0, 1] as const) {
      this.network.attach(name(index), (from, bytes) => {
        this.#round(index)?.session.receive(from, bytes, this.clock.now());
        this.#send(index);
      });
      this.clock.after(index * 5, () => this.#tick(index));
    }
  }

  get replay(): string {
    return `replay: new Rematch(${JSON.stringify(this.#setup)}), at ${this.clock.now()} ms`;
  }

  run(ms: number): this {
    this.clock.runTo(this.clock.now() + ms);
    return this;
  }

  /** Packets come to a peer out of the past, from the other one. */
  comeLate(to: 0 | 1, packets: readonly Logged[]): void {
    for (const { bytes } of packets) this.#round(to)!.session.receive(name(to === 0 ? 1 : 0), bytes, this.clock.now());
  }

  /** The peer gives up the match that it has and begins the next. Its links are up. */
  next(index: 0 | 1): void {
    const { seed, play = () => ({}), epochOf = (n) => n, polite = true } = this.#setup;
    if (polite) this.#round(index)?.session.leave('again');
    this.#send(index);
    const n = this.rounds[index].length;
    const rng = createRng(seed, `peer ${index} match ${n}`);
    const session = new Session<number, ChainState>({
      input: buttons,
      gameId: 'test@1',
      players: 2,
      ...play(n),
      self: name(index),
      nonce: rng.u32(),
      epoch: epochOf(n),
    });
    const given: number[] = [];
    const player = randomButtons(rng, 0.3);
    const bot: Bot<number> = (at) => (given[at] = player(at));
    this.rounds[index].push({ session, recorder: new Recorder(chainGame(), () => -1), bot, events: [], given });
    session.connect(name(index === 0 ? 1 : 0));
    this.#send(index);
  }

  #round(index: 0 | 1): Round | undefined {
    return this.rounds[index].at(-1);
  }

  #tick(index: 0 | 1): void {
    this.clock.after(TICK_MS, () => this.#tick(index));
    const round = this.#round(index);
    if (round === undefined) return;
    const { session, recorder, bot, events, given } = round;
    if (session.begin(this.clock.now()) === 'sample') {
      const input = bot(given.length);
      for (const slot of session.locals) session.input(slot, input);
    }
    this.#send(index);
    void perform(recorder, session);
    for (let event = session.event(); event !== undefined; event = session.event()) events.push(event);
  }

  #send(index: 0 | 1): void {
    const session = this.#round(index)?.session;
    if (session === undefined) return;
    for (let packet = session.transmit(); packet !== undefined; packet = session.transmit()) {
      this.log[index].push({ n: this.rounds[index].length - 1, bytes: new Uint8Array(packet.bytes) });
      if (packet.channel === 'input') this.network.send(name(index), packet.to, packet.bytes);
      else this.network.sendReliable(name(index), packet.to, packet.bytes);
    }
  }
}

function name(index: 0 | 1): string {
  return `peer-${index}`;
}

/** The code of the error with which a match ended; undefined if it did not, or by wish. */
export function endOf({ events }: Round): string | undefined {
  const end = events.find((event) => event.type === 'ended');
  return end?.type === 'ended' && end.error instanceof NetError ? end.error.code : undefined;
}
