// What a link is told at its construction: options, their check, and the handlers.
import type { Clock } from '../core/clock.js';
import { NetError } from '../core/errors.js';
import type { IceServer, PeerId, Signal } from '../negotiation/signal.js';
import type { LinkProgress } from '../negotiation/stages.js';
import type { MessageKind } from './channels.js';
import type { RtcConfiguration, RtcConstructor } from './rtc.js';
import type { ChannelPolicy } from './send-policy.js';

export interface PeerLinkOptions {
  readonly self: PeerId;
  readonly remote: PeerId;
  /** The browser's `RTCPeerConnection`, or the one from `rollwire/node`. */
  readonly rtc: RtcConstructor;
  readonly iceServers?: readonly IceServer[];
  /** Use TURN servers only, so that the other side does not learn this one's address. Default false. */
  readonly relayOnly?: boolean;
  readonly clock: Clock;
  /** A fresh random name for this attempt to connect, of 1 to 128 characters. */
  readonly attempt: string;
  /** Default `auto`. Sides need not agree. */
  readonly policy?: ChannelPolicy;
  /** How long connecting may take, in ms. */
  readonly limitMs: number;
  readonly on: PeerLinkHandlers;
}

/** None is called before `start`, and none after `closed` or a call of `close`. */
export interface PeerLinkHandlers {
  /** Give this to signaling for the other side. */
  signal(signal: Signal): void;
  progress(progress: LinkProgress): void;
  /** Both sides' channels can be used. Called at most once. */
  open(): void;
  /** `bytes` belong to the receiver. Never before `open`. */
  message(bytes: Uint8Array, kind: MessageKind): void;
  /**
   * The link ended without a call of `close`. Before `open`: `no-offer`, `no-answer`, `no-candidates`, `no-pair`, `no-dtls`,
   * `no-channels`, `rtc-refused`, `peer-gone`; after it: `peer-lost`.
   */
  closed(error: NetError): void;
}

/** What the send policy needs to know about the inputs of a packet. */
export interface InputInfo {
  /** Age of the oldest input that the other side has not acknowledged, in ms; 0 if there is none. */
  readonly ageMs: number;
  /** If an acknowledgement advanced since the last packet: the age that its oldest newly acknowledged input had, in ms. */
  readonly ackMs?: number;
}

/** An hour: nobody waits longer, and timers overflow at 24 days. */
const MAX_LIMIT_MS = 3_600_000;
/** What WebRTC takes: an unsigned short. */
const MAX_RETRANSMITS = 65_535;

/** Refuses options that cannot work, with `bad-option`. */
export function checkOptions({ self, remote, attempt, limitMs, policy }: PeerLinkOptions): void {
  if (self === remote) refuse('remote', remote, 'the id of another peer');
  if (attempt.length === 0 || attempt.length > 128) refuse('attempt', attempt, 'a text of 1 to 128 characters');
  if (!(limitMs > 0 && limitMs <= MAX_LIMIT_MS)) refuse('limitMs', limitMs, `more than 0 and at most ${MAX_LIMIT_MS} ms`);
  if (policy !== undefined) checkPolicy(policy);
}

/** Refuses a policy that cannot work, with `bad-option`. */
export function checkPolicy(policy: ChannelPolicy): void {
  if (policy === 'auto' || policy === 'one-connection') return;
  if (typeof policy !== 'object' || policy === null) refuse('policy', policy, "'auto', 'one-connection' or { maxRetransmits: n }");
  const { maxRetransmits } = policy;
  if (!(Number.isInteger(maxRetransmits) && maxRetransmits >= 0 && maxRetransmits <= MAX_RETRANSMITS)) {
    refuse('policy.maxRetransmits', maxRetransmits, `an integer from 0 to ${MAX_RETRANSMITS}`);
  }
}

function refuse(option: string, got: unknown, expected: string): never {
  throw new NetError('bad-option', { option, got, expected });
}

/** What the connections of a link are created with. */
export function configurationOf({ iceServers = [], relayOnly = false }: PeerLinkOptions): RtcConfiguration {
  return {
    iceServers: iceServers.map(({ urls, ...rest }) => ({ ...rest, urls: typeof urls === 'string' ? urls : [...urls] })),
    iceTransportPolicy: relayOnly ? 'relay' : 'all',
  };
}
