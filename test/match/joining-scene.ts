// Two processes that join matches over the peer-connection double on the virtual clock, as a plan says, and what must hold of it: every attempt
// ends in time, connected or with an error that is named; matches stay equal; afterwards nothing is left.
import { createRng, type Rng } from '../../src/core/rng.js';
import type { Match } from '../../src/match/match.js';
import { passTime } from '../../src/sim/pass-time.js';
import { RtcWorld } from '../../src/sim/rtc-world.js';
import { ScopedClock } from '../../src/sim/scoped-clock.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { VirtualSignaling } from '../../src/sim/virtual-signaling.js';
import type { ChainState } from '../games.js';
import type { JoinPlan, PeerPlan } from './joining-plan.js';
import { type Outcome, type Played, Process, type ProcessWorld } from './joining-process.js';

/** Everything has ended by then, several times over: three rounds of 20 s to join and a while to play. */
const HANG_MS = 200_000;
/** Closing, the last packets and signals on their way, and the longest that the dead are taken for present. */
const REST_MS = 15_000;
export interface SceneResult {
  readonly plan: JoinPlan;
  readonly outcomes: readonly Outcome[];
  /** What must not be; empty if all is well. */
  readonly problems: readonly string[];
  /** Everything that was seen, with its times: the same seed gives the same. */
  readonly timeline: readonly string[];
  /** What the run has been through. */
  readonly seen: Seen;
}

export interface Seen {
  steps: number;
  frames: number;
  rollbacks: number;
  packetsLost: number;
  signalsLost: number;
  signalsDoubled: number;
  signalsLate: number;
  /** Signals that a link did not act upon, as of another attempt or as taken already. */
  staleOrDuplicate: number;
}

export class JoinScene implements ProcessWorld {
  readonly clock = new VirtualClock();
  readonly network: RtcWorld;
  readonly server: VirtualSignaling;
  readonly plan: JoinPlan;
  readonly outcomes: Outcome[] = [];
  readonly problems: string[] = [];
  readonly timeline: string[] = [];
  readonly played: Played[] = [];
  readonly rng: Rng;
  readonly #breathe: () => Promise<void>;
  readonly fate: ScopedClock;
  readonly seen: Seen = {
    steps: 0,
    frames: 0,
    rollbacks: 0,
    packetsLost: 0,
    signalsLost: 0,
    signalsDoubled: 0,
    signalsLate: 0,
    staleOrDuplicate: 0,
  };
  readonly #clocks: ScopedClock[] = [];
  #running = 0;

  private constructor(plan: JoinPlan, breathe: () => Promise<void>) {
    this.plan = plan;
    this.#breathe = breathe;
    this.rng = createRng(plan.seed, 'scene');
    const { clock } = this;
    this.fate = new ScopedClock(clock);
    this.network = new RtcWorld({ clock, rng: this.rng.fork('world'), network: plan.network });
    this.server = new VirtualSignaling({ clock, rng: this.rng.fork('server'), ...plan.signaling });
  }

  static async run(plan: JoinPlan, breathe: () => Promise<void>): Promise<SceneResult> {
    const scene = new JoinScene(plan, breathe);
    scene.#begin();
    await scene.#untilDone();
    scene.fate.stop();
    await passTime(scene.clock, REST_MS, breathe);
    scene.#nothingLeft();
    scene.#compare();
    scene.#judge();
    const { outcomes, problems, timeline, seen, server, network } = scene;
    seen.packetsLost = network.counters.lost;
    seen.signalsLost = server.counters.lost;
    seen.signalsDoubled = server.counters.doubled;
    seen.signalsLate = server.counters.late;
    return { plan, outcomes, problems, timeline, seen };
  }

  note(line: string): void {
    this.timeline.push(`${this.clock.now().toFixed(6)} ${line}`);
  }

  problem(text: string): void {
    this.problems.push(`${text} (at ${this.clock.now().toFixed(0)} ms)`);
  }

  saw(match: Match<number, ChainState>): void {
    const { links, rollbacks } = match.stats();
    this.seen.frames += match.frame;
    this.seen.rollbacks += rollbacks;
    for (const { negotiation } of Object.values(links)) this.seen.staleOrDuplicate += negotiation.stale + negotiation.duplicate;
  }

  processClock(): ScopedClock {
    const clock = new ScopedClock(this.clock);
    this.#clocks.push(clock);
    return clock;
  }

  #begin(): void {
    const { death, peers } = this.plan;
    if (death !== undefined) {
      this.fate.after(death.atMs, () => {
        this.note('the server dies');
        this.server.die(death.told);
        if (death.backMs !== undefined) this.fate.after(death.backMs, () => this.server.revive());
      });
    }
    peers.forEach((plan, i) => this.#life(i === 0 ? 'a' : 'b', plan));
  }

