// Compares the games of all peers: at every check frame, once it is confirmed, a hash of the state and one of all inputs before it.
// The states of some check frames, at most two, are kept until everyone has compared them; where they differ is then examined.
import { Hasher } from '../core/checksum.js';
import type { Frame } from '../core/frame.js';
import type { PeerId } from '../core/peer.js';
import type { Address } from '../core/state-tree.js';
import type { SyncLayer } from '../core/sync-layer.js';
import type { Check, Details } from '../wire/control-packets.js';
import type { Desync } from './events.js';
import { Examination } from './examination.js';

/** Checks of one side that wait for the other's, at the least. */
const WAITING = 4;
/** Seconds that a check waits at the least: in them a lost control packet is sent again many times. */
const WAITING_S = 4;
/** States of check frames that are kept: that of a second ago is still being compared when the next one comes. */
const KEPT = 2;
/** Frames between states that are kept, at the least: with a check in every frame both sides must keep the same ones. */
const KEPT_EVERY = 60;
/** Details that wait until we have found the difference ourselves; they come after the check that shows it. */
const MAX_DETAILS = 16;

export interface ChecksOptions<S> {
  readonly slots: number;
  /** 16-bit words of an input. */
  readonly words: number;
  /** Frames between checks. */
  readonly interval: number;
  /** Frames a second. */
  readonly fps: number;
  readonly checksum: (state: S) => number;
  /** Sends a part of what our state of a frame looks like. */
  readonly send: (to: PeerId, frame: Frame, at: Address, summary: readonly number[]) => void;
}

interface Own {
  readonly check: Check;
  /** Peers whose check it has met. */
  readonly compared: Set<PeerId>;
  /** Peers whose check was equal. */
  readonly agreed: Set<PeerId>;
  kept: boolean;
}

/** What is known of another peer. */
interface Theirs<S> {
  readonly checks: Check[];
  readonly details: Details[];
  /** The first difference of a state that was kept, and what followed: told once its places have been looked for. */
  readonly desyncs: Desync[];
  examination: Examination<S> | undefined;
  /** The check that is, or was, examined. */
  examined: Own | undefined;
}

export class Checks<I, S> {
  readonly #sync: SyncLayer<I, S>;
  readonly #options: ChecksOptions<S>;
  readonly #waiting: number;
  readonly #keptEvery: number;
  readonly #own: Own[] = [];
  readonly #theirs = new Map<PeerId, Theirs<S>>();
  readonly #found: Desync[] = [];
  readonly #hasher = new Hasher();
  #kept = 0;
  #nextFrame: Frame;
  #hashedInputs: Frame = 0;
  #inputsHash = 0;
  #passed = 0;
  #unmatched = 0;
  /** Whether there is something to do: a check or details that have come since the last comparison, or an examination under way. */
  #busy = false;

  constructor(sync: SyncLayer<I, S>, options: ChecksOptions<S>) {
    this.#sync = sync;
    this.#options = options;
    this.#waiting = Math.max(WAITING, Math.ceil((WAITING_S * options.fps) / options.interval));
    this.#keptEvery = options.interval * Math.ceil(KEPT_EVERY / options.interval);
    this.#nextFrame = options.interval;
  }

  /** Checks that were equal. */
  get passed(): number {
    return this.#passed;
  }

  /** Checks of others that never met one of ours, or were not the first of their frame. */
  get unmatched(): number {
    return this.#unmatched;
  }

  /** Everyone whose checks are to be compared. */
  start(peers: readonly PeerId[]): void {
    for (const peer of peers) this.#theirs.set(peer, { checks: [], details: [], desyncs: [], examination: undefined, examined: undefined });
  }

