// What the negotiation machine asks for, and how it ends. Types only.
import type { Candidate, Signal } from './signal.js';

/** A call to make on the peer connection. Answer each with `succeeded` or `failed`; there is never a second one before that. */
export type RtcCommand =
  | { readonly kind: 'createOffer' }
  | { readonly kind: 'createAnswer' }
  | { readonly kind: 'setLocalDescription'; readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'setRemoteDescription'; readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'addIceCandidate'; readonly candidate: Candidate };

export type NegotiationCommand =
  | RtcCommand
  /** Give this to signaling. No answer is expected. */
  | { readonly kind: 'send'; readonly signal: Signal }
  /** The negotiation is over; nothing follows. */
  | { readonly kind: 'end'; readonly end: NegotiationEnd };

/** Why a negotiation ended. */
export type NegotiationEnd =
  /** The other side gave this attempt up. */
  | { readonly why: 'bye'; readonly reason: string }
  /** The other side began a new attempt: it was reloaded, or gave this one up without our hearing of it. */
  | { readonly why: 'new-attempt'; readonly attempt: string }
  /** A call to WebRTC failed. */
  | { readonly why: 'refused'; readonly step: RtcCommand['kind']; readonly cause: string };
