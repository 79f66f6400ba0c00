// A peer connection on the virtual clock: the states, promises and events of an RTCPeerConnection with data channels, over packets that a
// simulated network loses. It fits the library's `RtcConstructor` and does what the conformance suite (test/link) says of real ones.
//
// Where real ones differ from each other it does as browsers do: closing tells nothing to one's own handlers (wrtc does), a message over the
// limit throws (wrtc closes the channel), `bufferedAmount` counts (in wrtc it is always 0). Where they leave a choice it takes the harder
// one: what a closed channel has not begun to send is thrown away, an offer in answer to an offer is refused. There is no ICE restart, no
// renegotiation, no TURN: with `iceTransportPolicy: 'relay'` it finds no address.
import type { Clock } from '../core/clock.js';
import type {
  RtcChannelOptions,
  RtcConfiguration,
  RtcDataChannel,
  RtcDescription,
  RtcIceCandidate,
  RtcPeerConnection,
} from '../link/rtc.js';
import type { Candidate } from '../negotiation/signal.js';
import { ChannelTable } from './rtc-channels.js';
import { candidateLine, describe, MID, parseCandidateLine, parseDescription } from './rtc-description.js';
import { RtcHandshake } from './rtc-handshake.js';
import { IceAgent, type IceState } from './rtc-ice.js';
import type { RtcAddress, RtcPacket } from './rtc-packets.js';
import { ScopedClock } from './scoped-clock.js';

/** What a connection needs of the world it is in. */
export interface RtcNetwork {
  readonly clock: Clock;
  /** How many addresses a connection finds. */
  readonly candidates: number;
  /** A name that no other connection has. */
  nextUser(): string;
  /** A new address of the connection. */
  bind(connection: SimPeerConnection): RtcAddress;
  send(from: RtcAddress, to: RtcAddress, packet: RtcPacket): void;
  /** A message came for a channel that is not there. */
  stray(): void;
  /** It is closed: nothing reaches it any more. */
  release(connection: SimPeerConnection): void;
}

/** How long a call takes that answers with a promise: they end one after the other, and never at once. */
const CALL_MS = 1;

export class SimPeerConnection implements RtcPeerConnection {
  connectionState: RtcPeerConnection['connectionState'] = 'new';
  iceConnectionState: RtcPeerConnection['iceConnectionState'] = 'new';
  onicecandidate: RtcPeerConnection['onicecandidate'] = null;
  onconnectionstatechange: RtcPeerConnection['onconnectionstatechange'] = null;
  oniceconnectionstatechange: RtcPeerConnection['oniceconnectionstatechange'] = null;
  ondatachannel: RtcPeerConnection['ondatachannel'] = null;
  readonly #network: RtcNetwork;
  readonly #clock: ScopedClock;
  readonly #user: string;
  readonly #ice: IceAgent;
  readonly #channels: ChannelTable;
  #signaling: 'stable' | 'have-local-offer' | 'have-remote-offer' | 'closed' = 'stable';
  /** Whether this side made the offer; undefined before there was one. */
  #offers: boolean | undefined;
  #remoteUser: string | undefined;
  #address: RtcAddress | undefined;
  #handshake: RtcHandshake | undefined;
  #dtls = false;
  #iceState: IceState = 'new';
  /** The state that the next event will show, or the last one has shown. */
  #announced: RtcPeerConnection['connectionState'] = 'new';

