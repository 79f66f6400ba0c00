// The part of WebRTC that a link uses, as structural types: the browser's RTCPeerConnection, that of `@roamhq/wrtc` and a
// test double fit without a cast. Nothing else of WebRTC may be used, or the doubles would lie.
import type { Candidate } from '../negotiation/signal.js';

/**
 * A place for one event handler. The type of a method is compared leniently in its parameters: DOM handlers want whole
 * `Event`s, here only what is read of them is named.
 */
export type RtcHandler<E> = { bivarianceHack(event: E): unknown }['bivarianceHack'] | null;

export interface RtcConfiguration {
  iceServers?: { urls: string | string[]; username?: string; credential?: string }[];
  iceTransportPolicy?: 'all' | 'relay';
}

export interface RtcChannelOptions {
  ordered?: boolean;
  maxRetransmits?: number;
  negotiated?: boolean;
  id?: number;
}

export interface RtcDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

/** What `onicecandidate` names: as {@link Candidate}, but every field is there. */
export interface RtcIceCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  readonly usernameFragment: string | null;
}

export interface RtcDataChannel {
  readonly bufferedAmount: number;
  binaryType: 'arraybuffer' | 'blob';
  onopen: RtcHandler<unknown>;
  onclose: RtcHandler<unknown>;
  onmessage: RtcHandler<{ readonly data: unknown }>;
  send(data: string): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export interface RtcPeerConnection {
  readonly connectionState: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
  readonly iceConnectionState: 'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed' | 'closed';
  onicecandidate: RtcHandler<{ readonly candidate: RtcIceCandidate | null }>;
  onconnectionstatechange: RtcHandler<unknown>;
  oniceconnectionstatechange: RtcHandler<unknown>;
  ondatachannel: RtcHandler<{ readonly channel: RtcDataChannel }>;
  createDataChannel(label: string, options: RtcChannelOptions): RtcDataChannel;
  createOffer(): Promise<{ readonly sdp?: string }>;
  createAnswer(): Promise<{ readonly sdp?: string }>;
  setLocalDescription(description: RtcDescription): Promise<void>;
  setRemoteDescription(description: RtcDescription): Promise<void>;
  addIceCandidate(candidate: Candidate): Promise<void>;
  close(): void;
}

export type RtcConstructor = new (configuration?: RtcConfiguration) => RtcPeerConnection;
