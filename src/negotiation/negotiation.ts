// Offer, answer and candidates of one peer connection as a pure machine: events in, commands out, no promise and no timer.
// It asks for one asynchronous command at a time and handles the peer's signals one at a time: a little slower than doing
// things at once, and free of the races that make negotiations fail once in a thousand times.
import type { NegotiationCommand, NegotiationEnd, RtcCommand } from './commands.js';
import { ConnectStages } from './stages.js';
import type { CandidateCounts, LinkProgress, LinkStage, Side } from './stages.js';
import type { Candidate, PeerId, Signal } from './signal.js';
import type { ConnectEvidence } from './verdict.js';

export interface NegotiationOptions {
  readonly self: PeerId;
  readonly remote: PeerId;
  /** A fresh random name for this attempt. Used if this side offers; the other side learns it from the offer. */
  readonly attempt: string;
  /** Which of the link's peer connections this is, from 0. */
  readonly connection?: number;
}

/** What was not acted upon, by reason. */
export interface NegotiationCounts {
  /** Signals of an attempt that is not the current one. */
  stale: number;
  /** Descriptions of the current attempt that had been taken already. */
  duplicate: number;
  /** Offers to the side that offers, answers to the side that answers. */
  unexpected: number;
  /** Signals that came while their queue was full. */
  overflow: number;
  /** Candidates that WebRTC could not take, such as an unresolvable `.local` name. */
  refusedCandidates: number;
  /** Offers that named ICE servers: only those given by the application and by signaling are used. */
  ignoredIceServers: number;
  /** Signals after the end. */
  afterEnd: number;
}

/** Candidates that wait for their description. A machine with three interfaces and two TURN servers names about 30. */
export const MAX_WAITING_CANDIDATES = 64;

/** Signals that wait while a command is carried out: a description, all the candidates that may wait, and as many duplicates. */
export const MAX_WAITING_SIGNALS = 2 * MAX_WAITING_CANDIDATES;

/** What `parseSignal` takes as the reason of a goodbye, in UTF-16 code units. */
const MAX_BYE_REASON = 256;

/**
 * After every event call {@link progress} and {@link next} until they answer undefined.
 * The peer with the lower id offers, so both sides never offer at once. `now` is in ms and never goes back.
 */
