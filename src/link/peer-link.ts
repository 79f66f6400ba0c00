// A link to one peer over WebRTC: input packets that may be lost, control messages that arrive, nothing about games.
// It takes and gives signals as values, and ends open, or with an error that names the stage that failed.
import type { Off } from '../core/clock.js';
import { NetError } from '../core/errors.js';
import { Negotiation } from '../negotiation/negotiation.js';
import type { Signal } from '../negotiation/signal.js';
import type { LinkProgress, LinkStage } from '../negotiation/stages.js';
import { connectError, isPathError } from '../negotiation/verdict.js';
import { Association } from './association.js';
import type { AssociationEnd } from './association.js';
import { MAX_MESSAGE_BYTES } from './channels.js';
import type { MessageKind } from './channels.js';
import { checkOptions, configurationOf } from './link-options.js';
import type { InputInfo, PeerLinkOptions } from './link-options.js';
import { newTraffic } from './link-stats.js';
import type { LinkStats } from './link-stats.js';
import { DEFAULT_RETRANSMITS, SendPolicy } from './send-policy.js';

/** Messages that come before the last channel is open are kept: on a path with a second of delay that is one second's worth at 60 a second. */
const MAX_EARLY_MESSAGES = 64;

/** A link to one peer over WebRTC: input packets that may be lost, control messages that arrive in order. Usable without a match. */
export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #policy: SendPolicy;
  readonly #negotiation: Negotiation;
  /** In the order of `connection` in signals. */
  readonly #associations: readonly Association[];
  readonly #timeline: LinkProgress[] = [];
  readonly #traffic = newTraffic();
  readonly #early: { readonly bytes: Uint8Array; readonly kind: MessageKind }[] = [];
  /** For each association whether it is blocked; reused from packet to packet. */
  readonly #blocked: boolean[] = [];
  /** Whether that has been asked for the next input packet. */
  #prepared = false;
  #state: 'new' | 'connecting' | 'open' | 'closed' = 'new';
  #startedMs = 0;
  #heardMs = 0;
  #stopLimit: Off = () => {};

  /** Throws `bad-option` for options that cannot work. Nothing happens before {@link start}. */
  constructor(options: PeerLinkOptions) {
    checkOptions(options);
    const { self, remote, attempt, rtc, clock, policy = 'auto' } = options;
    this.#options = options;
    this.#policy = new SendPolicy(policy);
    this.#negotiation = new Negotiation({ self, remote, attempt });
    this.#associations = [
      new Association({
        rtc,
        configuration: configurationOf(options),
        negotiation: this.#negotiation,
        clock,
        withControl: true,
        retransmits: typeof policy === 'string' ? DEFAULT_RETRANSMITS : policy.maxRetransmits,
        on: {
          signal: (signal) => options.on.signal(signal),
          progress: (progress) => this.#progress(progress),
          open: () => this.#opened(),
          message: (bytes, kind) => this.#received(bytes, kind),
          dropped: (why) => this.#traffic.dropped[why]++,
          ended: (end) => this.#fail(this.#errorOf(end)),
        },
      }),
    ];
  }

  /** A link that was not started yet is connecting. */
  get state(): 'connecting' | 'open' | 'closed' {
    return this.#state === 'new' ? 'connecting' : this.#state;
  }

  /** How far connecting has come. */
  get stage(): LinkStage {
    return this.#negotiation.stage;
  }

  /** Everything that happened on the way, also after success. A failure is its last entry. */
  get timeline(): readonly LinkProgress[] {
    return this.#timeline;
  }

  /** Begins to connect. Once; later calls do nothing. */
  start(): void {
    if (this.#state !== 'new') return;
    const { remote, clock, limitMs } = this.#options;
    this.#state = 'connecting';
    this.#startedMs = clock.now();
    this.#stopLimit = clock.after(limitMs, () => this.#fail(connectError(this.#negotiation.evidence(remote, clock.now()), limitMs)));
    for (const association of this.#associations) association.start();
  }

  /** A signal of the other side arrived. Allowed at any time. */
  signal(signal: Signal): void {
    const association = this.#associations[signal.connection ?? 0];
    if (association === undefined || this.#state === 'closed') this.#traffic.dropped.straySignal++;
    else association.signal(signal);
  }

  /**
   * Asks WebRTC for the next input packet what it still holds of those before; otherwise `sendInput` does. The answer may come from another
   * thread and take a while: asked for before an input is sampled, it does not delay the input.
   */
  prepareInput(): void {
    for (let i = 0; i < this.#associations.length; i++) this.#blocked[i] = this.#associations[i]?.channels?.blocked ?? true;
    this.#prepared = true;
  }

  /**
   * Sends one input packet, or decides that it is better not to: to be called once a tick, with all unacknowledged inputs in it.
   * @returns false if it was not sent; `stats()` counts why.
   */
  sendInput(bytes: Uint8Array, info: InputInfo): boolean {
    const { skipped, sent } = this.#traffic;
    if (this.#state !== 'open') {
      skipped.notOpen++;
      return false;
    }
    if (!this.#prepared) this.prepareInput();
    this.#prepared = false;
    const decision = this.#policy.decide(this.#options.clock.now(), info.ageMs, info.ackMs, this.#blocked);
    if (!decision.send) {
      skipped[decision.reason]++;
      return false;
    }
    if (this.#associations[decision.association]?.channels?.sendInput(decision.channel, bytes) !== true) {
      skipped.refused++;
      return false;
    }
    sent[decision.channel]++;
    sent.bytes += bytes.byteLength;
    return true;
  }

  /**
   * Sends a message that arrives, in order.
   * @returns false if the link is not open or WebRTC's queue is full; `stats()` counts it.
   * @throws `bad-option` if it is longer than 65 536 bytes
   */
  sendControl(bytes: Uint8Array): boolean {
    if (bytes.byteLength > MAX_MESSAGE_BYTES) {
      throw new NetError('bad-option', {
        option: 'control message',
        got: `${bytes.byteLength} bytes`,
        expected: `at most ${MAX_MESSAGE_BYTES} bytes; split what is longer`,
      });
    }
    const { skipped, sent } = this.#traffic;
    if (this.#state !== 'open') {
      skipped.notOpen++;
      return false;
    }
    if (this.#associations[0]?.channels?.sendControl(bytes) !== true) {
      skipped.refused++;
      return false;
    }
    sent.control++;
    sent.bytes += bytes.byteLength;
    return true;
  }

  /** What the link has done so far: a copy. */
  stats(): LinkStats {
    const { sent, received, skipped, dropped } = this.#traffic;
    return {
      candidates: { local: this.#negotiation.candidates('local'), remote: this.#negotiation.candidates('remote') },
      sent: { ...sent },
      received: { ...received },
      skipped: { ...skipped },
      dropped: { ...dropped },
      negotiation: this.#negotiation.counts,
      ackMs: this.#policy.ackMs,
    };
  }

  /**
   * Ends the link; may be called at any time and again. While connecting the other side is told through signaling. When open it is told
   * after all that was given to `sendControl`, and WebRTC is released when that has arrived, at the latest after a second.
   * @param reason what the other side is told, of at most 256 characters
   */
  close(reason = 'closed'): void {
    if (this.#state === 'closed') return;
    const before = this.#state;
    this.#end();
    if (before === 'open') {
      for (const association of this.#associations) association.finish(reason);
      return;
    }
    if (before === 'connecting') this.#sayBye(reason);
    this.#release();
  }

  #progress(progress: LinkProgress): void {
    this.#timeline.push(progress);
    this.#options.on.progress(progress);
  }

  #opened(): void {
    if (this.#state !== 'connecting') return;
    this.#stopLimit();
    this.#state = 'open';
    this.#heardMs = this.#options.clock.now();
    this.#options.on.open();
    for (const { bytes, kind } of this.#early.splice(0)) this.#deliver(bytes, kind);
  }

  #received(bytes: Uint8Array, kind: MessageKind): void {
    this.#heardMs = this.#options.clock.now();
    if (this.#state === 'open') this.#deliver(bytes, kind);
    else if (this.#early.length >= MAX_EARLY_MESSAGES) this.#traffic.dropped.early++;
    else this.#early.push({ bytes, kind });
  }

  #deliver(bytes: Uint8Array, kind: MessageKind): void {
    if (this.#state !== 'open') return;
    this.#traffic.received[kind]++;
    this.#traffic.received.bytes += bytes.byteLength;
    this.#options.on.message(bytes, kind);
  }

  #errorOf(end: AssociationEnd): NetError {
    const { remote: peer } = this.#options;
    if (end.why === 'refused') return new NetError('rtc-refused', { peer, step: end.step, cause: end.cause });
    if (end.why === 'not-created') return new NetError('rtc-refused', { peer, step: 'create the connection', cause: end.cause });
    const now = this.#options.clock.now();
    if (this.#state === 'open') return new NetError('peer-lost', { peer, silentMs: now - this.#heardMs, why: whyLost(end) });
    const failedThere = end.why === 'bye' && isPathError(end.reason);
    if (end.why === 'connection-failed' || failedThere) return connectError(this.#negotiation.evidence(peer, now), now - this.#startedMs);
    return new NetError('peer-gone', { peer, stage: this.stage, why: whyLost(end) });
  }

  #fail(error: NetError): void {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#end();
    this.#timeline.push({ stage: this.stage, atMs: this.#options.clock.now() - this.#startedMs, text: error.message });
    // First: the other side may see the connection close, and without this would not know why.
    if (!wasOpen) this.#sayBye(error.code);
    this.#release();
    this.#options.on.closed(error);
  }

  #end(): void {
    this.#state = 'closed';
    this.#stopLimit();
    this.#early.length = 0;
  }

  #release(): void {
    for (const association of this.#associations) association.close();
  }

  #sayBye(reason: string): void {
    const bye = this.#negotiation.stop(reason);
    if (bye !== null) this.#options.on.signal(bye);
  }
}

function whyLost(end: Exclude<AssociationEnd, { why: 'refused' | 'not-created' }>): string {
  switch (end.why) {
    case 'bye':
      return `it gave up: ${end.reason}`;
    case 'goodbye':
      return `it left: ${end.reason}`;
    case 'new-attempt':
      return 'it started over';
    case 'connection-failed':
      return 'the connection failed';
    case 'closed':
      return 'its channels closed without a goodbye';
  }
}
