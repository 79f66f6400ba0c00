// ICE of the double: finds its own addresses, asks the other side's until one answers, and afterwards asks again and again whether it
// still does. One answer is as good as any: pairs have no priorities, and there are no STUN or TURN servers.
import type { Clock, Off } from '../core/clock.js';
import type { RtcAddress, RtcPacket } from './rtc-packets.js';

/** From one address to the next, and from the last to the end. */
const GATHER_MS = 5;
/** Between two rounds of questions while no address has answered. Browsers ask one pair after another every 50 ms. */
const CHECK_MS = 100;
/** libwebrtc gives up when no pair has answered for this long. */
const CHECK_LIMIT_MS = 15_000;
/** How often consent is renewed, and how long it holds: libwebrtc's "unwritable" after 5 s, "timed out" after 15. */
const CONSENT_MS = 1000;
const DISCONNECTED_MS = 5000;
const FAILED_MS = 15_000;

export type IceState = 'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed';

export interface IceOptions {
  readonly clock: Clock;
  /** This side's name. */
  readonly user: string;
  /** Whether this side decides on the pair: the one that offers. */
  readonly controlling: () => boolean;
  /** How many addresses it has. */
  readonly candidates: number;
  /** Takes an address. */
  readonly bind: () => RtcAddress;
  readonly emit: (to: RtcAddress, packet: RtcPacket) => void;
  /** An address was found; null: all were. */
  readonly found: (address: RtcAddress | null) => void;
  readonly changed: (state: IceState) => void;
}

export class IceAgent {
  readonly #options: IceOptions;
  readonly #remote: RtcAddress[] = [];
  #gathering = false;
  #local = 0;
  #remoteUser: string | undefined;
  #ready = false;
  #state: IceState = 'new';
  #selected: RtcAddress | undefined;
  #checkingSince = 0;
  #consentAt = 0;
  #stopTimer: Off | undefined;

  constructor(options: IceOptions) {
    this.#options = options;
  }

  /** Where packets go; undefined while no pair has answered, and after the failure. */
  get selected(): RtcAddress | undefined {
    return this.#state === 'failed' ? undefined : this.#selected;
  }

  /** Begins to look for addresses. Later calls do nothing. */
  gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const { clock, candidates, bind, found } = this.#options;
    for (let i = 1; i <= candidates; i++) {
      clock.after(GATHER_MS * i, () => {
        const address = bind();
        this.#local++;
        found(address);
        this.#check();
      });
    }
    clock.after(GATHER_MS * (candidates + 1), () => found(null));
  }

  setRemote(user: string): void {
    this.#remoteUser = user;
  }

  /** Both descriptions are there. */
  ready(): void {
    this.#ready = true;
    this.#check();
  }

  addRemote(address: RtcAddress): void {
    if (this.#remote.some(({ ip, port }) => ip === address.ip && port === address.port)) return;
    this.#remote.push(address);
    this.#check();
  }

  /** False if the packet is of another connection, or comes too early or too late. */
  receive(from: RtcAddress, packet: RtcPacket & { readonly kind: 'check' | 'response' }): boolean {
    const { user, emit, clock } = this.#options;
    if (packet.to !== user || this.#state === 'failed') return false;
    if (packet.kind === 'check') {
      if (packet.from !== this.#remoteUser) return false;
      emit(from, { kind: 'response', to: packet.from });
      // An address that nobody has named calls: it is asked too.
      if (this.#selected === undefined) this.addRemote(from);
      return true;
    }
    this.#consentAt = clock.now();
    if (this.#selected === undefined) this.#select(from);
    else if (this.#state === 'disconnected') this.#become('connected');
    return true;
  }

  #select(address: RtcAddress): void {
    this.#selected = address;
    this.#stopTimer?.();
    this.#renewConsent();
    this.#become('connected');
    if (this.#options.controlling()) this.#become('completed');
  }

  /** Asks all addresses, again and again, as soon as there is one on each side. */
  #check(): void {
    if (!this.#ready || this.#local === 0 || this.#remote.length === 0 || this.#state !== 'new') return;
    this.#checkingSince = this.#options.clock.now();
    this.#become('checking');
    this.#ask();
  }

  #ask(): void {
    const { clock } = this.#options;
    if (clock.now() - this.#checkingSince >= CHECK_LIMIT_MS) return this.#become('failed');
    for (const address of this.#remote) this.#emitCheck(address);
    this.#stopTimer = clock.after(CHECK_MS, () => this.#ask());
  }

  #renewConsent(): void {
    const { clock } = this.#options;
    this.#stopTimer = clock.after(CONSENT_MS, () => {
      const silent = clock.now() - this.#consentAt;
      if (silent >= FAILED_MS) return this.#become('failed');
      if (silent >= DISCONNECTED_MS && this.#state !== 'disconnected') this.#become('disconnected');
      this.#emitCheck(this.#selected!);
      this.#renewConsent();
    });
  }

  #emitCheck(to: RtcAddress): void {
    const { user, emit } = this.#options;
    emit(to, { kind: 'check', to: this.#remoteUser!, from: user });
  }

  #become(state: IceState): void {
    this.#state = state;
    this.#options.changed(state);
  }
}
