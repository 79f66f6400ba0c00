// Compares the games of all peers: at every check frame, once it is confirmed, a hash of the state and one of all inputs before it.
import { Hasher } from '../core/checksum.js';
import type { Frame } from '../core/frame.js';
import type { SyncLayer } from '../core/sync-layer.js';
import type { PeerId } from '../core/peer.js';
import type { Check } from '../wire/control-packets.js';
import type { Desync } from './events.js';

/** Checks of one side that wait for the other's, at the least. */
const WAITING = 4;
/** Frames that a check waits at the least: 4 s at 60 Hz, in which a lost control packet is sent again many times. */
const WAITING_FRAMES = 240;

export class Checks<I, S> {
  readonly #sync: SyncLayer<I, S>;
  readonly #slots: number;
  readonly #words: number;
  readonly #interval: number;
  readonly #waiting: number;
  readonly #checksum: (state: S) => number;
  readonly #own: Check[] = [];
  readonly #theirs = new Map<PeerId, Check[]>();
  readonly #hasher = new Hasher();
  #nextFrame: Frame;
  #hashedInputs: Frame = 0;
  #inputsHash = 0;
  #passed = 0;
  #unmatched = 0;
  /** Whether anything has come in since the last comparison. */
  #fresh = false;

  constructor(sync: SyncLayer<I, S>, options: { slots: number; words: number; interval: number; checksum: (state: S) => number }) {
    this.#sync = sync;
    this.#slots = options.slots;
    this.#words = options.words;
    this.#interval = options.interval;
    this.#waiting = Math.max(WAITING, Math.ceil(WAITING_FRAMES / options.interval));
    this.#checksum = options.checksum;
    this.#nextFrame = options.interval;
  }

  /** Checks that were equal. */
  get passed(): number {
    return this.#passed;
  }

  /** Checks of others that never met one of ours. */
  get unmatched(): number {
    return this.#unmatched;
  }

  /** A check that has just become final here and is to be sent to all; undefined if there is none. */
  next(epoch: number): Check | undefined {
    this.#hashInputs();
    const frame = this.#nextFrame;
    if (this.#hashedInputs < frame || !this.#sync.stateFinal(frame)) return undefined;
    const check: Check = {
      kind: 'check',
      epoch,
      frame,
      state: sendable(this.#checksum(this.#sync.state(frame))),
      inputs: this.#inputsHash,
    };
    this.#sync.release(frame);
    this.#nextFrame += this.#interval;
    this.#own.push(check);
    this.#fresh = true;
    if (this.#own.length > this.#waiting) this.#own.shift();
    return check;
  }

  /** Takes another peer's check; compares it now or when ours is final. */
  take(peer: PeerId, check: Check): void {
    const waiting = this.#theirs.get(peer) ?? [];
    this.#theirs.set(peer, waiting);
    waiting.push(check);
    this.#fresh = true;
    if (waiting.length > this.#waiting) {
      waiting.shift();
      this.#unmatched++;
    }
  }

  /** A difference that has come to light; undefined if there is none (any more). */
  desync(): Desync | undefined {
    if (!this.#fresh) return undefined;
    for (const [peer, waiting] of this.#theirs) {
      for (let i = 0; i < waiting.length; i++) {
        const theirs = waiting[i]!;
        const own = this.#own.find((check) => check.frame === theirs.frame);
        if (own === undefined) continue;
        waiting.splice(i--, 1);
        const { frame } = own;
        if (own.inputs !== theirs.inputs) return { frame, peer, cause: 'inputs', local: own.inputs, remote: theirs.inputs };
        if (own.state !== theirs.state) return { frame, peer, cause: 'state', local: own.state, remote: theirs.state };
        this.#passed++;
      }
    }
    this.#fresh = false;
    return undefined;
  }

  /** Takes in the inputs of the frames that were confirmed since, up to the next check frame. */
  #hashInputs(): void {
    const until = Math.min(this.#sync.confirmed + 1, this.#sync.sim, this.#nextFrame);
    for (; this.#hashedInputs < until; this.#hashedInputs++) {
      for (let slot = 0; slot < this.#slots; slot++) {
        const queue = this.#sync.queue(slot);
        if (queue.absentAt(this.#hashedInputs)) {
          this.#hasher.int(-1);
          continue;
        }
        for (let i = 0; i < this.#words; i++) this.#hasher.int(queue.word(this.#hashedInputs, i));
      }
    }
    if (this.#hashedInputs === this.#nextFrame) this.#inputsHash = this.#hasher.value();
  }
}

/** A game's checksum may be any number: what does not fit into a packet as it is, such as a negative one, is hashed. */
function sendable(checksum: number): number {
  return Number.isSafeInteger(checksum) && checksum >= 0 ? checksum : new Hasher().float(checksum).value();
}