  constructor(network: RtcNetwork, configuration: RtcConfiguration = {}) {
    this.#network = network;
    this.#clock = new ScopedClock(network.clock);
    this.#user = network.nextUser();
    this.#ice = new IceAgent({
      clock: this.#clock,
      user: this.#user,
      controlling: () => this.#offers === true,
      candidates: configuration.iceTransportPolicy === 'relay' ? 0 : network.candidates,
      bind: () => {
        const address = network.bind(this);
        this.#address ??= address;
        return address;
      },
      emit: (to, packet) => this.#emit(to, packet),
      found: (address) => this.#found(address),
      changed: (state) => this.#iceChanged(state),
    });
    this.#channels = new ChannelTable({
      clock: this.#clock,
      task: (event) => this.#task(event),
      emit: (packet) => this.#emitToPeer(packet),
      announced: (channel) => this.ondatachannel?.({ channel }),
      stray: () => network.stray(),
    });
  }

  /** @throws `InvalidStateError` when closed, `TypeError` for options that cannot be, `OperationError` if the id is taken. */
  createDataChannel(label: string, options: RtcChannelOptions): RtcDataChannel {
    if (this.#signaling === 'closed') throw closedError();
    return this.#channels.create(label, options);
  }

  createOffer(): Promise<{ readonly sdp: string }> {
    return this.#call(() => ({ sdp: describe({ user: this.#user }, 'offer') }));
  }

  createAnswer(): Promise<{ readonly sdp: string }> {
    return this.#call(() => {
      this.#require('have-remote-offer', 'make an answer');
      return { sdp: describe({ user: this.#user }, 'answer') };
    });
  }

  setLocalDescription({ type, sdp }: RtcDescription): Promise<void> {
    return this.#call(() => {
      this.#require(type === 'offer' ? 'stable' : 'have-remote-offer', `set a local ${type}`);
      if (parseDescription(sdp)?.user !== this.#user) throw new DOMException('not what was created here', 'InvalidModificationError');
      this.#signaling = type === 'offer' ? 'have-local-offer' : 'stable';
      this.#offers ??= type === 'offer';
      this.#ice.gather();
      if (type === 'answer') this.#described();
    });
  }

  setRemoteDescription({ type, sdp }: RtcDescription): Promise<void> {
    return this.#call(() => {
      const parsed = parseDescription(sdp);
      if (parsed === undefined) throw new DOMException('this is no description of a data link', 'OperationError');
      if (type === 'answer') this.#require('have-local-offer', 'set a remote answer');
      else if (this.#signaling === 'have-local-offer') throw new DOMException('there is an offer already', 'InvalidStateError');
      if (this.#remoteUser !== undefined && this.#remoteUser !== parsed.user) {
        throw new DOMException('the other side is another one than before', 'OperationError');
      }
      this.#signaling = type === 'offer' ? 'have-remote-offer' : 'stable';
      this.#offers ??= type === 'answer';
      this.#remoteUser = parsed.user;
      this.#ice.setRemote(parsed.user);
      for (const address of parsed.addresses) this.#ice.addRemote(address);
      if (type === 'answer') this.#described();
    });
  }

  addIceCandidate({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: Candidate): Promise<void> {
    return this.#call(() => {
      if (this.#remoteUser === undefined) throw new DOMException('there is no remote description', 'InvalidStateError');
      if (candidate === '') return;
      if ((sdpMid ?? undefined) === undefined && (sdpMLineIndex ?? undefined) === undefined) throw new TypeError('it names no section');
      const section = (sdpMid ?? MID) === MID && (typeof sdpMid === 'string' || sdpMLineIndex === 0);
      const address = parseCandidateLine(candidate);
      if (!section || address === undefined || (usernameFragment ?? this.#remoteUser) !== this.#remoteUser) {
        throw new DOMException('this candidate cannot be used', 'OperationError');
      }
      if (address !== 'unusable') this.#ice.addRemote(address);
    });
  }

  /** Ends it at once; the other side is told by one packet, which may be lost. No handler of this side is called any more. */
  close(): void {
    if (this.#signaling === 'closed') return;
    const { selected } = this.#ice;
    if (this.#channels.up && selected !== undefined) this.#emit(selected, { kind: 'abort' });
    this.vanish();
  }

  /** @internal Ends it without a word: its process has died. */
  vanish(): void {
    if (this.#signaling === 'closed') return;
    this.#signaling = 'closed';
    this.connectionState = 'closed';
    this.iceConnectionState = 'closed';
    this.#clock.stop();
    this.#channels.end();
    this.#network.release(this);
  }

  /** @internal A packet has arrived. False if it is of no use in this state. */
  receive(from: RtcAddress, packet: RtcPacket): boolean {
    if (packet.kind === 'check' || packet.kind === 'response') return this.#ice.receive(from, packet);
    if (this.#ice.selected === undefined) return false;
    if (packet.kind === 'handshake') return this.#handshake?.receive(packet.step) ?? false;
    if (packet.kind === 'sctp') return this.#channels.receive(packet);
    return this.#channels.aborted();
  }

  #call<T>(work: () => T): Promise<T> {
    if (this.#signaling === 'closed') return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      // One that is under way when the connection closes never ends, as in the specification.
      this.#clock.after(CALL_MS, () => {
        try {
          resolve(work());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  #require(state: 'stable' | 'have-local-offer' | 'have-remote-offer', what: string): void {
    if (this.#signaling !== state) throw new DOMException(`it cannot ${what} in state ${this.#signaling}`, 'InvalidStateError');
  }

  /** Each event is a task of its own: promises that were settled before it have been heard. */
  #task(event: () => void): void {
    this.#clock.after(0, event);
  }

  #emit(to: RtcAddress, packet: RtcPacket): void {
    if (this.#address !== undefined) this.#network.send(this.#address, to, packet);
  }

  #emitToPeer(packet: RtcPacket): void {
    const { selected } = this.#ice;
    if (selected !== undefined) this.#emit(selected, packet);
  }

  #found(address: RtcAddress | null): void {
    const candidate: RtcIceCandidate | null =
      address === null
        ? null
        : { candidate: candidateLine(address, this.#user), sdpMid: MID, sdpMLineIndex: 0, usernameFragment: this.#user };
    this.#task(() => this.onicecandidate?.({ candidate }));
  }

  #described(): void {
    this.#handshake = new RtcHandshake(
      this.#clock,
      this.#offers !== true,
      (step) => this.#emitToPeer({ kind: 'handshake', step }),
      (what) => (what === 'dtls' ? this.#secured() : this.#channels.start(this.#offers !== true)),
    );
    this.#ice.ready();
  }

  #iceChanged(state: IceState): void {
    const first = state === 'connected' && this.#iceState === 'checking';
    this.#iceState = state;
    this.#task(() => {
      this.iceConnectionState = state;
      this.oniceconnectionstatechange?.({ type: 'iceconnectionstatechange' });
    });
    this.#announce();
    if (first) this.#handshake?.start();
  }

  #secured(): void {
    this.#dtls = true;
    this.#announce();
  }

  #announce(): void {
    const state = stateOf(this.#iceState, this.#dtls);
    if (state === this.#announced) return;
    this.#announced = state;
    this.#task(() => {
      this.connectionState = state;
      this.onconnectionstatechange?.({ type: 'connectionstatechange' });
    });
  }
}

function stateOf(ice: IceState, dtls: boolean): RtcPeerConnection['connectionState'] {
  if (ice === 'new' || ice === 'disconnected' || ice === 'failed') return ice;
  return dtls && ice !== 'checking' ? 'connected' : 'connecting';
}

function closedError(): DOMException {
  return new DOMException('the connection is closed', 'InvalidStateError');
}
