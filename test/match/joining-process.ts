// One process of a joining scene: it joins, plays, gives up, dies and comes back as its plan says, and notes how each of it ended.
import { type ErrorCode, NetError } from '../../src/core/errors.js';
import type { Clock } from '../../src/core/clock.js';
import type { Rng } from '../../src/core/rng.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import { timerTicker } from '../../src/match/ticker.js';
import { randomButtons } from '../../src/sim/bots.js';
import { Recorder } from '../../src/sim/recorder.js';
import type { RtcWorld } from '../../src/sim/rtc-world.js';
import type { ScopedClock } from '../../src/sim/scoped-clock.js';
import type { VirtualAdapter, VirtualSignaling } from '../../src/sim/virtual-signaling.js';
import type { Signaling } from '../../src/signaling/interface.js';
import { buttons, chainGame, type ChainState } from '../games.js';
import type { JoinPlan, PeerPlan } from './joining-plan.js';

/** How long joining may take, in virtual ms: the default. */
const LIMIT_MS = 20_000;
/** What `joinMatch` may take longer, until a link that is not up has said why. */
const GRACE_MS = 100;
/** How long a silent peer is waited for: less than ICE takes to notice, so that a match ends by its own means. */
const WAIT_MS = 5000;
/** A match that makes no progress has ended by then. ICE alone would tell after 15 s. */
const PLAY_LIMIT_MS = 12_000;
/** Under heavy loss the other side may be joining still, up to its limit. */
const LOSSY_PLAY_LIMIT_MS = PLAY_LIMIT_MS + LIMIT_MS;
/** Codes that no attempt may end with here, whatever goes wrong on the way. */
const BUGS: readonly ErrorCode[] = [
  'bad-option',
  'call-order',
  'game-failed',
  'no-rtc',
  'rtc-refused',
  'version-mismatch',
  'config-mismatch',
];

/** How one attempt or one match ended. */
export interface Outcome {
  readonly peer: string;
  /** `connected`, a code with its stage, or `died`; after the start `played`, `left`, `dropped` or a code. */
  readonly joined: string;
  readonly played?: string;
  /** When it began to join, and when that had ended, in ms on the clock. */
  readonly from: number;
  readonly to: number;
}

/** One side of a match that had begun. */
export interface Played {
  readonly peer: string;
  readonly match: Match<number, ChainState>;
  readonly recorder: Recorder<number, ChainState>;
  how: string;
}

/** What a process finds around it. */
export interface ProcessWorld {
  readonly plan: JoinPlan;
  readonly clock: Clock;
  /** The plan's own timers: what is still to go wrong when all is done does not matter. */
  readonly fate: Clock;
  readonly network: RtcWorld;
  readonly server: VirtualSignaling;
  readonly rng: Rng;
  readonly outcomes: Outcome[];
  readonly played: Played[];
  note(line: string): void;
  problem(text: string): void;
  saw(match: Match<number, ChainState>): void;
  /** The timers of one process. */
  processClock(): ScopedClock;
}

export class Process {
  done = false;
  readonly #scene: ProcessWorld;
  readonly #name: string;
  readonly #label: string;
  readonly #plan: PeerPlan;
  readonly #ended: () => void;
  readonly #clock: ScopedClock;
  readonly #adapter: VirtualAdapter;
  readonly #rng: Rng;
  readonly #born: number;
  #dead = false;
  #joiningSince: number | undefined;
  /** Ends what it is doing; undefined while it does nothing. */
  #stop: (() => void) | undefined;

  constructor(scene: ProcessWorld, name: string, incarnation: number, plan: PeerPlan, ended: () => void) {
    this.#scene = scene;
    this.#name = name;
    this.#label = `${name}${incarnation}`;
    this.#plan = plan;
    this.#ended = ended;
    this.#clock = scene.processClock();
    this.#adapter = scene.server.adapter();
    this.#rng = scene.rng.fork(this.#label);
    this.#born = incarnation;
  }

  start(): void {
    const { leaveMs } = this.#plan;
    if (leaveMs !== undefined && this.#born === 1) this.#scene.fate.after(leaveMs, () => this.#stop?.());
    void this.#live().then(
      () => this.#finish(),
      (error: unknown) => {
        this.#scene.problem(`${this.#label} failed: ${String(error)}`);
        this.#finish();
      },
    );
  }

