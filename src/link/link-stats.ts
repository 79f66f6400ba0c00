// What a link counts: everything sent, skipped and dropped has a name here.
import type { NegotiationCounts } from '../negotiation/negotiation.js';
import type { CandidateCounts } from '../negotiation/stages.js';

/** Counters of one link since its start. */
export interface LinkStats {
  /** The addresses named by each side, by type. */
  readonly candidates: { readonly local: CandidateCounts; readonly remote: CandidateCounts };
  readonly sent: Readonly<LinkTraffic['sent']>;
  readonly received: Readonly<LinkTraffic['received']>;
  readonly skipped: Readonly<LinkTraffic['skipped']>;
  readonly dropped: Readonly<LinkTraffic['dropped']>;
  readonly negotiation: Readonly<NegotiationCounts>;
  /** The send policy's estimate of the time in which inputs are acknowledged, in ms. */
  readonly ackMs: number;
}

/** The counters that the link itself keeps. Bytes are those of messages, without what WebRTC adds. */
export interface LinkTraffic {
  /** Messages by channel: inputs with retransmissions, inputs without, control. */
  readonly sent: { R: number; Z: number; control: number; bytes: number };
  readonly received: { input: number; control: number; bytes: number };
  /** Messages that were not sent. */
  readonly skipped: {
    /** The path takes fewer packets now. */
    rate: number;
    /** WebRTC still holds earlier ones. */
    blocked: number;
    notOpen: number;
    /** WebRTC would not take it. */
    refused: number;
  };
  /** What arrived and was not used. */
  readonly dropped: {
    /** Text, or something else that is not bytes. */
    notBinary: number;
    /** More bytes than a message may have. */
    tooLong: number;
    /** Messages before `open` that were more than can be kept. */
    early: number;
    /** Channels that the other side opened on its own; they were closed. */
    foreignChannel: number;
    /** Signals for a connection that this link does not have, or after its end. */
    straySignal: number;
  };
}

export function newTraffic(): LinkTraffic {
  return {
    sent: { R: 0, Z: 0, control: 0, bytes: 0 },
    received: { input: 0, control: 0, bytes: 0 },
    skipped: { rate: 0, blocked: 0, notOpen: 0, refused: 0 },
    dropped: { notBinary: 0, tooLong: 0, early: 0, foreignChannel: 0, straySignal: 0 },
  };
}
