// One end of a peer connection that does only what the test tells it: no network, no other end. And a clock that the test turns.
import type { Clock } from '../../src/core/clock.js';
import type { Candidate } from '../../src/negotiation/signal.js';
import type {
  RtcChannelOptions,
  RtcConfiguration,
  RtcConstructor,
  RtcDataChannel,
  RtcDescription,
  RtcIceCandidate,
  RtcPeerConnection,
} from '../../src/link/rtc.js';

export class FakeChannel implements RtcDataChannel {
  readyState: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
  bufferedAmount = 0;
  binaryType: RtcDataChannel['binaryType'] = 'blob';
  onopen: (() => unknown) | null = null;
  onclose: (() => unknown) | null = null;
  onmessage: ((event: { readonly data: unknown }) => unknown) | null = null;
  readonly sent: (Uint8Array | string)[] = [];
  /** Makes `send` throw, as a full queue does. */
  full = false;

  constructor(
    readonly label: string,
    readonly options: RtcChannelOptions,
  ) {}

  send(data: Uint8Array<ArrayBuffer> | string): void {
    if (this.full || this.readyState !== 'open') throw new Error('OperationError');
    this.sent.push(data);
  }

  close(): void {
    if (this.readyState !== 'closed') this.readyState = 'closing';
  }

  opens(): void {
    this.readyState = 'open';
    this.onopen?.();
  }

  closes(): void {
    this.readyState = 'closed';
    this.onclose?.();
  }

  receives(data: unknown): void {
    this.onmessage?.({ data });
  }
}

export class FakeConnection implements RtcPeerConnection {
  connectionState: RtcPeerConnection['connectionState'] = 'new';
  iceConnectionState: RtcPeerConnection['iceConnectionState'] = 'new';
  onicecandidate: ((event: { readonly candidate: RtcIceCandidate | null }) => unknown) | null = null;
  onconnectionstatechange: (() => unknown) | null = null;
  oniceconnectionstatechange: (() => unknown) | null = null;
  ondatachannel: ((event: { readonly channel: RtcDataChannel }) => unknown) | null = null;
  readonly channels: FakeChannel[] = [];
  readonly calls: string[] = [];
  closed = 0;

  constructor(
    readonly configuration: RtcConfiguration | undefined,
    readonly broken: Broken,
  ) {}

  channel(label: string): FakeChannel {
    const found = this.channels.find((channel) => channel.label === label);
    if (found === undefined) throw new Error(`no channel ${label}`);
    return found;
  }

  createDataChannel(label: string, options: RtcChannelOptions): FakeChannel {
    this.#called('createDataChannel');
    const channel = new FakeChannel(label, options);
    this.channels.push(channel);
    return channel;
  }

  createOffer(): Promise<{ sdp: string }> {
    return this.#call('createOffer', { sdp: 'fake offer' });
  }

  createAnswer(): Promise<{ sdp: string }> {
    return this.#call('createAnswer', { sdp: 'fake answer' });
  }

  setLocalDescription(description: RtcDescription): Promise<void> {
    return this.#call('setLocalDescription', undefined, ` ${description.sdp}`);
  }

  setRemoteDescription(description: RtcDescription): Promise<void> {
    return this.#call('setRemoteDescription', undefined, ` ${description.sdp}`);
  }

  addIceCandidate(candidate: Candidate): Promise<void> {
    return this.#call('addIceCandidate', undefined, ` ${candidate.candidate}`);
  }

  close(): void {
    this.closed++;
  }

  becomes(state: { ice?: FakeConnection['iceConnectionState']; connection?: FakeConnection['connectionState'] }): void {
    if (state.ice !== undefined) this.iceConnectionState = state.ice;
    this.oniceconnectionstatechange?.();
    if (state.connection !== undefined) this.connectionState = state.connection;
    this.onconnectionstatechange?.();
  }

  finds(candidate: string): void {
    this.onicecandidate?.({ candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null } });
  }

  #called(name: string, detail = ''): void {
    this.calls.push(`${name}${detail}`);
    if (this.broken.throws === name) throw new Error(`${name} threw`);
  }

  #call<T>(name: string, result: T, detail?: string): Promise<T> {
    this.#called(name, detail);
    if (this.broken.rejects === name) return Promise.reject(new Error(`${name} rejected`));
    return this.broken.hangs === name ? new Promise(() => {}) : Promise.resolve(result);
  }
}

/** Calls by name that do not work. */
export interface Broken {
  readonly throws?: string;
  readonly rejects?: string;
  readonly hangs?: string;
}

/** A constructor, and all that it made. */
export function fakeRtc(broken: Broken = {}): { readonly rtc: RtcConstructor; readonly made: FakeConnection[] } {
  const made: FakeConnection[] = [];
  const rtc = class extends FakeConnection {
    constructor(configuration?: RtcConfiguration) {
      super(configuration, broken);
      if (broken.throws === 'constructor') throw new Error('constructor threw');
      made.push(this);
    }
  };
  return { rtc, made };
}

/** Time passes when the test says so. */
export class FakeClock implements Clock {
  readonly #timers = new Map<number, { readonly at: number; readonly fn: () => void }>();
  #now = 5000;
  #made = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const id = this.#made++;
    this.#timers.set(id, { at: this.#now + ms, fn });
    return () => this.#timers.delete(id);
  }

  /** Timers that were neither stopped nor run. */
  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(([, { at }]) => at <= until).sort(([a, x], [b, y]) => x.at - y.at || a - b);
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.#now = next[1].at;
      next[1].fn();
    }
    this.#now = until;
  }
}

/** Lets everything that is resolved already run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