  /** Everything of it is gone at once, and nobody is told. */
  die(): void {
    this.#scene.note(`${this.#label} dies`);
    this.#dead = true;
    this.done = true;
    this.#clock.stop();
    this.#adapter.vanish(this.#plan.ghostMs);
    this.#scene.network.vanish(this.#name);
    if (this.#joiningSince === undefined) return;
    this.#scene.outcomes.push({ peer: this.#label, joined: 'died', from: this.#joiningSince, to: this.#scene.clock.now() });
  }

  #finish(): void {
    if (this.#dead) return;
    this.done = true;
    this.#ended();
  }

  async #live(): Promise<void> {
    for (let round = 0; round < this.#plan.rounds; round++) {
      if (round > 0) await new Promise<void>((wake) => this.#clock.after(this.#plan.pauseMs, wake));
      await this.#round();
    }
  }

  async #round(): Promise<void> {
    const scene = this.#scene;
    const from = scene.clock.now();
    let to = from;
    this.#joiningSince = from;
    const controller = new AbortController();
    this.#stop = () => {
      controller.abort('no time');
      const stopped = this.#stop;
      scene.clock.after(1, () => {
        if (this.#stop === stopped && !this.#dead) scene.problem(`${this.#label} goes on joining after it was told to stop`);
      });
    };
    const recorder = new Recorder(chainGame(), () => -1);
    const tooLong = this.#clock.after(LIMIT_MS + GRACE_MS, () => scene.problem(`${this.#label} is still joining`));
    const settled = (): void => {
      tooLong();
      to = scene.clock.now();
      this.#joiningSince = undefined;
    };
    const end = (joined: string, played?: string): void => {
      this.#stop = undefined;
      scene.note(`${this.#label}: ${joined} ${played ?? ''}`);
      scene.outcomes.push({ peer: this.#label, joined, from, to, ...(played === undefined ? {} : { played }) });
    };
    try {
      const match = await joinMatch({
        input: buttons,
        gameId: 'chain@1',
        players: 2,
        waitMs: WAIT_MS,
        game: recorder,
        signaling: this.#plan.deafAdapter ? deaf(this.#adapter) : this.#adapter,
        relayOnly: this.#plan.relayOnly,
        room: 'room',
        rtc: scene.network.rtc(this.#name),
        clock: this.#clock,
        random: () => this.#rng.u32(),
        signal: controller.signal,
        onProgress: ({ stage, text, peer }) => scene.note(`${this.#label} ${stage} ${peer ?? ''} ${text}`),
      });
      settled();
      const played: Played = { peer: this.#label, match, recorder, how: '' };
      scene.played.push(played);
      played.how = await this.#play(match);
      end('connected', played.how);
    } catch (error) {
      if (this.#joiningSince !== undefined) settled();
      end(this.#nameOf(error));
    }
  }

  #nameOf(error: unknown): string {
    if (!(error instanceof NetError)) {
      this.#scene.problem(`${this.#label} ended with ${String(error)}, which is no NetError`);
      return 'no NetError';
    }
    const { code, message } = error;
    const fields: Readonly<Record<string, unknown>> = { ...error.fields };
    if (BUGS.includes(code)) this.#scene.problem(`${this.#label} ended with ${message}`);
    if (code === 'aborted' && this.#plan.leaveMs === undefined) this.#scene.problem(`${this.#label} was aborted by nobody`);
    return 'stage' in fields ? `${code} at ${String(fields['stage'])}` : code;
  }

  /** Plays its frames, or until somebody leaves. */
  #play(match: Match<number, ChainState>): Promise<string> {
    return new Promise((resolve) => {
      let over = false;
      const close = (how: string): void => {
        if (over) return;
        over = true;
        tooLong();
        this.#scene.saw(match);
        resolve(how);
        match.close(how);
      };
      const tooLong = this.#clock.after(this.#scene.plan.faults.includes('heavy loss') ? LOSSY_PLAY_LIMIT_MS : PLAY_LIMIT_MS, () => {
        this.#scene.problem(`${this.#label} neither plays nor ends, at frame ${match.frame}, confirmed ${match.confirmedFrame}`);
        close('stuck');
      });
      this.#stop = () => close('left');
      match.on('ended', ({ error }) => close(error === undefined ? 'ended' : error.code));
      match.on('dropped', () => close('dropped'));
      match.on('desync', ({ frame }) => this.#scene.problem(`${this.#label} sees a desync at frame ${frame}`));
      const bot = randomButtons(this.#rng.fork(`bot ${match.seed}`), 0.3);
      let n = 0;
      const run = (): void => {
        if (over) return;
        match.run({
          sample: () => bot(n++),
          draw: () => {
            if (match.settledFrame >= this.#plan.frames) close('played');
          },
          ticker: timerTicker(this.#clock),
        });
      };
      if (this.#plan.idleMs === 0) run();
      else this.#clock.after(this.#plan.idleMs, run);
    });
  }
}

function deaf(adapter: Signaling): Signaling {
  return { join: (room, on) => adapter.join(room, on) };
}
