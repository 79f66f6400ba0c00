// The numbers that a session gives about itself.
import type { SyncStats } from '../core/sync-layer.js';
import type { PeerId } from '../core/peer.js';
import type { BadPacket } from '../wire/head.js';

export interface PeerStats {
  readonly peer: PeerId;
  /** Smoothed round-trip time in ms, without the time that the peer waited before answering. 0 until measured. */
  readonly rttMs: number;
  /** Smoothed deviation of the round-trip time, in ms. */
  readonly jitterMs: number;
  /** Share of the peer's last 128 packets that did not arrive, or only once the transport had repeated them, 0 to 1. */
  readonly loss: number;
  /** Frames by which we are ahead of the peer; negative: behind. */
  readonly framesAhead: number;
  /** The last frame of ours that the peer is known to have. */
  readonly ackedFrame: number;
  readonly inputPacketsSent: number;
  readonly otherPacketsSent: number;
  /** Bytes of all input packets sent, without the transport's headers. */
  readonly inputBytesSent: number;
  readonly packetsReceived: number;
  /** Packets that the transport did not take; they do not count as sent. */
  readonly sendsSkipped: number;
}

export interface SessionStats extends SyncStats {
  /** Ticks in which no frame could be simulated because the window was used up. */
  readonly stalled: number;
  /** Frames of input delay as last set, the largest of all slots played here. */
  readonly inputDelay: number;
  /** Simulated frames that may still be corrected: how deep a rollback could be now. */
  readonly unconfirmed: number;
  /** Factor on the frame rate that keeps the peers together, 0.95 to 1.05. */
  readonly speed: number;
  /** Checks that were equal on both sides. */
  readonly checksPassed: number;
  /** Checks of others for frames that were not checked here in time, or that they had sent a check for already. */
  readonly checksUnmatched: number;
  /** Packets that were not used, by reason; reasons that never occurred are left out. */
  readonly badPackets: Readonly<Partial<Record<BadPacket, number>>>;
  /** Events that nobody took in time. */
  readonly eventsDropped: number;
  /** Of all other peers, those that have left included. */
  readonly peers: readonly PeerStats[];
}
