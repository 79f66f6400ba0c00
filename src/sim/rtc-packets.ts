// What the parts of the peer-connection double send to each other over the simulated network, as values: no byte of it is encoded.
// Sizes count where they matter, in SCTP's congestion window. Types only.

/** A message on its way through SCTP, shared by its fragments. */
export interface SctpMessage {
  /** The stream, which is the id of its channel. */
  readonly stream: number;
  /** `open` announces a channel, `reset` closes one. */
  readonly kind: 'data' | 'open' | 'reset';
  readonly ordered: boolean;
  /** Number among the ordered messages of its stream. */
  readonly sequence: number;
  readonly fragments: number;
  readonly content: MessageContent;
}

/** What a message says: text or bytes, or the properties of a channel that is opened; null: that it is closed. */
export type MessageContent = string | Uint8Array<ArrayBuffer> | ChannelOpen | null;

/** How one side announces a channel that was not negotiated by the application. */
export interface ChannelOpen {
  readonly label: string;
  readonly ordered: boolean;
  readonly maxRetransmits: number;
}

/** One fragment of a message. */
export interface SctpChunk {
  /** Transmission sequence number: counts all chunks of a direction, from 1. */
  readonly tsn: number;
  /** With the header of the chunk. */
  readonly bytes: number;
  readonly message: SctpMessage;
}

/** What has been received: everything up to `cumulative`, and of what comes after it the first of these, ascending. */
export interface SctpAck {
  readonly cumulative: number;
  readonly gaps: readonly number[];
}

/** Tells that what is missing up to a chunk will never come (RFC 3758). */
export interface SctpForward {
  readonly cumulative: number;
  /** The ordered messages that are left out. */
  readonly skipped: readonly { readonly stream: number; readonly sequence: number }[];
}

export interface SctpPacket {
  readonly kind: 'sctp';
  readonly chunks: readonly SctpChunk[];
  readonly ack?: SctpAck;
  readonly forward?: SctpForward;
}

export type RtcPacket =
  /** A STUN request; `to` and `from` are the user names of both sides. */
  | { readonly kind: 'check'; readonly to: string; readonly from: string }
  | { readonly kind: 'response'; readonly to: string }
  /** One step of DTLS or of SCTP's four-way handshake; see `RtcHandshake`. */
  | { readonly kind: 'handshake'; readonly step: number }
  | SctpPacket
  /** The sender has closed its connection. */
  | { readonly kind: 'abort' };

/** An address in a candidate. */
export interface RtcAddress {
  readonly ip: string;
  readonly port: number;
}