  /** A peer plays no more. What came before is compared, and told as it is. */
  drop(peer: PeerId, now: number): void {
    const theirs = this.#theirs.get(peer);
    if (theirs === undefined) return;
    this.#compare(peer, theirs, now);
    this.#unmatched += theirs.checks.length;
    this.#theirs.delete(peer);
    this.#conclude(theirs);
    for (const own of this.#own) this.#releaseIfAgreed(own);
  }

  /** A check that has just become final here and is to be sent to all; undefined if there is none. */
  next(epoch: number): Check | undefined {
    this.#hashInputs();
    const frame = this.#nextFrame;
    if (this.#hashedInputs < frame || !this.#sync.stateFinal(frame)) return undefined;
    const state = sendable(this.#options.checksum(this.#sync.state(frame)));
    const check: Check = { kind: 'check', epoch, frame, state, inputs: this.#inputsHash };
    this.#nextFrame += this.#options.interval;
    this.#keep({ check, compared: new Set(), agreed: new Set(), kept: true });
    this.#busy = true;
    if (this.#own.length > this.#waiting) this.#releaseUnlessExamined(this.#own.shift()!);
    return check;
  }

  /** Takes another peer's check; compares it now or when ours is final. */
  take(peer: PeerId, check: Check): void {
    const checks = this.#theirs.get(peer)?.checks;
    if (checks === undefined) return;
    checks.push(check);
    this.#busy = true;
    if (checks.length > this.#waiting) {
      checks.shift();
      this.#unmatched++;
    }
  }

  /** Takes what another peer's state looks like. False if nothing that we know of can have led to it. */
  takeDetails(peer: PeerId, details: Details): boolean {
    const theirs = this.#theirs.get(peer);
    if (theirs === undefined || theirs.details.length >= MAX_DETAILS) return false;
    theirs.details.push(details);
    this.#busy = true;
    return true;
  }

  /** A difference that has come to light and was examined; undefined if there is none (any more). */
  desync(now: number): Desync | undefined {
    if (this.#busy) {
      this.#busy = false;
      for (const [peer, theirs] of this.#theirs) {
        this.#compare(peer, theirs, now);
        if (theirs.examination?.done(now) === true) this.#conclude(theirs);
        if (theirs.examination !== undefined) this.#busy = true;
      }
    }
    return this.#found.shift();
  }

  /** The session ends: nothing more will be found. */
  end(): readonly Desync[] {
    for (const theirs of this.#theirs.values()) this.#conclude(theirs);
    return this.#found.splice(0);
  }

  #compare(peer: PeerId, theirs: Theirs<S>, now: number): void {
    const { checks } = theirs;
    for (let i = 0; i < checks.length; i++) {
      const remote = checks[i]!;
      const own = this.#own.find(({ check }) => check.frame === remote.frame);
      if (own === undefined) continue;
      checks.splice(i--, 1);
      // What a peer says of a frame again is only counted: it could raise as many alarms as it can send checks, or agree for the others.
      if (own.compared.has(peer)) {
        this.#unmatched++;
        continue;
      }
      own.compared.add(peer);
      const { frame, inputs, state } = own.check;
      if (inputs !== remote.inputs) {
        this.#found.push({ frame, peer, cause: 'inputs', local: inputs, remote: remote.inputs, paths: [] });
      } else if (state !== remote.state) {
        this.#differs(theirs, own, { frame, peer, cause: 'state', local: state, remote: remote.state, paths: [] }, now);
      } else {
        this.#passed++;
        own.agreed.add(peer);
        this.#releaseIfAgreed(own);
      }
    }
    for (const { frame, at, summary } of theirs.details.splice(0)) {
      if (theirs.examination?.frame === frame) theirs.examination.take(at, summary);
    }
  }

  /** The first difference of a peer is examined; those that follow from it are told after it. */
  #differs(theirs: Theirs<S>, own: Own, desync: Desync, now: number): void {
    const { frame, peer } = desync;
    theirs.desyncs.push(desync);
    if (own.kept && theirs.examined === undefined) {
      const { send } = this.#options;
      theirs.examined = own;
      theirs.examination = new Examination(frame, this.#sync.state(frame), now, (at, summary) => send(peer, frame, at, summary));
      return;
    }
    if (theirs.examination === undefined) this.#conclude(theirs);
    this.#releaseUnlessExamined(own);
  }

  #conclude(theirs: Theirs<S>): void {
    const { desyncs, examination } = theirs;
    theirs.examination = undefined;
    for (const desync of desyncs.splice(0)) {
      this.#found.push(desync.frame === examination?.frame ? { ...desync, paths: examination.paths } : desync);
    }
    if (theirs.examined !== undefined) this.#releaseUnlessExamined(theirs.examined);
  }

  #releaseUnlessExamined(own: Own): void {
    for (const { examination } of this.#theirs.values()) if (examination?.frame === own.check.frame) return;
    this.#release(own);
  }

  /** Notes a check of ours; its state is kept if it is its turn. */
  #keep(own: Own): void {
    this.#own.push(own);
    this.#kept++;
    if (own.check.frame % this.#keptEvery !== 0) this.#release(own);
    this.#releaseIfAgreed(own);
    // The oldest goes first.
    for (const older of this.#own) if (this.#kept > KEPT) this.#releaseUnlessExamined(older);
  }

  #releaseIfAgreed(own: Own): void {
    for (const peer of this.#theirs.keys()) if (!own.agreed.has(peer)) return;
    this.#release(own);
  }

  #release(own: Own): void {
    if (!own.kept) return;
    own.kept = false;
    this.#kept--;
    this.#sync.release(own.check.frame);
  }

  /** Takes in the inputs of the frames that were confirmed since, up to the next check frame. */
  #hashInputs(): void {
    const { slots, words } = this.#options;
    const until = Math.min(this.#sync.confirmed + 1, this.#sync.sim, this.#nextFrame);
    for (; this.#hashedInputs < until; this.#hashedInputs++) {
      for (let slot = 0; slot < slots; slot++) {
        const queue = this.#sync.queue(slot);
        if (queue.absentAt(this.#hashedInputs)) {
          this.#hasher.int(-1);
          continue;
        }
        for (let i = 0; i < words; i++) this.#hasher.int(queue.word(this.#hashedInputs, i));
      }
    }
    if (this.#hashedInputs === this.#nextFrame) this.#inputsHash = this.#hasher.value();
  }
}

/** A game's checksum may be any number: what does not fit into a packet as it is, such as a negative one, is hashed. */
function sendable(checksum: number): number {
  return Number.isSafeInteger(checksum) && checksum >= 0 ? checksum : new Hasher().float(checksum).value();
}