  #life(name: string, plan: PeerPlan): void {
    if (plan.startMs === undefined) return;
    this.#running++;
    let process: Process | undefined = new Process(this, name, 1, plan, () => this.#ended());
    this.fate.after(plan.startMs, () => process?.start());
    const { dieMs, backMs } = plan;
    if (dieMs === undefined) return;
    this.fate.after(plan.startMs + dieMs, () => {
      if (process === undefined || process.done) return;
      process.die();
      process = undefined;
      if (backMs === undefined) return this.#ended();
      this.fate.after(backMs, () => {
        process = new Process(this, name, 2, plan, () => this.#ended());
        process.start();
      });
    });
  }

  #ended(): void {
    this.#running--;
  }

  async #untilDone(): Promise<void> {
    const { clock } = this;
    await this.#breathe();
    while (this.#running > 0) {
      if (!clock.step() || clock.now() > HANG_MS) return this.problem('it hangs: somebody waits for what never comes');
      this.seen.steps++;
      await this.#breathe();
    }
  }

  #nothingLeft(): void {
    const timers = this.#clocks.reduce((sum, clock) => sum + clock.pending, 0);
    if (timers > 0) this.problem(`${timers} timers are left`);
    if (this.network.open > 0) this.problem(`${this.network.open} connections are left open`);
    if (this.server.members > 0) this.problem(`${this.server.members} peers are left in the room`);
    const now = this.clock.now();
    for (let left = 1000; left > 0 && this.clock.step(); left--);
    if (this.clock.now() > now) this.problem('something goes on');
  }

  #judge(): void {
    for (const problem of judge(this.plan, this.outcomes)) this.problem(problem);
  }

  /** Matches with the same seed are the two sides of one. */
  #compare(): void {
    for (const one of this.played) {
      const other = this.played.find(({ match, peer }) => match.seed === one.match.seed && peer !== one.peer);
      if (other === undefined) {
        if (one.how === 'played') this.problem(`${one.peer} played a match that the other side knows nothing of`);
        continue;
      }
      const last = Math.min(one.match.confirmedFrame, other.match.confirmedFrame);
      for (let frame = 0; frame <= last; frame++) {
        if (one.recorder.inputs[frame] === other.recorder.inputs[frame] && one.recorder.hashes[frame] === other.recorder.hashes[frame])
          continue;
        this.problem(`the match differs at frame ${frame}`);
        break;
      }
    }
  }
}

/** Connecting over a good path, with up to 10 % loss, takes less. */
const MEET_MS = 12_000;

/** How an attempt may end for one who comes back so soon that the other's old place, or its own, is not yet given up. */
const GHOSTS = ['room-full', 'peer-gone at peer'];

/** What must hold of the outcomes, where it can be known beforehand. */
function judge({ faults, lossless }: JoinPlan, outcomes: readonly Outcome[]): string[] {
  const only = (allowed: readonly string[]): string[] =>
    outcomes.filter(({ joined }) => !allowed.includes(joined)).map(({ peer, joined }) => `${peer} ended with ${joined}`);
  if (faults.includes('no path')) return outcomes.some(({ joined }) => joined === 'connected') ? ['connected without a path'] : [];
  if (faults.includes('a has no address') && faults.includes('b has no address') && outcomes.some(({ joined }) => joined === 'connected')) {
    return ['connected without an address'];
  }
  if (faults.some((fault) => fault.endsWith('never comes'))) {
    return outcomes.some(({ joined }) => joined === 'connected')
      ? ['connected with nobody']
      : faults.length === 1
        ? only(['no-peer', ...GHOSTS])
        : [];
  }
  const met = faults.every((fault) => / (leaves|comes late)$/.test(fault)) ? missed(outcomes) : [];
  if (faults.length > 0) return met;
  const first = (name: string): string | undefined => outcomes.find(({ peer }) => peer === name)?.joined;
  const missing = ['a1', 'b1']
    .filter((name) => first(name) !== 'connected')
    .map((name) => `${name} did not connect though nothing went wrong`);
  // A goodbye has a second to arrive, which is not enough for some that are lost.
  const rude = (lossless ? outcomes : []).filter(({ played }) => played !== undefined && played !== 'played' && played !== 'dropped');
  return [
    ...met,
    ...missing,
    ...only(['connected', 'no-peer', ...GHOSTS]),
    ...rude.map(({ peer, played }) => `${peer}'s match ended with ${played}`),
  ];
}

/** Two attempts over a good path that went on beside each other for long, and did not meet. */
function missed(outcomes: readonly Outcome[]): string[] {
  const patient = outcomes.filter(({ joined }) => joined !== 'connected' && joined !== 'aborted');
  return patient.flatMap((one) =>
    outcomes
      .filter(({ peer, from, to }) => peer[0] !== one.peer[0] && Math.min(to, one.to) - Math.max(from, one.from) > MEET_MS)
      .map((other) => `${one.peer} (${one.joined}) and ${other.peer} (${other.joined}) did not meet`),
  );
}
