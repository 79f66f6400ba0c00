// How far one attempt to connect has come, as a timeline, with the addresses that each side named. Pure: fed by whoever sees something.
// Each stage stands in the timeline once and in order; one that was jumped over is entered together with the one that implies it.
import type { Stage } from '../core/errors.js';

/** The stages that a link goes through, in this order: each means "this has been reached". */
export type LinkStage = Extract<Stage, 'peer' | 'offer' | 'answer' | 'candidates' | 'pairs' | 'dtls' | 'channels'>;

/** One thing that happened on the way to a connection. */
export interface LinkProgress {
  readonly stage: LinkStage;
  /** Milliseconds since the attempt was started. */
  readonly atMs: number;
  /** What happened, for people. */
  readonly text: string;
}

/** How many addresses were named, by the type of candidate. */
export type CandidateCounts = Readonly<Record<CandidateType, number>>;
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay' | 'other';

/** `local`: found here. `remote`: named by the other side. */
export type Side = 'local' | 'remote';

const ORDER: readonly LinkStage[] = ['peer', 'offer', 'answer', 'candidates', 'pairs', 'dtls', 'channels'];

export class ConnectStages {
  readonly #timeline: LinkProgress[] = [];
  readonly #counts: Record<Side, Record<CandidateType, number>> = { local: noCandidates(), remote: noCandidates() };
  #startedMs = 0;
  #stage: LinkStage = 'peer';
  #told = 0;

  /** Starts the timeline with the stage `peer`. Call it once, before anything else. `now` in ms. */
  begin(now: number, text: string): void {
    this.#startedMs = now;
    this.#enter(now, 'peer', text);
  }

  /** The last stage that was reached (`peer` before anything was). Never goes back. */
  get stage(): LinkStage {
    return this.#stage;
  }

  get timeline(): readonly LinkProgress[] {
    return this.#timeline;
  }

  /** The next entry of the timeline that was not handed out yet. */
  progress(): LinkProgress | undefined {
    return this.#timeline[this.#told] === undefined ? undefined : this.#timeline[this.#told++];
  }

  /** A stage was reached. One that lies behind is ignored: browsers report the same thing in several ways. */
  reach(now: number, stage: LinkStage, text: string): void {
    const from = ORDER.indexOf(this.#stage) + 1;
    const to = ORDER.indexOf(stage);
    if (to < from) return;
    for (const passed of ORDER.slice(from, to)) this.#enter(now, passed, `passed: ${text}`);
    this.#enter(now, stage, text);
    this.#reachCandidates(now);
  }

  /** An address was named, as a candidate line. */
  candidate(now: number, side: Side, line: string): void {
    this.#counts[side][candidateType(line)]++;
    this.#reachCandidates(now);
  }

  /** Counts the addresses inside a description (no trickle). */
  description(now: number, side: Side, sdp: string): void {
    for (const [line] of sdp.matchAll(/^a=candidate:.*$/gm)) this.candidate(now, side, line);
  }

  /** The addresses named so far. */
  candidates(side: Side): CandidateCounts {
    return { ...this.#counts[side] };
  }

  /** How many addresses were named so far. */
  total(side: Side): number {
    return Object.values(this.#counts[side]).reduce((sum, n) => sum + n, 0);
  }

  #reachCandidates(now: number): void {
    if (this.#stage !== 'answer' || this.total('local') === 0 || this.total('remote') === 0) return;
    this.#enter(now, 'candidates', `addresses here: ${describe(this.#counts.local)}; there: ${describe(this.#counts.remote)}`);
  }

  #enter(now: number, stage: LinkStage, text: string): void {
    this.#stage = stage;
    this.#timeline.push({ stage, atMs: now - this.#startedMs, text });
  }
}

function noCandidates(): Record<CandidateType, number> {
  return { host: 0, srflx: 0, prflx: 0, relay: 0, other: 0 };
}

function candidateType(line: string): CandidateType {
  const type = / typ (host|srflx|prflx|relay)(?: |\r|$)/.exec(line)?.[1];
  return type === 'host' || type === 'srflx' || type === 'prflx' || type === 'relay' ? type : 'other';
}

function describe(counts: CandidateCounts): string {
  const named = Object.entries(counts).filter(([, n]) => n > 0);
  return named.map(([type, n]) => `${n} ${type}`).join(', ');
}