export class Negotiation {
  /** Whether this side makes the offer. */
  readonly offers: boolean;
  readonly #ownAttempt: string;
  readonly #connection: number;
  readonly #counts: NegotiationCounts = {
    stale: 0,
    duplicate: 0,
    unexpected: 0,
    overflow: 0,
    refusedCandidates: 0,
    ignoredIceServers: 0,
    afterEnd: 0,
  };
  /** Signals of the peer that were not looked at yet, in order. */
  readonly #inbox: Signal[] = [];
  /** Candidates of the peer that wait for its description. */
  readonly #waiting: { readonly attempt: string; readonly candidate: Candidate }[] = [];
  /** Own candidates that wait until the own description is sent; null is their end. */
  readonly #unsent: (Candidate | null)[] = [];
  readonly #outbox: Signal[] = [];
  readonly #stages = new ConnectStages();
  #started = false;
  /** The current attempt. The answering side has none before the offer. */
  #attempt: string | null = null;
  #planned: RtcCommand | null = null;
  #inFlight: RtcCommand | null = null;
  #inFlightSince = 0;
  #remoteTaken = false;
  #remoteSet = false;
  #localSent = false;
  #end: NegotiationEnd | null = null;
  #over = false;

  constructor(options: NegotiationOptions) {
    this.offers = options.self < options.remote;
    this.#ownAttempt = options.attempt;
    this.#connection = options.connection ?? 0;
  }

  /** Begins. Signals that came before have waited for it. A second call does nothing. */
  start(now: number): void {
    if (this.#started || this.#over) return;
    this.#started = true;
    this.#stages.begin(now, this.offers ? 'the other side is there; we offer' : 'the other side is there; it offers');
    if (!this.offers) return;
    this.#attempt = this.#ownAttempt;
    this.#planned = { kind: 'createOffer' };
  }

  /** A signal of the peer arrived. */
  signal(signal: Signal): void {
    if (this.#over) this.#counts.afterEnd++;
    else if (this.#inbox.length >= MAX_WAITING_SIGNALS) this.#counts.overflow++;
    else this.#inbox.push(signal);
  }

  /** The peer connection found an address; null: it found all. */
  localCandidate(now: number, candidate: Candidate | null): void {
    if (this.#over) return;
    const end = candidate === null || candidate.candidate === '';
    if (!end) this.#stages.candidate(now, 'local', candidate.candidate);
    if (this.#localSent) this.#sendCandidate(end ? null : candidate);
    else this.#unsent.push(end ? null : candidate);
  }

  /** The peer connection shows that a stage after the exchange of descriptions was reached. */
  reached(now: number, stage: 'pairs' | 'dtls' | 'channels', text: string): void {
    if (!this.#over) this.#stages.reach(now, stage, text);
  }

  /** The command in flight succeeded. `sdp`: what createOffer or createAnswer made. */
  succeeded(now: number, sdp = ''): void {
    const command = this.#inFlight;
    this.#inFlight = null;
    if (command === null || this.#over) return;
    switch (command.kind) {
      case 'createOffer':
        this.#planned = { kind: 'setLocalDescription', type: 'offer', sdp };
        break;
      case 'createAnswer':
        this.#planned = { kind: 'setLocalDescription', type: 'answer', sdp };
        break;
      case 'setLocalDescription':
        this.#sendDescription(now, command.type, command.sdp);
        break;
      case 'setRemoteDescription':
        this.#remoteSet = true;
        if (command.type === 'offer') this.#planned = { kind: 'createAnswer' };
        else this.#stages.reach(now, 'answer', 'the answer came');
        break;
      case 'addIceCandidate':
        break;
    }
  }

  /** The command in flight failed. A candidate that cannot be added is only counted. */
  failed(cause: string): void {
    const command = this.#inFlight;
    this.#inFlight = null;
    if (command === null || this.#over) return;
    if (command.kind === 'addIceCandidate') this.#counts.refusedCandidates++;
    else this.#finish({ why: 'refused', step: command.kind, cause });
  }

  /** Gives the attempt up: nothing follows. The signal that tells the peer, or null if it could not know which attempt is meant. */
  stop(reason: string): Signal | null {
    this.#end = null;
    if (this.#over) return null;
    this.#over = true;
    this.#clear();
    return this.#attempt === null ? null : this.#bye(this.#attempt, reason);
  }

  /** The next thing to do; undefined until something else happens. */
  next(now: number): NegotiationCommand | undefined {
    const signal = this.#outbox.shift();
    if (signal !== undefined) return { kind: 'send', signal };
    while (this.#started && !this.#over && this.#inFlight === null) {
      if (this.#planned === null) this.#plan(now);
      if (this.#planned !== null) {
        this.#inFlight = this.#planned;
        this.#inFlightSince = now;
        this.#planned = null;
        return this.#inFlight;
      }
      const received = this.#inbox.shift();
      if (received === undefined) break;
      this.#take(now, received);
    }
    if (this.#end === null) return undefined;
    const end = this.#end;
    this.#end = null;
    return { kind: 'end', end };
  }

  /** The next entry of the timeline that was not handed out yet. */
  progress(): LinkProgress | undefined {
    return this.#stages.progress();
  }

  get timeline(): readonly LinkProgress[] {
    return this.#stages.timeline;
  }

  get stage(): LinkStage {
    return this.#stages.stage;
  }

  get counts(): Readonly<NegotiationCounts> {
    return { ...this.#counts };
  }

  /** The addresses named so far on one side, by type. */
  candidates(side: Side): CandidateCounts {
    return this.#stages.candidates(side);
  }

  /** What an error about this attempt can say. `now` in ms. */
  evidence(peer: PeerId, now: number): ConnectEvidence {
    const step = this.#inFlight;
    return {
      peer,
      offers: this.offers,
      stage: this.stage,
      step: step === null || step.kind === 'addIceCandidate' ? null : step.kind,
      stepMs: now - this.#inFlightSince,
      local: this.#stages.total('local'),
      remote: this.#stages.total('remote'),
    };
  }

  /** Candidates that have waited go before signals that came later. */
  #plan(now: number): void {
    if (!this.#remoteSet) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    this.#stages.candidate(now, 'remote', waiting.candidate.candidate);
    this.#planned = { kind: 'addIceCandidate', candidate: waiting.candidate };
  }

  #take(now: number, signal: Signal): void {
    if (signal.kind === 'description') {
      if (signal.type === 'offer') this.#takeOffer(now, signal.attempt, signal.sdp, signal.iceServers !== undefined);
      else this.#takeAnswer(now, signal.attempt, signal.sdp);
    } else if (signal.kind === 'candidate') {
      this.#takeCandidate(signal.attempt, signal.candidate);
    } else if (signal.attempt === this.#attempt) {
      this.#finish({ why: 'bye', reason: signal.reason });
    } else {
      this.#counts.stale++;
    }
  }

  #takeOffer(now: number, attempt: string, sdp: string, iceServers: boolean): void {
    if (this.offers) this.#counts.unexpected++;
    else if (attempt === this.#attempt) this.#counts.duplicate++;
    else if (this.#attempt !== null) this.#finish({ why: 'new-attempt', attempt });
    else {
      this.#attempt = attempt;
      if (iceServers) this.#counts.ignoredIceServers++;
      const all = this.#waiting.splice(0);
      this.#waiting.push(...all.filter((early) => early.attempt === attempt));
      this.#counts.stale += all.length - this.#waiting.length;
      this.#stages.reach(now, 'offer', 'the offer came');
      this.#takeDescription(now, 'offer', sdp);
    }
  }

  #takeAnswer(now: number, attempt: string, sdp: string): void {
    if (!this.offers) this.#counts.unexpected++;
    else if (attempt !== this.#attempt) this.#counts.stale++;
    else if (this.#remoteTaken) this.#counts.duplicate++;
    else this.#takeDescription(now, 'answer', sdp);
  }

  #takeDescription(now: number, type: 'offer' | 'answer', sdp: string): void {
    this.#remoteTaken = true;
    this.#stages.description(now, 'remote', sdp);
    this.#planned = { kind: 'setRemoteDescription', type, sdp };
  }

  #takeCandidate(attempt: string, candidate: Candidate | null): void {
    if (this.#attempt !== null && attempt !== this.#attempt) this.#counts.stale++;
    // The end of candidates needs no call: without it WebRTC only waits a little longer before it says "failed".
    else if (candidate === null || candidate.candidate === '') return;
    else if (this.#waiting.length >= MAX_WAITING_CANDIDATES) this.#counts.overflow++;
    else this.#waiting.push({ attempt, candidate });
  }

  #sendDescription(now: number, type: 'offer' | 'answer', sdp: string): void {
    this.#localSent = true;
    this.#stages.description(now, 'local', sdp);
    if (this.#attempt !== null) this.#outbox.push({ ...this.#address(this.#attempt), kind: 'description', type, sdp });
    this.#stages.reach(now, type, `the ${type} was sent`);
    for (const candidate of this.#unsent.splice(0)) this.#sendCandidate(candidate);
  }

  #sendCandidate(candidate: Candidate | null): void {
    if (this.#attempt !== null) this.#outbox.push({ ...this.#address(this.#attempt), kind: 'candidate', candidate });
  }

  #address(attempt: string): { readonly attempt: string; readonly connection?: number } {
    return this.#connection === 0 ? { attempt } : { attempt, connection: this.#connection };
  }

  #finish(end: NegotiationEnd): void {
    this.#over = true;
    this.#end = end;
    this.#clear();
    if (end.why === 'refused' && this.#attempt !== null) this.#outbox.push(this.#bye(this.#attempt, `${end.step} was refused`));
  }

  #bye(attempt: string, reason: string): Signal {
    return { ...this.#address(attempt), kind: 'bye', reason: reason.slice(0, MAX_BYE_REASON) };
  }

  #clear(): void {
    this.#counts.afterEnd += this.#inbox.length + this.#waiting.length;
    this.#planned = null;
    for (const queue of [this.#inbox, this.#waiting, this.#unsent, this.#outbox]) queue.length = 0;
  }
}
