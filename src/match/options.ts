// What a match is joined with.
import type { Clock } from '../core/clock.js';
import type { Stage } from '../core/errors.js';
import type { Game } from '../core/game.js';
import type { PeerId } from '../core/peer.js';
import type { ChannelPolicy } from '../link/send-policy.js';
import type { RtcConstructor } from '../link/rtc.js';
import type { IceServer } from '../negotiation/signal.js';
import type { Signaling } from '../signaling/interface.js';
import type { PlayOptions, Trace } from '../session/options.js';

/** One step on the way to a running match. */
export interface Progress {
  readonly stage: Stage;
  /** With whom, from stage `peer` on. */
  readonly peer?: PeerId;
  /** ms since `joinMatch` was called. */
  readonly atMs: number;
  /** What happened, in words. */
  readonly text: string;
}

export interface MatchOptions<I, S> extends PlayOptions<I> {
  readonly game: Game<I, S>;
  /** What brings the peers together; see `rollwire/signaling/…`. */
  readonly signaling: Signaling;
  /** The room to meet in. The first `players` peers in it play. */
  readonly room: string;
  /** The constructor of peer connections. Default: the browser's. In Node: `RTCPeerConnection` from `rollwire/node`. */
  readonly rtc?: RtcConstructor;
  /** STUN and TURN servers, besides those that signaling hands out. Default: none, which is enough in one local network. */
  readonly iceServers?: readonly IceServer[];
  /** Use TURN servers only, so that peers do not learn each other's addresses. Default false. */
  readonly relayOnly?: boolean;
  /** How inputs are sent. Default `auto`: see {@link ChannelPolicy}. */
  readonly channel?: ChannelPolicy;
  /** ms in which the match must have started, all peers present. Default 20 000. */
  readonly connectLimitMs?: number;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal;
  /** Each step on the way, as it happens. */
  readonly onProgress?: (progress: Progress) => void;
  /** For benchmarks. */
  readonly trace?: Trace;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Gives 32 random bits. Default: the environment's cryptographic generator. */
  readonly random?: () => number;
}
